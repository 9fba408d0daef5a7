"""Who opens a session when: the slots of an actor, and the end users behind each account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.actors.arrivals.clusters import Clustering
from sim.actors.arrivals.point_process import session_starts, with_jitter
from sim.actors.arrivals.rates import rates_per_day, time_change_of
from sim.actors.arrivals.session_length import lead_us
from sim.actors.context import ActorContext
from sim.actors.prompts import PromptSource
from sim.actors.templates import any_variant, brings_templates
from sim.arrays.ragged import position_in
from sim.arrays.time import DAY_US, FOREVER_US, MINUTE_US
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import NO_LIMITS
from sim.entities import pools
from sim.scenario.resolved import World
from sim.streams import mixed, uniforms
from sim.world.load_curve import activity

# What a spell of an account under limits holds in a day, on average: rates of spells differ, and
# they overlap, so that is well below `MOST_UNDER_LIMITS`. In shorter spells no limit is felt.
_MOST_IN_A_SPELL = 2_000
_SHORTEST_SPELL_DAYS = MINUTE_US / DAY_US

# Returns the share of the usual sessions that are opened at some times, shape (times,).
OpenedShare = Callable[[World, Ints], Floats]


class SessionArrivals(NamedTuple):
    """Sessions in order of time; arrays of shape (sessions,).

    `person` counts the end users of an account from 0. `variant_pick` chooses among the account's
    templates, `language` indexes a pool, `prompt_source` is a `PromptSource`. `away` sessions come
    from the account's second address. `moves_at` is compared with the share that takes up a new
    model. At `until_us` the account may send no more; it is -`FOREVER_US` where nobody sends at
    all. Such sessions are drawn too, so that what an account does is the same whatever became of
    others.
    """

    start_us: Ints
    account: Ints
    person: Ints
    variant_pick: Ints
    language: Ints
    prompt_source: Ints
    away: Bools
    moves_at: Floats
    until_us: Ints

    def pick(self, index: Any) -> SessionArrivals:
        """Return some of the sessions, by mask or index array."""
        return SessionArrivals(*(column[index] for column in self))


class EndUsers(NamedTuple):
    """End users: slot, number within it, hours from UTC, and language; shape (end users,)."""

    slot: Ints
    number: Ints
    utc_offset_h: Ints
    language: Ints


def draw_arrivals(
    context: ActorContext, shard: int, slots: range, opened_share: OpenedShare | None = None
) -> SessionArrivals:
    """Draw the sessions that `slots` open from the lead to the end of the log.

    Parameters
    ----------
    context
        The actor.
    shard
        Names the random streams.
    slots
        Those whose accounts open sessions.
    opened_share
        Decides what holidays leave of the sessions; `activity` if left out.
    """
    users = end_users_of(context, slots)
    start_us, user = draw_starts(context, shard, slots, users)
    opened = _thinned(context, shard, start_us, opened_share or activity)
    start_us, user = start_us[opened], user[opened]

    rng = context.streams.rng(context.actor.id, shard, "sessions")
    thinned, on_list, away, moves, which = rng.random((5, len(start_us)))

    # a slot that is empty sends nothing, one that is throttled a share
    slot, person = users.slot[user], users.number[user]
    occupancy = context.timeline.at(slot, start_us)
    sends = (occupancy.row >= 0) & (thinned < occupancy.factor)
    account = np.where(sends, occupancy.row, slot)

    return SessionArrivals(
        start_us=start_us,
        account=account,
        person=person,
        variant_pick=_variant_picks(context, account, person, which),
        language=users.language[user],
        prompt_source=_prompt_sources(context, account, start_us, on_list),
        away=away < context.of_behaviour("away_share", account),
        moves_at=_moves_at(context, account, moves),
        until_us=np.where(sends, occupancy.until_us, -FOREVER_US),
    )


def end_users_of(context: ActorContext, slots: range) -> EndUsers:
    """Return everyone behind the accounts of `slots`; the first of each lives where it does.

    Some of the others live abroad: then country, language and time zone are drawn.
    """
    accounts, within = context.accounts, np.arange(slots.start, slots.stop)
    count = accounts.end_users[within]
    slot, number = np.repeat(within, count), position_in(count)
    language = pools.COUNTRY_LANGUAGE[accounts.country[slot]]
    offset_h = accounts.utc_offset_h[slot]

    if count.max(initial=1) > 1:
        key = context.streams.key("pool", "people")
        user_key = mixed(mixed(key, accounts.account_id[slot]), number)
        abroad = (number > 0) & (uniforms(user_key) < accounts.abroad_share[slot])

        edges = np.cumsum(pools.COUNTRY_WEIGHTS)
        country = np.searchsorted(edges, uniforms(mixed(user_key, 1)))
        country = np.minimum(country, len(edges) - 1)
        language = np.where(abroad, pools.COUNTRY_LANGUAGE[country], language)
        offset_h = np.where(abroad, pools.COUNTRY_UTC_OFFSET_H[country], offset_h)

    return EndUsers(slot, number, offset_h, language)


def draw_starts(
    context: ActorContext, shard: int, slots: range, users: EndUsers
) -> tuple[Ints, Ints]:
    """Draw (start, index of the end user) of all sessions, in order of time.

    The end users of a slot share its rate evenly, that of its best week: what it does less of in
    the others is left out later. Each behaviour has streams of its own.
    """
    mode = context.accounts.mode[slots.start : slots.stop]
    per_day = rates_per_day(context, slots) * context.timeline.peak(slots)

    by_mode = []
    for number in np.unique(mode).tolist():
        # who has no money left for tokens opens nothing
        member = np.flatnonzero((mode == number) & (per_day > 0))
        name = (context.actor.id, shard, *((number,) if number else ()))
        start_us, which = _starts_of_mode(
            context, number, name, slots.start + member, per_day[member], users
        )
        by_mode.append((start_us, which))
    if len(by_mode) == 1:
        return by_mode[0]

    start_us, user = (np.concatenate(column) for column in zip(*by_mode, strict=True))
    order = np.argsort(start_us, kind="stable")
    return start_us[order], user[order]


def _starts_of_mode(
    context: ActorContext,
    mode: int,
    name: tuple[str | int, ...],
    slot: Ints,
    per_day: Floats,
    users: EndUsers,
) -> tuple[Ints, Ints]:
    """Draw (start, index of the end user) of the sessions of slots that behave alike."""
    actor, behaviour, horizon_us = context.actor, context.behaviours[mode], context.horizon_us
    expected = float(per_day.sum()) * horizon_us / DAY_US
    lead = lead_us(behaviour, expected, context.streams.rng(*name, "lead"))

    # their end users, and the hours of these
    accounts = context.accounts
    user = np.flatnonzero(np.isin(users.slot, slot))
    clock_h = users.utc_offset_h[user] - accounts.late_h[users.slot[user]]

    start_us, which = session_starts(
        DAY_US * context.session_calls[accounts.agent[slot]] / per_day,
        accounts.end_users[slot].astype(np.int64),
        clock_h,
        clustering_of(context, mode, slot, per_day),
        {hours: time_change_of(context, behaviour, hours) for hours in np.unique(clock_h).tolist()},
        context.streams.rng(*name, "arrivals"),
        -lead,
        horizon_us,
    )
    which = user[which]
    if actor.jitter_sigma:
        rng = context.streams.rng(*name, "jitter")
        return with_jitter(start_us, which, actor.jitter_sigma, rng, -lead, horizon_us)
    return start_us, which


def clustering_of(context: ActorContext, mode: int, slot: Ints, per_day: Floats) -> Clustering:
    """Return how the sessions of slots of one behaviour come together.

    Whoever has limits spreads its work, so that the mean rate within a spell is at most
    `_MOST_IN_A_SPELL`; else what one spell is refused would be tried again until the next.

    Parameters
    ----------
    context, mode
        The actor, which has the limits, and the number of the behaviour.
    slot, per_day
        The slots, and the exchanges that each sends in a day.
    """
    behaviour = context.behaviours[mode]
    spells = context.accounts.spells_per_day[slot].astype(np.float64)
    if context.actor.tier != NO_LIMITS:
        days = max(behaviour.spell_hours.mean() / 24, _SHORTEST_SPELL_DAYS)
        least = per_day / (_MOST_IN_A_SPELL * days)
        spells = np.where(spells > 0, np.maximum(spells, least), 0.0)
    burst_size = context.accounts.burst_size[slot].astype(np.float64)
    return Clustering(spells, burst_size, behaviour.spell_hours, behaviour.burst_gap_s)


def _thinned(
    context: ActorContext, shard: int, start_us: Ints, opened_share: OpenedShare
) -> Bools | slice:
    """Tell which sessions are opened on holidays too, by thinning.

    A Poisson process thinned at random is a Poisson process of the lower rate (Lewis and Shedler
    1979, "Simulation of nonhomogeneous Poisson processes by thinning").
    """
    share = opened_share(context.world, start_us)
    if share.min(initial=1) == 1:
        return slice(None)
    rng = context.streams.rng(context.actor.id, shard, "holidays")
    return np.asarray(rng.random(len(start_us)) < share)


def _variant_picks(context: ActorContext, account: Ints, person: Ints, uniform: Floats) -> Ints:
    """End users keep to a template if they bring their own; else sessions use any of them."""
    brings = np.array([brings_templates(behaviour) for behaviour in context.behaviours])
    return np.where(brings[context.accounts.mode[account]], person, any_variant(uniform))


def _prompt_sources(context: ActorContext, account: Ints, start_us: Ints, uniform: Floats) -> Ints:
    """Choose what sessions work on; an account that warms up works on cover alone."""
    if not context.actor.has_cover:
        return np.full(len(account), PromptSource.OWN)
    listed = uniform < context.accounts.list_share[account]
    listed &= ~context.warms_up(account, start_us)
    return np.where(listed, PromptSource.LIST, PromptSource.COVER)


def _moves_at(context: ActorContext, account: Ints, uniform: Floats) -> Floats:
    """Return one number for all sessions of an account, or one each if organisations differ."""
    if context.actor.uptake_concentration is None:
        return context.accounts.moves_at[account]
    return context.uptake_uniforms(account, uniform)
