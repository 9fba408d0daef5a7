"""What the reference engine does not simulate, named before a run begins."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import InvalidInputError
from sim.scenario.resolved import Scenario

# A process of each session and a record of each call and attempt: some 2 kB an exchange.
MOST_EXCHANGES = 1_000_000
_MOST_NAMES = 5


def check_covered(scenario: Scenario, expected_exchanges: float) -> None:
    """Refuse what the reference engine does not simulate.

    Parameters
    ----------
    scenario
        The scenario to be run.
    expected_exchanges
        How many exchanges it is expected to send.

    Raises
    ------
    InvalidInputError
        With a line for each thing that is not covered, and what to do.
    """
    problems = list(_uncovered(scenario))
    if expected_exchanges > MOST_EXCHANGES:
        problems.append(
            f"about {expected_exchanges:,.0f} exchanges are more than it holds in memory, "
            f"{MOST_EXCHANGES:,}; give a smaller --scale"
        )
    if problems:
        lines = [f"the reference engine cannot run this: {problem}" for problem in problems]
        raise InvalidInputError("\n".join([*lines, "the fast engine can: give --engine fast"]))


def _uncovered(scenario: Scenario) -> Iterator[str]:
    """Yield what the reference engine does not simulate of a scenario, and what to do about it.

    Bars are simulated for sessions only. In a queue, a prompt whose account was barred goes back to
    the list at the end of a slice of the fast engine's time, which is no rule of
    docs/reference/world.md.
    """
    if scenario.world.enforcement is None:
        return
    queues = [actor.id for actor in scenario.actors if actor.arrival == "queue"]
    if queues:
        yield f"world.enforcement acts on queues ({_listed(queues)}); leave it out"


def _listed(names: list[str]) -> str:
    """Return the first five names, and how many more there are."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
