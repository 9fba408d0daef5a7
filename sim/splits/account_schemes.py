"""Schemes that share out accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.splits.deal import dealt
from sim.splits.given import FOLDS, TEST, TRAIN, Given, Scheme, folded, kept_apart, of_accounts
from sim.splits.times import NotPossibleError


def campaign(have: Given) -> Iterator[Scheme]:
    """Keep operators, and what they and others have, in one fold."""
    dials = have.dials.campaign
    shares = (
        1 - dials.validation_share - dials.test_share,
        dials.validation_share,
        dials.test_share,
    )
    fold = kept_apart(have, _dealt(have, "campaign", shares))
    meanings = {
        "train": "operators, organisations and what they share, apart from those of other folds",
        "validation": "others",
        "test": "others",
        "dropped": "accounts that share with a later fold what few have",
    }
    made = of_accounts(have, "campaign", fold, meanings)
    made.counts["extracting"] = folded(made.fold[have.extracts])
    made.counts["operators"] = _operators(have, fold)
    made.counts.update(_components(have))
    yield made


def typology_held_out(have: Given) -> Iterator[Scheme]:
    """Hold out each typology that extracts, one a scheme.

    Every account is tested in one of these schemes: those that do not extract are dealt to them.
    Else what is tested nowhere, or twice, could not be one that extracts.
    """
    kinds = sorted(set(have.accounts["typology_id"][have.extracts]))
    if len(kinds) < 2:
        raise NotPossibleError(
            f"{len(kinds)} of the typologies that extract are in the log, two are needed"
        )
    order = have.streams.rng("splits", "typology-held-out").permutation(len(kinds))
    part = _dealt(have, "typology-held-out", [1 / len(kinds)] * len(kinds), ~have.extracts)

    for number, kind in enumerate(kinds[k] for k in order):
        sought = (have.accounts["typology_id"] == kind).to_numpy()
        tested = np.where(have.extracts, sought, part == number)
        fold = kept_apart(have, np.where(tested, TEST, TRAIN))
        meanings = {
            "train": f"all typologies but {kind}",
            "test": f"{kind}, and accounts that do not extract",
            "dropped": "accounts that share with the test what few have",
        }
        # how many extract would tell which typology it is
        yield of_accounts(have, f"typology-held-out-{number + 1}", fold, meanings)


def adaptation_held_out(have: Given) -> Iterator[Scheme]:
    """Hold out campaigns that adapt."""
    wanted = have.dials.adaptation_held_out.operators
    campaigns = have.tables.rows(
        "SELECT campaign_uid, adaptations::VARCHAR AS done FROM truth_campaigns"
    )
    adapts = campaigns["done"].str.split().map(lambda words: not set(words).isdisjoint(wanted))
    theirs = have.accounts["campaign_uid"].isin(campaigns["campaign_uid"][adapts]).to_numpy()
    sought = theirs & have.extracts

    share = sought.sum() / max(have.extracts.sum(), 1)
    if not 0 < share < 1:
        found = "all" if share else "none"
        raise NotPossibleError(
            f"{found} of the campaigns adapt by {', '.join(wanted)} "
            "(docs/reference/typologies.md says how); give "
            "splits.adaptation_held_out.operators that some have and others have not"
        )
    part = _dealt(have, "adaptation-held-out", (1 - share, share), ~have.extracts)
    tested = np.where(have.extracts, sought, part == 1)
    fold = kept_apart(have, np.where(tested, TEST, TRAIN))
    meanings = {
        "train": f"campaigns without {', '.join(wanted)}, and accounts that do not extract",
        "test": f"campaigns with {' or '.join(wanted)}, and other accounts that do not extract",
        "dropped": "accounts that share with the test what few have",
    }
    yield of_accounts(have, "adaptation-held-out", fold, meanings)


def world_held_out(have: Given) -> Iterator[Scheme]:
    """Hold out the last world of the pack."""
    worlds: dict[str, str] = {}
    if "truth/members" in have.tables.schemas:
        members = have.tables.rows(
            "SELECT member::VARCHAR AS member, world_seed::VARCHAR AS world"
            " FROM truth_members ORDER BY truth_members.member"
        )
        worlds = dict(zip(members["member"], members["world"], strict=True))
    if len(set(worlds.values())) < 2:
        raise NotPossibleError("there is one world; give the recipe two `worlds`")

    last = list(dict.fromkeys(worlds.values()))[-1]
    world = have.accounts["actor_id"].str.split(".").str[0].map(worlds)
    fold = np.where(world == last, TEST, TRAIN)
    meanings = {"train": "other worlds", "test": f"world {last}"}
    yield of_accounts(have, "world-held-out", fold, meanings)


def random_rows(have: Given) -> Iterator[Scheme]:
    """Deal accounts at random: a warning."""
    draw = have.streams.rng("splits", "random-rows").random(len(have.accounts))
    fold = np.where(draw < have.dials.random_rows.test_share, TEST, TRAIN)
    meanings = dict.fromkeys(("train", "test"), "accounts at random: a warning, not to be used")
    yield of_accounts(have, "random-rows", fold, meanings)


def _dealt(have: Given, name: str, shares: Any, only: Bools | None = None) -> Ints:
    """Deal components to folds by shares; -1 for accounts that are not among `only`."""
    pick = np.ones(len(have.accounts), bool) if only is None else only
    kind = have.accounts["typology_id"].to_numpy()
    unit = np.where(have.extracts, have.owner, np.arange(len(kind)) + len(kind))
    place, group = (have.links.few[name].to_numpy(np.int64) for name in ("place", "group"))
    shared = (np.cumsum(pick) - 1)[place[pick[place]]], group[pick[place]]

    part = np.full(len(kind), -1)
    rng = have.streams.rng("splits", name, "components")
    part[pick] = dealt(have.component[pick], kind[pick], unit[pick], shares, shared, rng)
    return part


def _operators(have: Given, fold: Ints) -> dict[str, dict[str, int]]:
    """Return how many operators of each typology that extracts are in each fold."""
    found = have.accounts.assign(fold=np.asarray(FOLDS)[fold], owner=have.owner)[have.extracts]
    found = found[found["fold"] != "dropped"].drop_duplicates(["owner", "fold"])
    return {str(kind): folded(rows["fold"]) for kind, rows in found.groupby("typology_id")}


def _components(have: Given) -> dict[str, Any]:
    """Return how many components there are, how large the largest is, and what joins nobody."""
    broken = have.links.few[have.broken].drop_duplicates("group")
    return {
        "components": int(have.component.max(initial=-1)) + 1,
        "largest_component": int(np.bincount(have.component).max(initial=0)),
        "broken": folded(broken["kind"]),
        "popular": folded(have.links.many["kind"]),
    }
