"""What the reference engine does not simulate, named before a run begins."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import InvalidInputError
from sim.scenario.resolved import Actor, Scenario

# A record of each call and a process of each session take some 2 kB an exchange.
MOST_EXCHANGES = 1_000_000


def check_covered(scenario: Scenario, exchanges: float) -> None:
    """Refuse what the reference engine does not simulate.

    Parameters
    ----------
    scenario
        The scenario to be run.
    exchanges
        The number of exchanges that it is expected to send.

    Raises
    ------
    InvalidInputError
        With a line for each thing that is not covered, and what to do.
    """
    problems = list(_uncovered(scenario))
    if exchanges > MOST_EXCHANGES:
        problems.append(
            f"scale: {scenario.scale:g} makes about {exchanges:,.0f} exchanges, and the reference "
            f"engine takes at most {MOST_EXCHANGES:,}; choose a smaller scale"
        )
    if problems:
        problems.append("the fast engine covers all of this: leave out --engine reference")
        raise InvalidInputError("\n".join(problems))


def _uncovered(scenario: Scenario) -> Iterator[str]:
    """Bars of accounts are covered where no worker and no limit depends on them."""
    if scenario.world.enforcement is None:
        return
    for actor in scenario.actors:
        if actor.arrival == "queue":
            yield _problem(actor, "works off a queue", "")
        elif actor.tier != "none":
            yield _problem(actor, f"has limits ({actor.tier})", ", or give it tier: none")


def _problem(actor: Actor, what: str, remedy: str) -> str:
    return (
        f"actors.{actor.id}: {what} while accounts may be barred, which the reference engine does "
        f"not simulate; leave out world.enforcement{remedy}"
    )
