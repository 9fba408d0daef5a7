"""The command line as tests call it, on a small scenario."""

from __future__ import annotations

import json
from inspect import signature
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from sim.cli.main import cli

TINY = """\
version: 1
name: tiny
seed: 7
clock: {start: 2026-02-02, duration: 1 d}
actors:
  - {id: coders, typology: L01, accounts: 20}
  - id: laboratory
    typology: L04
    accounts: 2
    benchmark: aime
    agent: api-script
    model: claude-haiku-4.5
    runs: 2
    workers: 4
  - {id: pool, typology: A16, accounts: 30, target_exchanges: 500}
"""
LOG = "log/exchanges/part-00000"


def runner() -> CliRunner:
    """Calls a command and keeps stdout and stderr apart, as click does by itself since 8.2."""
    make: Any = CliRunner
    return make(mix_stderr=False) if "mix_stderr" in signature(CliRunner).parameters else make()  # type: ignore[no-any-return]


def sim(*args: str, **extra: Any) -> Result:
    return runner().invoke(cli, args, **extra)


def refused(result: Result, code: int = 2) -> str:
    """The message of a command that failed, without anything on stdout."""
    assert (result.exit_code, result.stdout) == (code, "")
    return result.stderr


def logged(run: Path) -> int:
    """Rows of the exchange log, by the manifest."""
    manifest = json.loads((run / "manifest.json").read_text())
    return sum(f["rows"] for f in manifest["files"] if f["path"].startswith("log/exchanges/"))
