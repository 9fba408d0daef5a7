"""What functions of the front tell `logging`, and what they print: nothing."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

import sim


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    """Level, name and text of what was logged under `sim`, with seconds as one word."""
    return [
        (record.levelname, record.name, re.sub(r"\d+\.\d s$", "TIME", record.getMessage()))
        for record in caplog.records
        if record.name.split(".")[0] == "sim"
    ]


def test_a_run_says_when_it_begins_and_what_it_holds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    place = str(tmp_path / "run")
    with caplog.at_level(logging.INFO, "sim"):
        sim.run("worked_example", place)
    assert told(caplog) == [
        ("INFO", "sim.run", f"{place}, seed 12: begins"),
        ("INFO", "sim.run", f"{place}: 12 exchanges"),
        ("INFO", "sim.run", f"{place}, seed 12: done in TIME"),
    ]
    assert capfd.readouterr() == ("", "")


def test_how_far_the_work_is_goes_to_debug_and_to_the_observer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[tuple[int, int]] = []
    with caplog.at_level(logging.DEBUG, "sim"):
        sim.replicate("worked_example", 2, observe=lambda *counts: seen.append(counts))
    assert seen == [(1, 2), (2, 2)]
    assert [x for x in told(caplog) if x[0] == "DEBUG"] == [
        ("DEBUG", "sim.replicate", "1 of 2"),
        ("DEBUG", "sim.replicate", "2 of 2"),
    ]


def test_an_error_is_raised_and_not_logged_and_nothing_is_done(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "other").write_text("mine")
    with caplog.at_level(logging.DEBUG, "sim"), pytest.raises(sim.InvalidInputError):
        sim.run("worked_example", tmp_path)
    assert [text for _, _, text in told(caplog)] == [f"{tmp_path}, seed 12: begins"]


def test_warnings_of_the_command_line_are_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    sim.check("coding_users", scale=0.001, overrides={"look_alikes": False})
    [(level, name, text)] = told(caplog)
    assert (level, name) == ("WARNING", "sim.check")
    assert text.startswith("coding_users: scale 0.001 moves numbers by more than a fifth")
    assert capfd.readouterr() == ("", "")


def test_who_sets_no_logging_up_hears_nothing() -> None:
    [handler] = logging.getLogger("sim").handlers
    assert isinstance(handler, logging.NullHandler)
