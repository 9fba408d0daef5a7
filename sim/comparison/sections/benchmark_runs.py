"""Section `benchmark-runs`: what whole benchmark runs of measured models amount to."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from sim.catalog import benchmarks, lookup, step_distributions
from sim.comparison.claims.cases import Case
from sim.comparison.inference.run_totals import ModelPrediction, draw_strata, predict
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.tables import Cell, Table, number_column, text_column
from sim.comparison.wording import short_number
from sim.streams import Streams

AGENT = "mini-swe-agent"
BENCHMARK = "swe-bench-full"
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


def models_table(comparison: Comparison, models: tuple[ModelPrediction, ...]) -> Table:
    """Return a row for each model: the size of a run, and the runs that reach each count."""
    ids = [x.claims["count"].id for x in comparison.cases]
    columns = [
        text_column("model", "model"),
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
    for m in models:
        cells: list[Cell] = [m.model, m.mean_steps]
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
        wide=tuple(f"runs_{id_}_{end}" for id_ in ids for end in ("low", "high")),
    )


def say_models(_: Comparison, models: tuple[ModelPrediction, ...]) -> str:
    """Say how large a full benchmark run is, by model; nothing where no model was measured."""
    if not models:
        return ""
    sizes = [m.exchanges.median for m in models]
    first = models[0]
    return (
        f"One full run of {first.benchmark} by {first.agent} is {short_number(min(sizes))} to "
        f"{short_number(max(sizes))} exchanges (C2), depending on the model; with the median model "
        f"{short_number(median(sizes))}"
    )


SECTION = Section(
    id="benchmark-runs",
    question="what whole benchmark runs of measured models amount to",
    tables=(models_table,),
    compute=compute,
    charts=("sim.reporting.charts.benchmark_runs_chart:benchmark_runs",),
)
