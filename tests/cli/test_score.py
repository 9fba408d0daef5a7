"""The verbs score and leaderboard, from predictions to the page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sim as front
from sim.cli.output_places import check_places
from sim.errors import InvalidInputError
from tests.support.commands import refused, sim


@pytest.fixture(scope="module")
def answers(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with predictions of a detector that knows all, and of one that knows nothing."""
    folder = tmp_path_factory.mktemp("answers")
    pack = front.open_pack(labelled)
    test = pack.examples("campaign").test
    frame = pd.DataFrame({"entity_id": test.account_ids, "score": pack.targets(test).astype(float)})
    day = pd.Timestamp(pack.pandas("log/exchanges", ["ts_start"])["ts_start"].min()).ceil("D")
    frame.assign(at=day.isoformat()).to_csv(folder / "perfect.csv", index=False)
    frame.assign(score=(frame["entity_id"] * 7919 % 997) / 1_000).to_parquet(
        folder / "nothing.parquet"
    )
    return folder


def test_text_files_page_and_leaderboard(labelled: Path, answers: Path, tmp_path: Path) -> None:
    pack, rest = str(labelled), ("--rounds", "20")
    out, page = tmp_path / "scores" / "perfect.json", tmp_path / "perfect.html"
    places = ("-o", str(out), "--html", str(page))
    result = sim("score", str(answers / "perfect.csv"), "--pack", pack, *rest, *places)
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[0]
    assert first.startswith("perfect on labelled (")
    assert "split campaign: prevalence 0.01, flagged at FPR" in first
    assert result.stderr.splitlines() == [f"scores: {out}", f"page: {page}"]
    text = page.read_text(encoding="utf-8")
    assert "Precision and recall: PR-AUC 1.00, where a guess has 0.01" in text
    assert "Accounts detected, by days" in text

    words = ("--json", "--name", "a guess", "-q")
    result = sim("score", str(answers / "nothing.parquet"), "--pack", pack, *rest, *words)
    assert (result.exit_code, result.stderr) == (0, "")
    (score,) = json.loads(result.stdout)["scores"]
    assert (score["detector"], score["split"]) == ("a guess", "campaign")
    nothing = tmp_path / "nothing.json"
    nothing.write_text(result.stdout, encoding="utf-8")

    board = tmp_path / "board.md"
    result = sim("leaderboard", str(nothing), str(out), "-o", str(board))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"leaderboard: {board}, 2 scores\n"
    rows = [x for x in board.read_text(encoding="utf-8").splitlines() if x.startswith("| `")]
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["`perfect`", "`a guess`"]
    assert re.search(r"[A-Z]\d\d \d", rows[3]), "the worst hard negative of a guess"
    assert sim("leaderboard", str(tmp_path / "board.json")).stdout == board.read_text()


def test_python_says_the_same_as_the_command_line(labelled: Path, answers: Path) -> None:
    place = answers / "perfect.csv"
    (score,) = front.score(place, labelled, rounds=20)
    (of_frame,) = front.score(pd.read_csv(place), labelled, name="perfect", rounds=20)
    assert score.figure("pr_auc") == of_frame.figure("pr_auc")
    assert score.figure("pr_auc").value == pytest.approx(1.0)
    printed = sim("score", str(place), "--pack", str(labelled), "--rounds", "20", "-q").stdout
    assert printed == score.to_text(100)
    assert len(front.leaderboard([score])) == 1


def test_two_files_are_scored_one_after_the_other(labelled: Path, answers: Path) -> None:
    files = [str(answers / name) for name in ("perfect.csv", "nothing.parquet")]
    result = sim("score", *files, "--pack", str(labelled), "--rounds", "0", "--json", "-q")
    found = [score["detector"] for score in json.loads(result.stdout)["scores"]]
    assert found == ["perfect", "nothing"]
    message = refused(sim("score", *files, "--pack", str(labelled), "--name", "x"))
    assert "--name names one detector; give one file of predictions with it" in message


def test_settings_that_make_no_sense_are_refused(labelled: Path, answers: Path) -> None:
    place = str(answers / "perfect.csv")
    message = refused(sim("score", place, "--pack", str(labelled), "--prevalence", "0.5"))
    assert "no weights for a prevalence of 0.5; the recipe has 0.01" in message
    message = refused(sim("score", place, "--pack", str(labelled), "--rounds", "5"))
    assert message == "rounds: should be 0, for no intervals, or 20 to 10,000, found 5\n"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"prevalence": "0.01"}, "prevalence is a number; found str"),
        ({"fpr": None}, "fpr is a number; found NoneType"),
        ({"rounds": 20.0}, "rounds is a whole number; found float"),
        ({"seed": None}, "a seed is a whole number; found NoneType"),
        ({"split": 3}, "split is a text; found int"),
        ({"name": b"x"}, "name is a text; found bytes"),
    ],
)
def test_settings_of_another_type_are_named(
    settings: dict[str, Any], says: str, labelled: Path, answers: Path
) -> None:
    with pytest.raises(TypeError, match=f"^{says}$"):
        front.score(answers / "perfect.csv", labelled, **settings)


def test_places_that_cannot_be_written_are_refused_first(
    labelled: Path, answers: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    place = str(answers / "perfect.csv")
    within = labelled / "score.json"
    assert refused(sim("score", place, "--pack", str(labelled), "-o", str(within))) == (
        f"--out: {within} lies in the run pack, which holds nothing but what was simulated; "
        "choose another place\n"
    )
    message = refused(sim("score", place, "--pack", str(labelled), "-o", str(file / "x.json")))
    assert message == f"--out: {file} is a file, not a folder\n"
    folder = tmp_path / "folder"
    folder.mkdir()
    for out, says in (
        (answers / "." / "perfect.csv", "is read; choose another name"),
        (tmp_path / "page", "is written by --html too; choose another name"),
        (folder, "is a folder, not a file"),
        (Path("memory:/x"), "found a URL; give a file on this machine"),
    ):
        with pytest.raises(InvalidInputError, match=says):
            check_places(None, tmp_path / "page", (place,), out)
    message = refused(sim("score", place, "--pack", str(labelled), "-o", place))
    assert message == f"--out: {place} is read; choose another name\n"
    message = refused(sim("leaderboard", "x.json", "-o", str(tmp_path / "board.html")))
    assert message == f"out: found {tmp_path / 'board.html'}; allowed: a name that ends in .md\n"
    assert refused(sim("leaderboard", "x.json")) == "x.json: there is no such file\n"
    with pytest.raises(InvalidInputError, match="there is no such file"):
        front.leaderboard(tmp_path / "x.json")
    with pytest.raises(TypeError, match="made of Scores and files of them; found int"):
        front.leaderboard([3])  # type: ignore[list-item]
    with pytest.raises(InvalidInputError, match="allowed: a name that ends in"):
        front.leaderboard([], out="board")
