"""Section `benchmark-runs`: what whole benchmark runs of measured models amount to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from sim.catalog import (
    amplification,
    benchmarks,
    claim_value,
    lookup,
    statements,
    step_distributions,
)
from sim.comparison.claims.cases import Case
from sim.comparison.inference.run_totals import ModelPrediction, draw_strata, predict
from sim.comparison.plain_words import plain_number
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.tables import Cell, Table, number_column, text_column
from sim.comparison.wording import number_range, short_number
from sim.streams import Streams

AGENT = "mini-swe-agent"
BENCHMARK = "swe-bench-full"
# The claims are about models of this provider, whose name is not that of its models.
CLAIMED, CLAIMED_MODELS = "Anthropic", "Claude"
AGENT_NOTES = (
    "Means only: the mean calls of a task times the tasks of the full set. SWE-bench Pro and the "
    "tasks of OpenHands are other tasks, and its figure is a published mean of turns, 100 at most.",
)
NOTES = (
    "A step is one answered model request: C2. Steps were measured on 500 SWE-bench Verified tasks "
    "and carried over to the full set, whose tasks are thought to be harder.",
    "No model was measured twice on a task; how much repeated runs share is a lower bound.",
)


def compute(inputs: Inputs) -> tuple[ModelPrediction, ...]:
    """Predict the runs of every measured model, for the counts that are compared."""
    settings = inputs.settings
    return predict_models(inputs.comparison.cases, settings.draws, settings.seed)


def predict_models(cases: Sequence[Case], draws: int, seed: int) -> tuple[ModelPrediction, ...]:
    """Simulate one full run by each measured model, and how many runs reach each count.

    Parameters
    ----------
    cases
        The counts to be reached.
    draws
        Simulated series of runs for each model.
    seed
        All models meet the same items for one seed.

    Returns
    -------
    tuple
        One prediction a model, the smallest run first.
    """
    benchmark = lookup(benchmarks(), "benchmark", BENCHMARK)
    counts = [x.claims["count"] for x in cases]
    measured = [x for x in step_distributions().values() if x.agent == AGENT]

    streams = Streams(seed)
    strata = draw_strata(benchmark.items, draws, streams)
    models = [predict(x, benchmark.id, strata, counts, streams) for x in measured]
    models.sort(key=lambda m: (m.exchanges.median, m.model))
    return tuple(models)


@dataclass(frozen=True)
class AgentMeans:
    """What models of one provider take with one scaffold, by published or measured means.

    Attributes
    ----------
    provider, agent
        Who made the models, and the scaffold.
    measured_on
        Benchmark whose tasks were measured.
    means
        Mean calls of a task, one for each model.
    """

    provider: str
    agent: str
    measured_on: str
    means: tuple[float, ...]


def openhands_calls() -> float:
    """Return the published mean of turns of a task with OpenHands."""
    return amplification()["openhands_task"]["turns_mean"]


def agent_means() -> tuple[AgentMeans, ...]:
    """Return mean calls of a task by provider and scaffold, those that the claims are about first.

    Each pair of provider and scaffold was measured on one benchmark.
    """
    means: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for x in step_distributions().values():
        means[x.provider, x.agent, x.benchmark].append(float(x.steps.mean()))
    means["Alibaba", "openhands", "swe-rebench"].append(openhands_calls())

    by_name = sorted(means, key=lambda x: (x[0] != CLAIMED, x[0], x[1]))
    return tuple(AgentMeans(*x, tuple(sorted(means[x]))) for x in by_name)


def agents_table(comparison: Comparison, models: tuple[ModelPrediction, ...]) -> Table:
    """Return a row for each provider and scaffold: size of a run, and the runs that reach counts.

    Sizes and runs are those of the smallest and of the largest mean.
    """
    ids = [x.claims["count"].id for x in comparison.cases]
    columns = [
        text_column("provider", "provider"),
        text_column("agent", "scaffold"),
        text_column("measured_on", "measured on"),
        number_column("models", "models"),
        text_column("calls", "calls/task", "exchanges"),
        text_column("run", "one run", "exchanges, C2"),
        *(text_column(f"runs_{id_}", f"runs to {id_}", "runs") for id_ in ids),
    ]

    items = lookup(benchmarks(), "benchmark", BENCHMARK).items
    rows = []
    for x in agent_means() if models else ():
        low, high = x.means[0], x.means[-1]
        cells: list[Cell] = [x.provider, x.agent, x.measured_on, len(x.means)]
        cells.append(_ends(f"{low:.1f}", f"{high:.1f}"))
        cells.append(_ends(short_number(low * items), short_number(high * items)))
        for case in comparison.cases:
            count = case.claims["count"].value or 0.0
            cells.append(number_range(ceil(count / (high * items)), ceil(count / (low * items))))
        rows.append(tuple(cells))

    return Table(
        "benchmark-agents",
        "benchmark-runs",
        say_agents(comparison, models),
        tuple(columns),
        tuple(rows),
        AGENT_NOTES,
    )


def _ends(low: str, high: str) -> str:
    """Return the ends of a range in words, or one if they are written alike."""
    return low if low == high else f"{low} to {high}"


def models_table(comparison: Comparison, models: tuple[ModelPrediction, ...]) -> Table:
    """Return a row for each model: the size of a run, and the runs that reach each count.

    Models of the provider that the claims are about stand first.
    """
    ids = [x.claims["count"].id for x in comparison.cases]
    columns = [
        text_column("model", "model"),
        text_column("provider", "provider"),
        text_column("agent", "scaffold"),
        number_column("steps", "steps/task", "exchanges", "number"),
        number_column("run_median", "one run", "exchanges, C2"),
        number_column("run_low", "2.5 %", "exchanges, C2"),
        number_column("run_high", "97.5 %", "exchanges, C2"),
    ]
    for id_ in ids:
        columns += [
            number_column(f"runs_{id_}", f"runs to {id_}", "runs"),
            number_column(f"runs_{id_}_low", "2.5 %", "runs"),
            number_column(f"runs_{id_}_high", "97.5 %", "runs"),
        ]

    rows = []
    for m in sorted(models, key=lambda m: m.provider != CLAIMED):
        cells: list[Cell] = [m.model, m.provider, m.agent, m.mean_steps]
        cells += [m.exchanges.median, m.exchanges.low_95, m.exchanges.high_95]
        for needed in m.runs_needed:
            cells += [needed.runs.median, needed.runs.low_95, needed.runs.high_95]
        rows.append(tuple(cells))

    return Table(
        "benchmark-runs",
        "benchmark-runs",
        say_models(comparison, models),
        tuple(columns),
        tuple(rows),
        NOTES,
        wide=("agent", *(f"runs_{id_}_{end}" for id_ in ids for end in ("low", "high"))),
    )


def say_models(_: Comparison, models: tuple[ModelPrediction, ...]) -> str:
    """Say how large a full run is, first by the models that the claims are about.

    Nothing is said where no model was measured.
    """
    own = [m for m in models if m.provider == CLAIMED]
    others = [m for m in models if m.provider != CLAIMED]
    parts = []
    if own:
        parts.append(
            f"{_sizes(own)} exchanges (C2) with {CLAIMED_MODELS} models, which the claims are about"
        )
    if others:
        parts.append(f"{_sizes(others)} with {len(others)} models of other providers")
    if not parts:
        return ""
    first = models[0]
    return f"One full run of {first.benchmark} by {first.agent} is {', and '.join(parts)}"


def say_agents(comparison: Comparison, models: tuple[ModelPrediction, ...]) -> str:
    """Say how many runs reach the count that is explained by thirty, by scaffold.

    Nothing is said where the count is not compared, or no model was measured.
    """
    claim = statements()["thirty-runs"].claim or ""
    if not models or claim not in {x.claims["count"].id for x in comparison.cases}:
        return ""
    count = claim_value(claim)
    items = lookup(benchmarks(), "benchmark", BENCHMARK).items

    own = {x.agent: x for x in agent_means() if x.provider == CLAIMED}
    lean = own.pop(AGENT)
    few, many = (ceil(count / (mean * items)) for mean in (lean.means[-1], lean.means[0]))
    others = " or ".join(
        f"{ceil(count / (x.means[0] * items))} at the {x.means[0]:.1f} calls a task that {x.agent} "
        f"takes on {x.measured_on}"
        for x in own.values()
    )

    return (
        f"Counted in full runs of SWE-bench, as the critique does: {plain_number(count)} exchanges "
        f"are {number_range(few, many)} runs by {CLAIMED_MODELS} models with {AGENT}, or {others}"
    )


def _sizes(models: Sequence[ModelPrediction]) -> str:
    """Return the smallest and the largest median run, in words."""
    sizes = [m.exchanges.median for m in models]
    return _ends(short_number(min(sizes)), short_number(max(sizes)))


SECTION = Section(
    id="benchmark-runs",
    question="what whole benchmark runs of measured models amount to",
    tables=(models_table, agents_table),
    findings=(say_agents,),
    compute=compute,
    charts=("sim.reporting.charts.benchmark_runs_chart:benchmark_runs",),
)
