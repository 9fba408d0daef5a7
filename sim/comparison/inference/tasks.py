"""The tasks of one hypothesis and the calls that they take, many draws at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import Benchmark, benchmarks
from sim.comparison.hypotheses.hypothesis_forms import Work
from sim.comparison.hypotheses.model import Hypothesis
from sim.comparison.hypotheses.priors import Prior
from sim.comparison.inference.calls_per_task import (
    calls_of,
    calls_of_items,
    items_by_stratum,
    lengths_of_benchmark,
    lengths_of_calls,
)

_MOST_TASKS = 1e11


class ParameterDraws:
    """Values of the parameters of `n` draws, made from uniforms by name as they are asked for.

    Every method returns an array (n,) and keeps it in `values`. A draw by inversion: a parameter
    has one uniform, whatever its prior, so two priors of it can be compared draw by draw.

    Attributes
    ----------
    values:
        What was asked for so far, by column name, (n,) each; of a choice the place of the name.
    """

    def __init__(self, names: tuple[str, ...], u: Floats) -> None:
        """Take uniforms in [0, 1), `u` (n, columns), a column for each of `names`."""
        self._u = dict(zip(names, u.T, strict=True))
        self.values: dict[str, Floats] = {}

    def number(self, name: str, prior: Prior) -> Floats:
        """Return the values of a parameter whose prior draws numbers, by the quantile function."""
        self.values[name] = prior.quantile(self._u[name])
        return self.values[name]

    def pick(self, name: str, prior: Prior) -> Ints:
        """Return the drawn places in `prior.names`, whole numbers from 0."""
        places = prior.pick(self._u[name]).astype(np.int64)
        self.values[name] = places.astype(np.float64)
        return places

    def uniform(self, name: str) -> Floats:
        """Return the uniforms of a column, for a choice whose options are known only later."""
        self.values[name] = self._u[name]
        return self.values[name]

    def by_choice(self, name: str, choice: Ints, priors: tuple[Prior, ...]) -> Floats:
        """Return the values of a parameter whose prior depends on what was chosen before.

        Parameters
        ----------
        name:
            Column of the parameter.
        choice:
            Place of the chosen option of each draw, (n,).
        priors:
            Prior of the parameter for each option.
        """
        values = np.empty(len(choice))
        for place, prior in enumerate(priors):
            rows = choice == place
            values[rows] = prior.quantile(self._u[name][rows])
        self.values[name] = values
        return values


@dataclass(frozen=True)
class WorkDone:
    """What one work came to.

    Attributes
    ----------
    tasks:
        Tasks, C6, (n,).
    distinct:
        Different prompts among them, at most `tasks`, (n,); need not be whole.
    calls:
        Answered model calls of all tasks, C2, (n,).
    """

    tasks: Ints
    distinct: Floats
    calls: Ints


def do_work(
    hypothesis: Hypothesis, key: str, drawn: ParameterDraws, rng: np.random.Generator
) -> WorkDone:
    """Draw the factors of one work of a hypothesis, then its tasks and their calls.

    Tasks are the product of the factors. Of a work with suites that product is the number of rounds
    instead; of the others a share `mixed` is of another drawn kind of calls. There are at most 1e11
    tasks, so that sums stay within 64 bits.

    Parameters
    ----------
    hypothesis:
        It has the work, and the suites or kinds of calls that the work names.
    key:
        Id of the work.
    drawn:
        Gives the parameters, and keeps their values under names such as `product.users`.
    rng:
        Draws lengths of tasks and difficulties of items.
    """
    work = hypothesis.work[key]
    factors = {name: drawn.number(f"{key}.{name}", prior) for name, prior in work.tasks.items()}
    once, again = (_product(factors, work, repeated) for repeated in (False, True))
    if work.suites is not None:
        return _run_suites(hypothesis, key, once * again, factors, drawn, rng)

    tasks = np.rint(np.minimum(once * again, _MOST_TASKS)).astype(np.int64)
    others = rng.binomial(tasks, drawn.number(f"{key}.mixed", work.mixed))
    calls = np.zeros(len(tasks), np.int64)
    for column, of_kind in (("calls", tasks - others), ("calls_too", others)):
        which = drawn.pick(f"{key}.{column}", _required(work.calls))
        calls += _calls_of_kinds(hypothesis, work, which, of_kind, rng)
    return WorkDone(tasks, np.minimum(once, tasks), calls)


def _required(choice: Prior | None) -> Prior:
    """Return a choice that a checked work always has."""
    if choice is None:
        raise AssertionError("a work that was checked has suites or calls")
    return choice


def _calls_of_kinds(
    hypothesis: Hypothesis, work: Work, which: Ints, tasks: Ints, rng: np.random.Generator
) -> Ints:
    """Draw the calls of tasks whose kinds were drawn.

    Parameters
    ----------
    hypothesis:
        It has the kinds of calls by id.
    work:
        Its choice among kinds of calls.
    which:
        Place of the drawn kind in that choice, (n,).
    tasks:
        Tasks of that kind, (n,).
    rng:
        Draws the lengths of the tasks.

    Returns
    -------
    ndarray
        Calls of all these tasks together, (n,).
    """
    calls = np.zeros(len(tasks), np.int64)
    for place, name in enumerate(_required(work.calls).names):
        rows = np.flatnonzero(which == place)
        lengths = lengths_of_calls(hypothesis.calls[name])
        calls[rows] = calls_of(lengths, tasks[rows], rng)
    return calls


def _product(factors: Mapping[str, Floats], work: Work, repeated: bool) -> Floats:
    """Return the product of the factors that do, or do not, ask the same prompts again, (n,)."""
    chosen = [v for name, v in factors.items() if (name in work.repeated_by) == repeated]
    ones = np.ones(len(next(iter(factors.values()))))
    return np.asarray(np.prod([ones, *chosen], axis=0))


def _run_suites(
    hypothesis: Hypothesis,
    key: str,
    rounds: Floats,
    factors: Mapping[str, Floats],
    drawn: ParameterDraws,
    rng: np.random.Generator,
) -> WorkDone:
    """Run every benchmark of the drawn suite as often as `rounds` says.

    `models` different models share the rounds, beginning with the drawn one; a benchmark for which
    fewer were measured takes those in turn. Rounds are whole and at least 1 for each model.

    Parameters
    ----------
    hypothesis, key:
        The hypothesis, and the id of its work.
    rounds:
        How often each benchmark is run, over all models, (n,).
    factors:
        Drawn factors of the work by name, (n,) each; `models` among them, or one model is used.
    drawn:
        Gives the suite, and the uniform that picks the first model.
    rng:
        Draws lengths of tasks and difficulties of items.

    Returns
    -------
    WorkDone
        A prompt is an item here: each item counts once as distinct, however often it is run.
    """
    suites = _required(hypothesis.work[key].suites)
    which = drawn.pick(f"{key}.suites", suites)
    first = drawn.uniform(f"{key}.model")

    # rounds of each model, bounded so that tasks stay countable
    n = len(rounds)
    models = np.rint(factors.get("models", np.ones(n))).astype(np.int64)
    used = {id_ for suite in hypothesis.suites.values() for id_ in suite.benchmarks}
    most = _MOST_TASKS / max(benchmarks()[id_].items for id_ in used)
    times = np.clip(np.rint(rounds / models), 1, most).astype(np.int64)

    done = WorkDone(np.zeros(n, np.int64), np.zeros(n), np.zeros(n, np.int64))
    for place, name in enumerate(suites.names):
        rows = np.flatnonzero(which == place)
        for id_ in hypothesis.suites[name].benchmarks:
            benchmark = benchmarks()[id_]
            done.tasks[rows] += benchmark.items * times[rows] * models[rows]
            done.distinct[rows] += benchmark.items
            done.calls[rows] += _calls_of_models(
                benchmark, first[rows], models[rows], times[rows], rng
            )
    return done


def _calls_of_models(
    benchmark: Benchmark, first: Floats, models: Ints, times: Ints, rng: np.random.Generator
) -> Ints:
    """Draw the calls of all rounds of a benchmark with each of several models.

    The items of a benchmark have the same difficulties in all rounds and for all models.

    Parameters
    ----------
    benchmark:
        What is run.
    first:
        Uniforms that pick the measured model to begin with, (n,).
    models:
        How many models run it, (n,).
    times:
        Rounds of each of them, (n,).
    rng:
        Draws lengths of tasks and difficulties of items.

    Returns
    -------
    ndarray
        Calls, (n,); empty if n is 0.
    """
    measured = lengths_of_benchmark(benchmark)
    calls = np.zeros(len(times), np.int64)
    if not len(times):
        return calls

    strata = items_by_stratum(benchmark.items, len(times), rng)
    for turn in range(int(models.max())):
        model = (np.floor(first * len(measured)).astype(np.int64) + turn) % len(measured)
        for place, lengths in enumerate(measured):
            rows = np.flatnonzero((model == place) & (models > turn))
            calls[rows] += calls_of_items(lengths, strata[rows], times[rows], rng)
    return calls
