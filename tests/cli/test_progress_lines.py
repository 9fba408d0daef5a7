"""What is printed about long work where stderr is no terminal."""

from __future__ import annotations

import logging

import pytest

from sim.cli import progress
from sim.engine.progress import Progress


def test_a_line_a_step_and_a_minute_once_work_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "SILENT_S", 30.0)
    monkeypatch.setattr("sim.cli.progress.time.monotonic", lambda: now)
    with progress.progress_bar(quiet=False) as observe:
        assert observe is not None
        for now, doing in (
            (5.0, "simulates"),
            (31.0, "simulates"),
            (60.0, "simulates"),
            (95.0, "simulates"),
            (96.0, "labels"),
        ):
            observe(Progress(doing, now / 200, 0, 0))
    assert capsys.readouterr().err.splitlines() == [
        "simulates, 16%, 31 s",
        "simulates, 48%, 95 s",
        "labels, 48%, 96 s",
    ]


def test_quiet_work_says_nothing() -> None:
    with progress.progress_bar(quiet=True) as observe:
        assert observe is None


def test_compiling_is_told_on_a_terminal_while_a_run_is_watched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    logger = logging.getLogger("sim.compiling")
    with progress.progress_bar(quiet=False):
        logger.info("compiling")
    logger.info("nobody watches")
    said = capsys.readouterr().err
    assert "compiling" in said
    assert "nobody watches" not in said


def test_compiling_is_not_told_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress_bar(quiet=False):
        logging.getLogger("sim.compiling").info("compiling")
    assert "compiling" not in capsys.readouterr().err
