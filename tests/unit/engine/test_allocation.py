"""How processes of the program take memory, and that those of others are left alone."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from sim.engine.allocation import reuse_memory
from sim.engine.executors import map_unordered, workers
from sim.engine.run import run
from tests.support.paths import ROOT
from tests.support.scenarios import SMALL

ASKED = """
import gc
from sim.engine.allocation import reuse_memory
reuse_memory()
import pyarrow
print(gc.get_threshold(), pyarrow.default_memory_pool().backend_name)
"""
READY = "(10000, 20, 100) system\n"


@pytest.mark.parametrize(("given", "said"), [({}, READY), ({"POOL": "mimalloc"}, None)])
def test_a_process_uses_freed_memory_again_unless_it_is_told_otherwise(
    given: dict[str, str], said: str | None
) -> None:
    environment = os.environ | {f"ARROW_DEFAULT_MEMORY_{k}": v for k, v in given.items()}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", ASKED], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == (said or READY.replace("system", "mimalloc"))


def threshold(_number: int) -> tuple[int, ...]:
    return gc.get_threshold()


def test_workers_do_and_the_process_that_calls_them_does_not(tmp_path: object) -> None:
    before = gc.get_threshold()
    with workers(2) as who:
        found = set(map_unordered(who, threshold, [(n,) for n in range(40)]))
        run(SMALL, f"{tmp_path}/run", workers=who)
    assert found == {before, (10_000, 20, 100)}
    assert gc.get_threshold() == before


def test_a_library_of_c_that_cannot_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: SimpleNamespace())
    monkeypatch.setattr("gc.set_threshold", lambda *_: None)
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "system")
    reuse_memory()
