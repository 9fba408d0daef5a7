"""Scenarios: check and show them, list what ships, describe the files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim._inputs import expect_one_of, scenario_from

if TYPE_CHECKING:
    import pandas as pd

    from sim._inputs import Overrides, ScenarioLike
    from sim.scenario import Scenario
    from sim.scenario.rounding import Rounded

# What `list` shows and `schema` describes; the command line offers the same words.
KINDS = (
    "scenarios",
    "recipes",
    "typologies",
    "benchmarks",
    "agents",
    "models",
    "world",
    "levels",
    "limits",
    "traces",
    "claims",
    "hypotheses",
    "detectors",
    "exports",
)
SCHEMAS = ("scenario", "recipe", "hypotheses", "claims")


def check(
    scenario: ScenarioLike,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
) -> Scenario:
    """Check a scenario, and return it resolved: defaults filled in, scaled.

    Parameters
    ----------
    scenario
        A file, `-` for standard input, the name of a shipped scenario, a mapping that holds what a
        file would, a Scenario, or a Run, whose scenario is meant.
    seed
        Seed of all draws, 0 to 2^64 - 1, instead of the scenario's. Drawn if neither names one.
    scale
        Multiplies populations and targets, above 0, instead of the scenario's.
    overrides
        Changes of keys, made in their order before the scenario is checked: texts such as
        `actors.coders.accounts=5`, or a mapping such as `{"actors.coders.accounts": 5}`.

    Returns
    -------
    Scenario
        Frozen, with a seed.

    Raises
    ------
    InvalidInputError
        Lists every fault, each with its file, line and column, or with the path of its key.
    """
    rounded: list[Rounded] = []
    resolved = scenario_from(
        scenario, seed=seed, scale=scale, overrides=overrides, rounds=rounded.extend
    )
    for warning in scale_warnings(resolved, rounded):
        logging.getLogger("sim.check").warning("%s: %s", resolved.name, warning)
    return resolved


def scale_warnings(scenario: Scenario, rounded: Sequence[Rounded]) -> list[str]:
    """Return what is worth a warning about the scale of a scenario.

    Parameters
    ----------
    scenario
        Resolved. Its accounts are made at a scale below 1 alone, to see what look-alikes send.
    rounded
        The numbers that the scale rounds by more than a fifth.
    """
    from sim.scenario.rounding import rounding_words

    warnings = [rounding_words(rounded, scenario.scale)] if rounded else []
    if scenario.scale < 1:
        from sim.engine.unscaled import look_alike_warning

        warnings.append(look_alike_warning(scenario))
    return list(filter(None, warnings))


def show(
    scenario: ScenarioLike,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
) -> str:
    """Return the resolved scenario as YAML with units as comments; to be printed.

    The parameters are those of `check`; `check(...).to_dict()` has the same values as data.
    """
    from sim.scenario import dump_resolved

    return dump_resolved(check(scenario, seed=seed, scale=scale, overrides=overrides))


def list_(kind: str | None = None) -> pd.DataFrame:
    """List shipped scenarios and what the catalog knows.

    Parameters
    ----------
    kind
        scenarios, recipes, typologies, benchmarks, agents, models, world, levels, limits, traces,
        claims, hypotheses or detectors. Left out, all of them are listed.

    Returns
    -------
    DataFrame
        Of one kind a row for each entry, with all that is known of it; sources and statuses of
        values in the column `values`. Of all kinds the columns kind, id and title.
    """
    import pandas as pd

    from sim._listing import entries

    if kind is not None:
        expect_one_of("kind", kind, KINDS)
        return pd.DataFrame([entry.record for entry in entries(kind)])

    rows = [(name, *entry.line[:2]) for name in KINDS for entry in entries(name)]
    return pd.DataFrame(rows, columns=["kind", "id", "title"])


def schema(kind: str = "scenario") -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of files: scenario, recipe, hypotheses or claims."""
    expect_one_of("kind", kind, SCHEMAS)
    if kind == "scenario":
        from sim.scenario import json_schema

        return json_schema()

    if kind == "recipe":
        from sim.packs.recipe_schema import recipe_schema

        return recipe_schema()

    from sim.comparison.schemas import claims_schema, hypotheses_schema

    return claims_schema() if kind == "claims" else hypotheses_schema()
