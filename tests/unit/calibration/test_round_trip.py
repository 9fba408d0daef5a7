"""Known dials are simulated, exported as a trace, fitted, and found again."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.calibration.dials import distance_of, fitted
from sim.calibration.quantities import UNITS, Quantities, quantities_of
from sim.distributions import Distribution
from sim.traces import read_trace, split_trace
from tests.support.exported_traces import export_trace
from tests.support.round_trip import DIALS, SCAFFOLD, scenario


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("known")
    run = sim.run(scenario(30, 3, **DIALS, scaffold=SCAFFOLD), folder / "run")
    return export_trace(run, folder / "trace.csv")


def test_dials_are_found_again(trace: Path) -> None:
    """From some 4,400 calls in 270 sessions: quantiles to a quarter, shares to .06."""
    made = sim.calibrate(trace, kind="dials")
    known = {**DIALS, **SCAFFOLD, "turns_per_session": DIALS["turns_per_session"]["more"]}
    for name, dial in known.items():
        if name in ("agentic_share", "dropped_share"):
            continue
        found = getattr(made.actor, name, None) or getattr(made.scaffold, name)
        found = found.more if name == "turns_per_session" else found
        wanted = Distribution.model_validate(dial)
        for p in (0.25, 0.5, 0.75, 0.9):
            least = 1 if name in ("turns_per_session", "tool_steps") else 0
            allowed = max(least, 0.25 * wanted.quantile(p))
            assert found.quantile(p) == pytest.approx(wanted.quantile(p), abs=allowed), (name, p)
    assert made.scaffold.dropped_share == pytest.approx(0.25, abs=0.06)
    assert made.actor.agentic_share == pytest.approx(0.6, abs=0.06)
    assert made.actor.turns_per_session is not None
    assert made.actor.turns_per_session.single_share == pytest.approx(0.3, abs=0.06)
    assert made.actor.exchanges_per_account_day == pytest.approx(60, rel=0.35)


@pytest.mark.parametrize("kind", ["library", "dials"])
def test_a_run_of_the_fit_is_like_the_part_that_was_not_fitted(
    trace: Path, kind: str, tmp_path: Path
) -> None:
    sim.calibrate(trace, tmp_path / "params.yaml", kind=kind)  # type: ignore[arg-type]
    params = str(tmp_path / "params.yaml")
    run = sim.run(scenario(30, 3, calibration=params), tmp_path / "run", seed=9)
    again = quantities_of(read_trace(export_trace(run, tmp_path / "again.csv")))
    _, held_out = split_trace(read_trace(trace))
    # 132 sessions of 30 accounts, which have templates of their own, differ by some .1 by chance
    found = distances(again, quantities_of(held_out))
    assert max(found.values()) < 0.2, found


def distances(simulated: Quantities, real: Quantities) -> dict[str, float]:
    """Kolmogorov-Smirnov distance of each quantity."""
    found = {}
    for name, unit in UNITS.items():
        law = fitted(getattr(simulated, name), unit)
        assert law is not None
        found[name] = distance_of(law, getattr(real, name), unit)
    return found
