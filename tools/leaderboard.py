"""Measure every baseline on every split of the small packs: `python -m tools.leaderboard`.

Packs are made in the folder of work unless they are there. Every baseline learns from observed
labels and answers every split; learned from the truth it answers the split `campaign`, so that one
sees what late and wrong labels cost. Written are reports/leaderboard.md and .json, to which scores
of others may be added by `--scores` (what is there of other detectors stays), and the tables of
docs/background/detectors.md. Predictions and scores stay in the folder of work; predictions that
are there are scored again, not made again.

    python -m tools.leaderboard --work /tmp/bench --packs extraction-bench-v1-hard-small
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from sim.detectors.registry import BASELINES
from sim.packs.build import build
from sim.packs.load_recipe import load_recipe
from sim.packs.pack import Pack
from sim.predictions.make import Labels, predict
from sim.predictions.table import read_predictions, write_predictions
from sim.scoring.judge import score_all
from sim.scoring.leaderboard import Leaderboard, leaderboard
from sim.scoring.score import Score
from sim.scoring.score_files import read_scores, write_scores
from sim.scoring.words import interval_words, number_words

ROOT = Path(__file__).parents[1]
BOARD = ROOT / "reports" / "leaderboard.md"
PAGE = ROOT / "docs" / "background" / "detectors.md"
LEVELS = ("hard", "medium", "easy")
PREVALENCE = 0.01
_BLOCK = re.compile(r"(<!-- measured: leaderboard -->\n).*?(<!-- end -->)", re.DOTALL)


class Measured(NamedTuple):
    """The scores of a pack, and how many seconds each baseline took over all its splits."""

    scores: list[Score]
    seconds: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "leaderboard")
    names = [f"extraction-bench-v1-{level}-small" for level in LEVELS]
    parser.add_argument("--packs", nargs="+", default=names, help="names of recipes, or packs")
    parser.add_argument("--scores", nargs="*", default=[], help="files of scores of others")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--dry-run", action="store_true", help="leave the pages as they are")
    asked = parser.parse_args()

    begun = time.monotonic()
    with ProcessPoolExecutor(asked.workers) as pool:
        packs = list(pool.map(pack_of, asked.packs, [asked.work] * len(asked.packs)))
        tasks = [(pack, labels, asked.work) for labels in ("observed", "truth") for pack in packs]
        found = list(pool.map(measure, *zip(*tasks, strict=True)))
    for (pack, labels, _), each in zip(tasks, found, strict=True):
        took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in each.seconds.items())
        print(f"{pack.name}, labels {labels}: {took}")  # noqa: T201

    made = [score for each in found for score in each.scores]
    board = leaderboard([*made, *others(made), *asked.scores])
    print(f"{len(board)} scores in {(time.monotonic() - begun) / 60:.0f} minutes")  # noqa: T201
    if not asked.dry_run:
        board.write(BOARD)
        page = PAGE.read_text(encoding="utf-8")
        text = tables_of(board)
        PAGE.write_text(_BLOCK.sub(lambda x: f"{x[1]}{text}{x[2]}", page), encoding="utf-8")


def pack_of(name: str, work: Path) -> Path:
    """Return the folder of a pack, which is made of the recipe of its name unless it is there."""
    place = Path(name) if Path(name).is_dir() else work / "packs" / name
    if not (place / "manifest.json").exists():
        build(load_recipe(name), place, audit=False)
    return place


def measure(place: Path, labels: Labels, work: Path) -> Measured:
    """Return the scores of all baselines on a pack, and write predictions and scores."""
    pack = Pack(place)
    seconds = predicted(pack, labels, work / "predictions" / place.name)
    scores: list[Score] = []
    for name in BASELINES:
        file = work / "predictions" / place.name / _file_of(name, labels)
        answers = score_all(read_predictions(file, pack), pack, prevalence=PREVALENCE)
        write_scores(answers, work / "scores" / place.name / f"{file.stem}.json")
        scores += answers
    return Measured(scores, seconds)


def predicted(pack: Pack, labels: Labels, folder: Path) -> dict[str, float]:
    """Write the predictions that are not there yet; return how many seconds each took."""
    splits = [name for name, about in pack.manifest["splits"].items() if "folds" in about]
    if labels == "truth":
        splits = ["campaign"]
    missing = [
        baseline
        for baseline in BASELINES.values()
        if not (folder / _file_of(baseline.name, labels)).exists()
    ]
    folder.mkdir(parents=True, exist_ok=True)

    seconds = {}
    begun = time.monotonic()
    for baseline, frame in predict(missing, pack, splits, labels=labels) if missing else ():
        seconds[baseline.name] = time.monotonic() - begun
        file = folder / _file_of(baseline.name, labels)
        write_predictions(frame, file, {"detector": file.stem, "labels": labels})
        begun = time.monotonic()
    return seconds


def _file_of(name: str, labels: Labels) -> str:
    """Return the name of the file of a baseline's predictions."""
    return f"{name}.parquet" if labels == "observed" else f"{name}-truth.parquet"


def others(made: Sequence[Score]) -> list[Score]:
    """Return the scores that the leaderboard has of other detectors."""
    there = BOARD.with_suffix(".json")
    names = {score.detector for score in made}
    kept = read_scores(there) if there.exists() else ()
    return [score for score in kept if score.detector not in names]


def tables_of(board: Leaderboard) -> str:
    """Return the tables of the documentation: for each pack the ROC-AUC of detectors by split."""
    text = ""
    for pack in dict.fromkeys(score.pack for score in board.scores):
        mine = [score for score in board.scores if score.pack == pack]
        columns = list(dict.fromkeys(_column(score) for score in mine))
        names = dict.fromkeys(score.detector for score in mine)
        text += f"`{pack}`:\n\n| ROC-AUC | {' | '.join(columns)} |\n"
        text += f"| --- |{' --: |' * len(columns)}\n"
        for name in names:
            found = [[x for x in mine if (x.detector, _column(x)) == (name, c)] for c in columns]
            text += f"| `{name}` | {' | '.join(map(_cell, found))} |\n"
        text += "\n"
    return text


def _column(score: Score) -> str:
    """Return the column of a split; those with one typology held out share theirs."""
    return "typology-held-out, mean" if score.split.startswith("typology-") else score.split


def _cell(scores: Sequence[Score]) -> str:
    """Return the ROC-AUC of a split with its interval, or the mean over several splits."""
    figures = [figure for score in scores if (figure := score.find("auc"))]
    values = [figure.value for figure in figures if figure.value is not None]
    if len(values) == 1:
        return interval_words(figures[0])
    return number_words(sum(values) / len(values) if values else None)


if __name__ == "__main__":
    main()
