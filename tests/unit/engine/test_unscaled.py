"""A scale says so where look-alikes, which it leaves as they are, become most of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.engine.unscaled import look_alike_warning
from sim.scenario import load_scenario
from tests.support.commands import sim as command

BENCHMARK = "claim_400k_l04"
SAID = (
    "tenant-of-two-keys, course-on-one-network and small-gateway are not scaled, and send about "
    "99 % of the exchanges at scale 0.001; leave them out with --set look_alikes=false, or choose "
    "a larger scale"
)


def test_look_alikes_that_are_most_of_a_run_are_told() -> None:
    assert look_alike_warning(load_scenario(BENCHMARK, scale=0.001)) == SAID


@pytest.mark.parametrize(
    ("name", "scale", "overrides"),
    [
        (BENCHMARK, 1.0, ()),
        (BENCHMARK, 0.001, ("look_alikes=false",)),
        ("reported_2026_02", 0.1, ()),
        ("worked_example", 0.1, ()),
    ],
)
def test_else_nothing_is_said(name: str, scale: float, overrides: tuple[str, ...]) -> None:
    assert look_alike_warning(load_scenario(name, scale=scale, overrides=overrides)) == ""


def test_verbs_print_the_warning_and_quiet_leaves_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("check", BENCHMARK, "--scale", "0.001")
    assert command(*words).stderr.endswith(f"{BENCHMARK}: warning: {SAID}\n")
    assert command(*words, "-q").stderr == ""
