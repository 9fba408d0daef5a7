"""The tasks of one explanation and the calls that they take, many draws at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import Benchmark, benchmarks
from sim.comparison.hypotheses.model import Hypothesis, Work
from sim.comparison.hypotheses.priors import Prior
from sim.comparison.inference.calls_per_task import (
    calls_of,
    calls_of_items,
    items_by_stratum,
    lengths_of_benchmark,
    lengths_of_calls,
)

_MOST_TASKS = 1e11


class Dials:
    """Values of the dials of `n` draws, made from uniforms by column name as they are asked for."""

    def __init__(self, names: tuple[str, ...], u: Floats) -> None:
        """`u` (n, columns): uniforms in [0, 1), a column for each of `names`."""
        self._u = dict(zip(names, u.T, strict=True))
        self.values: dict[str, Floats] = {}

    def number(self, name: str, prior: Prior) -> Floats:
        """Return the values of a dial, (n,), and keep them."""
        self.values[name] = prior.quantile(self._u[name])
        return self.values[name]

    def pick(self, name: str, prior: Prior) -> Ints:
        """Return the places in `prior.names`, (n,), and keep them."""
        places = prior.pick(self._u[name]).astype(np.int64)
        self.values[name] = places.astype(np.float64)
        return places

    def uniform(self, name: str) -> Floats:
        """Return the uniforms of a column, (n,), and keep them."""
        self.values[name] = self._u[name]
        return self.values[name]

    def by_mode(self, name: str, mode: Ints, priors: tuple[Prior, ...]) -> Floats:
        """Return the values of a dial whose prior depends on the mode, (n,), and keep them."""
        values = np.empty(len(mode))
        for place, prior in enumerate(priors):
            rows = mode == place
            values[rows] = prior.quantile(self._u[name][rows])
        self.values[name] = values
        return values


@dataclass(frozen=True)
class Done:
    """What one work came to: tasks, different prompts among them, and model calls, (n,) each."""

    tasks: Ints
    distinct: Floats
    calls: Ints


def do_work(h: Hypothesis, key: str, dials: Dials, rng: np.random.Generator) -> Done:
    """Draw the factors of one work of an explanation, then its tasks and their calls."""
    work = h.work[key]
    factors = {x: dials.number(f"{key}.{x}", prior) for x, prior in work.tasks.items()}
    once, again = (_product(factors, work, repeated) for repeated in (False, True))
    if work.suites is not None:
        return _evaluate(h, key, once * again, factors, dials, rng)
    tasks = np.rint(np.minimum(once * again, _MOST_TASKS)).astype(np.int64)
    others = rng.binomial(tasks, dials.number(f"{key}.mixed", work.mixed))
    calls = np.zeros(len(tasks), np.int64)
    for column, of_kind in (("calls", tasks - others), ("calls_too", others)):
        calls += _calls_of_kinds(h, work, dials, f"{key}.{column}", of_kind, rng)
    return Done(tasks, np.minimum(once, tasks), calls)


def _calls_of_kinds(
    h: Hypothesis, work: Work, dials: Dials, column: str, tasks: Ints, rng: np.random.Generator
) -> Ints:
    """Draw of which kind the tasks (n,) of each draw are, and return their calls, (n,)."""
    assert work.calls is not None
    which = dials.pick(column, work.calls)
    calls = np.zeros(len(tasks), np.int64)
    for place, name in enumerate(work.calls.names):
        rows = np.flatnonzero(which == place)
        calls[rows] = calls_of(lengths_of_calls(h.calls[name]), tasks[rows], rng)
    return calls


def _product(factors: Mapping[str, Floats], work: Work, repeated: bool) -> Floats:
    """Product of the factors that do, or do not, ask the same again."""
    chosen = [v for k, v in factors.items() if (k in work.repeated_by) == repeated]
    ones = np.ones(len(next(iter(factors.values()))))
    return np.asarray(np.prod([ones, *chosen], axis=0))


def _evaluate(
    h: Hypothesis,
    key: str,
    rounds: Floats,
    factors: Mapping[str, Floats],
    dials: Dials,
    rng: np.random.Generator,
) -> Done:
    """Run every benchmark of the drawn suite as often as `rounds` says, over the models in turn.

    `models` different models share the rounds, beginning with the drawn one; a benchmark for which
    fewer were measured takes those. Rounds are whole and at least 1 for each model.
    """
    suites = h.work[key].suites
    assert suites is not None
    which = dials.pick(f"{key}.suites", suites)
    first = dials.uniform(f"{key}.model")
    models = np.rint(factors.get("models", np.ones(len(rounds)))).astype(np.int64)
    most = _MOST_TASKS / max(benchmarks()[x].items for s in h.suites.values() for x in s.benchmarks)
    times = np.clip(np.rint(rounds / models), 1, most).astype(np.int64)
    none = np.zeros(len(rounds), np.int64)
    done = Done(none, np.zeros(len(rounds)), none.copy())
    for place, name in enumerate(suites.names):
        rows = np.flatnonzero(which == place)
        for id_ in h.suites[name].benchmarks:
            bench = benchmarks()[id_]
            done.tasks[rows] += bench.items * times[rows] * models[rows]
            done.distinct[rows] += bench.items
            done.calls[rows] += _calls_of_models(bench, first[rows], models[rows], times[rows], rng)
    return done


def _calls_of_models(
    bench: Benchmark, first: Floats, models: Ints, times: Ints, rng: np.random.Generator
) -> Ints:
    """Calls of `times` rounds of a benchmark with each of `models` models, (n,)."""
    measured = lengths_of_benchmark(bench)
    calls = np.zeros(len(times), np.int64)
    if not len(times):
        return calls
    strata = items_by_stratum(bench.items, len(times), rng)
    for turn in range(int(models.max())):
        label = (np.floor(first * len(measured)).astype(np.int64) + turn) % len(measured)
        for place, lengths in enumerate(measured):
            rows = np.flatnonzero((label == place) & (models > turn))
            calls[rows] += calls_of_items(lengths, strata[rows], times[rows], rng)
    return calls
