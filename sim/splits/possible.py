"""What can be said of splits before anything is simulated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.catalog import typologies
from sim.documents.quantities import format_duration
from sim.scenario.resolved import Scenario
from sim.splits.dials import Scheme, SplitDials

Finding = tuple[tuple[str, ...], str]


def impossible(dials: SplitDials, scenarios: Sequence[Scenario]) -> Iterator[Finding]:
    """Yield what the dials ask for and these simulations cannot have.

    Whether there are labels, examples and campaigns that adapt is known only when they are made.

    Parameters
    ----------
    dials
        Of the splits.
    scenarios
        Of the simulations, all of one clock.

    Yields
    ------
    (path, message)
        The key below `splits`, and what is wrong with it.
    """
    length = scenarios[0].clock.duration_us
    yield from _moments(dials, length)
    for scheme, why in _lacks(scenarios, dials):
        if dials.asks_for(scheme):
            yield ("schemes",), f"{scheme}: {why}"


def _moments(dials: SplitDials, length_us: int) -> Iterator[Finding]:
    """Yield moments that leave nothing of the log."""
    log = f"a log of {format_duration(length_us)}"
    cut_off, gap, at = dials.time.cut_off, dials.time.gap, dials.regime.at
    if (cut_off or 0) + (gap or 0) >= length_us:
        given = {"cut_off": cut_off, "gap": gap}
        parts = [f"{name} {format_duration(us)}" for name, us in given.items() if us]
        yield ("time",), f"{' and '.join(parts)} leave nothing to test on in {log}"
    if at is not None and at >= length_us:
        yield ("regime", "at"), f"{format_duration(at)} lies behind {log}"


def _lacks(scenarios: Sequence[Scenario], dials: SplitDials) -> Iterator[tuple[Scheme, str]]:
    """Yield the schemes that these simulations cannot have, and why."""
    if len({scenario.world.seed for scenario in scenarios}) < 2:
        yield "world-held-out", "there is one world; give the recipe two `worlds`"
    there = {actor.typology for scenario in scenarios for actor in scenario.actors}
    extracting = [t for t in there if typologies()[t].is_extraction]
    if len(extracting) < 2:
        yield (
            "typology-held-out",
            f"{len(extracting)} of the typologies that extract are in the scenarios, two are "
            "needed",
        )
    events = [event for scenario in scenarios for event in scenario.world.events]
    if dials.regime.at is None and not any(event.kind == "release" for event in events):
        yield (
            "regime",
            "no model is released within the log; give the scenario a release, or splits.regime.at",
        )
