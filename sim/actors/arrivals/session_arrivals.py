"""Who opens a session when: the places of a population, and the people behind each account."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.actors.arrivals.point_process import session_starts, with_jitter
from sim.actors.arrivals.rates import DAY_US, course_of, rates_per_day
from sim.actors.arrivals.session_length import lead_us
from sim.actors.context import ActorContext
from sim.actors.prompts import PromptSource
from sim.actors.templates import any_choice
from sim.arrays.ragged import position_in
from sim.arrays.types import Bools, Floats, Ints
from sim.entities import pools
from sim.entities.tenure import FOREVER_US
from sim.streams import mixed, uniforms
from sim.world.load import activity


class SessionArrivals(NamedTuple):
    """Sessions in order of time; arrays of shape (sessions,).

    `person` counts the end users of an account from 0; `choice` says which of the account's
    templates a session uses; `language` is a number of a pool, `kind` is what the session works on,
    `moves_at` is compared with the share that takes up a new model.
    At `until_us` the account may send no more: -`FOREVER_US` where nobody sends at all. Such
    sessions are drawn too, so that what an account does is the same whatever became of others.
    """

    start_us: Ints
    account: Ints
    person: Ints
    choice: Ints
    language: Ints
    kind: Ints
    away: Bools
    moves_at: Floats
    until_us: Ints

    def pick(self, index: Any) -> SessionArrivals:
        return SessionArrivals(*(column[index] for column in self))


class EndUsers(NamedTuple):
    """End users of places: place, number within it, hours from UTC, and language."""

    place: Ints
    number: Ints
    utc_offset_h: Ints
    language: Ints


def draw_arrivals(context: ActorContext, shard: int, places: range) -> SessionArrivals:
    """The sessions that the accounts of `places` open from the lead to the end of the log."""
    people = end_users_of(context, places)
    start, who = draw_starts(context, shard, places, people)
    start, who = _at_work(context, shard, start, who)
    place = people.place[who]
    held = context.timeline.at(place, start)
    rng = context.streams.rng(context.actor.id, shard, "sessions")
    thinned, on_list, away, moves, which = rng.random((5, len(start)))
    sends = (held.row >= 0) & (thinned < held.factor)
    account = np.where(sends, held.row, place)
    return SessionArrivals(
        start_us=start,
        account=account,
        person=people.number[who],
        choice=_choices(context, people.number[who], which),
        language=people.language[who],
        kind=_kinds(context, account, start, on_list),
        away=away < context.actor.away_share,
        moves_at=_moves_at(context, account, moves),
        until_us=np.where(sends, held.until_us, -FOREVER_US),
    )


def end_users_of(context: ActorContext, places: range) -> EndUsers:
    """Everyone behind the accounts; the first is at home where the account is."""
    accounts = context.accounts
    own = np.arange(places.start, places.stop)
    count = context.accounts.end_users[own]
    place = np.repeat(own, count)
    number = position_in(count)
    language = pools.COUNTRY_LANGUAGE[accounts.country[place]]
    offset = accounts.utc_offset_h[place]
    if count.max(initial=1) > 1:
        key = context.streams.key("pool", "people")
        u = mixed(mixed(key, accounts.account_id[place]), number)
        chance = uniforms(u)
        abroad = (number > 0) & (chance < context.accounts.abroad_share[place])
        edges = np.cumsum(pools.COUNTRY_WEIGHTS)
        drawn = uniforms(mixed(u, 1))
        country = np.minimum(np.searchsorted(edges, drawn), len(edges) - 1)
        language = np.where(abroad, pools.COUNTRY_LANGUAGE[country], language)
        offset = np.where(abroad, pools.COUNTRY_UTC_OFFSET_H[country], offset)
    return EndUsers(place, number, offset, language)


def draw_starts(
    context: ActorContext, shard: int, places: range, people: EndUsers
) -> tuple[Ints, Ints]:
    """(start, number among `people`) of sessions, each mode by itself."""
    actor = context.actor
    mode = context.accounts.mode[people.place]
    per_day = rates_per_day(context, places)[people.place - places.start]
    per_day /= context.accounts.end_users[people.place]
    found = []
    for number in np.unique(mode).tolist():
        behaviour = context.behaviours[number]
        # whoever has no money left for tokens opens nothing
        mine = np.flatnonzero((mode == number) & (per_day > 0))
        offset = people.utc_offset_h[mine]
        name = (actor.id, shard, *((number,) if number else ()))
        expected = float(per_day[mine].sum()) * context.horizon_us / DAY_US
        lead = lead_us(behaviour, expected, context.streams.rng(*name, "lead"))
        rng = context.streams.rng(*name, "arrivals")
        start, who = session_starts(
            DAY_US * context.session_calls[number] / per_day[mine],
            offset,
            {h: course_of(context, behaviour, h) for h in np.unique(offset).tolist()},
            rng,
            -lead,
            context.horizon_us,
        )
        if actor.jitter_sigma:
            rng = context.streams.rng(*name, "jitter")
            start, who = with_jitter(start, who, actor.jitter_sigma, rng, -lead, context.horizon_us)
        found.append((start, mine[who]))
    if len(found) == 1:
        return found[0]
    start, who = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(start, kind="stable")
    return start[order], who[order]


def _at_work(context: ActorContext, shard: int, start: Ints, who: Ints) -> tuple[Ints, Ints]:
    """Leave out the sessions that a holiday keeps from being opened.

    A Poisson process thinned at random is one of the lower rate.
    """
    share = activity(context.world, start)
    if share.min(initial=1) == 1:
        return start, who
    rng = context.streams.rng(context.actor.id, shard, "holidays")
    opened = rng.random(len(start)) < share
    return start[opened], who[opened]


def _choices(context: ActorContext, person: Ints, chance: Floats) -> Ints:
    """End users keep to a template if they bring their own; else sessions use any of them."""
    if context.actor.end_users > 1 and context.actor.end_users_bring_templates:
        return person
    return any_choice(chance)


def _kinds(context: ActorContext, account: Ints, start_us: Ints, chance: Floats) -> Ints:
    """What sessions work on; a new account warms up with cover."""
    actor, accounts = context.actor, context.accounts
    if not actor.has_cover:
        return np.full(len(account), PromptSource.OWN)
    listed = (chance < accounts.list_share[account]) & ~context.warms_up(account, start_us)
    return np.where(listed, PromptSource.LIST, PromptSource.COVER)


def _moves_at(context: ActorContext, account: Ints, chance: Floats) -> Floats:
    """Of an account one number for all its sessions; where organisations differ, one for each."""
    if context.actor.uptake_concentration is None:
        return context.accounts.moves_at[account]
    return context.pivoted(account, chance)
