"""Accounts that work in sessions of user turns: people at an agent, and programs like them."""

from __future__ import annotations

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.actors.population import Population
from sim.actors.rhythm import Intensity
from sim.actors.workload import Block, Stage, draw_calls, mean_calls
from sim.scaffold.fill import fill
from sim.scaffold.ragged import starts_of
from sim.scaffold.rows import Placement, place
from sim.scenario.resolved import Actor
from sim.streams import opaque_ids

Ints = NDArray[np.int64]

_DAY_US = 86_400_000_000
LEAD_US = 14 * _DAY_US
_LONG_CALL_US = 300_000_000
_SLICE_ROWS = 65_536
_SHORTEST_SLICE_US = 600_000_000
SHARD_ACCOUNTS = 4_096
_TASKS_PER_SHARD_BITS = 32


class SessionWorkload:
    """The accounts of one shard of a population.

    It begins `LEAD_US` before the log opens, so that sessions of every age are in progress at
    the opening. Only sessions longer than the lead are missing from it: with the default dials
    they hold less than one exchange in ten thousand. Sessions that must end long before the opening
    are not filled.
    """

    def __init__(self, stage: Stage, shard: int) -> None:
        self._stage, self._shard = stage, shard
        actor = stage.actor
        low = shard * SHARD_ACCOUNTS
        high = min(low + SHARD_ACCOUNTS, actor.accounts)
        self._low = low
        volume = stage.accounts.volume[low:high]
        # volume has mean 1; the dial is the median over accounts
        mean_per_day = actor.exchanges_per_account_day * np.exp(actor.account_volume_sigma**2 / 2)
        sessions_per_day = volume * mean_per_day / mean_exchanges(actor)
        offsets = stage.accounts.utc_offset_h[low:high].tolist()
        by_offset = {h: Intensity(actor.rhythm, stage.clock.start, h) for h in sorted(set(offsets))}
        self.opens_us = -LEAD_US
        self.rows_per_us = mean_per_day * volume.sum() / _DAY_US
        self.slice_us = max(_SHORTEST_SLICE_US, round(_SLICE_ROWS / self.rows_per_us))
        self._population = Population(
            mean_gap_us=_DAY_US / sessions_per_day,
            intensity=[by_offset[h] for h in offsets],
            rng=stage.streams.rng(actor.id, shard, "arrivals"),
            opens_us=self.opens_us,
            ends_us=stage.clock.duration_us,
        )
        self._slice = self._sessions = self._tasks = 0

    def start(self, env: simpy.Environment) -> None:
        self._population.start(env)

    def collect(self) -> list[Block]:
        start, account = self._population.drain()
        account += self._low
        slice_no, self._slice = self._slice, self._slice + 1
        agent = self._stage.accounts.agent[account]
        filled = (
            self._fill(k, start[agent == k], account[agent == k], slice_no)
            for k in np.unique(agent).tolist()
        )
        return [block for block in filled if block is not None]

    def _fill(self, agent: int, start: Ints, account: Ints, slice_no: int) -> Block | None:
        stage, actor = self._stage, self._stage.actor
        name = (actor.id, self._shard, slice_no, agent)
        rng = stage.streams.rng(*name, "turns")
        turns = draw_turns(actor, len(start), rng)
        total = int(turns.sum())
        calls = draw_calls(actor, total, rng)
        gap = np.rint(actor.human_gap_s.sample(rng, total) * 1e6).astype(np.int64)
        keep = start + _longest_us(turns, calls, gap) >= 0
        if not keep.all():
            of_kept = np.repeat(keep, turns)
            start, account, turns = start[keep], account[keep], turns[keep]
            calls, gap, total = calls[of_kept], gap[of_kept], int(of_kept.sum())
        if not total:
            return None
        sessions = stage.sessions(account, turns, calls, gap)
        exchanges = fill(sessions, stage.agents[agent], stage.models, stage.streams, *name)
        session_no, task_no = self._number(len(start), total)
        placement = Placement(
            start_us=start,
            account=stage.first_account + account,
            model=sessions.model,
            session_no=session_no,
            task_no=task_no,
            prompt=opaque_ids(stage.streams.key(actor.id, "prompts"), task_no),
            item=np.full(total, -1),
            round=np.zeros(total, np.int64),
        )
        return Block(*place(exchanges, placement, calls, stage.clock.duration_us))

    def _number(self, sessions: int, tasks: int) -> tuple[Ints, Ints]:
        base = self._shard << _TASKS_PER_SHARD_BITS
        session_no = base + self._sessions + np.arange(sessions)
        task_no = base + self._tasks + np.arange(tasks)
        self._sessions += sessions
        self._tasks += tasks
        return session_no, task_no


def _longest_us(turns: Ints, calls: Ints, gap_us: Ints) -> Ints:
    """A time that sessions hardly ever exceed: their pauses, a day, and five minutes a call."""
    first = starts_of(turns)
    return _DAY_US + np.add.reduceat(gap_us + calls * _LONG_CALL_US, first)


def shards_of(actor: Actor) -> int:
    return -(-actor.accounts // SHARD_ACCOUNTS)


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
    actor, accounts = stage.actor, stage.accounts
    mean = actor.exchanges_per_account_day * np.exp(actor.account_volume_sigma**2 / 2)
    days = np.zeros(len(accounts))
    for offset in np.unique(accounts.utc_offset_h).tolist():
        intensity = Intensity(actor.rhythm, stage.clock.start, offset)
        length_us = intensity.operational_scalar(stage.clock.duration_us)
        days[accounts.utc_offset_h == offset] = length_us / _DAY_US
    return float(mean * (accounts.volume * days).sum())
