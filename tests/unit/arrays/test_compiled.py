"""Compiled loops: when their machine code is kept, found again, and made anew."""

import logging
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sim.arrays import compiled as module
from sim.arrays.code_digest import constant
from sim.arrays.compiled import COMPILING
from tests.support.paths import ROOT

# A program with two loops, one of which calls the other and reads a constant.
PROGRAM = """
import logging, sys
import numpy as np
from sim.arrays.compiled import compiled
from sim.arrays.machine_code import cache_folder

logging.basicConfig(format="%(message)s", stream=sys.stdout)
logging.getLogger("sim.compiling").setLevel(logging.INFO)
FACTOR = {factor}

@compiled
def times(number):
    return {times}

@compiled
def total(numbers):
    result = 0
    for i in range(len(numbers)):
        result += times(numbers[i])
    return result

print(total(np.arange(5)), "scipy.linalg" in sys.modules, cache_folder())
"""


def run_program(
    folder: Path,
    environment: Mapping[str, str],
    *,
    factor: int = 3,
    times: str = "FACTOR * number",
) -> list[str]:
    """Run the program in a process of its own, and return the lines that it prints."""
    return started(write_program(folder, factor, times), environment)


def started(program: Path, environment: Mapping[str, str], folder: Path | None = None) -> list[str]:
    """Run a program in a folder, and return the lines that it prints."""
    done = subprocess.run(
        [sys.executable, program],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def write_program(folder: Path, factor: int = 3, times: str = "FACTOR * number") -> Path:
    """Write the program to a folder, and return its place."""
    program = folder / "program.py"
    program.write_text(textwrap.dedent(PROGRAM.format(factor=factor, times=times)))
    return program


def kept(folder: Path) -> set[str]:
    """Return the names of the folders that hold machine code of the program."""
    return {path.name for path in folder.iterdir()}


def test_second_process_finds_what_the_first_compiled(tmp_path: Path) -> None:
    where = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (run_program(tmp_path, where) for _ in range(2))

    assert first[0] == COMPILING
    assert first[1].split()[0] == "30"
    # no compiler, and nothing that only a compiler needs
    assert second == [f"30 False {tmp_path / 'cache'}"]


def test_change_of_a_constant_or_of_what_is_called_is_compiled_anew(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    where = {"NUMBA_CACHE_DIR": str(cache)}
    run_program(tmp_path, where)
    first = kept(cache)
    assert {name.split("-")[0] for name in first} == {"__main__.times", "__main__.total"}

    constant = run_program(tmp_path, where, factor=4)
    assert constant[1].split()[0] == "40"
    second = kept(cache)
    # both are new: one reads the constant, and the other calls it
    assert len(second - first) == 2

    callee = run_program(tmp_path, where, times="number * FACTOR + 1")
    assert callee[1].split()[0] == "35"
    assert len(kept(cache) - second) == 2


def test_what_other_versions_left_goes_after_sixty_days(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    where = {"NUMBA_CACHE_DIR": str(cache)}
    run_program(tmp_path, where)
    long_ago = time.time() - 61 * 86_400
    old = {path for path in cache.iterdir() if path.name.startswith("__main__.times-")}
    for path in (*old, recent := cache / "__main__.times-recent", cache / "other-0"):
        path.mkdir(exist_ok=True)
        if path != recent:
            os.utime(path, (long_ago, long_ago))

    assert run_program(tmp_path, where, factor=4)[1].split()[0] == "40"
    assert len(old) == 1
    assert not [path for path in old if path.exists()]
    assert {"__main__.times-recent", "other-0"} < kept(cache)

    in_use = [path for path in cache.iterdir() if path.name != "other-0"]
    for path in in_use:
        os.utime(path, (long_ago, long_ago))
    run_program(tmp_path, where, factor=4)
    assert sum(path.stat().st_mtime > long_ago for path in in_use) == 1, "what is called is read"


@pytest.mark.parametrize("inline", ["compiled", "inlined"])
def test_change_of_a_helper_that_a_helper_calls_is_compiled_anew(
    tmp_path: Path, inline: str
) -> None:
    helpers = """
from sim.arrays.compiled import compiled, inlined

@compiled
def times(number):
    return product(number)

@{inline}
def product(number):
    return {factor} * number
"""
    where = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    for factor, total in ((3, "30"), (5, "50")):
        (tmp_path / "helpers.py").write_text(helpers.format(inline=inline, factor=factor))
        program = write_program(tmp_path)
        own = "@compiled\ndef times(number):\n    return FACTOR * number\n"
        program.write_text(program.read_text().replace(own, "from helpers import times\n"))
        lines = started(program, where)
        assert lines[0] == COMPILING
        assert lines[1].split()[0] == total
        assert COMPILING not in started(program, where)


@pytest.mark.parametrize("setting", [{"NUMBA_BOUNDSCHECK": "1"}, {"NUMBA_OPT": "1"}])
def test_other_settings_of_the_compiler_are_compiled_anew(
    tmp_path: Path, setting: dict[str, str]
) -> None:
    where = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    run_program(tmp_path, where)
    assert COMPILING in run_program(tmp_path, where | setting)


@pytest.mark.parametrize("place", ["NUMBA_CACHE_DIR", "nowhere"])
def test_where_nothing_can_be_kept_functions_are_compiled_all_the_same(
    tmp_path: Path, place: str
) -> None:
    where = {"HOME": os.devnull}
    if place == "NUMBA_CACHE_DIR":
        where[place] = f"{os.devnull}/cache"
    program = write_program(tmp_path)
    # no folder for temporary files, as in a container that can only be read
    nowhere = "import tempfile\ntempfile._candidate_tempdir_list = list\n"
    program.write_text(nowhere + program.read_text())
    lines = started(program, where, folder=Path("/proc"))
    assert lines[0] == COMPILING
    assert lines[1].split()[0] == "30"


def test_import_makes_no_folder(tmp_path: Path) -> None:
    program = write_program(tmp_path)
    program.write_text(program.read_text().replace("total(np.arange(5))", "0"))
    started(program, {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("content", [b"cno_such_module\nname\n.", b"I1\n."])
def test_file_of_other_software_is_made_again(tmp_path: Path, content: bytes) -> None:
    where = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    run_program(tmp_path, where)
    for file in (tmp_path / "cache").glob("**/*.nbc"):
        file.write_bytes(content)  # a pickle, but of something else
    assert run_program(tmp_path, where)[1].split()[0] == "30"
    assert COMPILING not in run_program(tmp_path, where)


def test_without_compiler_functions_are_python_and_nothing_is_kept(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    where = {"NUMBA_CACHE_DIR": str(cache), "NUMBA_DISABLE_JIT": "1"}
    assert run_program(tmp_path, where) == [f"30 False {cache}"]
    assert not cache.exists()


def test_machine_code_is_temporary_where_no_cache_can_be_written(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    where = {"HOME": os.devnull, "TMPDIR": str(temporary)}
    first = run_program(tmp_path, where)
    folder = Path(first[1].split()[2])
    assert folder.parent == temporary
    assert run_program(tmp_path, where) == [f"30 False {folder}"]


def test_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    cache, temporary = tmp_path / "cache" / "llm-traffic-sim", tmp_path / "tmp"
    temporary.mkdir()
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    lines = run_program(tmp_path, {"XDG_CACHE_HOME": str(cache.parent), "TMPDIR": str(temporary)})
    assert lines[1].split()[2].startswith(str(temporary))
    assert not kept(cache)


def test_processes_that_compile_at_the_same_time_keep_the_code_of_both(tmp_path: Path) -> None:
    program = write_program(tmp_path)
    where = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    processors = (where, where | {"NUMBA_CPU_NAME": "generic"})
    begun = [
        subprocess.Popen(
            [sys.executable, program],
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            stdout=subprocess.PIPE,
        )
        for environment in processors
    ]
    assert all(b"30 " in process.communicate()[0] for process in begun)

    for environment in processors:
        assert COMPILING not in run_program(tmp_path, environment)


def test_damaged_file_is_made_again(tmp_path: Path) -> None:
    where = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    run_program(tmp_path, where)
    for file in (tmp_path / "cache").glob("**/*.nb[ci]"):
        file.write_bytes(b"not a pickle" if "times" in file.name else b"")

    again = run_program(tmp_path, where)
    assert again[0] == COMPILING
    assert again[1].split()[0] == "30"
    assert COMPILING not in run_program(tmp_path, where)


def test_compiling_of_own_functions_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    teller = module._Teller()
    own = SimpleNamespace(data={"dispatcher": SimpleNamespace(source_name="sim.x")})
    with caplog.at_level(logging.INFO, "sim.compiling"):
        teller.on_start(SimpleNamespace(data={"dispatcher": SimpleNamespace()}))
        assert caplog.messages == []
        teller.on_start(own)
        teller.on_start(own)
    assert caplog.messages == [COMPILING]


@pytest.mark.parametrize("value", [np.array([1, 2]), np.dtype([("a", "<i8")]), (1, "x"), 2.5])
def test_constants_are_told_apart_by_value(value: object) -> None:
    assert constant(value) != constant(np.array([1, 3]))
