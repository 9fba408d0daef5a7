"""T8: whether what does not extract shows which scenario it was simulated in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.audits.chance import clustered_auc
from sim.audits.context import AuditTest, Context
from sim.audits.held_out import halves
from sim.audits.report import Finding, judged_auc, not_checked
from sim.catalog import typologies
from sim.detectors.accounts import Accounts, boosted
from sim.scenario.resolved import Scenario

_TITLE = "accounts that do not extract, of two scenarios, AUC"
# How many accounts have the same card or address depends on who else is there.
_OF_OTHERS = (" degree", " most")
# Of fewer accounts a boosting learns nothing, whatever they show.
_LEAST = 60
_OTHER_SEED = 1_000_003


def check(context: Context) -> Iterator[Finding]:
    """Simulate the scenario as it is and without what extracts, with two seeds of one world.

    A boosting learns from half of the owners of both which of the two an account is of.
    """
    with_them = context.small
    without = without_extraction(with_them)
    if not without.actors or len(without.actors) == len(with_them.actors):
        yield not_checked(_TITLE, "the scenario has but one side")
        return
    other = without.model_copy(update={"seed": (without.seed + _OTHER_SEED) % 2**64})
    both = [Accounts(context.simulate(scenario)) for scenario in (with_them, other)]
    # what one of them lacks is the same for all of its accounts, or a word that few say
    frames = [accounts.features for accounts in both]
    kept = [n for n in frames[0] if n in frames[1] and not n.endswith(_OF_OTHERS)]
    benign = ~both[0].extracts
    counts = [int(benign.sum()), len(frames[1])]
    if min(counts) < _LEAST:
        why = f"too few to tell: {counts[0]} and {counts[1]} accounts, {_LEAST} needed of each"
        yield not_checked(_TITLE, why)
        return
    values = np.vstack([frames[0][kept].to_numpy()[benign], frames[1][kept].to_numpy()])
    of_other = np.repeat([False, True], [int(benign.sum()), len(frames[1])])
    owner = np.append(both[0].owner[benign], both[1].owner + both[0].owner.max() + 1)
    rng, areas, errors = context.rng("T8"), [], []
    half = halves(of_other, owner, rng)
    for learns in (0, 1):
        learn, ask = half == learns, half != learns
        score = boosted(values[learn], of_other[learn], values[ask])
        area, error = clustered_auc(score[:, None], of_other[ask], owner[ask])
        areas.append(float(area[0]))
        errors.append(float(error[0]))

    says = f"{counts[0]} and {counts[1]} accounts, {len(kept)} aggregates of each"
    yield judged_auc(
        _TITLE,
        float(np.mean(areas)),
        context.limit("T8", "auc"),
        error=float(np.hypot(errors[0], errors[1])) / 2,
        says=says,
    )


def without_extraction(scenario: Scenario) -> Scenario:
    """Return a scenario without the actors whose typology extracts."""
    kinds = typologies()
    actors = tuple(a for a in scenario.actors if not kinds[a.typology].is_extraction)
    return scenario.model_copy(update={"actors": actors})


TEST = AuditTest(
    "T8", "a fingerprint of the scenario", needs=("truth", "simulation", "detect"), check=check
)
