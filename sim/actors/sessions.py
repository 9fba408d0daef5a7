"""Accounts that work in sessions of user turns: people at an agent, and programs like them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.actors.population import Population
from sim.actors.rhythm import Intensity
from sim.actors.workload import Block, Stage
from sim.scaffold.fill import Drawn
from sim.scaffold.ragged import starts_of
from sim.scaffold.rows import Placement, exchange_rows
from sim.scaffold.turns import draw_tool_steps, draw_turns_of, mean_calls
from sim.scenario.resolved import Actor, Clock
from sim.streams import opaque_ids
from sim.tables.columns import Columns, concat, take
from sim.world.attempts import Attempts
from sim.world.cache import session_read_tokens
from sim.world.contended import Work
from sim.world.gateway import with_tokens
from sim.world.load import activity

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_DAY_US = 86_400_000_000
LEAD_US = 14 * _DAY_US
_LONG_CALL_US = 300_000_000
_SLICE_ROWS = 65_536
_SHORTEST_SLICE_US = 600_000_000
_SHARD_ROWS = 400_000
_TASKS_PER_SHARD_BITS = 28


class _Piece(NamedTuple):
    """A block of sessions that were opened in one slice."""

    drawn: Drawn
    placement: Placement
    start_us: Ints
    attempts: Attempts


class SessionWorkload:
    """The accounts of one shard of a population.

    It begins `LEAD_US` before the log opens, so that sessions of every age are in progress at
    the opening. Only sessions longer than the lead are missing from it: with the default dials
    they hold less than one exchange in ten thousand. Sessions that must end long before the opening
    are not filled.
    """

    def __init__(self, stage: Stage, shard: int, accounts: range) -> None:
        self._stage, self._shard, self._accounts = stage, shard, accounts
        actor, own = stage.actor, slice(accounts.start, accounts.stop)
        volume = stage.accounts.volume[own]
        self._sessions_per_day = volume * mean_per_day(actor) / mean_exchanges(actor)
        self._offsets = stage.accounts.utc_offset_h[own].tolist()
        self.rows_per_us = mean_per_day(actor) * volume.sum() / _DAY_US
        self._slice_us = max(_SHORTEST_SLICE_US, round(_SLICE_ROWS / self.rows_per_us))
        self._opened = self._tasks = 0

    def blocks(self) -> Iterator[Block]:
        """Organisations that hit a limit are simulated again, event by event."""
        pieces = list(self._pieces())
        rows = concat([_rows(piece) for piece in pieces])
        if not rows:
            return
        rows = take(rows, np.argsort(rows["ts"]))
        gateway = self._stage.gateway(-LEAD_US)
        read = gateway.read_tokens(rows)
        gateway.check(rows, read, self._stage.horizon_us)
        classes = len(self._stage.sizes)
        limited: Bools = np.asarray(gateway.overdrawn.reshape(-1, classes).any(axis=1))
        spared = (rows["bucket"] < 0) | ~limited[rows["bucket"] // classes]
        yield Block(
            self._stage.in_log(with_tokens(take(rows, spared), read[spared])),
            concat([self._tasks_of(piece, limited, spared=True) for piece in pieces]),
        )
        if limited.any():
            yield from self._under_limits(pieces, limited)

    def blocks_under_limits(self) -> Iterator[Block]:
        """All organisations event by event, whether they hit a limit or not."""
        everyone = np.ones(int(self._stage.accounts.organisation.max()) + 1, np.bool_)
        yield from self._under_limits(list(self._pieces()), everyone)

    def _tasks_of(self, piece: _Piece, limited: Bools, *, spared: bool) -> Columns:
        bucket = piece.drawn.shape.bucket[piece.drawn.shape.session[piece.attempts.call]]
        mine = limited[bucket // len(self._stage.sizes)] != spared
        return self._stage.tasks(piece.drawn, piece.placement, piece.attempts.pick(mine))

    def _under_limits(self, pieces: list[_Piece], limited: Bools) -> Iterator[Block]:
        stage = self._stage
        engine = stage.event_loop(-LEAD_US)
        works = []
        for piece in pieces:
            inside = limited[piece.drawn.shape.bucket // len(stage.sizes)]
            if not inside.any():
                continue
            work = Work(piece.drawn.shape)
            works.append((piece, work))
            for number in np.flatnonzero(inside).tolist():
                engine.open(work, number, int(piece.start_us[number]))
        engine.run(stage.horizon_us)
        for piece, work in works:
            attempts, read = work.take()
            rows = exchange_rows(piece.drawn, piece.placement, attempts)
            tasks = stage.tasks(piece.drawn, piece.placement, attempts)
            yield Block(stage.in_log(with_tokens(rows, read)), tasks)

    def _pieces(self) -> Iterator[_Piece]:
        """Open sessions slice by slice and fill them."""
        stage, actor = self._stage, self._stage.actor
        by_offset = {h: Intensity(actor.rhythm, stage.clock.start, h) for h in set(self._offsets)}
        population = Population(
            mean_gap_us=_DAY_US / self._sessions_per_day,
            intensity=[by_offset[h] for h in self._offsets],
            rng=stage.streams.rng(actor.id, self._shard, "arrivals"),
            opens_us=-LEAD_US,
            ends_us=stage.horizon_us,
        )
        env = simpy.Environment(initial_time=-LEAD_US)
        population.start(env)
        self._opened = self._tasks = 0
        slices = -(-(stage.horizon_us + LEAD_US) // self._slice_us)
        for number in range(slices):
            env.run(until=(number + 1) * self._slice_us - LEAD_US)
            start, account = self._at_work(*population.drain(), number)
            account += self._accounts.start
            agent = stage.accounts.agent[account]
            for k in np.unique(agent).tolist():
                piece = self._fill(k, start[agent == k], account[agent == k], number)
                if piece is not None:
                    yield piece

    def _at_work(self, start: Ints, account: Ints, slice_no: int) -> tuple[Ints, Ints]:
        """Leave out the sessions that a holiday keeps from being opened.

        A Poisson process thinned at random is one of the lower rate.
        """
        share = activity(self._stage.world, start)
        if share.min(initial=1) == 1:
            return start, account
        rng = self._stage.streams.rng(self._stage.actor.id, self._shard, slice_no, "holidays")
        opened = rng.random(len(start)) < share
        return start[opened], account[opened]

    def _fill(self, agent: int, start: Ints, account: Ints, slice_no: int) -> _Piece | None:
        stage, actor = self._stage, self._stage.actor
        name = (actor.id, self._shard, slice_no, agent)
        rng = stage.streams.rng(*name, "turns")
        turns = draw_turns(actor, len(start), rng)
        total = int(turns.sum())
        asked = draw_turns_of(actor, draw_tool_steps(actor, total, rng), rng)
        gap = np.rint(actor.human_gap_s.sample(rng, total) * 1e6).astype(np.int64)
        keep = start + _longest_us(turns, asked.calls, gap) >= 0
        if not keep.all():
            of_kept = np.repeat(keep, turns)
            start, account, turns = start[keep], account[keep], turns[keep]
            asked, gap, total = asked.pick(of_kept), gap[of_kept], int(of_kept.sum())
        if not total:
            return None
        session_no, task_no = self._number(len(start), total)
        moves_at = stage.accounts.moves_at[account]
        sessions = stage.sessions(account, start, moves_at, turns, asked, gap, task_no)
        drawn = stage.fill(sessions, agent, *name)
        placement = Placement(
            account=stage.first_account + account,
            model=sessions.model,
            session_no=session_no,
            task_no=task_no,
            prompt=opaque_ids(stage.streams.key(actor.id, "prompts"), task_no),
            item=np.full(total, -1),
            round=np.zeros(total, np.int64),
        )
        return _Piece(drawn, placement, start, stage.settle(drawn, start).attempts)

    def _number(self, sessions: int, tasks: int) -> tuple[Ints, Ints]:
        base = self._shard << _TASKS_PER_SHARD_BITS
        session_no = base + self._opened + np.arange(sessions)
        task_no = base + self._tasks + np.arange(tasks)
        self._opened += sessions
        self._tasks += tasks
        return session_no, task_no


def _rows(piece: _Piece) -> Columns:
    rows = exchange_rows(piece.drawn, piece.placement, piece.attempts)
    return rows | {"session_read": session_read_tokens(piece.drawn.shape, piece.attempts)}


def _longest_us(turns: Ints, calls: Ints, gap_us: Ints) -> Ints:
    """A time that sessions hardly ever exceed: their pauses, a day, and five minutes a call."""
    first = starts_of(turns)
    return _DAY_US + np.add.reduceat(gap_us + calls * _LONG_CALL_US, first)


def shards_of(actor: Actor, clock: Clock) -> list[range]:
    """Cut the accounts so that a shard is expected to have some `_SHARD_ROWS` exchanges."""
    expected = actor.accounts * mean_per_day(actor) * (clock.duration_us + LEAD_US) / _DAY_US
    shards = min(actor.accounts, max(1, round(expected / _SHARD_ROWS)))
    edges = [actor.accounts * k // shards for k in range(shards + 1)]
    return [range(low, high) for low, high in pairwise(edges)]


def mean_per_day(actor: Actor) -> float:
    """Expected exchanges per account and day; the dial is the median over accounts."""
    return float(actor.exchanges_per_account_day * np.exp(actor.account_volume_sigma**2 / 2))


def draw_turns(actor: Actor, size: int, rng: np.random.Generator) -> Ints:
    """User turns of `size` sessions, at least 1."""
    dial = actor.turns_per_session
    more = np.maximum(np.rint(dial.more.sample(rng, size)), 1)
    return np.where(rng.random(size) < dial.single_share, 1, more).astype(np.int64)


def mean_exchanges(actor: Actor) -> float:
    """Expected exchanges of a session."""
    dial = actor.turns_per_session
    turns = dial.single_share + (1 - dial.single_share) * dial.more.rounded_mean(low=1)
    return turns * mean_calls(actor)


def expected_exchanges(stage: Stage) -> float:
    """Exchanges that the accounts of a population send during the log, given their volumes.

    A log of three weekdays expects more than three sevenths of a week: what counts is the time
    of each account under its rhythm.
    """
    accounts = stage.accounts
    days = np.zeros(len(accounts))
    for offset in np.unique(accounts.utc_offset_h).tolist():
        intensity = Intensity(stage.actor.rhythm, stage.clock.start, offset)
        length_us = _active_us(stage, intensity)
        days[accounts.utc_offset_h == offset] = length_us / _DAY_US
    return float(mean_per_day(stage.actor) * (accounts.volume * days).sum())


def _active_us(stage: Stage, intensity: Intensity) -> float:
    """Operational time of the log, less what holidays take of it."""
    edges = {0, stage.horizon_us}
    for event in stage.world.events:
        edges |= {event.at_us, event.until_us or stage.horizon_us}
    inside = np.array(sorted(e for e in edges if 0 <= e <= stage.horizon_us), np.int64)
    passed = np.diff(intensity.operational(inside.astype(np.float64)))
    return float((passed * activity(stage.world, inside[:-1])).sum())
