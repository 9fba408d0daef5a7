"""Steps per task of all measured models, at n = 40,000."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.arrays.types import Floats
from sim.catalog import StepDistribution, step_distributions
from sim.scaffold.steps import draw_steps, instance_scores
from sim.streams import Streams
from tests.unit.scaffold.test_steps import MEASURED_COMPONENTS, MINI, components
from tests.verification.report import BLUE, GREY, INK, Report, caption, panels, save

pytestmark = pytest.mark.verify


N = 40_000
ALL = list(step_distributions().values())
# A copula with one factor is a model, not the data: what it may miss, as in the fast tests.
SLACK = (0.010, 0.025, 0.030)


def drawn(x: StepDistribution) -> NDArray[np.int64]:
    streams = Streams(77)
    scores = instance_scores(streams, f"{x.benchmark} {x.model}", N)
    return draw_steps(x, scores, streams.rng(x.agent, x.model))


def z_scores(x: StepDistribution) -> Floats:
    """How far, in standard errors: mean, share up to each quantile, share at the limit."""
    steps = drawn(x)
    found = [(steps.mean() - x.steps.mean()) / (x.steps.std() / N**0.5)]
    for p in (0.5, 0.9, 0.99):
        mark = np.quantile(x.steps, p)
        found.append(_of_share(float((steps <= mark).mean()), float((x.steps <= mark).mean())))
    limit = x.at_limit / len(x.steps)
    found.append(_of_share(float((steps >= x.step_limit).mean()), limit))
    return np.array(found)


def _of_share(share: float, p: float) -> float:
    return (share - p) / (p * (1 - p) / N) ** 0.5 if 0 < p < 1 else 1e9 * (share - p)


def test_steps_of_every_model(report: Report) -> None:
    from scipy.stats import chi2

    z = np.array([z_scores(x) for x in ALL])
    report.exact("models and scaffolds", len(ALL), 27)
    for k, name in enumerate(("mean", "median", "90 %", "99 %", "share at the limit")):
        largest = float(np.abs(z[:, k]).max())
        report.at_most(f"{name}: largest of 27 distances in standard errors", largest, 4.0)
        used = z[:, k][z[:, k] != 0]
        report.probable(f"{name}: all distances", float(chi2.sf((used**2).sum(), len(used))))

    figure, (axes,) = panels(1, width=7, height=5.5)
    for k, name in enumerate(("mean", "median", "90 %", "99 %", "limit")):
        axes.plot(z[:, k], np.arange(len(ALL)), "osD^v"[k], ms=4, label=name, alpha=0.8)
    axes.axvspan(-4, 4, color="#f0f0f0", zorder=0, lw=0)
    axes.axvline(0, color=GREY, lw=1)
    axes.set_xlim(-4.5, 6.5)
    axes.set_yticks(range(len(ALL)), [f"{x.agent}, {x.model}" for x in ALL], fontsize=6.5)
    caption(axes, "Simulated minus measured, n = 40,000", "standard errors", "")
    save(figure, "steps_marginals")
    report.close()


def test_variance_components(report: Report) -> None:
    found = []
    for seed in range(100, 160):
        streams = Streams(seed)
        scores = instance_scores(streams, "swe-bench-verified", 500)
        table = [draw_steps(x, scores, streams.rng("steps", x.model)) for x in MINI]
        found.append(components(np.log(np.array(table, np.float64).T)))
    values = np.array(found)
    error = values.std(axis=0, ddof=1) / len(found) ** 0.5
    names = ("model", "instance", "residual")
    for k, name in enumerate(names):
        wanted = MEASURED_COMPONENTS[k]
        report.near(
            f"variance of log steps: {name}", values[:, k].mean(), wanted, error[k], SLACK[k]
        )

    figure, (axes,) = panels(1, width=5)
    for k in range(3):
        jitter = np.linspace(-0.18, 0.18, len(found))
        axes.plot(
            k + jitter, values[:, k], ".", color=BLUE, ms=4, label="a seed" if not k else None
        )
        axes.plot([k - 0.3, k + 0.3], [MEASURED_COMPONENTS[k]] * 2, color=INK, lw=1.5)
    axes.set_xticks(range(3), names)
    axes.set_ylim(0, None)
    caption(axes, "Components of log steps (lines: measured)", "", "variance")
    save(figure, "steps_components")
    report.close()
