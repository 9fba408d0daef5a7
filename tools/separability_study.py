"""Repeat the study of docs/background/separability.md: `make separability`; some ten minutes.

Simulates `scenarios/separability.yaml` at three settings, each under two seeds: one to be asked
about, and one to learn from. Rewrites the tables of the page.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from sim.engine.executors import workers
from sim.engine.run import run
from sim.scenario import load_scenario
from tests.separability.study import Study, study

PAGE = Path(__file__).parents[1] / "docs" / "background" / "separability.md"
SETTINGS = (0.0, 0.5, 1.0)
SEEDS = (25, 26)
_BLOCK = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    found = {setting: _studied(setting) for setting in SETTINGS}
    text = PAGE.read_text(encoding="utf-8")
    made = f"{_qualities(found)}\n{_typologies(found)}\n{_twins(found)}"
    PAGE.write_text(_BLOCK.sub(lambda m: f"{m[1]}{made}{m[2]}", text), encoding="utf-8")


def _studied(setting: float) -> Study:
    with tempfile.TemporaryDirectory() as folder, workers(None, None) as who:
        runs = []
        for seed in SEEDS:
            scenario = load_scenario(
                "separability", seed=seed, overrides=[f"separability={setting}"]
            )
            out = Path(folder) / str(seed)
            run(scenario, out, workers=who)
            runs.append(out)
        return study(*runs)


def _qualities(found: dict[float, Study]) -> str:
    rows = ["| | " + " | ".join(f"separability {s:g}" for s in found) + " |"]
    rows.append("| --- |" + " --: |" * len(found))
    lines: dict[str, Callable[[Study], str]] = {
        "accounts in the log": lambda s: f"{s.accounts:,}",
        "share of them that extract": lambda s: f"{s.prevalence:.3f}",
        "best single feature, AUC": lambda s: f"{s.best[1]:.2f} ({s.best[0]})",
        "gradient boosting, AUC": lambda s: f"{s.boosting.auc:.2f}",
        "gradient boosting, average precision": lambda s: f"{s.boosting.average_precision:.2f}",
        "gradient boosting, recall at FPR 1e-3": lambda s: f"{s.boosting.recall:.3f}",
        "relational score, AUC": lambda s: f"{s.relational.auc:.2f}",
        "relational score, average precision": lambda s: f"{s.relational.average_precision:.2f}",
        "relational score, recall at FPR 1e-3": lambda s: f"{s.relational.recall:.3f}",
    }
    for name, cell in lines.items():
        rows.append(f"| {name} | " + " | ".join(cell(s) for s in found.values()) + " |")
    return "\n".join(rows) + "\n"


def _typologies(found: dict[float, Study]) -> str:
    rows = ["Best single feature against all that does not extract:", ""]
    rows.append("| typology | " + " | ".join(f"{s:g}" for s in found) + " |")
    rows.append("| --- |" + " --: |" * len(found))
    names = [name for name, _, _ in next(iter(found.values())).by_typology]
    for k, name in enumerate(names):
        cells = [f"{s.by_typology[k][2]:.2f} ({s.by_typology[k][1]})" for s in found.values()]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _twins(found: dict[float, Study]) -> str:
    rows = ["Twins: AUC of the best single feature, and of the relational score:", ""]
    heads = [f"{s:g} | relational" for s in found]
    rows.append("| abusive | twin | " + " | ".join(heads) + " |")
    rows.append("| --- | --- |" + " --: | --: |" * len(found))
    pairs = [pair[:2] for pair in next(iter(found.values())).twins]
    for pair in pairs:
        cells = []
        for s in found.values():
            one = {t[:2]: t for t in s.twins}.get(pair)
            cells.append(f"{one[3]:.2f} ({one[2]})" if one else "")
            cells.append(f"{s.relational_twins[pair]:.2f}" if one else "")
        rows.append(f"| {pair[0]} | {pair[1]} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
