"""Fill a block of sessions with their exchanges, times relative to the start of each session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.catalog import Agent
from sim.scaffold.ragged import cumulate_in, position_in, starts_of
from sim.streams import Streams
from sim.world.cache import CacheUse, use_cache
from sim.world.models import ModelTable

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TOOL_USE, END_TURN, MAX_TOKENS = 0, 1, 2
FINISH_REASONS = ("tool_use", "end_turn", "max_tokens")

_SECOND_US = 1_000_000


@dataclass(frozen=True)
class Sessions:
    """What is asked for: S sessions of `turns` user turns, T turns of `calls` exchanges each."""

    model: Ints
    caches: Bools
    turns: Ints
    calls: Ints
    human_gap_us: Ints

    @property
    def calls_per_session(self) -> Ints:
        return np.add.reduceat(self.calls, starts_of(self.turns))


@dataclass(frozen=True)
class Exchanges:
    """The M exchanges of a block, one array element each, in order of session, turn and call.

    `offset_us` counts from the start of the session; `wait_us` is the time between the previous
    answer and this request (tool or human), 0 for the first of a session.
    """

    session: Ints
    turn: Ints
    position: Ints
    offset_us: Ints
    wait_us: Ints
    ttft_us: Ints
    duration_us: Ints
    cache: CacheUse
    output_tokens: Ints
    finish: Ints
    n_messages: Ints
    n_tool_results_in: Ints
    n_tool_calls_out: Ints
    span_us: Ints

    def part(self, low: int, high: int) -> Exchanges:
        """The sessions [low, high), renumbered from 0; for blocks with one turn a session."""
        rows = slice(*np.searchsorted(self.session, [low, high]).tolist())
        return Exchanges(
            session=self.session[rows] - low,
            turn=self.turn[rows] - low,
            cache=CacheUse(*(tokens[rows] for tokens in self.cache)),
            span_us=self.span_us[low:high],
            **{name: getattr(self, name)[rows] for name in _PLAIN_COLUMNS},
        )


_PLAIN_COLUMNS = (
    "position",
    "offset_us",
    "wait_us",
    "ttft_us",
    "duration_us",
    "output_tokens",
    "finish",
    "n_messages",
    "n_tool_results_in",
    "n_tool_calls_out",
)


def fill(
    sessions: Sessions, agent: Agent, models: ModelTable, streams: Streams, *name: str | int
) -> Exchanges:
    """Draw all that happens inside `sessions`; the streams are `name` plus the purpose."""
    calls, per_session = sessions.calls, sessions.calls_per_session
    turn = np.repeat(np.arange(len(calls)), calls)
    session = np.repeat(np.arange(len(per_session)), per_session)
    position = position_in(calls)
    last = np.zeros(len(turn), np.bool_)
    last[np.cumsum(calls) - 1] = True
    model = sessions.model[session]

    output, truncated = _output_tokens(agent, len(turn), streams.rng(*name, "output"))
    tool_calls = _tool_calls(agent, last, streams.rng(*name, "tool calls"))
    appended = _appended_tokens(agent, position, streams.rng(*name, "append"))
    ttft, duration = models.latency(model, output, streams.rng(*name, "latency"))
    wait = _waits(agent, sessions, position, streams.rng(*name, "tool time"))
    wait[starts_of(per_session)] = 0
    end = cumulate_in(wait + duration, per_session)
    context, compacted = _context(
        agent,
        models.window_tokens[model],
        appended,
        output,
        per_session,
        streams.rng(*name, "base"),
    )
    return Exchanges(
        session=session,
        turn=turn,
        position=position,
        offset_us=end - duration,
        wait_us=wait,
        ttft_us=ttft,
        duration_us=duration,
        cache=use_cache(
            context=context,
            since_previous_us=wait + _previous(duration, per_session),
            fresh=compacted,
            caches=sessions.caches[session],
            min_tokens=models.min_cacheable_tokens[model],
            tail_tokens=agent.uncached_tail_tokens,
        ),
        output_tokens=output,
        finish=np.where(truncated, MAX_TOKENS, np.where(last, END_TURN, TOOL_USE)),
        n_messages=_messages(compacted, per_session),
        n_tool_results_in=np.where(position == 0, 0, np.roll(tool_calls, 1)),
        n_tool_calls_out=tool_calls,
        span_us=end[np.cumsum(per_session) - 1],
    )


def _previous(values: Ints, counts: Ints) -> Ints:
    """The value of the previous row of the group, 0 for the first."""
    before = np.roll(values, 1)
    before[starts_of(counts)] = 0
    return before


def _output_tokens(agent: Agent, size: int, rng: np.random.Generator) -> tuple[Ints, Bools]:
    wanted = np.maximum(np.rint(agent.output_tokens.sample(rng, size)), 1).astype(np.int64)
    return np.minimum(wanted, agent.max_tokens), wanted > agent.max_tokens


def _tool_calls(agent: Agent, last: Bools, rng: np.random.Generator) -> Ints:
    drawn = np.maximum(np.rint(agent.tool_calls_per_step.sample(rng, len(last))), 1)
    return np.where(last, 0, drawn.astype(np.int64))


def _appended_tokens(agent: Agent, position: Ints, rng: np.random.Generator) -> Ints:
    tool = agent.append_tokens.sample(rng, len(position))
    first = np.flatnonzero(position == 0)
    tool[first] = agent.user_append_tokens.sample(rng, len(first))
    return np.maximum(np.rint(tool), 1).astype(np.int64)


def _waits(agent: Agent, sessions: Sessions, position: Ints, rng: np.random.Generator) -> Ints:
    wait = np.rint(agent.tool_time_s.sample(rng, len(position)) * _SECOND_US).astype(np.int64)
    wait[position == 0] = sessions.human_gap_us
    return wait


def _context(
    agent: Agent,
    window: Ints,
    appended: Ints,
    output: Ints,
    per_session: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Bools]:
    """Context of each request in tokens, and whether it was just compacted (or is the first).

    The context grows by what is appended and by the previous answer. Each time it would pass
    the limit, the scaffold replaces (limit - compaction_to_tokens) tokens by nothing, so after n
    compactions it is raw - n * that, with the smallest n that keeps it within the limit.
    """
    base = np.rint(agent.base_context_tokens.sample(rng, len(per_session))).astype(np.int64)
    growth = appended + _previous(output, per_session)
    growth[starts_of(per_session)] = 0
    limit = np.floor(window * agent.compaction_at).astype(np.int64)
    raw = np.repeat(base, per_session) + cumulate_in(growth, per_session)
    removed = limit - agent.compaction_to_tokens
    times = np.maximum(0, -((limit - raw) // removed))
    compacted = times != _previous(times, per_session)
    compacted[starts_of(per_session)] = True
    return raw - times * removed, compacted


def _messages(compacted: Bools, per_session: Ints) -> Ints:
    """Messages in the request: one at first and after a compaction, then two more each call."""
    row = np.arange(len(compacted))
    since = np.maximum.accumulate(np.where(compacted, row, 0))
    first = np.repeat(starts_of(per_session), per_session)
    return 2 * (row - np.maximum(since, first)) + 1
