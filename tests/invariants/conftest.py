"""A run of which copies are damaged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from sim.engine.run import run
from tests.invariants.damage import BUSY
from tests.support.scenarios import log_with_truth


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of `BUSY` in several parts."""
    out = tmp_path_factory.mktemp("whole") / "run"
    run(BUSY, out)
    return out


@pytest.fixture(scope="package")
def rows(whole: Path) -> Any:
    """Log and truth of that run, and the left of every answered attempt."""
    made = log_with_truth(whole)
    made["left"] = made["cache_read_tokens"]
    made["left"] += made["cache_write_5m_tokens"] + made["cache_write_1h_tokens"]
    return made


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "run")
