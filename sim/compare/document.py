"""The arithmetic of the discussed documents, line by line, with a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal

from sim.catalog import Statement, benchmarks, claim_value, lookup, sources, statements
from sim.compare.predict import CONVENTION, ModelPrediction

Finding = Literal["holds", "holds in part", "contradicted"]
Answer = tuple[Finding, str]

AS_REPORTED = "as reported, undefined"


@dataclass(frozen=True)
class Verdict:
    """One line of a document's arithmetic, and what the measured data say about it."""

    id: str
    statement: str
    finding: Finding
    verdict: str
    convention: str
    source: str
    note: str


def verdicts(models: Sequence[ModelPrediction]) -> tuple[Verdict, ...]:
    """Return a verdict for every statement of the catalog, in its order."""
    return tuple(_verdict(x, models) for x in statements().values())


def _verdict(line: Statement, models: Sequence[ModelPrediction]) -> Verdict:
    finding, text = _CHECKS[line.kind](line, models)
    return Verdict(
        id=line.id,
        statement=line.statement,
        finding=finding,
        verdict=text,
        convention=AS_REPORTED if line.kind in ("sum", "per_account") else CONVENTION,
        source=sources()[line.source].text,
        note=line.note,
    )


def _items(line: Statement) -> int:
    return lookup(benchmarks(), "benchmark", line.benchmark or "").items


def _claim(line: Statement) -> float:
    return claim_value(line.claim or "")


def _run_size(line: Statement, models: Sequence[ModelPrediction]) -> Answer:
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


def _runs(line: Statement, models: Sequence[ModelPrediction]) -> Answer:
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


def _calls_per_task(line: Statement, models: Sequence[ModelPrediction]) -> Answer:
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


def _single_runs(line: Statement, models: Sequence[ModelPrediction]) -> Answer:
    del models  # the line is about another benchmark
    v, target = line.values, _claim(line)
    fewest, most = target / v["high_per_run"], target / v["low_per_run"]
    text = f"{target:,.0f} = {fewest:.1f} to {most:.0f} runs"
    if fewest <= v["high_runs"] and most >= v["low_runs"]:
        return "holds in part", f"possible: {text}"
    return "contradicted", f"contradicted: {text}"


def _sum(line: Statement, models: Sequence[ModelPrediction]) -> Answer:
    del models
    parts = [x for key, x in line.values.items() if key != "result"]
    text = f"{sum(parts) / 1e6:.2f} M against over {line.values['result'] / 1e6:.0f} M"
    if sum(parts) < line.values["result"]:
        return "contradicted", f"does not add up: {text}"
    return "holds", f"arithmetic holds: {text}; each part is a lower bound"


def _per_account(line: Statement, models: Sequence[ModelPrediction]) -> Answer:
    del models
    v = line.values
    quotient = v["exchanges"] / v["accounts"]
    if abs(quotient - v["result"]) >= 0.5:
        return "contradicted", f"the quotient is {quotient:,.1f}"
    return "holds", f"arithmetic holds: {quotient:,.1f}, a mean that no limit per account forbids"


_CHECKS: dict[str, Callable[[Statement, Sequence[ModelPrediction]], Answer]] = {
    "run_size": _run_size,
    "runs": _runs,
    "calls_per_task": _calls_per_task,
    "single_runs": _single_runs,
    "sum": _sum,
    "per_account": _per_account,
}
