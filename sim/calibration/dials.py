"""From what was measured to the dials of an actor and its agent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.arrays.types import Floats
from sim.calibration.form import ActorDials, Figure, NotIdentified, PartFigures, ScaffoldDials
from sim.calibration.quantities import TURN_PAUSE_S, UNITS, Quantities
from sim.calibration.rates import days_of, has_common_clock, volumes_of
from sim.distributions import Distribution
from sim.documents.bounds import MOST_SECONDS, MOST_STEPS, MOST_TOKENS, MOST_TURNS
from sim.traces import Trace

# Probabilities of the quantiles that make a fitted distribution.
LEVELS = (0, 0.01, 0.02, 0.05, *(k / 20 for k in range(2, 19)), 0.95, 0.98, 0.99, 0.995, 0.999, 1)
# Quantiles are above 0; what is rounded to whole tokens becomes 0 again.
_LEAST = {"tokens": 0.25, "s": 1e-3, "calls": 1.0, "turns": 1.0}
_MOST = {"tokens": MOST_TOKENS, "s": MOST_SECONDS, "calls": MOST_STEPS, "turns": MOST_TURNS}
_DIGITS = 5
_OF_SESSIONS = ("turns", "calls")
_FEWEST = 5
_DAYS_OF_A_RHYTHM = 2.0


def fitted(values: Floats, unit: str) -> Distribution | None:
    """Return the distribution with the quantiles of some values, None of fewer than five.

    Parameters
    ----------
    values
        What was measured, at least 0.
    unit
        tokens, s, calls or turns; it says what the smallest and largest value may be.
    """
    if len(values) < _FEWEST:
        return None
    within = np.clip(values, _LEAST[unit], _MOST[unit])
    points = np.maximum.accumulate(
        [float(f"{x:.{_DIGITS}g}") for x in np.quantile(within, LEVELS)]
    ).tolist()
    if points[0] == points[-1]:
        return Distribution(constant=points[0])
    pairs = [list(pair) for pair in zip(LEVELS, points, strict=True)]
    return Distribution.model_validate({"quantiles": pairs})


def actor_dials(measured: Quantities, trace: Trace, by_library: bool) -> ActorDials:
    """Return the dials of the actor that the trace tells.

    Parameters
    ----------
    measured
        Of the part to fit on.
    trace
        The whole one, for volumes of clients.
    by_library
        Whether a library of calls decides turns, pauses and lengths.
    """
    dials: dict[str, object] = {}
    if not by_library:
        more = measured.turns[measured.turns > 1]
        turns = {
            "single_share": round(float((measured.turns == 1).mean()), 4),
            "more": fitted(more, "turns") or Distribution(constant=2.0),
        }
        dials = {
            "turns_per_session": turns,
            "agentic_share": round(measured.agentic_share, 4),
            "tool_steps": fitted(measured.tool_steps, "calls"),
            "human_gap_s": fitted(measured.human_gap_s, "s"),
            "output_tokens": fitted(measured.output_tokens, "tokens"),
        }

    if (volumes := volumes_of(trace)) is not None:
        median, sigma = volumes
        dials["exchanges_per_account_day"] = float(f"{median:.{_DIGITS}g}")
        dials["account_volume_sigma"] = round(sigma, 4)
    return ActorDials.model_validate({k: v for k, v in dials.items() if v is not None})


def scaffold_dials(measured: Quantities) -> ScaffoldDials:
    """Return the dials of the agent that the part to fit on tells."""
    names = ("base_context_tokens", "append_tokens", "user_append_tokens", "tool_time_s")
    dials = {name: fitted(getattr(measured, name), UNITS[name]) for name in names}
    found: dict[str, object] = {k: v for k, v in dials.items() if v is not None}
    if "append_tokens" in found:
        found["dropped_share"] = round(measured.dropped_share, 4)
    return ScaffoldDials.model_validate(found)


# --- figures


def figures_of(fit: Quantities, test: Quantities) -> Iterator[Figure]:
    """Yield each quantity that both parts have, with the distance of the second from the fit."""
    for name, unit in UNITS.items():
        a, b = getattr(fit, name), getattr(test, name)
        distribution = fitted(a, unit)
        if distribution is None or not len(b) or (fit.calls.max() == 1 and name in _OF_SESSIONS):
            continue
        parts = [_part(values) for values in (a, b)]
        distance = round(distance_of(distribution, b, unit), 4)
        yield Figure(quantity=name, unit=unit, fit=parts[0], test=parts[1], ks=distance)


def distance_of(distribution: Distribution, values: Floats, unit: str) -> float:
    """Return the Kolmogorov-Smirnov distance of values from a distribution.

    At each value the share of values up to it is held against the distribution's. What is counted
    is drawn rounded, so the distribution is looked at half a unit above it; seconds are not.
    """
    at, counts = np.unique(np.clip(values, _LEAST[unit], _MOST[unit]), return_counts=True)
    up_to = np.cumsum(counts) / len(values)
    # five digits of a quantile may lie below a value that it was made of
    edge = at * (1 + 10.0**-_DIGITS) if unit == "s" else np.floor(at) + 0.5
    model = np.array([distribution.cdf(x) for x in edge])
    return float(np.abs(model - up_to).max())


def _part(values: Floats) -> PartFigures:
    """Return number and quantiles of values, to five digits."""
    p10, p50, p90 = (float(f"{x:.{_DIGITS}g}") for x in np.quantile(values, [0.1, 0.5, 0.9]))
    return PartFigures(n=len(values), p10=p10, p50=p50, p90=p90)


# --- what a trace cannot tell


def not_identified(trace: Trace, measured: Quantities, by_library: bool) -> Iterator[NotIdentified]:
    """Yield what no dial was fitted for, or is mixed up with something else, and why.

    Parameters
    ----------
    trace
        The whole one.
    measured
        Of the part to fit on.
    by_library
        Whether recorded sessions are drawn from, which know when contexts are cut.
    """
    if not trace.has_sessions:
        yield NotIdentified(
            what="turns, growth of contexts, pauses of people and tools",
            why="no column session: each call counts as a conversation of its own",
        )
    else:
        yield from _of_sessions(trace, measured, by_library)

    yield from _of_clients(trace)

    if not trace.has("prefix_tokens"):
        yield NotIdentified(
            what="use of the prompt cache", why="no column prefix_tokens: keeps the agent's share"
        )
    yield NotIdentified(
        what="models, speeds, limits, failures, content of requests, who is behind the accounts",
        why="a trace of times and lengths says nothing of them",
    )


def _of_sessions(trace: Trace, measured: Quantities, by_library: bool) -> Iterator[NotIdentified]:
    """Yield what a trace of sessions cannot tell."""
    pauses = "tool_time_s, human_gap_s"
    if not trace.has("service_time_s"):
        yield NotIdentified(
            what=pauses,
            why="no column service_time_s: pause and answer are one; a run adds the time of its "
            "own answers, so its calls come later than in the trace",
        )
    if not trace.has("opens_turn"):
        yield NotIdentified(
            what="who starts a call",
            why=f"no column opens_turn: after a pause of {TURN_PAUSE_S:g} s a person is taken to",
        )

    if trace.resolution_s >= 1:
        yield NotIdentified(
            what=f"pauses below {trace.resolution_s:g} s",
            why=f"times are whole multiples of {trace.resolution_s:g} s",
        )
    if not by_library:
        yield NotIdentified(
            what="which calls go together, and when contexts are compacted",
            why="each dial is drawn by itself, and the agent's own rules decide; a library keeps "
            f"both (compacted in the trace: {measured.compacted_share:.1%} of calls)",
        )

    yield NotIdentified(
        what="how long sessions go on", why="those that the trace cuts off count as ended"
    )


def _of_clients(trace: Trace) -> Iterator[NotIdentified]:
    """Yield what a trace cannot tell of volumes and of the course of time."""
    volumes = "exchanges_per_account_day, account_volume_sigma"
    if not has_common_clock(trace):
        yield NotIdentified(
            what=f"{volumes}, rates, rhythm, drift",
            why="times begin anew in each session, so nothing is known of when sessions begin",
        )
        return
    if not trace.has("client"):
        yield NotIdentified(
            what=volumes, why="no column client: calls of different accounts are not told apart"
        )

    days = days_of(trace)
    if days < _DAYS_OF_A_RHYTHM:
        span = f"{days * 24:.2g} h" if days < 1 else f"{days:.2g} days"
        yield NotIdentified(
            what="rhythm, lifetimes, drift", why=f"{span} are too short to tell a daily course"
        )
    else:
        yield NotIdentified(
            what="rhythm.peak_hour, lifetimes, drift",
            why="times count from an unknown moment, and how accounts come and go is not fitted",
        )

    yield NotIdentified(
        what="bursts", why="`rates` says how uneven they are; no dial is fitted to it"
    )
