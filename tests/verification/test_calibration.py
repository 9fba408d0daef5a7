"""What `sim calibrate` fits to a run's trace is what the run was made with."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.distributions import Distribution
from tests.support.exported_traces import export_trace
from tests.support.round_trip import DIALS, SCAFFOLD, scenario
from tests.verification.report import Report

pytestmark = pytest.mark.verify


def trace_of(tmp_path: Path, accounts: int, days: int) -> Path:
    """Calls of sessions whose dials are known, some 15 a session and 4 sessions an account-day."""
    run = sim.run(scenario(accounts, days, **DIALS, scaffold=SCAFFOLD), tmp_path / "known")
    return export_trace(run, tmp_path / "known.csv")


def test_calibrated_dials_are_those_simulated(tmp_path: Path, report: Report) -> None:
    """Counts are drawn rounded, so theirs are allowed one more."""
    made = sim.calibrate(trace_of(tmp_path, 200, 7), kind="dials")
    for name in ("tool_steps", "human_gap_s", "output_tokens", *list(SCAFFOLD)[:-1]):
        found = getattr(made.actor, name, None) or getattr(made.scaffold, name)
        wanted = Distribution.model_validate({**DIALS, **SCAFFOLD}[name])
        one = 0.5 if name == "tool_steps" else 0.0
        for p in (0.1, 0.5, 0.9):
            value, expected = found.quantile(p), wanted.quantile(p)
            report.near(f"{name}, p{p * 100:.0f}", value, expected, 0, 0.06 * expected + one)

    turns = made.actor.turns_per_session
    assert turns is not None
    assert made.actor.agentic_share is not None
    report.near("share of agentic turns", made.actor.agentic_share, 0.6, 0, 0.02)
    assert made.scaffold.dropped_share is not None
    report.near("share of answers left out", made.scaffold.dropped_share, 0.25, 0, 0.02)
    report.near("share of single turns", turns.single_share, 0.3, 0, 0.03)
    report.close()


def test_recorded_sessions_of_a_run_are_taken_for_its_own(tmp_path: Path, report: Report) -> None:
    """The classifiers of the scorecard, on the part that the library does not hold."""
    trace = trace_of(tmp_path, 50, 3)
    params = tmp_path / "params.yaml"
    sim.calibrate(trace, params, kind="library")
    run = sim.run(scenario(50, 3, calibration=str(params)), tmp_path / "again", seed=9)
    card = sim.realism(run, against=trace, workload="coding")
    for id_, bound in (("g1_windows", 0.70), ("g2_sessions", 0.75)):
        report.at_most(f"AUC of {id_}", card[id_].value, bound)
    report.close()
