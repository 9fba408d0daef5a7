"""Every dial of an actor is in reach of `separability`, or is named here as what is not."""

from __future__ import annotations

from typing import Any

import pytest

from sim.catalog import modes, sharing_groups, typologies
from sim.catalog.data_files import read_yaml
from sim.scenario.resolved import Actor

# What is to be found: what accounts of one operator have in common, however each of them behaves.
TO_BE_FOUND = {
    "list_share": "the list of prompts that is handed out among the accounts",
    "list_share_concentration": "how like accounts are in it",
    "cover": "what the accounts do beside the list",
    "templates": "templates that are handed out",
    "waves_sigma": "what all accounts do together from hour to hour",
    "jitter_sigma": "pauses that are drawn to hide a rhythm",
    "most_per_account_day": "a cap that all accounts keep to",
    "balance": "how work is spread over the accounts",
    "operator": "who replaces accounts that are lost",
    "through": "whose accounts are used",
    "own_network": "with a network of one's own",
    "uptake_concentration": "organisations that move to a new model as one",
}
# What an actor is, or what its work needs; a queue counts for accounts of the own mode alone.
STRUCTURE = {
    *("id", "typology", "arrival", "source", "accounts", "organisations"),
    *("separability", "modes", "circles"),
    *("benchmark", "items", "runs", "step_limit"),
    *("target_exchanges", "workers", "starts_us", "lasts_us"),
    "calibration",  # where dials come from
    "tier",  # limits of the organisation by contract
}
# Dials that no typology has of its own.
ALIKE = {"on_failure", "resume_after_s", "cloud_share"}
# What the scenario says of all actors alike.
OF_THE_SCENARIO = {"volume", "most_of_everybody"}


def shared() -> dict[str, list[Any]]:
    """The values of each dial in all modes, or in all sharing groups."""
    # those of the scaffold of the mode, as the catalog has it
    scaffolds = ("output_tokens", "scaffold", "library", "library_tilt")
    found: dict[str, list[Any]] = {name: [] for name in scaffolds}
    for variants in (modes(), sharing_groups()):
        for variant in variants.values():
            for name, value in variant.parameters.items():
                found.setdefault(name, []).append(value)
    return found


def test_every_dial_is_in_reach_or_named() -> None:
    """Remedy for a new field: a value in every mode or sharing group, or a line above."""
    lists = [set(shared()), set(TO_BE_FOUND), STRUCTURE, ALIKE, OF_THE_SCENARIO]
    assert set(Actor.model_fields) == set.union(*lists)
    assert sum(map(len, lists)) == len(Actor.model_fields)


@pytest.mark.parametrize("entries", [modes(), sharing_groups()], ids=["modes", "sharing groups"])
def test_all_modes_and_all_groups_have_the_same_dials(entries: Any) -> None:
    first, *others = (set(variant.parameters) for variant in entries.values())
    assert all(other == first for other in others)


def test_dials_that_are_alike_are_so_in_every_typology() -> None:
    common = read_yaml("typologies")["common"]
    for typology in typologies().values():
        for name in ALIKE:
            assert typology.defaults[name] == common[name]["value"], (typology.id, name)


def test_every_typology_has_accounts_in_the_modes_of_its_twins() -> None:
    """Whatever one class alone does gives it away."""
    for typology in typologies().values():
        for twin in typology.twins:
            twins = typologies()[twin].defaults
            for dial in ("modes", "circles"):
                weights = typology.defaults[dial]
                missing = {name for name, weight in twins[dial].items() if weight >= 0.1}
                assert missing <= {n for n, w in weights.items() if w}, (typology.id, twin)
