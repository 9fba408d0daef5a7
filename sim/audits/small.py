"""A scenario cut to a size that is quickly simulated once more."""

from __future__ import annotations

from sim.arrays.time import HOUR_US
from sim.scenario.resolved import Actor, Scenario

MOST_ACCOUNTS, LONGEST_US = 400, 6 * HOUR_US


def cut_small(scenario: Scenario) -> Scenario:
    """Return a scenario of at most six hours and some 400 accounts, with every actor in it.

    Accounts, organisations and targets shrink alike; each actor keeps at least one account.
    """
    asked = sum(actor.accounts for actor in scenario.actors)
    factor = min(1.0, MOST_ACCOUNTS / asked)
    duration_us = min(scenario.clock.duration_us, LONGEST_US)
    time = duration_us / scenario.clock.duration_us

    clock = scenario.clock.model_copy(update={"duration_us": duration_us})
    events = tuple(event for event in scenario.world.events if event.at_us < duration_us)
    return scenario.model_copy(
        update={
            "clock": clock,
            "actors": tuple(_cut(a, factor, factor * time, duration_us) for a in scenario.actors),
            "world": scenario.world.model_copy(update={"events": events}),
            "tables": scenario.tables.model_copy(update={"format": "parquet"}),
        }
    )


def _cut(actor: Actor, factor: float, of_target: float, duration_us: int) -> Actor:
    """Return an actor with fewer accounts, a lower target, and within a shorter clock."""
    accounts = max(1, round(actor.accounts * factor))
    change: dict[str, int | None] = {"accounts": accounts}
    if actor.organisations is not None:
        change["organisations"] = min(accounts, max(1, round(actor.organisations * factor)))
    if actor.target_exchanges is not None:
        change["target_exchanges"] = max(1, round(actor.target_exchanges * of_target))
    if actor.starts_us is not None and actor.starts_us >= duration_us:
        change["starts_us"] = 0
    if actor.lasts_us is not None:
        change["lasts_us"] = None
    return actor.model_copy(update=change)
