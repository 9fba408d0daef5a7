"""The machines of docs/guides/cluster.md: start them, give the page's commands, write the output.

In its blocks marked `sh-session` the word before `$` names a machine: a folder of its own, with
the environment of the page's `sh` block. What `here` is told ends, or is waited for with `wait`
where it ended in `&`. What other machines are told goes on, but for `kill`, which strikes when a
run has finished something and not all.

`python -m tools.cluster_example` rewrites what the page shows; a slow test compares it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT
from tools.examples import FENCE, Example, lines_of, matches, updated

PAGE = ROOT / "docs" / "guides" / "cluster.md"
_COMMAND = re.compile(r"^(\w+)\$ ([^\n]*)\n((?:(?!\w+\$ ).*\n)*)", re.MULTILINE)
_PORT = re.compile(r"127\.0\.0\.1:(\d+)")
_PATIENCE_S = 120.0
# A program that has begun says one of these, or a server answers at its port.
_BEGUN = ("Running on", "Scheduler at", "Registered to")


class Machines:
    """Folders that stand for machines, and the programs that were begun there."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder, self._environment = folder, environment
        self._running: list[subprocess.Popen[bytes]] = []
        self._behind: tuple[subprocess.Popen[bytes], Path] | None = None

    def output_of(self, machine: str, command: str) -> str:
        """What a machine prints to a command, stdout and stderr together; nothing if it goes on."""
        log = self._folder / f"{len(self._running)}.log"
        if command == "wait":
            assert self._behind is not None, "nothing was left behind"
            process, log = self._behind
            process.wait(_PATIENCE_S)
            return log.read_text()

        if command.startswith("kill"):
            waited(self._is_in_the_middle)
            self._start(machine, command, log).wait(_PATIENCE_S)
        elif machine != "here":
            process = self._start(machine, command, log)
            waited(lambda: process.poll() is not None or _has_begun(log))
            assert process.poll() is None, f"{command}\n{log.read_text()}"
        elif command.endswith("&"):
            self._behind = self._start(machine, command.rstrip("& "), log), log
        else:
            assert not self._start(machine, command, log).wait(_PATIENCE_S), log.read_text()
            return log.read_text()
        return ""

    def _start(self, machine: str, command: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a command in the folder of a machine."""
        place = self._folder / machine
        place.mkdir(exist_ok=True)
        shell = f'sim() {{ {sys.executable} -m sim "$@"; }}; {command}'
        if re.match(r"(dask|python) ", command):
            shell = f"exec {command}"
        with log.open("wb") as printed:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", shell],
                cwd=place,
                env=self._environment,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def _is_in_the_middle(self) -> bool:
        """Whether a run has finished a shard, and not all."""
        from s3fs import S3FileSystem

        url = self._environment["AWS_ENDPOINT_URL"]
        s3: Any = S3FileSystem(
            key="testing", secret="testing", endpoint_url=url, skip_instance_cache=True
        )
        return any("/shards/" in path and path.endswith(".json") for path in s3.find("bucket"))

    def end(self) -> None:
        """Kill what still goes on."""
        for process in self._running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _has_begun(log: Path) -> bool:
    return any(word in log.read_text() for word in _BEGUN)


def waited(until: Callable[[], bool]) -> None:
    """Return as soon as `until()` holds; fail if it does not within the patience."""
    deadline = time.monotonic() + _PATIENCE_S
    while not until():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@contextmanager
def machines(text: str) -> Iterator[tuple[Machines, dict[str, str]]]:
    """Machines with the environment of a page, and a free port for each that the page names."""
    ports = {port: str(free_port()) for port in sorted(set(_PORT.findall(text)))}
    settings = " ".join(content for language, content in FENCE.findall(text) if language == "sh")
    words = [word.partition("=") for word in settings.split() if "=" in word]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **{name: replaced(value, ports) for name, _, value in words},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }

    with tempfile.TemporaryDirectory() as folder:
        made = Machines(Path(folder), environment)
        try:
            yield made, ports
        finally:
            made.end()


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def replaced(text: str, words: dict[str, str]) -> str:
    """The text with each of some words replaced by another."""
    for old, new in words.items():
        text = re.sub(rf"\b{old}\b", new, text)
    return text


def machines_of(text: str) -> Counter[str]:
    """How many commands each machine of a page is given."""
    blocks = [content for language, content in FENCE.findall(text) if language == "sh-session"]
    return Counter(command[1] for block in blocks for command in _COMMAND.finditer(block))


def run_page(page: Path = PAGE) -> list[Example]:
    """Give every command of the page to its machine; what each printed, and what is shown."""
    text = page.read_text(encoding="utf-8")
    examples = []

    with machines(text) as (made, ports):
        back = {new: old for old, new in ports.items()}
        for block in FENCE.finditer(text):
            if block[1] != "sh-session":
                continue
            for command in _COMMAND.finditer(block[2]):
                printed = made.output_of(command[1], replaced(command[2], ports))
                start, end = (block.start(2) + place for place in command.span(3))
                lines = lines_of(replaced(printed, back))
                examples.append(Example(command[2], lines, command[3].splitlines(), start, end))
    return examples


def main() -> None:
    """Rewrite what the page shows."""
    text = PAGE.read_text(encoding="utf-8")
    for example in reversed(run_page()):
        if not matches(example.printed, example.shown):
            lines = "".join(f"{line}\n" for line in updated(example.printed, example.shown))
            text = text[: example.start] + lines + text[example.end :]
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
