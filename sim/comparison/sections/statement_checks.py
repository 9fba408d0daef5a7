"""Checks of statements: outcome and numbers of each kind, from what the catalog knows.

A check gets the statement and the measured steps of benchmark tasks. It returns the outcome, None
where the catalog says it, and the numbers that the text of the statement shows, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from statistics import fmean

from sim.catalog import (
    Outcome,
    Statement,
    StepDistribution,
    amplification,
    benchmarks,
    claim_value,
    claims,
    lookup,
    statement_runs,
    typologies,
)
from sim.comparison.sections.benchmark_runs import AGENT, CLAIMED, openhands_calls

Found = tuple[Outcome | None, Mapping[str, float]]
Measured = Sequence[StepDistribution]


def found(line: Statement, measured: Measured) -> Found:
    """Return outcome and numbers of a statement by the check of its kind.

    Parameters
    ----------
    line
        The statement.
    measured
        Steps of all measured models; some of models of `CLAIMED`, with `AGENT` and without.
    """
    return _CHECKS[line.kind](line, measured)


def _plain(line: Statement, measured: Measured) -> Found:
    """Judge nothing: the text shows what the statement says, or numbers of a run alone."""
    del measured
    return None, line.values


# The figures


def _sum(line: Statement, measured: Measured) -> Found:
    """Judge that the parts of a sum add up to at least its result."""
    del measured
    parts = sum(x for key, x in line.values.items() if key != "result")
    outcome: Outcome = "holds" if parts >= line.values["result"] else "contradicted"
    return outcome, {"sum_m": parts / 1e6}


def _per_account(line: Statement, measured: Measured) -> Found:
    """Divide exchanges by accounts, which judges nothing."""
    del measured
    return None, {"quotient": line.values["exchanges"] / line.values["accounts"]}


def _share_of_day(line: Statement, measured: Measured) -> Found:
    """Set claims beside the prompts that a large product gets in a day, in percent."""
    del measured
    day = line.values["prompts_per_day"]
    shares = {f"share_{x}": 100 * claim_value(x) / day for x in line.claims}
    return None, {"day_billion": day / 1e9, **shares}


def _later_report(line: Statement, measured: Measured) -> Found:
    """Set a claim beside the total of its report, and beside a later claim with a window."""
    del measured
    total, later = line.claims
    first = _claim(line)
    return None, {
        "share": 100 * first / claim_value(total),
        "later_m": claim_value(later) / 1e6,
        "days": claims()[later].window_days or 0.0,
        "times": claim_value(later) / first,
    }


def _claim(line: Statement) -> float:
    """Return the figure of the claim that a statement names, in exchanges."""
    return claim_value(line.claim or "")


# Calls of a request, of a session and of a task


def _conventions(line: Statement, measured: Measured) -> Found:
    """Say how many calls one request, half of the requests and one benchmark task come to."""
    del line
    means = _means(measured, of_claimed=True)
    request = amplification()["request"]
    return None, {
        "request": request["calls_mean"],
        "half": request["tool_steps_p50"] + 1,
        "least": min(means),
        "most": max(*means, _heavy(measured)),
    }


def _amplification(line: Statement, measured: Measured) -> Found:
    """Judge how easily a request, or a session of requests, comes to so many calls.

    It holds if half of the requests do, in part if 1 in 100 requests or sessions does.
    """
    wanted, request = line.values["least"], amplification()["request"]
    session = amplification()["session"]
    means = [float(x.steps.mean()) for x in measured]

    numbers = {
        "wanted": wanted,
        "p50": request["tool_steps_p50"],
        "p90": request["tool_steps_p90"],
        "p99": request["tool_steps_p99"],
        "session_p90": session["tool_steps_p90"],
        "session_p99": session["tool_steps_p99"],
        "task_least": min(means),
        "task_most": max(means),
        "reach": float(sum(x >= wanted for x in means)),
        "measured": float(len(means)),
    }
    seldom = max(request["tool_steps_p99"], session["tool_steps_p99"])
    return reached(wanted, request["tool_steps_p50"] + 1, seldom + 1), numbers


def reached(wanted: float, half: float, one_in_a_hundred: float) -> Outcome:
    """Return the outcome of a number of calls.

    Parameters
    ----------
    wanted
        Calls that are said to be easily reached.
    half, one_in_a_hundred
        Calls that half of the requests reach, and that 1 in 100 requests or sessions does.
    """
    if half >= wanted:
        return "holds"
    return "in part" if one_in_a_hundred >= wanted else "contradicted"


# Benchmarks


def _items(line: Statement) -> int:
    """Return the items of the benchmark that a statement names; an unknown one is an error."""
    return lookup(benchmarks(), "benchmark", line.benchmark or "").items


def _means(measured: Measured, of_claimed: bool = False) -> list[float]:
    """Return the mean calls of a task with `AGENT`, by model.

    `of_claimed`: of models of the provider alone that the claims are about.
    """
    return [
        float(x.steps.mean())
        for x in measured
        if x.agent == AGENT and (not of_claimed or x.provider == CLAIMED)
    ]


def _heavy(measured: Measured) -> float:
    """Return the mean calls of a task with other scaffolds, by models of that provider."""
    return fmean(
        float(x.steps.mean()) for x in measured if x.agent != AGENT and x.provider == CLAIMED
    )


def _run_size(line: Statement, measured: Measured) -> Found:
    """Judge that a run is tasks times calls per task; only the product can be contradicted."""
    v, items = line.values, _items(line)
    sizes = [x * items for x in _means(measured)]
    own = [x * items for x in _means(measured, of_claimed=True)]
    right = v["tasks"] * v["calls_per_task"] == v["result"]
    return "holds" if right else "contradicted", {
        "items": items,
        "exact": items * v["calls_per_task"],
        "models": len(sizes),
        "least": min(sizes),
        "most": max(sizes),
        "claude_least": min(own),
        "claude_most": max(own),
    }


def _runs(line: Statement, measured: Measured) -> Found:
    """Judge that so many runs, of so many exchanges each, reach a claim.

    It holds if the runs of every measured model are large enough, in part if those of some are, and
    is contradicted if the product is wrong, below the claim, or too little for all models.
    """
    v, target, items = line.values, _claim(line), _items(line)
    needed = [ceil(target / (x * items)) for x in _means(measured)]
    own = [ceil(target / (x * items)) for x in _means(measured, of_claimed=True)]
    enough = sum(x <= v["runs"] for x in needed)

    outcome: Outcome = "holds" if enough == len(needed) else "in part"
    if v["runs"] * v["per_run"] != v["result"] or v["result"] < target or not enough:
        outcome = "contradicted"
    return outcome, {
        "runs": v["runs"],
        "models": len(needed),
        "enough": enough,
        "claude_fewest": min(own),
        "claude_most": max(own),
        "sweagent": ceil(target / (_heavy(measured) * items)),
    }


def _calls_per_task(line: Statement, measured: Measured) -> Found:
    """Judge that so many calls per task is a conservative assumption.

    It is if no measured model takes fewer on average, with any scaffold, and is contradicted if
    none takes as many.
    """
    assumed = line.values["calls_per_task"]
    means, own = _means(measured), _means(measured, of_claimed=True)
    of_all = [*means, _heavy(measured), openhands_calls()]

    outcome: Outcome = "holds" if min(of_all) >= assumed else "in part"
    if max(of_all) < assumed:
        outcome = "contradicted"
    return outcome, {
        "models": len(means),
        "below": sum(x < assumed for x in means),
        "mean": fmean(means),
        "claude_least": min(own),
        "claude_most": max(own),
        "sweagent": _heavy(measured),
        "openhands": openhands_calls(),
    }


def _single_runs(line: Statement, measured: Measured) -> Found:
    """Judge that a claim is a few full runs of a benchmark of conversations.

    It holds in part if the stated range of runs meets the one that follows from the sizes of a run:
    conversations of one call a message to the most calls a message, by fewer or more models.
    """
    del measured  # the statement is about another benchmark
    v, target = line.values, _claim(line)
    fewest_calls = v["passes"] * v["tests"] * v["messages"]
    low, high = v["low_models"] * fewest_calls, v["high_models"] * fewest_calls * v["most_calls"]
    own = v["own_models"] * fewest_calls

    meet = target / high <= v["high_runs"] and target / low >= v["low_runs"]
    return "in part" if meet else "contradicted", {
        **v,
        "low_per_run": low,
        "high_per_run": high,
        "fewest": target / high,
        "most": target / low,
        "own_fewest": target / (own * v["most_calls"]),
        "own_most": target / own,
    }


# Products and prompts


def _daily_rate(line: Statement, measured: Measured) -> Found:
    """Say how many days each claim takes at a daily rate."""
    del measured
    rate = line.values["requests_per_day"]
    return None, {f"days_{x}": claim_value(x) / rate for x in line.claims}


def _product_use(line: Statement, measured: Measured) -> Found:
    """Say how many tasks of the simulated product a claim is, in all and a day."""
    del measured
    (product,) = statement_runs()[line.id].values()
    tasks_k = _claim(line) / product["calls_per_task"] / 1e3
    short, long = line.values["short_days"], line.values["long_days"]
    return None, {
        **line.values,
        "tasks_k": tasks_k,
        "short_k": tasks_k / short,
        "long_k": tasks_k / long,
    }


def _prompt_family(line: Statement, measured: Measured) -> Found:
    """Say what a prompt of a family does to the odds of extraction, over all pairs of typologies.

    The likelihood ratio of two typologies is the quotient of the shares of their prompts that are
    of the family.
    """
    del measured
    kinds = typologies()
    shares = {k: float(x.defaults["families"].get(line.family, 0)) for k, x in kinds.items()}
    accused = [x for k, x in shares.items() if kinds[k].is_extraction and x]
    legal = [x for k, x in shares.items() if not kinds[k].is_extraction and x]

    return None, {
        "legal_least": 100 * min(legal),
        "legal_most": 100 * max(legal),
        "accused_least": 100 * min(accused),
        "accused_most": 100 * max(accused),
        "low": min(accused) / max(legal),
        "high": max(accused) / min(legal),
        "twins": shares["A20"] / shares["L03"],
    }


_CHECKS: dict[str, Callable[[Statement, Measured], Found]] = {
    "plain": _plain,
    "sum": _sum,
    "per_account": _per_account,
    "share_of_day": _share_of_day,
    "later_report": _later_report,
    "conventions": _conventions,
    "amplification": _amplification,
    "run_size": _run_size,
    "runs": _runs,
    "calls_per_task": _calls_per_task,
    "single_runs": _single_runs,
    "daily_rate": _daily_rate,
    "product_use": _product_use,
    "prompt_family": _prompt_family,
}
