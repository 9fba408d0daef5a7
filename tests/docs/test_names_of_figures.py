"""The guide to scoring names every figure that a score has, and none that it has not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from sim import open_pack, score
from tests.support.paths import ROOT

GUIDE = ROOT / "docs" / "guides" / "scoring.md"


def names_in_guide() -> set[str]:
    """Return what stands in the column `name` of the table of figures."""
    _, table = GUIDE.read_text(encoding="utf-8").split("| section | figure | name | how |\n")
    rows = table.split("\n\n")[0].splitlines()[1:]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split(" | ")[2])}


def without_numbers(names: set[str]) -> set[str]:
    """Return names without rates, days and the like: of these the guide gives one for all."""
    return {re.sub(r"\d+(e-\d)?", "N", name) for name in names}


def test_guide_names_the_figures(labelled: Path) -> None:
    pack = open_pack(labelled)
    parts = []
    for split in ("campaign", "random-rows"):
        ids = pack.examples(split).test.account_ids
        suspicion = np.linspace(0, 1, len(ids))
        parts.append(pd.DataFrame({"entity_id": ids, "score": suspicion, "split": split}))
    scores = score(pd.concat(parts), pack, rounds=20)
    there = {f.id for each in scores for section in each.sections for f in section.figures}

    named = names_in_guide()
    assert named <= there
    assert without_numbers(named) == without_numbers(there)
