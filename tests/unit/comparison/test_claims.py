"""Claims as data: intervals, cases, and files of claims."""

from __future__ import annotations

import pickle
from math import inf, nextafter
from pathlib import Path

import numpy as np
import pytest

from sim.catalog import claims
from sim.comparison.claims.cases import EXCHANGES, PROMPTS, Case, case_with, cases
from sim.comparison.claims.intervals import Interval, interval
from sim.comparison.claims.observables import OBSERVABLES, observable_of
from sim.comparison.claims.user_claims import NOT_SAID, claims_of, load_claims
from sim.comparison.hypotheses.load_hypotheses import load_library
from sim.documents.strict_yaml import parse_yaml
from sim.errors import InvalidInputError
from tests.support import paths

HERE = paths.CASES / "claims"
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
VALID = HERE / "valid" / "every-key.yaml"
ABOVE_1 = nextafter(1, 2)

# Every claim of the catalog but O1, which names no figure.
ROUNDED = {
    "A1": (16_000_000, 17_000_000),
    "A2": (23_500, 24_500),
    "A3": (150_000, 160_000),
    "A4": (3_400_000, 3_500_000),
    "A5": (13_000_000, 14_000_000),
    "A6": (200, 1_000),
    "A7": (20_000, 30_000),
    "A8": (0, 24),
    "A9": (0.4, 0.5),
    "A10": (20_000, 100_000),
    "A11": (20_000, 100_000),
    "A12": (0.1, 1),
    "A13": (0.25, 1),
    "G1": (100_000, 200_000),
    "L1": (28_750_000, 28_850_000),
    "L2": (24_500, 25_500),
    "S1": (151_000_000, 152_000_000),
    "S2": (2_000_000, 3_000_000),
    "S3": (3_500, 3_600),
    "S4": (4_000, 5_000),
    "S5": (23_000_000, 24_000_000),
    "S6": (200_000, 300_000),
    "S7": (5_379.5, 5_380.5),
    "S8": (12_100_000, 12_200_000),
    "S9": (3_400_000, 3_500_000),
    "S10": (272.5, 273.5),
    "S11": (770_608.5, 770_609.5),
    "S12": (400_000, 500_000),
    "S13": (1_500, 1_600),
    "S14": (12_000, 13_000),
    "S15": (189_900_000, 190_000_000),
}


# Intervals


def test_every_claim_with_a_figure_is_an_interval() -> None:
    figures = {key: claim for key, claim in claims().items() if claim.value is not None}
    assert {key: interval(claim, "rounded") for key, claim in figures.items()} == {
        key: Interval(*ends) for key, ends in ROUNDED.items()
    }
    for key, claim in figures.items():
        low, high = ROUNDED[key]
        end = inf if claim.bound == "over" else high
        assert interval(claim, "at-least") == Interval(low, end)


def test_a_claim_without_a_figure_is_no_interval() -> None:
    with pytest.raises(InvalidInputError, match="claim 'O1' names no figure"):
        interval(claims()["O1"])


@pytest.mark.parametrize(
    ("metric", "value", "bound", "low", "high"),
    [
        ("moved_24h", 0.25, "exact", 0.245, 0.255),
        ("moved_24h", 0.9, "over", 0.9, 1),
        ("moved_24h", 0.95, "approximately", 0.945, 0.955),
        ("moved_24h", 0.1, "nearly", 0, 0.1),
        ("synchrony", 1, "approximately", 0.5, ABOVE_1),
        ("exchanges_per_task", 8.8, "exact", 8.75, 8.85),
        ("exchanges_per_account", 20, "exact", 19.5, 20.5),
        ("exchanges_per_account", 20, "approximately", 15, 25),
        ("accounts", 1, "nearly", 0, 1),
        ("exchanges", 3_400_000, "exact", 3_399_999.5, 3_400_000.5),
    ],
)
def test_figures_keep_to_their_range(
    metric: str, value: float, bound: str, low: float, high: float
) -> None:
    changed = {"metric": metric, "value": value, "bound": bound}
    assert interval(claims()["A4"].model_copy(update=changed)) == Interval(low, high)


def test_over_a_share_ends_at_one() -> None:
    changed = {"metric": "shared_instruments", "value": 0.6}
    found = interval(claims()["A4"].model_copy(update=changed), "at-least")
    assert found == Interval(0.6, ABOVE_1)
    assert 1 in found
    assert 0.59 not in found


# Cases

# Observables with the claims that give them, and the window, of every case of the catalog.
CASES: dict[str, tuple[dict[str, str], float | None]] = {
    "A1": ({"count": "A1", "accounts": "A2"}, None),
    "A3": ({"count": "A3"}, None),
    "A4": ({"count": "A4", "accounts": "A6"}, None),
    "A5": ({"count": "A5", "moved_24h": "A9"}, None),
    "G1": ({"count": "G1"}, None),
    "L1": ({"count": "L1", "accounts": "L2"}, 45),
    "S1": ({"count": "S1", "accounts": "S3"}, 92),
    "S5": ({"count": "S5", "accounts": "S7"}, 92),
    "S8": ({"count": "S8"}, 14),
    "S9": ({"count": "S9", "accounts": "S10"}, 17),
    "S12": ({"count": "S12", "accounts": "S13"}, 20),
    "S15": ({"count": "S15"}, None),
}


def given(case: Case) -> dict[str, str]:
    return {observable: claim.id for observable, claim in case.claims.items()}


def test_the_cases_of_the_catalog() -> None:
    found = cases(claims())
    assert {key: (given(case), case.window_days) for key, case in found.items()} == CASES
    assert list(found) == list(CASES)
    for key, case in found.items():
        assert (case.id, case.claims["count"].id) == (key, key)
        assert case.conventions == (PROMPTS if key == "G1" else EXCHANGES)
        assert (case.report, case.actor) == (claims()[key].report, claims()[key].actor)
        assert pickle.loads(pickle.dumps(case)) == case


def test_a_case_gives_its_figures_as_intervals() -> None:
    found = cases(claims())
    assert found["A4"].interval("accounts") == Interval(200, 1_000)
    assert found["A4"].interval("count", "at-least") == Interval(3_400_000, inf)
    assert found["A5"].interval("moved_24h") == Interval(0.4, 0.5)
    assert found["S1"].interval("accounts") == Interval(3_500, 3_600)
    with pytest.raises(InvalidInputError) as error:
        found["A3"].interval("accounts")
    assert str(error.value) == "case 'A3' gives no accounts; it gives count"


def test_the_first_claim_wins_and_the_peak_comes_last() -> None:
    total = claims()["S1"]
    later = total.model_copy(update={"id": "later"})
    peak = claims()["S3"]
    all_of_them = peak.model_copy(update={"id": "all", "metric": "accounts"})
    found = cases({x.id: x for x in (peak, total, later, all_of_them)})
    assert {key: given(case) for key, case in found.items()} == {
        "S1": {"count": "S1", "accounts": "all"}
    }


def test_a_sum_of_claims_is_arithmetic_and_no_cluster() -> None:
    by_id = cases(claims())
    sums = {key: case.sum_of for key, case in by_id.items() if case.is_sum}
    assert sums == {"A1": ("A3", "A4", "A5"), "S15": ("S1", "S5", "S8", "S9", "S12")}
    for key, parts in sums.items():
        total = sum(by_id[part].interval("count").low for part in parts)
        assert total == pytest.approx(by_id[key].interval("count").low, rel=0.05)


def test_a_claim_in_words_is_weighed_only_where_it_is_named() -> None:
    assert set(cases(claims())["A3"].claims) == {"count"}
    named = cases(claims(), ["A13", "A4"])
    assert named["A3"].interval("shared_instruments") == Interval(0.25, 1)
    assert set(named["A3"].claims) == {"count", "shared_instruments"}
    assert (case_with(named, "A13"), case_with(named, "A6")) == ("A3", "A4")
    assert case_with(named, "A12") is None


@pytest.mark.parametrize(("claim", "access"), [("A12", "customers"), ("A13", "customers")])
def test_words_stand_for_more_than_unrelated_customers_show(claim: str, access: str) -> None:
    low = claims()[claim].low
    assert low is not None
    mode = load_library().hypotheses["product-use"].access_modes[access]
    prior = getattr(mode, claims()[claim].metric)
    share_above = (prior.quantile((np.arange(1_000) + 0.5) / 1_000) > low).mean()
    assert share_above < 0.15


def test_no_count_makes_no_case() -> None:
    assert cases({key: claims()[key] for key in ("A2", "O1", "S14")}) == {}


def test_observables_are_described() -> None:
    assert observable_of("exchanges_through_CoT_cleaner") is None
    assert observable_of("prompts") == observable_of("exchanges") == "count"
    for observable in OBSERVABLES.values():
        assert observable.title
        assert (observable.unit == "fraction") == (observable.kind == "share")


# Files of claims


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid_claims_give_their_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(InvalidInputError) as caught:
        load_claims(path.name)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InvalidInputError, match=r"^none\.yaml: no such file$"):
        load_claims("none.yaml")


def test_claims_of_a_file() -> None:
    found = load_claims(VALID)
    mine = found["mine"]
    assert (mine.id, mine.value, mine.bound, mine.figure) == ("mine", 2_100_000, "over", "given")
    assert (mine.window_days, mine.status) == (30, "measured")
    assert f"{mine.date}" == "2026-10-01"
    assert mine.not_said == "how accounts were linked"
    words = found["mine_accounts"]
    assert (words.value, words.figure, words.window_days) == (200, "placeholder", None)
    assert (words.status, words.not_said, words.qualifier) == ("reported", NOT_SAID, "")
    assert found["mine-moved"].bound == "exact"


def test_a_unit_that_is_left_out_is_that_of_the_metric() -> None:
    lines = VALID.read_text(encoding="utf-8").splitlines()
    units = ("    unit: exchanges", "    unit: accounts", "    unit: fraction")
    text = "\n".join(line for line in lines if line not in units)
    found = claims_of(parse_yaml(text, "t"))
    assert [x.unit for x in found.values()] == ["exchanges", "accounts", "fraction", "prompts"]
    assert found == load_claims(VALID)


def test_claims_of_a_file_make_cases() -> None:
    found = cases({**claims(), **load_claims(VALID)})
    assert list(found) == [*CASES, "mine", "other"]
    mine = found["mine"]
    assert given(mine) == {"count": "mine", "accounts": "mine_accounts", "moved_24h": "mine-moved"}
    assert mine.interval("count") == Interval(2_100_000, 2_200_000)
    assert mine.interval("moved_24h") == Interval(0.245, 0.255)
    assert (found["other"].conventions, found["other"].window_days) == (PROMPTS, 1.5)


@pytest.mark.parametrize("value", [".inf", ".nan", f"'{'9' * 400}'", "true", "[1]"])
def test_a_value_is_a_finite_number(value: str) -> None:
    text = VALID.read_text(encoding="utf-8").replace("2.1M", value)
    with pytest.raises(InvalidInputError, match=r"^t:9:12: claims\.mine\.value: should be "):
        claims_of(parse_yaml(text, "t"))
