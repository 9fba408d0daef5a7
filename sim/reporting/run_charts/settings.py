"""What a scenario asks for: who is in it, and what was set before anything was simulated."""

from __future__ import annotations

from dataclasses import dataclass

from sim.catalog import typologies
from sim.scenario.resolved import Actor, Scenario

ORDINARY, ACCESS, EXTRACTION = "ordinary use", "use against the terms", "extraction"
# Who stands behind the accounts of a typology, by its coordination; of nobody nothing is said.
_BEHIND = {
    "campaign": "one operator drives all accounts",
    "operator": "one operator drives all accounts",
    "single operator": "one operator",
    "benign shared": "many people, sharing",
}


@dataclass(frozen=True)
class Setting:
    """One actor as its scenario asks for it.

    Attributes
    ----------
    actor, typology
        Their ids.
    title
        What the typology is.
    kind
        `ORDINARY`, `ACCESS` or `EXTRACTION`.
    behind
        Who stands behind the accounts; empty for nobody in particular.
    accounts
        How many it opens with.
    asked
        How much it is to send, in words.
    is_target
        Whether that is a number of exchanges.
    """

    actor: str
    typology: str
    title: str
    kind: str
    behind: str
    accounts: int
    asked: str
    is_target: bool = False


def settings_of(scenario: Scenario) -> tuple[Setting, ...]:
    """Return the settings of each actor, in the order of the scenario."""
    return tuple(_setting(x) for x in scenario.actors)


def _setting(actor: Actor) -> Setting:
    typology = typologies()[actor.typology]
    kind = ORDINARY if typology.access_legitimacy == "authorised" else ACCESS
    return Setting(
        actor.id,
        actor.typology,
        typology.title,
        EXTRACTION if typology.is_extraction else kind,
        _BEHIND.get(typology.coordination, ""),
        actor.accounts,
        _asked(actor),
        actor.target_exchanges is not None,
    )


def _asked(actor: Actor) -> str:
    """Say how much an actor is to send: exchanges, runs of a benchmark, or so many a day."""
    if actor.target_exchanges is not None:
        return f"{actor.target_exchanges:,} exchange{'' if actor.target_exchanges == 1 else 's'}"
    if actor.runs:
        runs = f"{actor.runs:,} run{'' if actor.runs == 1 else 's'}"
        return f"{runs} of {actor.items:,} tasks of {actor.benchmark}"
    per_day = actor.exchanges_per_account_day * (actor.volume or 1)
    return f"{per_day:,.3g} exchanges a day by the median account"
