"""Runs and exports for the real readers, which live in an environment without the simulator.

`make test-exports` makes that environment and names the simulator by `SIM`. The exports are
written by the command line, as a user writes them.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tokenizer import write_tokenizer

# Ten thousand calls of agents, chats, batches and a gateway, with failed attempts and sub-agents.
_SCENARIO = ("incident", "--scale", "0.01")


class Exported(NamedTuple):
    """An export, and what the simulator says of it."""

    path: Path
    summary: dict[str, Any]

    @property
    def records(self) -> int:
        """Lines, sessions, spans: what the format counts."""
        return int(self.summary["records"])

    def lines(self) -> list[dict[str, Any]]:
        """Return the objects of a file of JSON lines."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]


Export = Callable[..., Exported]


def pytest_configure(config: pytest.Config) -> None:
    """Give the readers a tokenizer and a home of their own, before they are imported.

    They fetch nothing then. Without the simulator nothing begins: nothing is skipped.
    """
    if "SIM" not in os.environ:
        raise pytest.UsageError("SIM names no simulator; run `make test-exports`")
    home = tempfile.TemporaryDirectory(prefix="sim-readers-")
    config.add_cleanup(home.cleanup)
    os.environ |= {
        "HOME": home.name,
        "HF_HOME": f"{home.name}/hf",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    write_tokenizer(Path(home.name, "hf"))


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with everything that formats must say or leave out."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    _sim("run", *_SCENARIO, "-o", str(folder))
    return folder


@pytest.fixture(scope="session")
def export(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Export the run; the same export is written once."""
    folder = tmp_path_factory.mktemp("exports")
    written: dict[tuple[str, ...], Exported] = {}

    def exported(form: str, name: str, *options: str) -> Exported:
        asked = (form, name, *options)
        if asked not in written:
            path = folder / f"{len(written)}-{name}"
            said = _sim("export", str(run), "--to", form, "-o", str(path), "--json", *options)
            written[asked] = Exported(path, json.loads(said))
        return written[asked]

    return exported


def _sim(*arguments: str) -> str:
    """Run the simulator; return what it prints."""
    command = [os.environ["SIM"], *arguments, "--quiet", "-j", "1"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
