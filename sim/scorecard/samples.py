"""A run, a part of a trace, or the naive generator, made ready to be held against a test part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.arrays.types import Ints
from sim.errors import InvalidInputError
from sim.scorecard.calls import Calls
from sim.scorecard.clients import LEAST_REQUESTS, Clients, clients_of
from sim.scorecard.naive import naive_clients, naive_sessions, naive_stream
from sim.scorecard.real import Real, calls_of, clients_of_trace, expect_enough
from sim.scorecard.run_rows import RunRows
from sim.scorecard.stream_statistics import thinned
from sim.traces import Trace

FEWEST_SESSIONS = 10
FEWEST_CALLS = 100
# Of a long run so many stretches are looked at; more would only take longer.
_MOST_STRETCHES = 12
# Sessions of a run beyond this are drawn from.
_MOST_SESSIONS = 4_000
# A run of a lower share of the trace's rate is said to be calm.
_CALM = 0.5


def sample_of(source: RunRows | Trace, real: Real, rng: np.random.Generator) -> Calls | Clients:
    """Return what a run, or a trace in its place, shows in the form of the real trace.

    Parameters
    ----------
    source
        Rows of a run, or a trace that stands for a run.
    real
        Decides the form, the length of stretches, and the resolution of times.
    rng
        Draws sessions where there are very many.

    Raises
    ------
    InvalidInputError
        If it holds too little.
    """
    if real.form == "clients":
        return _clients(source, real)
    assert isinstance(real.test, Calls)
    if real.form == "stream":
        found = _stretches(source, real.test.length_s)
        expect_enough(found, source.name, FEWEST_CALLS)
        return found.rounded(real.resolution_s)

    calls = source.sessions() if isinstance(source, RunRows) else calls_of(source)
    if isinstance(source, Trace) and not source.has_sessions:
        calls = replace(calls, session=np.arange(len(calls)), length_s=0.0)
    calls = calls.only(lambda x: x.per_session >= real.least_calls)
    expect_enough(calls, source.name, FEWEST_SESSIONS)
    return calls.sampled(_MOST_SESSIONS, rng).rounded(real.resolution_s)


def naive_sample(real: Real, rng: np.random.Generator) -> Calls | Clients:
    """Return what the naive generator makes of the part to fit on."""
    if isinstance(real.fit, Clients):
        assert isinstance(real.test, Clients)
        return naive_clients(real.fit, len(real.test.volumes), rng)
    if real.form == "stream":
        return naive_stream(real.fit, rng).rounded(real.resolution_s)
    assert isinstance(real.test, Calls)
    sessions = max(len(real.test.first), FEWEST_SESSIONS)
    return naive_sessions(real.fit, sessions, real.least_calls, rng).rounded(real.resolution_s)


def _clients(source: RunRows | Trace, real: Real) -> Clients:
    """Return the clients of a run in windows, for as long as the trace lasts at most."""
    if isinstance(source, Trace):
        found = clients_of_trace(source, source)
    else:
        kept = source.answered
        tokens = (source.input_tokens[kept], source.output_tokens[kept])
        found = clients_of(source.account[kept], source.t_s[kept], tokens, source.length_s)
    assert isinstance(real.test, Clients)
    found = found.first_windows(real.test.windows)
    if not len(found.volumes):
        raise InvalidInputError(
            f"{source.name}: has no client with {LEAST_REQUESTS} answered calls in ten minutes, so "
            "nothing can be held against the trace; simulate accounts that send more"
        )
    return found


def _stretches(source: RunRows | Trace, length_s: float) -> Calls:
    """Cut a run into stretches as long as the trace, and return those of its busier half."""
    whole = calls_of(source) if isinstance(source, Trace) else None
    if isinstance(source, RunRows):
        kept = source.answered
        t_s, more = source.t_s[kept], (source.input_tokens[kept], source.output_tokens[kept])
        span, failed = source.length_s, source.failed_share
    else:
        assert whole is not None
        t_s, more = whole.t_s, (whole.input_tokens, whole.output_tokens)
        span, failed = max(float(t_s.max(initial=0.0)), length_s), None

    number = (t_s // length_s).astype(np.int64)
    stretches = max(1, int(span // length_s))
    chosen = _busy(np.bincount(number, minlength=stretches)[:stretches])
    kept = np.isin(number, chosen)
    return Calls.sorted(
        number[kept],
        t_s[kept] - number[kept] * length_s,
        length_s=length_s,
        failed_share=failed,
        input_tokens=more[0][kept],
        output_tokens=more[1][kept],
    )


def _busy(counts: Ints) -> Ints:
    """Return the stretches of at least the median number of calls, some of them if many."""
    busy = np.flatnonzero(counts >= np.median(counts))
    few = np.unique(np.linspace(0, len(busy) - 1, min(len(busy), _MOST_STRETCHES)).astype(int))
    return np.asarray(busy[few])


def of_one_rate(pair: tuple[Calls, Calls], rng: np.random.Generator) -> tuple[Calls, Calls]:
    """Thin the busier of two streams at random to the rate of the other.

    What is left out at random changes no rate-CV, and what it changes else it changes for both.
    """
    lowest = min(map(rate_of, pair))
    first, second = (thinned(x, lowest / rate_of(x), rng) for x in pair)
    return first, second


def rate_of(stream: Calls) -> float:
    """Return the calls a second of a stream."""
    return len(stream) / (len(stream.first) * stream.length_s)


def rate_note(run: Calls, test: Calls, number: int) -> list[str]:
    """Say that a run is much calmer than the trace, so that little can be told; else nothing."""
    share = rate_of(run) / rate_of(test)
    if share > _CALM:
        return []
    return [
        f"Run {number + 1} has {share:.0%} of the calls a second of the trace, which was thinned "
        "to as many: bursts are harder to see there."
    ]
