"""Repeat the study of docs/background/separability.md: `make separability`; some forty minutes.

Simulates `scenarios/separability.yaml`, shorter, under five seeds of one world, at settings of its
separability and at levels, and rewrites the tables of the page. Every run is asked once, by models
and features that learned from another.

    python -m tools.separability_study                # the study
    python -m tools.separability_study levels         # which separabilities make levels even

`levels` prints values for sim/catalog/data/levels.yaml, with the difficulty behind each. With
`--seeds N` either takes so many seeds instead of five.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sim.catalog import typologies
from sim.detectors.accounts import Accounts
from sim.engine.executors import workers
from sim.engine.run import run
from sim.scenario import load_scenario
from tests.separability.levels import GRID, TARGETS, as_hard_as, difficulties
from tests.separability.study import INSTRUMENTS, Study, study

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "background" / "separability.md"
SCENARIO = ROOT / "scenarios" / "separability.yaml"
# Accounts, cards and addresses do not depend on the clock; six hours are a million exchanges.
SHORTER = ("clock.duration=6 h", "tables.vectors=true")
SETTINGS = {level: (f"level={level}",) for level in ("hard", "medium", "easy")}
SETTINGS |= {"separability 1": ("separability=1",)}
SEEDS = (25, 26, 27, 28, 29)
_BLOCK = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.DOTALL)
_PARTS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "recall_2": "recall at FPR 1e-2",
    "recall_3": "recall at FPR 1e-3",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("study", "levels"), default="study")
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    asked = parser.parse_args()
    seeds = SEEDS[: asked.seeds]
    if asked.what == "levels":
        _print_levels(seeds)
        return
    found = {name: _studied(settings, seeds) for name, settings in SETTINGS.items()}
    made = "\n".join(table(found) for table in (_overall, _typologies, _twins))
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_BLOCK.sub(lambda m: f"{m[1]}{made}{m[2]}", text), encoding="utf-8")


@contextmanager
def _simulated(source: str, settings: Sequence[str], seeds: Sequence[int]) -> Any:
    """The folders of runs of a scenario, for as long as they are looked at."""
    with tempfile.TemporaryDirectory() as folder, workers(None, None) as who:
        runs = []
        for seed in seeds:
            scenario = load_scenario(source, seed=seed, overrides=[*SHORTER, *settings])
            out = Path(folder) / str(seed)
            run(scenario, out, workers=who)
            runs.append(out)
        yield runs


def _studied(settings: Sequence[str], seeds: Sequence[int]) -> Study:
    with _simulated("separability", settings, seeds) as runs:
        return study(runs)


def _print_levels(seeds: Sequence[int]) -> None:
    """Values by level and typology, and how hard these are to find at each separability."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "grid.yaml"
        source.write_text(grid(), encoding="utf-8")
        with _simulated(str(source), (), seeds) as runs:
            found = difficulties([Accounts(out) for out in runs])
    print(levels_of(found))  # noqa: T201


def grid() -> str:
    """The scenario at `medium`, with each actor that extracts at every separability of the grid."""
    made = yaml.safe_load(SCENARIO.read_text(encoding="utf-8"))
    actors = []
    for actor in made["actors"]:
        if not typologies()[actor["typology"]].is_extraction:
            actors.append(actor)
            continue
        for value in GRID:
            name = f"{actor['id']}-s{round(100 * value)}"
            actors.append({**actor, "id": name, "separability": value})
    del made["separability"]
    return yaml.safe_dump({**made, "level": "medium", "actors": actors}, sort_keys=False)


def levels_of(found: Any) -> str:
    """Values to paste, each with the difficulties that it was chosen by."""
    lines = []
    for level, target in TARGETS.items():
        lines.append(f"{level}: AUC about {target:g}")
        for kind, value in as_hard_as(found, target).items():
            cells = ", ".join(f"{at:g}: {m}" for at, m in found[kind].items())
            lines.append(f"  {kind}: {{value: {value:g}}}  # {cells}")
    return "\n".join(lines)


def _table(head: str, found: Mapping[str, Any], rows: Mapping[str, Sequence[str]]) -> str:
    lines = [f"| {head} | " + " | ".join(found) + " |"]
    lines.append("|" + " --- |" * head.count("|") + " --- |" + " --: |" * len(found))
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    return "\n".join(lines) + "\n"


def _overall(found: Mapping[str, Study]) -> str:
    lines: dict[str, Callable[[Study], str]] = {
        "accounts in the log": lambda s: f"{s.accounts:,.0f}",
        "share of them that extract": lambda s: f"{s.prevalence:.3f}",
        "features": lambda s: f"{s.features:.0f}",
        "best single feature": lambda s: f"`{s.single}`",
    }
    rows = {name: [cell(s) for s in found.values()] for name, cell in lines.items()}
    for instrument in INSTRUMENTS:
        for part, words in _PARTS.items():
            if instrument == INSTRUMENTS[0] and part != "auc":
                continue
            name = f"{instrument}, {words}"
            rows[name] = [str(s.quality[instrument][part]) for s in found.values()]
    for kind in next(iter(found.values())).purity:
        cells = [f"{s.purity[kind][0]:.2f} to {s.purity[kind][1]:.2f}" for s in found.values()]
        rows[f"pairs with one {kind} that are of one actor"] = cells
    union = [f"{s.union_find[0]:.2f} to {s.union_find[1]:.2f}" for s in found.values()]
    rows["union-find with 20 % of labels, precision at recall .3"] = union
    return _table("", found, rows)


def _typologies(found: Mapping[str, Study]) -> str:
    names = list(next(iter(found.values())).difficulty)
    rows = {
        f"{name} | {what}": [str(s.difficulty[name][k]) for s in found.values()]
        for name in names
        for k, what in enumerate(("marginals", "relations"))
    }
    title = "A typology against all that does not extract, AUC:\n\n"
    return title + _table("typology | by", found, rows)


def _twins(found: Mapping[str, Study]) -> str:
    pairs = list(next(iter(found.values())).twins)
    rows: dict[str, list[str]] = {}
    for pair in pairs:
        known = [s.twins.get(pair) for s in found.values()]
        rows[f"{pair[0]} | {pair[1]} | single"] = [f"{t[1]} `{t[0]}`" if t else "" for t in known]
        rows[f"{pair[0]} | {pair[1]} | relations"] = [str(t[2]) if t else "" for t in known]
    title = "Twins, AUC of the best single feature and of the learned relations:\n\n"
    return title + _table("abusive | twin | by", found, rows)


if __name__ == "__main__":
    main()
