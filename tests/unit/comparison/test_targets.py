"""What a text names as the thing to compare: a run, a claim, a number, an actor; or too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.catalog import claims
from sim.comparison.claims.cases import cases
from sim.comparison.claims.intervals import interval
from sim.comparison.stated_counts import figure_of, is_figure, stated_claims
from sim.comparison.targets import find_targets, names_of
from sim.errors import InvalidInputError

KNOWN = claims()


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("A4", ("A4",)),
        ("a4", ("A4",)),
        ("claim:s9", ("S9",)),
        ("all", ("all",)),
        ("Moonshot", ("A4", "S5")),
        ("moonshot", ("A4", "S5")),
        ("actor:MOONSHOT", ("A4", "S5")),
        ("Moonshot GTG-16002", ("S5",)),
        ("gtg-16002", ("S5",)),
        ("Alibaba/Qwen", ("L1", "S1")),
        ("Qwen", ("L1", "S1")),
        ("unnamed", ("G1",)),
    ],
)
def test_an_id_or_a_name_takes_its_counts(text: str, ids: tuple[str, ...]) -> None:
    found = find_targets([text], KNOWN)
    assert (found.claim_ids, found.runs, found.stated) == (ids, (), {})


def test_what_exists_is_a_run_and_several_go_together(empty: Path) -> None:
    (empty / "demo").mkdir()
    words = ["demo", "A4", "./demo", "s3://bucket/run", str(empty / "demo"), "no/where", "A4", "2k"]
    found = find_targets(words, KNOWN)
    assert found.runs == ("demo", "./demo", "s3://bucket/run", str(empty / "demo"), "no/where")
    assert found.claim_ids == ("A4", "2k")
    assert list(found.stated) == ["2k"]


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        (
            "A4",
            "'A4' may be the run in the folder A4 (./A4) or the claim A4, Moonshot, over 3,400,000 "
            "exchanges (claim:A4); write what is in brackets",
        ),
        (
            "moonshot",
            "'moonshot' may be the run in the folder moonshot (./moonshot) or the actor moonshot, "
            "A4 and S5 (actor:moonshot); write what is in brackets",
        ),
        (
            "2026",
            "'2026' may be the run in the folder 2026 (./2026) or the number 2026 (count:2026); "
            "write what is in brackets",
        ),
    ],
)
def test_what_may_be_two_things_is_refused_with_both(
    folder: str, message: str, empty: Path
) -> None:
    (empty / folder).mkdir()
    with pytest.raises(InvalidInputError) as refused:
        find_targets([folder], KNOWN)
    assert str(refused.value) == message
    for written in (x.split(")")[0] for x in message.split("(")[1:]):
        find_targets([written], KNOWN)


def test_a_claim_of_ones_own_may_bear_the_name_of_an_actor() -> None:
    known = {**KNOWN, "zhipu": KNOWN["A4"].model_copy(update={"id": "zhipu", "actor": "someone"})}
    with pytest.raises(InvalidInputError, match=r"the claim zhipu.*or the actor zhipu, S9"):
        find_targets(["zhipu"], known)
    assert find_targets(["claim:zhipu", "actor:zhipu"], known).claim_ids == ("zhipu", "S9")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A44", "'A44': no run, claim or actor of that name, and no number of exchanges; did you"),
        ("Moonshoot", "no number of exchanges; did you mean Moonshot?"),
        (
            "nobody-at-all",
            "; known: A1, A3, A4, A5, G1, L1, S1, S5, S8, S9, S12, S15, DeepSeek, Moonshot, "
            "MiniMax, Alibaba/Qwen, Alibaba, Qwen, Zhipu, Xiaomi",
        ),
        ("count:A4", "'count:A4': no run, claim or actor of that name, and no number of exchanges"),
        ("x\x1b", r"'x\x1b': no run, claim or actor of that name"),
        (
            "generic",
            "'generic': no report counts its exchanges; reports give A10 (prompt_variants_repeat) "
            "and A11 (rl_tasks_generated)",
        ),
        ("0", "exchanges: should be a whole number from 1 to 1,000,000,000,000; found 0"),
        ("", "'': no run, claim or actor of that name"),
        ("a\0b", r"'a\x00b': no run, claim or actor of that name"),
        ("x" * 5_000, "'" + "x" * 57 + "...': no run, claim or actor of that name"),
        ("3.4", "exchanges: should be a whole number from 1 to 1,000,000,000,000; found 3.4"),
        ("4M..3M", "exchanges: the range 4M..3M should rise, such as 200..1000"),
    ],
)
def test_what_names_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        find_targets([text], KNOWN)
    assert message in str(refused.value)


def test_accounts_and_days_go_with_a_number() -> None:
    for beside in ((figure_of("300", "accounts"), None), (None, 60.0)):
        with pytest.raises(InvalidInputError, match="accounts and days go with a number"):
            find_targets(["A4"], KNOWN, *beside)


# Numbers


@pytest.mark.parametrize(
    "text", ["3.4M", "3.4 M", "3_400_000", "3,400,000", "3400k", "3.4 million", "3400 thousand"]
)
def test_a_number_may_be_written_in_many_ways(text: str) -> None:
    assert is_figure(text)
    (claim,) = stated_claims(figure_of(text, "exchanges"))
    limits = interval(claim)
    assert (claim.value, limits.low, limits.high) == (3.4e6, 3.35e6, 3.45e6)


@pytest.mark.parametrize("text", ["", "M", "3.4G", "-3", "3,40", "3 .4M", "1e6", "3..", "A4"])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert not is_figure(text)
    with pytest.raises(InvalidInputError, match="accounts: should be a number such as 300"):
        figure_of(text, "accounts")


def test_words_before_a_number_say_how_it_is_meant() -> None:
    limits = [interval(stated_claims(figure_of(f"{x} 3.4M", ""))[0]) for x in ("over", "nearly")]
    assert [(x.low, x.high) for x in limits] == [(3.4e6, 3.5e6), (3.3e6, 3.4e6)]


def test_a_number_with_accounts_and_days_is_a_case() -> None:
    made = stated_claims(figure_of("3.4M", "exchanges"), figure_of("200..1000", "accounts"), 60)
    (case,) = cases({claim.id: claim for claim in made}).values()
    assert (case.id, case.window_days, list(case.claims)) == ("3.4M", 60, ["count", "accounts"])
    limits = case.interval("accounts")
    assert (limits.low, limits.high) == (200, 1000)


@pytest.mark.parametrize("days", [0, -1, 3661, float("nan"), float("inf")])
def test_days_out_of_range_are_refused(days: float) -> None:
    with pytest.raises(InvalidInputError, match="days: should be above 0 and at most 3660"):
        stated_claims(figure_of("3M", "exchanges"), None, days)


@pytest.mark.parametrize("days", ["60", True])
def test_days_are_a_number(days: object) -> None:
    with pytest.raises(TypeError, match="days: a number; found "):
        stated_claims(figure_of("3M", "exchanges"), None, days)  # type: ignore[arg-type]


def test_numbers_from_python_are_read_as_the_command_line_writes_them() -> None:
    assert figure_of(3.4e6, "exchanges").text == "3,400,000"
    assert figure_of((200, 1_000), "accounts") == figure_of("200..1,000", "accounts")
    wrong: tuple[object, ...] = (None, True, (1, 2, 3))
    for value in wrong:
        with pytest.raises(TypeError, match="accounts: a number, two numbers or a text"):
            figure_of(value, "accounts")  # type: ignore[arg-type]


def test_an_actor_is_called_by_the_parts_of_its_name() -> None:
    assert names_of("Alibaba/Qwen GTG-16005") == (
        *("Alibaba/Qwen GTG-16005", "Alibaba/Qwen", "Alibaba", "Qwen", "GTG-16005"),
    )
    assert names_of("Moonshot") == ("Moonshot",)
