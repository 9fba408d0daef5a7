"""Targets and weights, against what they are by hand on logs of a few rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import sim
from sim.errors import InvalidInputError
from sim.features.dials import FeatureDials
from sim.features.make import account_features
from sim.features.targets import target_tables
from sim.features.weights import sample_weights
from sim.features.windows import windows_of
from sim.tables.database import RunTables
from sim.tables.feature_schema import SAMPLE_WEIGHTS, TARGETS
from sim.tables.schema import arrow_schema
from tests.support.tiny_logs import CLOSES, OPENS, at, sent, tiny_log, us


@pytest.fixture
def three(tmp_path: Path) -> RunTables:
    """An account that extracts at first, one that does once in twenty, and one that never does."""
    hours = [(1, k * 0.1, True) for k in range(10)]
    hours += [(1, 50 + k, k == 0) for k in range(10)]
    hours += [(2, k, k == 0) for k in range(20)]
    hours += [(3, 50, False)]
    # complete after the log closes
    exchanges = [sent(a, h) for a, h, _ in hours] + [sent(3, 95.9, seconds=3600)]
    return tiny_log(
        tmp_path,
        log_exchanges=exchanges,
        truth_exchanges=[
            {"exchange_id": k + 1, "is_extraction": x}
            for k, x in enumerate([*(x for _, _, x in hours), True])
        ],
        truth_accounts=[
            {"account_id": 1, "typology_id": "A15", "purpose": "extraction"},
            {"account_id": 2, "typology_id": "G13", "purpose": "resale"},
            {"account_id": 3, "typology_id": "A18", "purpose": "extraction"},
            {"account_id": 4, "typology_id": "A18", "purpose": "extraction"},
        ],
    )


def test_targets_of_accounts_and_examples(three: RunTables) -> None:
    windows = windows_of(us(OPENS), us(CLOSES), release_us=us(at(48)))
    table = target_tables(three, windows)
    assert table.schema == arrow_schema(TARGETS)
    found = table.to_pandas()
    whole = found[found["entity_type"] == "account"].set_index("entity_id")
    assert whole["account_id"].tolist() == whole.index.tolist() == [1, 2, 3]
    assert whole["extraction_share"].tolist() == pytest.approx([11 / 20, 1 / 20, 0])
    assert whole["target"].tolist() == [True, True, False]
    assert whole["any_extraction"].tolist() == [True, True, False]
    assert whole["half_extraction"].tolist() == [True, False, False]
    assert whole["abusive_typology"].tolist() == [True, False, True]
    assert whole["extraction_purpose"].tolist() == [True, False, True]

    examples = found[found["entity_type"] == "example"].set_index(["window_from", "account_id"])
    later = examples.loc[at(48)]
    assert later["extraction_share"].tolist() == pytest.approx([0.1, 0])
    assert later["half_extraction"].tolist() == [False, False]
    assert len(examples) == 3 + 2 + 2
    assert not target_tables(three, windows, 0.06).to_pandas()["target"][1]


def test_examples_are_those_of_the_features(three: RunTables) -> None:
    windows = windows_of(us(OPENS), us(CLOSES), cut_off_us=us(at(20)), gap_us=us(at(4)) - us(OPENS))
    targets = target_tables(three, windows).to_pandas()
    examples = targets[targets["entity_type"] == "example"]
    made = account_features(three, FeatureDials(), windows).to_pandas()
    assert set(examples["entity_id"]) == set(made["example_id"])
    named = examples.rename(columns={"entity_id": "example_id"})
    both = made.merge(named, on=["example_id", "account_id", "window_from", "window_to"])
    assert len(both) == len(made) == len(examples)


def judged(folder: Path, typologies: Sequence[str], targets: Sequence[int]) -> RunTables:
    """Open a log with accounts 1, 2, ... of these typologies; `target` is true for some of them."""
    tables = tiny_log(
        folder,
        truth_accounts=[{"account_id": k + 1, "typology_id": t} for k, t in enumerate(typologies)],
    )
    tables.plant(
        "truth/targets",
        f"""
        SELECT entity_type, account_id, account_id IN {[0, *targets]} AS target
        FROM truth_accounts, (SELECT unnest(['account', 'example']) AS entity_type)""",
    )
    return tables


def weights(tables: RunTables, prevalence: float, **population: float) -> list[float]:
    """Weights of the accounts at one prevalence, in the order of their numbers."""
    made = sample_weights(tables, [prevalence], population or None)
    assert made.schema == arrow_schema(SAMPLE_WEIGHTS)
    return list(made["weight"].to_pylist())


TEN = ["L01"] * 4 + ["L09"] * 2 + ["A15"] * 3 + ["A18"]


def test_weights_by_hand_on_ten_accounts(tmp_path: Path) -> None:
    tables = judged(tmp_path, TEN, [7, 8, 10])
    found = weights(tables, 0.1, L01=0.6, L09=0.2, L02=0.2)
    # A15 and A18 have targets of 0.05 each; the third of A15 weighs as the other two, so that
    # abusive accounts are 0.125; L01 and L09 make up 0.875 as 3 to 1
    by_hand = [10 * 0.65625 / 4] * 4 + [10 * 0.21875 / 2] * 2 + [10 * 0.025] * 3 + [10 * 0.05]
    assert found == pytest.approx(by_hand)
    assert sum(found) == pytest.approx(10)

    both = sample_weights(tables, [0.1, 0.001]).to_pandas()
    assert both["prevalence"].tolist() == [0.001] * 10 + [0.1] * 10
    rare = both[both["prevalence"] == 0.001].set_index("entity_id")["weight"]
    assert rare[[7, 8, 10]].sum() == pytest.approx(0.01)
    assert rare.sum() == pytest.approx(10)
    assert sample_weights(tables, []).num_rows == 0


def test_a_typology_without_targets_weighs_as_the_mean_of_the_others(tmp_path: Path) -> None:
    tables = judged(tmp_path, [*TEN[1:], "A20"], [6, 9])
    found = weights(tables, 0.08)
    # A15 weighs 0.4 an account, A18 0.4, as one of each is a target; so A20 does
    assert found[5:] == pytest.approx([0.4] * 5)
    assert sum(found) == pytest.approx(10)

    found = weights(judged(tmp_path, [*TEN[1:], "A20"], [6, 7, 8, 9]), 0.08)
    # A15 weighs 0.4 / 3 an account and A18 0.4: 0.8 / 4 in the mean
    assert found[5:] == pytest.approx([0.4 / 3] * 3 + [0.4, 0.2])


def test_targets_among_legitimate_accounts_count(tmp_path: Path) -> None:
    tables = judged(tmp_path, ["L01"] * 8 + ["A15"] * 2, [1, 9, 10])
    found = weights(tables, 0.3)
    # x + (1 - x) / 8 = 0.3 for a share x = 0.2 of abusive accounts
    assert found == pytest.approx([1.0] * 10)


def test_in_a_pack_the_weighted_share_of_targets_is_the_prevalence(labelled: Path) -> None:
    pack = sim.open_pack(labelled)
    targets = pack.pandas("truth/targets", ["entity_type", "entity_id", "target"])
    targets = targets[targets["entity_type"] == "account"].drop(columns="entity_type")
    both = pack.pandas("truth/sample_weights").merge(targets, on="entity_id")
    assert len(both) == len(targets)
    assert both["weight"].mean() == pytest.approx(1)
    assert both.loc[both["target"], "weight"].sum() / len(both) == pytest.approx(0.01)

    kinds = pack.pandas("truth/accounts", ["account_id", "typology_id"])
    both = both.merge(kinds, left_on="entity_id", right_on="account_id")
    of_typology = both[both["target"]].groupby("typology_id")["weight"].sum() / len(both)
    assert of_typology.to_dict() == pytest.approx({"A16": 0.005, "A19": 0.005})
    assert (both.groupby("typology_id")["weight"].nunique() == 1).all()


@pytest.mark.parametrize(
    ("typologies", "targets", "population", "message"),
    [
        (
            ["L01", "L09"],
            [1],
            {},
            "prevalence 0.1 cannot be reached: no account of an abusive typology sent anything; "
            "add such accounts, or give the log a longer clock",
        ),
        (
            ["L01", "A15"],
            [1],
            {},
            "prevalence 0.1 cannot be reached: `target` is true for no account of an abusive "
            "typology; add accounts that extract more, give the log a longer clock, or lower "
            "target.least_share",
        ),
        (
            ["A15"],
            [1],
            {},
            "prevalence 0.1 cannot be reached: all accounts that sent something are of abusive "
            "typologies; add others, or give the log a longer clock",
        ),
        (
            [],
            [],
            {},
            "prevalence 0.1 cannot be reached: no account sent anything; give the log a longer "
            "clock or more accounts",
        ),
        (
            ["L01", *["A15"] * 20],
            [2, 3],
            {},
            "prevalence 0.1 cannot be reached: `target` is true for 0.1 of the abusive accounts "
            "alone, weighed equally by typology; choose one below",
        ),
        (
            ["L01", "L01", "L09", "A15"],
            [1, 4],
            {"L01": 0.5, "L09": 0.5},
            "prevalence 0.1 cannot be reached: `target` is true for 0.25 of the legitimate "
            "accounts alone, weighed by the population; choose one above",
        ),
        (
            ["L01", "L02", "L09", "A15"],
            [4],
            {"L01": 1.0},
            "population: has no share for L02, L09, which the log has; give them one, 0 if they "
            "should not count",
        ),
        (
            ["L01", "A15"],
            [2],
            {"L01": 0.0},
            "population: all legitimate typologies of the log have the share 0 (L01); "
            "one of them should have more",
        ),
    ],
)
def test_what_cannot_be_reached_is_refused(
    tmp_path: Path,
    typologies: list[str],
    targets: list[int],
    population: dict[str, float],
    message: str,
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        weights(judged(tmp_path, typologies, targets), 0.1, **population)
    assert str(caught.value) == message
