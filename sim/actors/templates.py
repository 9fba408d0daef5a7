"""Which system prompts the accounts of an actor use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Bools, Floats, Ints
from sim.entities.accounts import Accounts
from sim.entities.content import Universe
from sim.scenario.resolved import Actor
from sim.streams import Streams

# An account has at most so many templates of its own, and as many from a list.
_MOST = 16
# Where classes are hard to tell apart: share of accounts with a single one, and the mean of the
# others' number beyond that. Priors.
_SINGLE_SHARE, _MORE_MEAN = 0.6, 3.0
_MANY = 1 << 20


@dataclass(frozen=True)
class Templates:
    """Templates by account and variant, shape (accounts, variants).

    The first variants are for what accounts and their end users do themselves, `own` of each; those
    from `lists_from` on are for the list of the actor, `listed` of each. `prefix` numbers the pairs
    of organisation and template, whose static prefix is cached once.
    """

    number: NDArray[np.int16]
    prefix: NDArray[np.int32]
    own: Ints
    listed: Ints
    lists_from: int

    def variant(self, account: Ints, pick: Ints, is_listed: Bools) -> Ints:
        """The variant for sessions; `pick` is any number that tells end users or sessions apart."""
        listed = self.lists_from + pick % np.maximum(self.listed[account], 1)
        return np.where(is_listed, listed, pick % self.own[account])


def any_choice(chance: Floats) -> Ints:
    """A `pick` for each number in [0, 1): any of the variants, with the same chance."""
    return np.asarray(chance * _MANY, np.int64)


def templates_of(
    actor: Actor,
    behaviours: Sequence[Actor],
    accounts: Accounts,
    universe: Universe,
    streams: Streams,
    separability: float,
) -> Templates:
    """Draw them by place; an account that takes over a place keeps to its templates."""
    rng = streams.rng(actor.id, "templates")
    places = int(accounts.slot.max()) + 1
    mode = accounts.mode[:places]
    several = actor.end_users > 1 and actor.end_users_bring_templates
    own = _counts(rng, places, min(actor.end_users, _MOST) if several else 1, separability)
    listed = _counts(rng, places, 1, separability) * (actor.list_share > 0)
    shared = actor.templates if not actor.list_share else None
    columns = []
    for _ in range(int(own.max())):
        column = np.empty(places, np.int64)
        for number, behaviour in enumerate(behaviours):
            mine = np.flatnonzero(mode == number)
            families = actor.families if shared else behaviour.families
            column[mine] = universe.draw_templates(rng, len(mine), families, shared)
        columns.append(column)
    if actor.list_share:
        common = universe.common_templates(rng, actor.families, actor.templates)
        columns += [
            universe.some_of(rng, common, places, actor.families) for _ in range(int(listed.max()))
        ]
    table = np.stack(columns, axis=1).astype(np.int16)[accounts.slot]
    pair = accounts.organisation[:, None] * universe.templates + table
    prefix = np.unique(pair, return_inverse=True)[1].reshape(pair.shape).astype(np.int32)
    return Templates(table, prefix, own[accounts.slot], listed[accounts.slot], int(own.max()))


def _counts(rng: np.random.Generator, places: int, usual: int, separability: float) -> Ints:
    """How many templates each place has: as its class, or as all classes do."""
    if separability == 1:
        return np.full(places, usual)
    more = 1 + rng.geometric(1 / _MORE_MEAN, places)
    common = np.where(rng.random(places) < _SINGLE_SHARE, 1, np.minimum(more, _MOST))
    return np.where(rng.random(places) < separability, usual, common)
