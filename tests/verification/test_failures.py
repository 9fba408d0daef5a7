"""Failures, retries and pauses against their probabilities and formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.scenarios import coders, ordinary, scenario, simple, simulated
from tests.verification.report import BLUE, INK, Report, caption, panels, save

pytestmark = pytest.mark.verify

DAYS, RATE = 4.0, 120.0
NEAR_THE_END_US = 600_000_000


def attempts(overload: float, server_error: float, on_failure: str) -> Any:
    """Attempts of single calls in order of call and number, with what came before each.

    Calls that the opening or the end of the log may cut are left out.
    """
    world = ordinary(
        overload=overload,
        server_error=server_error,
        timeout_us=10**10,
        load={"slowdown_at_peak": 1.0},
    )
    dials = {**simple(RATE), "on_failure": on_failure, "resume_after_s": 20.0, "tier": "none"}
    asked = scenario(coders(400, **dials), days=DAYS, world=world)
    rows, _ = simulated(asked)
    rows = rows.sort_values(["actor", "serial", "number"], ignore_index=True)
    calls = rows.groupby("serial")
    first, begins = calls["number"].transform("min"), calls["ts"].transform("min")
    whole = (first == 0) & (begins < asked.clock.duration_us - NEAR_THE_END_US)
    rows = rows[whole].reset_index(drop=True)
    rows["pause"] = rows["ts"] - (rows["ts"] + rows["duration"]).shift()
    return rows


def share(report: Report, name: str, found: int, n: int, p: float) -> None:
    report.near(name, found / n, p, float(np.sqrt(p * (1 - p) / n)))


def test_failures_and_retries(report: Report) -> None:
    """Attempts fail independently, so their number is a geometric cut off at three."""
    from scipy.stats import chisquare, kstest

    overload, server_error = 0.12, 0.08
    p = overload + server_error
    rows = attempts(overload, server_error, "give_up")
    n, failed = len(rows), rows["status"] != 200
    share(report, "share of attempts that fail", int(failed.sum()), n, p)
    share(report, "share overloaded", int((rows["status"] == 529).sum()), n, overload)
    share(report, "share of server errors", int((rows["status"] == 500).sum()), n, server_error)
    tries = np.bincount(rows.groupby("serial").size(), minlength=4)[1:]
    wanted = np.array([1 - p, p * (1 - p), p * p])
    report.exact("calls of more than three attempts", len(tries) - 3, 0)
    report.probable("attempts per call", float(chisquare(tries, wanted * tries.sum()).pvalue))
    answered = int((rows["status"] == 200).sum())
    share(report, "share of calls answered in the end", answered, int(tries.sum()), 1 - p**3)
    error_s = rows["duration"][failed] / 1e6
    report.probable("KS of error times", float(kstest(error_s, "uniform", (0.05, 0.45)).pvalue))
    pauses = [rows["pause"][rows["number"] == k + 1] / 1e6 for k in (0, 1)]
    for k, pause in enumerate(pauses):
        low, width = 0.375 * 2**k, 0.125 * 2**k
        name = f"KS of the pause before retry {k + 1}"
        report.probable(name, float(kstest(pause, "uniform", (low, width)).pvalue))

    figure, (left, right) = panels(2)
    left.bar(np.arange(1, 4), tries / tries.sum(), color=BLUE, width=0.6, label="simulated")
    left.plot(np.arange(1, 4), wanted, "o", color=INK, ms=5, label="p = 0.2, cut off at three")
    left.set_yscale("log")
    left.set_ylim(0.01, 2)
    left.set_xticks([1, 2, 3])
    caption(left, "Attempts of a call that may fail", "attempts", "share of calls")
    for k, pause in enumerate(pauses):
        height = 1 / (0.125 * 2**k)
        right.hist(
            pause, bins=40, density=True, color=BLUE, alpha=0.7, label=f"before retry {k + 1}"
        )
        right.plot([0.375 * 2**k, 0.5 * 2**k], [height, height], color=INK, lw=1.5)
    caption(right, "Pauses between attempts (lines: formula)", "seconds", "density")
    save(figure, "failures")
    report.close()


def test_calls_are_resumed(report: Report) -> None:
    """Clients that resume go on until they are answered: the geometric is not cut off."""
    from scipy.stats import chisquare

    p = 0.4
    rows = attempts(0.3, 0.1, "resume")
    tries = np.bincount(rows.groupby("serial").size())[1:]
    top = 9
    found = np.append(tries[:top], tries[top:].sum())
    wanted = np.append((1 - p) * p ** np.arange(top), p**top)
    report.probable("attempts per call", float(chisquare(found, wanted * found.sum()).pvalue))
    answered = int((rows["status"] == 200).sum())
    report.exact("calls never answered", int(tries.sum()) - answered, 0)
    later = rows["number"] > 0
    chain = later & (rows["number"] % 3 == 0)
    pause = rows["pause"][chain]
    report.exact("pauses between chains that are not 20 s", int((pause != 20_000_000).sum()), 0)
    report.near(
        "mean attempts per call",
        len(rows) / tries.sum(),
        1 / (1 - p),
        float(np.sqrt(p) / (1 - p) / np.sqrt(tries.sum())),
    )

    figure, (axes,) = panels(1, width=5.5)
    k = np.arange(1, len(found) + 1)
    axes.bar(k, found / found.sum(), color=BLUE, label="simulated")
    axes.plot(k, wanted, "o", color=INK, ms=4, label="geometric, p = 0.4")
    axes.set_yscale("log")
    axes.set_xticks(k, [*map(str, k[:-1]), f"{k[-1]}+"])
    caption(axes, "Attempts of a call that is resumed", "attempts", "share of calls")
    save(figure, "resumed")
    report.close()


def test_long_answers_are_hung_up_on(report: Report) -> None:
    """Exactly the calls whose answer would take longer than the limit end at it."""
    free = _answers(10**10)
    limit_us = int(np.quantile(free["duration"], 0.8))
    late = int((free["duration"] > limit_us).sum())
    cut = _answers(limit_us)
    first = cut[cut["number"] == 0]
    hung_up = first["status"] == 499
    report.exact("first attempts timed out", int(hung_up.sum()), late)
    waited = first["duration"][hung_up]
    report.exact("time-outs of another length", int((waited != limit_us).sum()), 0)
    report.exact("answers longer than the limit", int((first["duration"] > limit_us).sum()), 0)
    report.close()


def _answers(timeout_us: int) -> Any:
    world = ordinary(
        overload=0.0, server_error=0.0, timeout_us=timeout_us, load={"slowdown_at_peak": 1.0}
    )
    dials = {**simple(60.0), "tier": "none"}
    return simulated(scenario(coders(200, **dials), days=2.0, world=world))[0]
