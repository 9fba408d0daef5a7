"""Pages whose examples `make verify` runs: they cost seconds, and fast tests run such verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT

# What runs the same verbs on smaller inputs in the fast tests.
RUN_BY_VERIFY = {
    "docs/guides/auditing.md": "tests/unit/audits",
    "docs/guides/comparing.md": "tests/cli/test_compare.py",
    "docs/guides/counting.md": "tests/unit/test_counting.py",
    "docs/guides/datasets.md": "tests/cli/test_dataset.py",
    "docs/guides/detectors.md": "tests/cli/test_detect.py",
    "docs/guides/reading-runs.md": "tests/unit/tables",
    "docs/guides/running.md": "tests/cli/test_runs.py",
    "docs/guides/scoring.md": "tests/cli/test_score.py",
    "docs/guides/splits.md": "tests/unit/splits",
    "docs/guides/streaming.md": "tests/cli/test_stream.py",
    "docs/reference/typologies.md": "tests/contracts/test_campaigns.py",
    "docs/reference/python.md": "tests/unit/front",
    "docs/tutorials/analyst.md": "tests/cli/test_compare.py",
    "docs/tutorials/detector.md": "tests/cli/test_dataset.py",
    "docs/tutorials/platform-engineer.md": "tests/cli/test_runs.py",
}


def to_run(pages: list[Path]) -> list[Any]:
    """Pages as parameters of a test that runs their examples."""
    return [
        pytest.param(page, marks=pytest.mark.verify)
        if page.relative_to(ROOT).as_posix() in RUN_BY_VERIFY
        else page
        for page in pages
    ]
