"""Predictive draws of an explanation, one draw, one task, one answer at a time.

Held against the fast draws of `sim.comparison`, whose rules it follows without their code: it takes
the resolved explanation, the catalog and `random.Random`. Seconds for millions of tasks, so tests
give it explanations of little work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from sim.catalog import Benchmark, StepDistribution, benchmarks, step_distributions
from sim.comparison.hypotheses.hypothesis_forms import Access, Calls, Work
from sim.comparison.hypotheses.model import Hypothesis
from sim.comparison.hypotheses.priors import Prior
from sim.distributions import Distribution

CONVENTIONS = ("C1", "C2", "C3", "C4", "C5", "C6")


@dataclass
class Load:
    """What a work asks of the model: whole numbers, `different` prompts may be a fraction."""

    tasks: int = 0
    calls: int = 0
    different: float = 0.0
    factors: dict[str, float] = field(default_factory=dict)


@dataclass
class Predicted:
    """One draw. `reported` lacks what is not defined for it; shares lie in [0, 1].

    `counts`: exchanges by convention. `accounts`: those of the cluster, before the accuser errs.
    """

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CONVENTIONS, 0))
    tasks: int = 0
    different: float = 0.0
    accounts: int = 0
    reported: dict[str, float] = field(default_factory=dict)
    published: bool = False


def predict(x: Hypothesis, rng: Random) -> Predicted:
    """Draw once from an explanation."""
    common = {name: value(prior, rng) for name, prior in x.common.items() if name != "convention"}
    made = Predicted()
    lever = math.nan
    for key, work in x.work.items():
        load = _of_work(x, work, rng)
        if x.driver.startswith(f"{key}."):
            lever = load.factors[x.driver.removeprefix(f"{key}.")]
        made.tasks += load.tasks
        made.different += load.different
        for name, number in _conventions(load, common, rng).items():
            made.counts[name] += number
    _cluster(made, x.access_modes[name_of(x.access, rng)], lever, rng)
    made.reported["moved_24h"] = value(x.uptakes[name_of(x.uptake, rng)].moved, rng)
    _of_work_seen(made, common)
    _accuse(made, name_of(x.common["convention"], rng), common, rng)
    return made


def value(prior: Prior, rng: Random) -> float:
    """One value of a parameter; truncated shapes are drawn again until they are inside."""
    if prior.choice is not None:
        return float(name_of(prior, rng))
    if prior.constant is not None:
        return prior.constant
    if prior.uniform is not None:
        return rng.uniform(prior.uniform.low, prior.uniform.high)
    if prior.loguniform is not None:
        low, high = math.log(prior.loguniform.low), math.log(prior.loguniform.high)
        return math.exp(rng.uniform(low, high))
    if prior.beta is not None:
        return rng.betavariate(prior.beta.mean * prior.beta.n, (1 - prior.beta.mean) * prior.beta.n)
    while True:
        drawn, low_end, high_end = _untruncated(prior, rng)
        if low_end <= drawn <= high_end:
            return drawn


def _untruncated(prior: Prior, rng: Random) -> tuple[float, float, float]:
    """A draw of the whole shape, and the ends between which it may lie."""
    if prior.lognormal is not None:
        drawn = prior.lognormal.median * math.exp(prior.lognormal.sigma * rng.gauss(0, 1))
        low, high = prior.lognormal.min, prior.lognormal.max
    else:
        assert prior.normal is not None
        drawn = rng.gauss(prior.normal.mean, prior.normal.sd)
        low, high = prior.normal.min, prior.normal.max
    return drawn, -math.inf if low is None else low, math.inf if high is None else high


def name_of(prior: Prior, rng: Random) -> str:
    """One name of a choice, by the relative weights."""
    assert prior.choice is not None
    return rng.choices(list(prior.choice), list(prior.choice.values()))[0]


def sample(x: Distribution, rng: Random) -> float:
    """One value of a distribution of the catalog; above `max` it is `max`."""
    if x.constant is not None:
        return x.constant
    if x.loguniform is not None:
        return math.exp(rng.uniform(math.log(x.loguniform.low), math.log(x.loguniform.high)))
    shape = x.lognormal
    if x.mixture is not None:
        shape = rng.choices(x.mixture, [part.weight for part in x.mixture])[0].lognormal
    assert shape is not None
    drawn = shape.median * math.exp(shape.sigma * rng.gauss(0, 1))
    return drawn if shape.max is None else min(drawn, shape.max)


def _of_work(x: Hypothesis, work: Work, rng: Random) -> Load:
    factors = {name: value(prior, rng) for name, prior in work.tasks.items()}
    again = math.prod(v for name, v in factors.items() if name in work.repeated_by)
    once = math.prod(v for name, v in factors.items() if name not in work.repeated_by)
    if work.calls is not None:
        kinds = [x.calls[name_of(work.calls, rng)] for _ in range(2)]
        load = _of_calls(kinds, value(work.mixed, rng), once, again, rng)
        load.factors = factors
        return load
    assert work.suites is not None
    suite = x.suites[name_of(work.suites, rng)]
    models = round(factors.get("models", 1))
    rounds = max(1, round(once * again / models))
    first = rng.random()
    load = Load(factors=factors)
    for key in suite.benchmarks:
        benchmark = benchmarks()[key]
        load.tasks += benchmark.items * rounds * models
        load.different += benchmark.items
        attempts = calls_of_benchmark(benchmark, rounds, models, first, rng)
        load.calls += sum(attempts)
    return load


def _of_calls(kinds: list[Calls], mixed: float, once: float, again: float, rng: Random) -> Load:
    tasks = round(once * again)
    made = sum(calls_of_task(kinds[rng.random() < mixed], rng) for _ in range(tasks))
    return Load(tasks, made, min(once, tasks))


def calls_of_task(calls: Calls, rng: Random) -> int:
    """Calls of one task: 1, and with the share of tools at least 1 more."""
    if rng.random() >= calls.tools_share:
        return 1
    assert calls.more is not None
    return 1 + max(1, round(sample(calls.more, rng)))


def calls_of_benchmark(
    benchmark: Benchmark, rounds: int, models: int, first: float, rng: Random
) -> Iterator[int]:
    """Calls of every attempt; `first` in [0, 1) is where the models begin among the measured."""
    if benchmark.calls_per_item is not None:
        for _ in range(benchmark.items):
            score = rng.gauss(0, 1)
            for _ in range(rounds * models):
                yield stated_steps_of_attempt(benchmark, score, rng)
        return
    measured = candidates(benchmark)
    begins = int(first * len(measured))
    for _ in range(benchmark.items):
        score = rng.gauss(0, 1)
        for model in range(models):
            of_model = measured[(begins + model) % len(measured)]
            for _ in range(rounds):
                yield steps_of_attempt(of_model, score, rng)


def stated_steps_of_attempt(benchmark: Benchmark, score: float, rng: Random) -> int:
    """Steps of one attempt at an item of a benchmark that states the distribution of its calls."""
    calls, share = benchmark.calls_per_item, benchmark.item_share
    assert calls is not None
    z = math.sqrt(share) * score + math.sqrt(1 - share) * rng.gauss(0, 1)
    return max(1, round(calls.quantile(0.5 * math.erfc(-z / math.sqrt(2)))))


def candidates(benchmark: Benchmark) -> list[StepDistribution]:
    """Steps of the served models: measured on the benchmark, or else with its first agent."""
    served = [x for x in step_distributions().values() if x.model_id is not None]
    own = [x for x in served if x.benchmark == benchmark.id]
    return own or [x for x in served if x.agent == benchmark.agents[0]]


def steps_of_attempt(x: StepDistribution, score: float, rng: Random) -> int:
    """Steps of one attempt at an item of difficulty `score`, which is standard normal."""
    z = x.loading * score + math.sqrt(1 - x.loading**2) * rng.gauss(0, 1)
    share_below = 0.5 * math.erfc(-z / math.sqrt(2))
    return int(x.steps[min(int(share_below * x.steps.size), x.steps.size - 1)])


def _conventions(load: Load, common: dict[str, float], rng: Random) -> dict[str, int]:
    """Exchanges of one work under each convention."""
    not_empty = load.calls - happened(load.calls, common["empty_share"], rng)
    refused = happened(not_empty, common["refusal_share"], rng)
    return {
        "C1": load.calls + events(load.calls * common["retries_per_answer"], rng),
        "C2": load.calls,
        "C3": not_empty,
        "C4": not_empty - refused + events(not_empty * common["more_choices"], rng),
        "C5": load.tasks - happened(load.tasks, common["empty_share"], rng),
        "C6": load.tasks,
    }


def happened(trials: int, share: float, rng: Random) -> int:
    """How many of the trials come out, each with probability `share`.

    From one that does to the next is a geometric number of trials.
    """
    if share <= 0 or share >= 1:
        return trials if share >= 1 else 0
    found, at = 0, 0
    scale = math.log1p(-share)
    while True:
        at += 1 + int(math.log(1 - rng.random()) / scale)
        if at > trials:
            return found
        found += 1


def events(mean: float, rng: Random) -> int:
    """A Poisson number: events at unit rate within a time `mean`."""
    found, at = 0, rng.expovariate(1)
    while at < mean:
        found += 1
        at += rng.expovariate(1)
    return found


def _cluster(made: Predicted, mode: Access, lever: float, rng: Random) -> None:
    """Accounts of the cluster and how they look together."""
    wanted = value(mode.accounts, rng) * (lever if mode.per_lever else 1)
    made.accounts = max(1, min(round(wanted), made.tasks))
    sigma = value(mode.volume_sigma, rng)
    volumes = [math.exp(sigma * rng.gauss(0, 1)) for _ in range(made.accounts)]
    synchrony, sharing = value(mode.synchrony, rng), value(mode.shared_instruments, rng)
    if made.accounts > 1:
        share = sum(rng.random() < sharing for _ in range(made.accounts))
        made.reported["concentration"] = gini(volumes)
        made.reported["synchrony"] = synchrony
        made.reported["shared_instruments"] = 0.0 if share == 1 else share / made.accounts


def gini(volumes: list[float]) -> float:
    """Gini coefficient in [0, 1 - 1/n]: mean difference of two, over twice the mean."""
    n, ordered = len(volumes), sorted(volumes)
    weighted = sum((2 * rank - n + 1) * volume for rank, volume in enumerate(ordered))
    return weighted / (n * sum(ordered))


def _of_work_seen(made: Predicted, common: dict[str, float]) -> None:
    repetition = 1 - made.different * (1 - common["repeat_share"]) / made.tasks
    made.reported["item_repetition"] = min(max(repetition, 0.0), 1.0)
    if made.counts["C5"]:
        made.reported["exchanges_per_task"] = made.counts["C2"] / made.counts["C5"]


def _accuse(made: Predicted, convention: str, common: dict[str, float], rng: Random) -> None:
    """What the accuser counts, of which accounts, and whether it is published."""
    count, accounts = float(made.counts[convention]), float(made.accounts)
    if made.accounts > 1:
        found = max(1, happened(made.accounts, common["found_share"], rng))
        foreign = common["foreign_share"]
        count *= found / made.accounts / (1 - foreign)
        accounts = found / (1 - foreign)
    made.reported["count"] = round(count)
    made.reported["accounts"] = round(accounts)
    made.reported["exchanges_per_account"] = round(count) / round(accounts)
    made.published = round(count) > common["published_over"]
