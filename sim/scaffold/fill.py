"""Draw what is inside a block of sessions: calls with their tokens, tools and pauses."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from sim.arrays.ragged import cumulate_in, position_in, starts_of
from sim.arrays.time import SECOND_US
from sim.arrays.types import Bools, Ints
from sim.catalog import Agent
from sim.scaffold.turns import SERVER_STEPS_PER_EXCHANGE, Turns
from sim.streams import Streams
from sim.world.attempts import FailureDraws
from sim.world.calls import Shape
from sim.world.models import ModelTable

FINISH_REASONS = (
    "tool_use",
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
)
TOOL_USE, END_TURN, MAX_TOKENS, STOP_SEQUENCE, PAUSE_TURN, REFUSAL, WINDOW_EXCEEDED = range(7)
REFUSAL_CATEGORIES = (
    "cyber",
    "bio",
    "frontier_llm",
    "reasoning_extraction",
    "general_harms",
)
# The provider's own guess, and a noisy one; the same for every class. A prior.
_CATEGORY_WEIGHTS = np.array([0.25, 0.1, 0.15, 0.1, 0.4])
_LEAST_THOUGHT, _MOST_THOUGHT = 0.2, 0.8

POSITION_BITS = 20
_NO_LIMIT = 1 << 40


@dataclass(frozen=True)
class Sessions:
    """What is asked for: S sessions of `per_session` user turns each, T turns in all.

    `lifetime_us` is that of what the client caches, 0 if it does not; `key`, `bucket` and `batch`
    are as in `Shape`; `task_no` numbers the turns of the actor.
    """

    model: Ints
    lifetime_us: Ints
    key: Ints
    bucket: Ints
    batch: Bools
    thinks: Bools
    per_session: Ints
    turns: Turns
    human_gap_us: Ints
    task_no: Ints

    @property
    def calls_per_session(self) -> Ints:
        return np.add.reduceat(self.turns.calls, starts_of(self.per_session))


@dataclass(frozen=True)
class Drawn:
    """A shape, and what the log says of each of its calls besides; arrays of shape (M,)."""

    shape: Shape
    position: Ints
    finish: Ints
    from_user: Bools
    prewarm: Bools
    reasoning_tokens: Ints
    choices: Ints
    server_requests: Ints
    category: Ints
    n_messages: Ints
    n_tool_results_in: Ints
    n_tool_calls_out: Ints

    @property
    def task_no(self) -> Ints:
        """Number among the turns of the actor of each task that is left, shape (T,)."""
        first: Ints = self.shape.call[self.position == 0]
        return first >> POSITION_BITS

    def without(self, dropped: Bools) -> Drawn:
        """Leave out calls from the ends of tasks, and whole tasks; of every session one stays."""
        columns = {name: getattr(self, name)[~dropped] for name in _COLUMNS}
        return Drawn(shape=self.shape.without(dropped), **columns)


_COLUMNS = tuple(f.name for f in fields(Drawn) if f.name != "shape")


@dataclass(frozen=True)
class _Rows:
    """Where each call of a block stands: indices and flags of shape (M,)."""

    session: Ints
    task: Ints
    position: Ints
    last: Bools
    prewarm: Bools
    from_user: Bools
    server: Bools
    sub_agent: Bools

    @classmethod
    def of(cls, turns: Turns, per_session: Ints) -> _Rows:
        calls = turns.calls
        task = np.repeat(np.arange(len(calls)), calls)
        position = position_in(calls)
        prewarmed = turns.prewarmed[task]
        prewarm = prewarmed & (position == 0)
        quarter = calls[task] // 4
        middle = (position > quarter) & (position <= quarter + calls[task] // 2)
        return cls(
            session=np.repeat(np.arange(len(per_session)), per_session),
            task=task,
            position=position,
            last=position == calls[task] - 1,
            prewarm=prewarm,
            from_user=prewarm | (position == prewarmed),
            server=turns.server_steps[task] > 0,
            sub_agent=turns.sub_agent[task] & middle,
        )


def fill(
    sessions: Sessions,
    agent: Agent,
    models: ModelTable,
    failures: FailureDraws,
    streams: Streams,
    *name: str | int,
) -> Drawn:
    """Draw all that happens inside `sessions`; the streams are `name` plus the purpose."""
    turns, per_session = sessions.turns, sessions.calls_per_session
    rows = _Rows.of(turns, per_session)
    model = sessions.model[rows.session]
    window = models.window_tokens[model]
    choices = turns.choices[rows.task]
    output, truncated = _output_tokens(agent, rows, streams.rng(*name, "output"))
    tool_calls = _tool_calls(agent, rows, streams.rng(*name, "tool calls"))
    appended = _appended_tokens(agent, rows, streams.rng(*name, "append"))
    base = streams.rng(*name, "base")
    context, epoch, messages = _context(agent, window, appended, output, rows, per_session, base)
    exceeded = np.zeros(len(context), np.bool_)
    if not agent.compacts:
        context, output, exceeded = _within_window(window, context, output)
    ttft, generation = models.latency(model, output * choices, streams.rng(*name, "latency"))
    batch = sessions.batch[rows.session]
    if batch.any():
        ttft[batch] = models.batch_delay_us(int(batch.sum()), streams.rng(*name, "batch"))
    wait = _waits(agent, sessions, rows, streams.rng(*name, "tool time"))
    wait[starts_of(per_session)] = 0
    stores = (sessions.lifetime_us[rows.session] > 0) & (
        context >= models.min_cacheable_tokens[model]
    )
    left = np.where(stores, context - np.minimum(agent.uncached_tail_tokens, context), 0)
    call = (sessions.task_no << POSITION_BITS)[rows.task] + rows.position
    other = streams.rng(*name, "answers")
    finish = _finish(agent, turns, rows, truncated, other)
    drawn = Drawn(
        shape=Shape(
            session=rows.session,
            task=rows.task,
            call=call,
            wait_us=wait,
            ttft_us=ttft,
            generation_us=generation,
            context_tokens=context,
            left_tokens=left,
            epoch=epoch,
            output_tokens=output * choices,
            asks_tokens=np.where(rows.prewarm, 0, agent.max_tokens),
            fate=failures.failure(call, 0),
            calls_per_session=per_session,
            key=sessions.key,
            bucket=sessions.bucket,
            batch=sessions.batch,
            lifetime_us=sessions.lifetime_us,
            static_tokens=np.full(len(per_session), agent.static_prefix_tokens),
        ),
        position=rows.position,
        finish=np.where(exceeded & ~rows.prewarm, WINDOW_EXCEEDED, finish),
        from_user=rows.from_user,
        prewarm=rows.prewarm,
        reasoning_tokens=_reasoning(sessions.thinks[rows.session], output * choices, other),
        choices=choices,
        server_requests=_server_requests(turns, rows),
        category=other.choice(len(REFUSAL_CATEGORIES), size=len(call), p=_CATEGORY_WEIGHTS),
        n_messages=messages,
        n_tool_results_in=np.where(rows.from_user, 0, np.roll(tool_calls, 1)),
        n_tool_calls_out=np.where(exceeded, 0, tool_calls),
    )
    return drawn.without(_after(exceeded, per_session)) if exceeded.any() else drawn


def _within_window(window: Ints, context: Ints, output: Ints) -> tuple[Ints, Ints, Bools]:
    """Cut each context and answer to what the window holds, and say which calls had to be cut.

    There is always room for one token of answer, so that whatever follows an uncut call is longer.
    """
    exceeded = context + np.maximum(output, 1) > window
    context = np.minimum(context, window - 1)
    return context, np.minimum(output, window - context), exceeded


def _after(flags: Bools, per_session: Ints) -> Bools:
    """Calls with a flagged one before them in the same session."""
    return cumulate_in(flags.astype(np.int64), per_session) > flags


def _finish(
    agent: Agent, turns: Turns, rows: _Rows, truncated: Bools, rng: np.random.Generator
) -> Ints:
    """Why each answer stopped, had it stayed within the window."""
    ends = np.where(rng.random(len(truncated)) < agent.stop_sequence_share, STOP_SEQUENCE, END_TURN)
    ends = np.where(turns.refused[rows.task], REFUSAL, ends)
    goes_on = np.where(rows.server, PAUSE_TURN, TOOL_USE)
    cut = (truncated & (ends != REFUSAL)) | rows.prewarm
    return np.where(cut, MAX_TOKENS, np.where(rows.last, ends, goes_on))


def _server_requests(turns: Turns, rows: _Rows) -> Ints:
    """Tool steps that the provider ran inside each exchange."""
    exchange = rows.position - turns.prewarmed[rows.task]
    done = SERVER_STEPS_PER_EXCHANGE * exchange
    left = np.minimum(turns.server_steps[rows.task] - done, SERVER_STEPS_PER_EXCHANGE)
    return np.where(rows.server & ~rows.prewarm, np.maximum(left, 0), 0)


def _reasoning(thinks: Bools, output: Ints, rng: np.random.Generator) -> Ints:
    share = rng.uniform(_LEAST_THOUGHT, _MOST_THOUGHT, len(output))
    return np.where(thinks, np.rint(share * output), 0).astype(np.int64)


def _previous(values: Ints, counts: Ints) -> Ints:
    """The value of the previous row of the group, 0 for the first."""
    before = np.roll(values, 1)
    before[starts_of(counts)] = 0
    return before


def _output_tokens(agent: Agent, rows: _Rows, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Tokens of each answer (of one choice), and whether it was cut at `max_tokens`."""
    drawn = agent.output_tokens.sample(rng, len(rows.task))
    wanted = np.maximum(np.rint(drawn), 1).astype(np.int64)
    wanted[rows.prewarm] = 0
    return np.minimum(wanted, agent.max_tokens), wanted > agent.max_tokens


def _tool_calls(agent: Agent, rows: _Rows, rng: np.random.Generator) -> Ints:
    drawn = np.maximum(np.rint(agent.tool_calls_per_step.sample(rng, len(rows.task))), 1)
    none = rows.last | rows.prewarm | rows.server
    return np.where(none, 0, drawn.astype(np.int64))


def _appended_tokens(agent: Agent, rows: _Rows, rng: np.random.Generator) -> Ints:
    """New input of each request; one of a provider's tools holds the results of ten steps."""
    tool = agent.append_tokens.sample(rng, len(rows.task))
    tool[rows.server] *= SERVER_STEPS_PER_EXCHANGE
    asked = np.flatnonzero(rows.from_user)
    tool[asked] = agent.user_append_tokens.sample(rng, len(asked))
    new = np.maximum(np.rint(tool), 1).astype(np.int64)
    new[rows.prewarm] = 0
    return new


def _waits(agent: Agent, sessions: Sessions, rows: _Rows, rng: np.random.Generator) -> Ints:
    seconds = agent.tool_time_s.sample(rng, len(rows.task))
    wait = np.rint(seconds * SECOND_US).astype(np.int64)
    wait[rows.position == 0] = sessions.human_gap_us
    return wait


def _context(
    agent: Agent,
    window: Ints,
    appended: Ints,
    output: Ints,
    rows: _Rows,
    per_session: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Ints, Ints]:
    """Context of each request in tokens, its epoch, and the number of its messages.

    The context grows by what is appended and by the previous answer. Each time it would pass
    the limit, the scaffold replaces (limit - compaction_to_tokens) tokens by nothing, so after n
    compactions it is raw - n * that, with the smallest n that keeps it within the limit; n is the
    epoch. A sub-agent has a context of its own, which begins with the static prefix and leaves
    its last answer behind; its epoch is -1 - the number of the turn. A scaffold that does not
    compact has no limit here.
    """
    drawn = agent.base_context_tokens.sample(rng, len(per_session))
    base = np.maximum(np.rint(drawn), 1).astype(np.int64)
    growth = appended + _previous(output, per_session)
    growth[starts_of(per_session)] = 0
    limit = np.full(len(window), _NO_LIMIT)
    if agent.compacts:
        limit = np.floor(window * agent.compaction_at).astype(np.int64)
    of_parent = np.where(rows.sub_agent, 0, growth)
    raw = np.repeat(base, per_session) + cumulate_in(of_parent, per_session)
    removed = limit - agent.compaction_to_tokens
    epoch = np.maximum(0, -((limit - raw) // removed))
    context = raw - epoch * removed
    place = cumulate_in((~rows.sub_agent).astype(np.int64), per_session) - 1
    fresh = (epoch != _previous(epoch, per_session)) & ~rows.sub_agent
    fresh[starts_of(per_session)] = True
    messages = 2 * (place - _since(place, fresh, per_session)) + 1
    if rows.sub_agent.any():
        sub = np.flatnonzero(rows.sub_agent)
        run = np.bincount(rows.task[sub])
        run = run[run > 0]
        grown = growth[sub]
        grown[starts_of(run)] = appended[sub][starts_of(run)]
        context[sub] = np.minimum(agent.static_prefix_tokens + cumulate_in(grown, run), limit[sub])
        epoch[sub] = -1 - rows.task[sub]
        messages[sub] = 2 * position_in(run) + 1
    return context, epoch, messages


def _since(place: Ints, fresh: Bools, per_session: Ints) -> Ints:
    """Place of the last fresh context at or before each call of a session."""
    row = np.arange(len(place))
    last = np.maximum.accumulate(np.where(fresh, row, 0))
    return place[np.maximum(last, np.repeat(starts_of(per_session), per_session))]
