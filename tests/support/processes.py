"""Processes as tests watch them: commands, their children, and who is still alive."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

_PATIENCE_S = 60.0


def waited(until: Callable[[], object], patience_s: float = _PATIENCE_S) -> None:
    """Return as soon as `until()` holds; fail if it never does."""
    deadline = time.monotonic() + patience_s
    while not until():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


class _Process(subprocess.Popen[str]):
    """Does not outlive a test that fails: it may be waiting for ever."""

    def __exit__(self, kind: type[BaseException] | None, *rest: Any) -> None:
        if kind is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        super().__exit__(kind, *rest)


def start(*args: str, folder: Path, **extra: object) -> subprocess.Popen[str]:
    """The command line in another process, in a group of its own; use it in a `with`."""
    options: dict[str, object] = {
        "cwd": folder,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "start_new_session": True,
        "env": {**os.environ, "PYTHONPATH": str(ROOT)},
    }
    options = {"args": [sys.executable, "-m", "sim", *args], **options, **extra}
    return _Process(**options)  # type: ignore[call-overload, no-any-return]


def command(*args: str, folder: Path) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command line."""
    with start(*args, folder=folder) as process:
        out, err = process.communicate(timeout=_PATIENCE_S)
    return process.returncode, out, err


def _status(pid: int) -> dict[str, str]:
    """Fields of /proc/PID/status; none if there is no such process, or only its zombie."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return {}
    fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    return {} if fields["State"].startswith("Z") else fields


def words(pid: int) -> str:
    """The command line of a process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    """All that a process started, and what those started."""
    parent = {
        int(path.name): int(_status(int(path.name)).get("PPid", "0"))
        for path in Path("/proc").iterdir()
        if path.name.isdigit()
    }
    found = [pid]
    for known in found:
        found += [child for child, of in parent.items() if of == known]
    return found[1:]


def workers_of(pid: int) -> list[int]:
    """The processes that multiprocessing started for work, without its resource tracker."""
    return [p for p in descendants(pid) if "spawn_main" in words(p)]


def assert_ended(pids: Iterable[int]) -> None:
    """None of them is alive, at the latest after a moment."""
    waited(lambda: not any(_status(pid) for pid in pids), 20)
