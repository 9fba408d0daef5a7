"""Fixtures that several test files share."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sim import dataset
from sim.cli import progress
from sim.engine.run import run
from tests.support.commands import TINY, sim
from tests.support.labelled import written_recipe
from tests.support.scenarios import SMALL
from tests.support.shared import made_once

settings.register_profile(
    "fast", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fast")

# Commands in processes of their own start faster from bytecode, and so do the tests of the next
# time: pytest takes ten seconds to rewrite what they assert.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The developer's shell, its width and the speed of the machine stay out of what is printed.
for _name in [name for name in os.environ if name.startswith("SIM_") or name == "COLUMNS"]:
    if not _name.startswith("SIM_BENCH_"):  # they say what `make bench` measures
        del os.environ[_name]
os.environ["SIM_WORKERS"] = "1"
progress.ELSEWHERE_S = progress.SILENT_S = 600.0

# Files with the longest tests; workers take them first, so that none is left alone with one.
LONGEST = (
    "docs/test_docs.py",
    "cli/test_signals.py",
    "unit/engine/test_recovery.py",
    "unit/tables/test_remote.py",
    "unit/audits/test_planted_leaks.py",
    "cli/test_compare.py",
    "unit/scenario/test_shipped_scenarios.py",
    "cli/test_progress.py",
    "unit/packs/building/test_build.py",
    "contracts/test_leaks_of_accounts.py",
    "docs/test_notebook.py",
    "unit/comparison/test_prior_predictive.py",
    "unit/engine/test_executors.py",
    "unit/reporting/test_run_charts.py",
    "contracts/test_hostile_runs.py",
    "cli/test_edges.py",
    "unit/packs/test_cards.py",
    "contracts/test_bytes.py",
    "unit/reporting/test_charts.py",
    "unit/reporting/test_page_browser.py",
    "contracts/test_leaks.py",
    "unit/engine/test_interruption.py",
    "unit/test_counting.py",
    "unit/reference/test_reference.py",
    "unit/audits/test_as_of_and_removal.py",
    "unit/engine/test_plan.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the collector of garbage what is imported and collected: it stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; all else stays in its order."""
    items.sort(key=lambda item: not str(item.path).endswith(LONGEST))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run of `SMALL`."""
    return (
        made_once(tmp_path_factory, "finished", lambda folder: run(SMALL, folder / "run")) / "run"
    )


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenario `tiny.yaml` and a run of it."""

    def make(folder: Path) -> None:
        (folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
        result = sim("run", str(folder / "tiny.yaml"), "-o", str(folder / "out"))
        assert (result.exit_code, result.stderr) == (0, "")

    return made_once(tmp_path_factory, "tiny", make)


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small pack with every typology and every split; do not change it."""

    def make(folder: Path) -> None:
        dataset(written_recipe(folder), folder / "pack", audit=False)

    return made_once(tmp_path_factory, "labelled", make) / "pack"


@pytest.fixture
def here(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, holding `tiny.yaml` and a finished run `out`."""
    shutil.copytree(tiny_run, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"
