"""What a scale leaves as it is: look-alikes, which may then be most of a run."""

from __future__ import annotations

import sim.catalog as catalog
from sim.engine.shards import shards
from sim.population.population import build_population
from sim.scenario.resolved import Scenario

_WORTH_SAYING = 0.5
# Accounts of larger scenarios take a while to make, and three look-alikes are a small part of them.
_MOST_ACCOUNTS = 50_000


def look_alike_warning(scenario: Scenario) -> str:
    """Return the warning that look-alikes send over half of the exchanges of a scaled scenario.

    Parameters
    ----------
    scenario
        Its accounts are made, nothing is simulated.

    Returns
    -------
    str
        Empty at a scale of 1 or more, without look-alikes, and where they send half or less of the
        exchanges that are expected before anybody is refused.
    """
    ids = tuple(catalog.look_alikes())
    if scenario.scale >= 1 or scenario.accounts > _MOST_ACCOUNTS:
        return ""
    first = len(scenario.actors) - len(ids)
    if tuple(actor.id for actor in scenario.actors[max(first, 0) :]) != ids:
        return ""

    cut = shards(build_population(scenario))
    total = sum(shard.expected for shard in cut)
    share = sum(shard.expected for shard in cut if shard.actor >= first) / total if total else 0.0
    if share <= _WORTH_SAYING:
        return ""
    return (
        f"{', '.join(ids[:-1])} and {ids[-1]} are not scaled, and send about "
        f"{min(round(100 * share), 99)} % of the exchanges at scale {scenario.scale:g}; leave them "
        "out with --set look_alikes=false, or choose a larger scale"
    )
