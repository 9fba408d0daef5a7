"""The instrument on runs whose truth is known: typologies weighed by their observables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from sim.comparison import analyse, load_library
from sim.engine.run import run
from sim.scenario import load_scenario
from tests.verification.report import BLUE, GREY, INK, Report, caption, panels, save

pytestmark = pytest.mark.verify

SEEDS = (1, 2)
DRAWS = 10_000


def explained() -> Mapping[str, str]:
    """The explanation that names each typology; those that none names are left out."""
    library = load_library()
    return {t: h.id for h in library.hypotheses.values() for t in h.typologies}


def places(tmp_path: Path) -> list[Path]:
    made = []
    for typology in explained():
        for seed in SEEDS:
            scenario = load_scenario(f"typology_{typology.lower()}", seed=seed)
            place = tmp_path / f"{typology}-{seed}"
            run(scenario, place)
            made.append(place)
    return made


def test_true_explanations_of_runs(report: Report, tmp_path: Path) -> None:
    """With equal odds before, the true explanation should get more than its share.

    The explanations were not fitted to these runs, and their dials are not those of the typologies,
    so probabilities need not be calibrated here; they are where explanations draw clusters
    themselves.
    """
    truth = explained()
    analysis = analyse(
        places(tmp_path),
        by_actor=True,
        sections=["odds"],
        draws=DRAWS,
        prior_odds={"extraction": 1},
    )
    ids = list(analysis.library.hypotheses)
    counted, alone, known = [], [], []
    for cluster, found in zip(analysis.runs, analysis.results["odds"].odds, strict=True):
        typology = next(iter(cluster.truth))
        if not cluster.name.rsplit("/", 1)[1].startswith(f"{typology}-"):
            continue  # the look-alikes beside it
        assert found.posterior is not None
        counted.append(typology)
        known.append(found.posterior[truth[typology]].stated)
        ratios = found.steps[0].ratios
        weights = {k: 10 ** -ratios[k].stated if k in ratios else 1.0 for k in ids}
        alone.append(weights[truth[typology]] / sum(weights.values()))
    for name, values in (("count alone", alone), ("all observables", known)):
        score = float(-np.log2(np.maximum(values, 1e-6)).mean())
        quantity = f"{name}: bits of surprise at the truth, {len(values)} runs"
        if name == "all observables":
            report.at_most(quantity, score, np.log2(len(ids)))
        else:
            report.at_most(quantity, score, np.log2(len(ids)) + 1)
    draw_by_typology(counted, alone, known, 1 / len(ids))
    report.close()


def draw_by_typology(
    names: list[str], alone: list[float], known: list[float], share: float
) -> None:
    figure, (axes,) = panels(1, 1, width=6.5, height=4.5)
    order = sorted(set(names), key=lambda x: int(x[1:]))
    for values, colour, label, shift in (
        (alone, GREY, "count alone", 0.15),
        (known, BLUE, "all observables", -0.15),
    ):
        rows = [order.index(x) + shift for x in names]
        axes.plot(values, rows, "o", color=colour, ms=4, alpha=0.7, label=label)
    axes.axvline(share, color=INK, lw=1, ls="--")
    axes.set_yticks(range(len(order)), order)
    axes.set_xlim(0, 1)
    caption(axes, "Probability of the true explanation", "equal odds before", "typology")
    save(figure, "compare_of_runs")
