"""Section `documents`: the arithmetic of the discussed documents, line by line, with a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Literal

import numpy as np

from sim.catalog import (
    Statement,
    amplification,
    benchmarks,
    claim_value,
    claims,
    lookup,
    sources,
    statements,
    step_distributions,
)
from sim.comparison.inference.run_totals import CONVENTION, ModelPrediction
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.sections import benchmark_runs
from sim.comparison.tables import Table, text_column

Finding = Literal["holds", "holds in part", "contradicted", "cannot be tested"]
Judgement = tuple[Finding, str]

AS_REPORTED = "as reported, undefined"
_UNDEFINED = ("daily_rate", "sum", "per_account")


@dataclass(frozen=True)
class Verdict:
    """One line of a document's arithmetic, and what the measured data say about it.

    Attributes
    ----------
    id, statement
        Id of the line in the catalog, and what it says.
    finding
        The judgement in a word or two.
    verdict
        Why, with the numbers.
    convention
        What an exchange is: C2 where a line is held against measured steps, else undefined.
    source
        The document, in words.
    note
        What else is to be said; may be empty.
    """

    id: str
    statement: str
    finding: Finding
    verdict: str
    convention: str
    source: str
    note: str


def verdicts(models: Sequence[ModelPrediction]) -> tuple[Verdict, ...]:
    """Judge every statement of the catalog, in its order.

    Parameters
    ----------
    models
        Predicted benchmark runs of measured models; at least one.
    """
    return tuple(_verdict(x, models) for x in statements().values())


def _verdict(line: Statement, models: Sequence[ModelPrediction]) -> Verdict:
    """Judge one statement by the check of its kind."""
    finding, text = _CHECKS[line.kind](line, models)
    return Verdict(
        id=line.id,
        statement=line.statement,
        finding=finding,
        verdict=text,
        convention=AS_REPORTED if line.kind in _UNDEFINED else CONVENTION,
        source=sources()[line.source].text,
        note=line.note,
    )


def _items(line: Statement) -> int:
    """Return the items of the benchmark that a line names; an unknown one is an error."""
    return lookup(benchmarks(), "benchmark", line.benchmark or "").items


def _claim(line: Statement) -> float:
    """Return the figure of the claim that a line names, in exchanges."""
    return claim_value(line.claim or "")


def _run_size(line: Statement, models: Sequence[ModelPrediction]) -> Judgement:
    """Judge that a run is tasks times calls per task.

    Only the product can be contradicted; the exact number of items and the measured sizes of runs
    are told beside it.
    """
    v, items = line.values, _items(line)
    if v["tasks"] * v["calls_per_task"] != v["result"]:
        return "contradicted", f"the product is {v['tasks'] * v['calls_per_task']:,.0f}"
    exact = items * v["calls_per_task"]
    sizes = [m.mean_steps * items for m in models]
    return "holds", (
        f"arithmetic holds ({items:,} items give {exact:,.0f}); "
        f"{len(models)} models took {min(sizes):,.0f} to {max(sizes):,.0f}, "
        f"median {median(sizes):,.0f}"
    )


def _runs(line: Statement, models: Sequence[ModelPrediction]) -> Judgement:
    """Judge that so many runs, of so many exchanges each, reach a claim.

    It holds if the runs of every measured model are large enough, in part if those of some are, and
    is contradicted if the product is wrong, below the claim, or too little for all models.
    """
    v, target = line.values, _claim(line)
    needed = [target / (m.mean_steps * _items(line)) for m in models]
    enough = sum(x <= v["runs"] for x in needed)
    near = target / v["runs"] / _items(line)
    text = (
        f"arithmetic holds for models with {near:.1f} steps or more: {enough} of {len(models)} "
        f"models need <= {v['runs']:.0f} runs, the median model {median(needed):.0f}"
    )
    if v["runs"] * v["per_run"] != v["result"] or v["result"] < target or not enough:
        return "contradicted", text
    return ("holds" if enough == len(models) else "holds in part"), text


def _calls_per_task(line: Statement, models: Sequence[ModelPrediction]) -> Judgement:
    """Judge that so many calls per task is a conservative assumption.

    It is if no measured model takes fewer on average.
    """
    assumed = line.values["calls_per_task"]
    means = [m.mean_steps for m in models]
    below = sum(x < assumed for x in means)
    text = (
        f"above the mean of {below} of {len(models)} models "
        f"({min(means):.1f} to {max(means):.1f}, on average {fmean(means):.1f})"
    )
    if below == 0:
        return "holds", f"conservative: {text}"
    return "contradicted", f"not conservative: {text}"


def _single_runs(line: Statement, models: Sequence[ModelPrediction]) -> Judgement:
    """Judge that a claim is a few runs of another benchmark.

    It holds in part if the stated range of runs meets the one that follows from the stated sizes.
    """
    del models  # the line is about another benchmark
    v, target = line.values, _claim(line)
    fewest, most = target / v["high_per_run"], target / v["low_per_run"]
    text = f"{target:,.0f} = {fewest:.1f} to {most:.0f} runs"
    if fewest <= v["high_runs"] and most >= v["low_runs"]:
        return "holds in part", f"possible: {text}"
    return "contradicted", f"contradicted: {text}"


def _daily_rate(line: Statement, models: Sequence[ModelPrediction]) -> Judgement:
    """Say that a daily rate cannot be tested, and how long each claim would take at it.

    Claims that name a window are turned into rates a day beside it.
    """
    del models
    rate = line.values["requests_per_day"]
    days = {x: claim_value(x) / rate for x in line.claims}
    reported = {x: claim_value(x) / (claims()[x].window_days or 1) for x in line.windowed}
    return "cannot be tested", (
        f"no measurement of {rate:,.0f} a day; at this rate "
        + ", ".join(f"{x} takes {_days(value)} days" for x, value in days.items())
        + "; reports that name a window come to "
        + ", ".join(f"{value / 1e3:,.0f} k a day ({x})" for x, value in reported.items())
    )


def _days(value: float) -> str:
    """Return a number of days, with two decimals below ten."""
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _amplification(line: Statement, models: Sequence[ModelPrediction]) -> Judgement:
    """Judge that it holds if half of the requests reach the number, in part if 1 in 100 does."""
    del models  # the line is about any request, and about every measured model
    least, request = line.values["least"], amplification()["request"]
    finding, words = _reached(least, request["tool_steps_p50"] + 1, request["tool_steps_p99"] + 1)
    return finding, f"{words}: {_request_measured()}; {_tasks_measured(least)}"


def _reached(least: float, half: float, one_in_a_hundred: float) -> tuple[Finding, str]:
    """Return the finding of a number, and words for it.

    It holds if `half`, what half of the requests reach, is as large; in part if `one_in_a_hundred`
    is.
    """
    if half >= least:
        return "holds", "usual"
    if one_in_a_hundred >= least:
        return "holds in part", "in the tail"
    return "contradicted", "not easily"


def _request_measured() -> str:
    """Return what was measured of the steps of a request and of a session, in words."""
    request, session = amplification()["request"], amplification()["session"]
    return (
        f"a request takes {request['calls_mean']} calls on average; its tool-initiated steps have "
        f"mean {request['tool_steps_mean']}, p50 {request['tool_steps_p50']}, "
        f"p90 {request['tool_steps_p90']}, p99 {request['tool_steps_p99']}, those of a session "
        f"p99 {session['tool_steps_p99']:,}"
    )


def _tasks_measured(least: float) -> str:
    """Return in words what was measured of benchmark tasks, and how many models reach a number."""
    measured = step_distributions().values()
    means = [float(x.steps.mean()) for x in measured]
    tails = [float(np.quantile(x.steps, 0.99)) for x in measured]
    return (
        f"benchmark tasks have mean {min(means):.1f} to {max(means):.1f} and p99 {min(tails):.0f} "
        f"to {max(tails):.0f} by model; the mean is {least:.0f} or more for "
        f"{sum(x >= least for x in means)} of {len(means)} models, the p99 for "
        f"{sum(x >= least for x in tails)}"
    )


def _product_use(line: Statement, models: Sequence[ModelPrediction]) -> Judgement:
    """Say that use of a product cannot be tested, and how many requests a day it would be.

    Exchanges are turned into requests at the measured calls of each, and at one.
    """
    del models
    exchanges, calls = _claim(line), amplification()["request"]["calls_mean"]
    spans = (
        f"{exchanges / calls / days / 1e3:,.0f} to {exchanges / days / 1e3:,.0f} thousand "
        f"requests a day over {days:.0f} days"
        for days in (line.values["short_days"], line.values["long_days"])
    )
    return "cannot be tested", (
        f"{exchanges:,.0f} exchanges are {exchanges / calls / 1e6:.2f} M requests at the measured "
        f"{calls} calls each, {exchanges / 1e6:.0f} M at 1: {', '.join(spans)}"
    )


def _sum(line: Statement, models: Sequence[ModelPrediction]) -> Judgement:
    """Judge that the parts of a sum add up to at least its result."""
    del models
    parts = [x for key, x in line.values.items() if key != "result"]
    text = f"{sum(parts) / 1e6:.2f} M against over {line.values['result'] / 1e6:.0f} M"
    if sum(parts) < line.values["result"]:
        return "contradicted", f"does not add up: {text}"
    return "holds", f"arithmetic holds: {text}; each part is a lower bound"


def _per_account(line: Statement, models: Sequence[ModelPrediction]) -> Judgement:
    """Judge that a quotient of exchanges and accounts is right, to the nearest whole number."""
    del models
    v = line.values
    quotient = v["exchanges"] / v["accounts"]
    if abs(quotient - v["result"]) >= 0.5:
        return "contradicted", f"the quotient is {quotient:,.1f}"
    return "holds", f"arithmetic holds: {quotient:,.1f}, a mean that no limit per account forbids"


_CHECKS: dict[str, Callable[[Statement, Sequence[ModelPrediction]], Judgement]] = {
    "run_size": _run_size,
    "runs": _runs,
    "calls_per_task": _calls_per_task,
    "single_runs": _single_runs,
    "daily_rate": _daily_rate,
    "amplification": _amplification,
    "product_use": _product_use,
    "sum": _sum,
    "per_account": _per_account,
}


def compute(inputs: Inputs) -> tuple[Verdict, ...]:
    """Judge every statement by the simulated benchmark runs."""
    return verdicts(inputs.shared(benchmark_runs.compute))


def documents_table(comparison: Comparison, verdicts: tuple[Verdict, ...]) -> Table:
    """Return a row for each statement, with all that is known of it; text shows it as a list."""
    keys = ("id", "statement", "finding", "verdict", "convention", "source", "note")
    columns = tuple(text_column(key, key) for key in keys)
    rows = tuple(tuple(asdict(x)[key] for key in keys) for x in verdicts)
    finding = say_documents(comparison, verdicts)
    return Table(
        "documents", "documents", finding, columns, rows, wide=("convention", "source", "note")
    )


def say_documents(_: Comparison, verdicts: tuple[Verdict, ...]) -> str:
    """Say how many statements hold, and how many do not."""
    if not verdicts:
        return ""
    counts = Counter(x.finding for x in verdicts)
    parts = [f"{finding}: {n}" for finding, n in counts.most_common()]
    return f"Lines of the documents' arithmetic, {len(verdicts)} in all: {', '.join(parts)}"


SECTION = Section(
    id="documents",
    question="the arithmetic of the two source documents beside measurements",
    tables=(documents_table,),
    compute=compute,
    findings=(say_documents,),
    importance=1,
)
