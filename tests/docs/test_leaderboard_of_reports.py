"""The leaderboard that is kept: its page is that of its scores, and how the tool fills pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.detectors.registry import BASELINES
from sim.scoring.leaderboard import leaderboard
from sim.scoring.score_files import write_scores
from tests.support.paths import ROOT
from tests.support.scores import made_score
from tools import leaderboard as tool

BOARD = ROOT / "reports" / "leaderboard.md"


def test_the_page_is_that_of_its_scores() -> None:
    board = leaderboard([BOARD.with_suffix(".json")])
    assert board.to_markdown() == BOARD.read_text(encoding="utf-8"), "run `make leaderboard`"


def test_the_tables_have_a_row_a_detector_and_a_column_a_kind_of_split() -> None:
    splits = ("campaign", "typology-held-out-1", "typology-held-out-2")
    board = leaderboard([made_score(split=x) for x in splits] + [made_score("volume", 0.1)])
    assert tool.tables_of(board).splitlines() == [
        "`bench`:",
        "",
        "| ROC-AUC | campaign | typology-held-out, mean |",
        "| --- | --: | --: |",
        "| `relations` | 0.81 (0.70 to 0.90) | 0.81 |",
        "| `volume` | 0.81 (0.70 to 0.90) | - |",
        "",
    ]


def test_scores_of_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "BOARD", tmp_path / "board.md")
    assert tool.others([made_score()]) == []
    write_scores([made_score(), made_score("of somebody")], tmp_path / "board.json")
    assert [score.detector for score in tool.others([made_score()])] == ["of somebody"]


def test_every_detector_of_the_package_answers_every_split_of_every_pack() -> None:
    board = leaderboard([BOARD.with_suffix(".json")])
    there = {(score.pack, score.detector, score.split) for score in board.scores}
    packs, splits = {pack for pack, _, _ in there}, {split for _, _, split in there}
    names = {f"extraction-bench-v1-{level}-small" for level in tool.LEVELS}
    assert packs == names
    assert {"campaign", "time", "world-held-out", "adaptation-held-out"} < splits
    assert there >= {(p, d, s) for p in packs for d in BASELINES for s in splits}
    assert there >= {(pack, f"{name}-truth", "campaign") for pack in packs for name in BASELINES}
