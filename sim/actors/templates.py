"""Which system prompts the accounts of an actor use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Bools, Floats, Ints
from sim.entities.accounts import Accounts
from sim.entities.behaviour import OWN_MODE
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
class SlotTemplates:
    """Templates by slot and variant: whoever takes over a slot keeps to its templates.

    Attributes
    ----------
    number : shape (slots, variants)
        Templates of the universe. The first variants are for what accounts and their end users do
        themselves; those from `lists_from` on are for the actor's list of prompts.
    own_count, listed_count : shape (slots,)
        How many of either kind each slot uses.
    """

    number: NDArray[np.int16]
    own_count: Ints
    listed_count: Ints
    lists_from: int

    def of_accounts(self, accounts: Accounts, templates: int) -> Templates:
        """Return the templates of each account; the universe has so many `templates`."""
        number = self.number[accounts.slot]
        pair = accounts.organisation[:, None] * templates + number
        prefix = np.unique(pair, return_inverse=True)[1].reshape(pair.shape).astype(np.int32)
        own_count, listed_count = self.own_count[accounts.slot], self.listed_count[accounts.slot]
        return Templates(number, prefix, own_count, listed_count, self.lists_from)


@dataclass(frozen=True)
class Templates:
    """Templates by account and variant, as in `SlotTemplates`, shape (accounts, variants).

    `prefix` numbers the pairs of organisation and template, whose static prefix is cached once.
    """

    number: NDArray[np.int16]
    prefix: NDArray[np.int32]
    own_count: Ints
    listed_count: Ints
    lists_from: int

    def variant(self, account: Ints, pick: Ints, is_listed: Bools) -> Ints:
        """Return the variant that each session uses, shape (sessions,).

        `pick` is any number that tells end users or sessions apart.
        """
        listed = self.lists_from + pick % np.maximum(self.listed_count[account], 1)
        return np.where(is_listed, listed, pick % self.own_count[account])


def any_variant(uniform: Floats) -> Ints:
    """Return a `pick` for each number in [0, 1): every variant with about the same chance."""
    return np.asarray(uniform * _MANY, np.int64)


def draw_slot_templates(
    actor: Actor,
    behaviours: Sequence[Actor],
    mode: Ints,
    universe: Universe,
    streams: Streams,
) -> SlotTemplates:
    """Draw the templates of each slot.

    Parameters
    ----------
    actor, behaviours
        Templates of the list are the actor's, others those of the slot's behaviour.
    mode
        Behaviour of each slot, shape (slots,).
    universe, streams
        All templates that there are, and what draws among them.
    """
    rng, slots = streams.rng(actor.id, "templates"), len(mode)
    usual = np.array([_usual_templates(behaviour) for behaviour in behaviours])[mode]
    own_count = _counts(rng, usual, mode)
    listed_count = _counts(rng, np.ones(slots, np.int64), mode) * (actor.list_share > 0)

    # what accounts do themselves; templates handed out to all are handed out for the list, if
    # there is one
    shared = actor.templates if not actor.list_share else None
    columns = []
    for _ in range(int(own_count.max())):
        column = np.empty(slots, np.int64)
        for number, behaviour in enumerate(behaviours):
            member = np.flatnonzero(mode == number)
            families = actor.families if shared else behaviour.families
            column[member] = universe.draw_templates(rng, len(member), families, shared)
        columns.append(column)

    if actor.list_share:
        common = universe.common_templates(rng, actor.families, actor.templates)
        columns += [
            universe.pick_templates(rng, common, slots, actor.families)
            for _ in range(int(listed_count.max()))
        ]
    table = np.stack(columns, axis=1).astype(np.int16)
    return SlotTemplates(table, own_count, listed_count, int(own_count.max()))


def brings_templates(behaviour: Actor) -> bool:
    """Tell whether the end users of accounts have templates of their own."""
    return behaviour.end_users > 1 and behaviour.end_users_bring_templates


def _usual_templates(behaviour: Actor) -> int:
    """Return how many templates accounts use themselves: one, or one for each end user."""
    return min(behaviour.end_users, _MOST) if brings_templates(behaviour) else 1


def _counts(rng: np.random.Generator, usual: Ints, mode: Ints) -> Ints:
    """Draw how many templates each slot has: as usual, or, of one usually, as all classes do.

    Those of `OWN_MODE` have what is usual; arrays have shape (slots,).
    """
    if not (mode != OWN_MODE).any():
        return usual
    more = 1 + rng.geometric(1 / _MORE_MEAN, len(mode))
    common = np.where(rng.random(len(mode)) < _SINGLE_SHARE, 1, np.minimum(more, _MOST))
    return np.where((mode == OWN_MODE) | (usual > 1), usual, common)
