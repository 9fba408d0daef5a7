"""The table of the scenarios that reach reported figures, of what stands in their comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import sim.catalog as catalog
from sim.documents.quantities import format_duration
from sim.scenario import load_scenario, shipped_scenarios
from tools.scenario_outcomes.block import measured_of
from tools.scenario_outcomes.measures import own_actors

_NUMBER = r"([0-9.,]+(?: [kM])?)"
_HEADER = ["scenario", "typology", "", "accounts", "days", "run with", "its exchanges"]


def blocks(table: Callable[..., str]) -> dict[str, Callable[[], str]]:
    """Return the generated block of docs/guides/scenarios.md; `table` writes Markdown."""
    return {"claims": lambda: table([*_HEADER, "at full size", "expected"], rows(), right=3)}


def rows() -> list[list[str]]:
    """Return a row for each scenario that reaches a reported figure."""
    return [_row(name) for name in shipped_scenarios() if name.startswith("claim_")]


def _row(name: str) -> list[str]:
    scenario = load_scenario(name)
    settings, *measured = measured_of(shipped_scenarios()[name].read_text(encoding="utf-8"))
    actors = own_actors(scenario)
    typology = catalog.typologies()[actors[0].typology]
    of_run = _found(rf"\S+: exchanges \(C1\) {_NUMBER}, .*", measured)
    _, _, changes = settings.partition(", ")
    return [
        f"`{name}`",
        typology.id,
        "abusive" if typology.is_extraction else "legitimate",
        f"{sum(actor.accounts for actor in actors):,}",
        format_duration(scenario.clock.duration_us).removesuffix(" d"),
        changes,
        of_run,
        _found(rf"at full size: {_NUMBER} .*", measured) or of_run,
        _found(rf"expected of all accounts .*: {_NUMBER} exchanges", measured),
    ]


def _found(pattern: str, lines: Sequence[str]) -> str:
    """Return the number in the first line that has this form; empty if none has."""
    found = (re.fullmatch(pattern, one) for one in lines)
    return next((match[1] for match in found if match), "")
