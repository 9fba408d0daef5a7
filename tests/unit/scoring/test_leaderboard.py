"""Scores merged: the page, what is refused, and files that go round."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InvalidInputError
from sim.scoring.leaderboard import leaderboard
from sim.scoring.score import Score
from sim.scoring.score_files import read_scores, write_scores
from tests.support.scores import made_score


def written(place: Path, *scores: Score) -> Path:
    write_scores(scores, place)
    return place


def refusal(*given: Score | Path) -> str:
    with pytest.raises(InvalidInputError) as raised:
        leaderboard(given)
    return str(raised.value)


def test_the_best_of_a_split_comes_first_and_splits_have_their_order() -> None:
    scores = [
        made_score("volume", 0.05),
        made_score("relations", 0.31),
        made_score("volume", 0.02, split="random-rows"),
        made_score("volume", 0.03, split="typology-held-out-1"),
        made_score("volume", 0.04, split="time"),
        made_score("volume", 0.05, pack="another"),
    ]
    board = leaderboard(scores)
    assert [(x.pack, x.split, x.detector) for x in board.scores] == [
        ("another", "campaign", "volume"),
        ("bench", "campaign", "relations"),
        ("bench", "campaign", "volume"),
        ("bench", "time", "volume"),
        ("bench", "typology-held-out-1", "volume"),
        ("bench", "random-rows", "volume"),
    ]
    assert repr(board) == "<Leaderboard: 6 scores on 2 packs>"


def test_the_page_shows_figures_intervals_and_the_worst_hard_negative() -> None:
    page = leaderboard([made_score(), made_score("volume", 0.05, split="time")]).to_markdown()
    assert (
        "| `relations` | 0.31 (0.30 to 0.33) | 0.81 (0.70 to 0.90) | 0.061 (0.020 to 0.100) | - "
        "| - | - | - | L09 0.031 (0.010 to 0.080) |\n"
    ) in page
    assert "| detector | campaign | time |\n| --- | --: | --: |\n" in page
    assert "| `relations` | 0.31 | - |\n| `volume` | - | 0.050 |\n" in page
    assert "All is weighted to a prevalence of 0.01" in page


def test_names_cannot_break_the_table() -> None:
    score = made_score("a|b\n| c `x`", pack="<b>\n# x", split="[a](b)")
    lines = leaderboard([score]).to_markdown().splitlines()
    table = [line for line in lines if line.startswith(r"| `` a\|b\n\| c `x` `` |")]
    assert [line.replace(r"\|", "").count("|") for line in table] == [3, 10]
    assert [line for line in lines if line.startswith("##")] == [r"## `<b>\n# x`", "### `[a](b)`"]
    assert "| detector | `[a](b)` |" in lines


def test_a_written_leaderboard_takes_further_scores(tmp_path: Path) -> None:
    board = leaderboard([made_score()])
    board.write(tmp_path / "new" / "board.md")
    mine = written(tmp_path / "mine.json", made_score("mine", 0.4))
    both = leaderboard([tmp_path / "new" / "board.json", mine, mine])
    assert [score.detector for score in both.scores] == ["mine", "relations"]
    assert both.of("bench", "campaign")[1] == board.scores[0]
    assert (tmp_path / "new" / "board.md").read_text(encoding="utf-8") == board.to_markdown()


def test_other_files_are_not_written_over(tmp_path: Path) -> None:
    board, notes = leaderboard([made_score()]), tmp_path / "notes.md"
    notes.write_text("mine", encoding="utf-8")
    scores = written(tmp_path / "scores.json", made_score())
    for place, held in ((notes, notes), (tmp_path / "scores.md", scores)):
        before = held.read_bytes()
        with pytest.raises(InvalidInputError) as raised:
            board.write(place)
        assert str(raised.value) == (
            f"{held}: is there, and no leaderboard; choose another name, or move it away"
        )
        assert held.read_bytes() == before
    assert sorted(x.name for x in tmp_path.iterdir()) == ["notes.md", "scores.json"]

    board.write(tmp_path / "board.md")
    board.write(tmp_path / "board.md")


def test_a_leaderboard_lies_in_no_pack(labelled: Path) -> None:
    with pytest.raises(InvalidInputError, match="lies in the pack pack, which holds"):
        leaderboard([made_score()]).write(labelled / "board.md")
    assert not (labelled / "board.json").exists()


def test_scores_at_other_rates_are_not_said_to_contradict_each_other() -> None:
    with pytest.raises(InvalidInputError) as caught:
        leaderboard([made_score(), made_score(fpr=0.02, pr_auc=0.4)])
    assert str(caught.value) == (
        "fpr: found 0.01 in a score; 0.02 in a score; score all with the same --fpr"
    )


def test_scores_that_do_not_go_together_are_refused_all_at_once(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", made_score())
    other = written(
        tmp_path / "other.json", made_score(pr_auc=0.29), made_score("x", prevalence=0.001, fpr=0.1)
    )
    assert refusal(one, other).splitlines() == [
        f"prevalence: found 0.01 in {one}; 0.001 in {other}; score all with the same --prevalence",
        f"fpr: found 0.01 in {one}; 0.1 in {other}; score all with the same --fpr",
        f"{other}: relations on bench, campaign: PR-AUC 0.29, but 0.31 in {one}; leave one out, or "
        "give it another name by `sim score --name`",
    ]


def test_packs_of_one_name_must_hold_the_same_data(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", made_score())
    other = written(tmp_path / "other.json", made_score("x", pack_sum="c8"))
    assert refusal(one, other) == (
        f"{other}: bench holds other data than bench in {one}; score all on one pack, or give one "
        "of them another name"
    )


def test_without_scores_there_is_no_leaderboard() -> None:
    assert refusal() == "a leaderboard needs at least one score"


def test_a_score_goes_round(tmp_path: Path) -> None:
    score = made_score()
    (back,) = read_scores(written(tmp_path / "s.json", score))
    assert back.to_dict() == score.to_dict()
    assert back == score


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nothing", "is no JSON: line 1, column 1: Expecting value; give a file that"),
        ('{"scores": [1e999]}', "is no JSON: holds a number beyond 1.8e308; give a file that"),
        ("[" * 100_000, "is no JSON: is nested too deeply; give a file that"),
        ("[]", "has no scores; give a file that `sim score -o FILE` wrote"),
        ('{"scores": []}', "has no scores; give a file that"),
        ('{"scores": [3]}', "score 1: schema_version: found None; allowed: 1; score the"),
        ('{"scores": [{"schema_version": 2}]}', "score 1: schema_version: found 2; allowed: 1"),
        ('{"scores": [{"schema_version": 1}]}', "score 1: detector: Field required; give a file"),
    ],
)
def test_other_files_are_refused(content: str, says: str, tmp_path: Path) -> None:
    place = tmp_path / "s.json"
    place.write_text(content, encoding="utf-8")
    assert refusal(place).startswith(f"{place}: {says}")
    assert refusal(tmp_path / "no.json") == f"{tmp_path / 'no.json'}: there is no such file"
    assert refusal(tmp_path).startswith(f"{tmp_path}: cannot be read: Is a directory; give a file")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ({"sections": None}, "sections: Input should be a valid tuple"),
        ({"sections": [{"id": "x"}]}, "sections.0.title: Field required"),
        ({"more": 1}, "unknown: more"),
        ({"curves": [{"id": 1}]}, "curves.0.id: Input should be a valid string"),
        ({"prevalence": "x"}, "prevalence: Input should be a valid number"),
        ({"detector": None}, "detector: Input should be a valid string"),
    ],
    ids=str,
)
def test_damaged_scores_are_refused(damage: dict[str, Any], says: str, tmp_path: Path) -> None:
    place = tmp_path / "s.json"
    data = {**made_score().to_dict(), **damage}
    place.write_text(json.dumps({"scores": [data]}), encoding="utf-8")
    assert refusal(place).startswith(f"{place}: score 1: {says}")
