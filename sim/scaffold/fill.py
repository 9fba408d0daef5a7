"""Draw what is inside a block of sessions: calls with their tokens, tools and pauses."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from sim.arrays.ragged import cumulate_in, starts_of
from sim.arrays.time import SECOND_US
from sim.arrays.types import Bools, Ints
from sim.catalog import Agent
from sim.scaffold.call_tokens import CallRows, draw_tokens
from sim.scaffold.turns import SERVER_STEPS_PER_EXCHANGE, Turns
from sim.streams import Streams
from sim.tables.words import (
    END_TURN,
    MAX_TOKENS,
    PAUSE_TURN,
    REFUSAL,
    REFUSAL_CATEGORIES,
    STOP_SEQUENCE,
    TOOL_USE,
    WINDOW_EXCEEDED,
)
from sim.world.calls import DrawnCalls
from sim.world.failures import FailureDraws
from sim.world.models import ModelTable

# Why answers are refused, as the provider guesses; the same for every class. A prior.
_CATEGORY_WEIGHTS = np.array([0.25, 0.1, 0.15, 0.1, 0.4])
# Share of the output that is reasoning where there is any.
_LEAST_REASONING, _MOST_REASONING = 0.2, 0.8

# A serial number is the number of the task, then the position in it in so many bits.
POSITION_BITS = 20


@dataclass(frozen=True)
class Sessions:
    """What is to be filled: S sessions of one scaffold, with T user turns in all.

    Attributes
    ----------
    model : array of int, shape (S,)
        Number of the model.
    lifetime_us : array of int, shape (S,)
        Lifetime of what the client has the provider cache, 0 if nothing.
    key, bucket, batch : array, shape (S,)
        As in `DrawnCalls`.
    thinks : array of bool, shape (S,)
        Whether part of the output is reasoning.
    per_session : array of int, shape (S,)
        User turns of each session, at least 1.
    turns : Turns
        The turns, session after session.
    human_gap_us : array of int, shape (T,)
        Pause of the user before each turn.
    task_no : array of int, shape (T,)
        Number of each turn within its actor.
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
        """Exchanges of each session, shape (S,)."""
        return np.add.reduceat(self.turns.calls, starts_of(self.per_session))


@dataclass(frozen=True)
class DrawnSessions:
    """Drawn calls, and what the log says of each besides; arrays of shape (M,).

    Attributes
    ----------
    calls : DrawnCalls
        What decides when calls are made and what becomes of them.
    position : array of int
        Position in the task, from 0.
    finish : array of int
        Why the answer stops, index in `FINISH_REASONS`.
    from_user : array of bool
        Calls that a user turn begins with; the others bring results of tools.
    prewarm : array of bool
        Calls that ask for nothing and only fill the cache.
    reasoning_tokens : array of int
        Part of the output.
    choices : array of int
        Answers asked for at once.
    server_requests : array of int
        Steps of tools that run at the provider.
    category : array of int
        Category if the answer is a refusal, index in `REFUSAL_CATEGORIES`.
    n_messages, n_tool_results_in, n_tool_calls_out : array of int
        Messages and tool results in the request, tool calls in the answer.
    """

    calls: DrawnCalls
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
        """Number within the actor of each task that is left, shape (T,)."""
        first: Ints = self.calls.serial[self.position == 0]
        return first >> POSITION_BITS

    def without(self, dropped: Bools) -> DrawnSessions:
        """Drop flagged calls: tails of tasks, or whole tasks; each session must keep a call."""
        columns = {name: getattr(self, name)[~dropped] for name in _COLUMNS}
        return DrawnSessions(calls=self.calls.without(dropped), **columns)


_COLUMNS = tuple(f.name for f in fields(DrawnSessions) if f.name != "calls")


def fill(
    sessions: Sessions,
    agent: Agent,
    models: ModelTable,
    failures: FailureDraws,
    streams: Streams,
    *name: str | int,
) -> DrawnSessions:
    """Draw all that happens inside sessions.

    Each purpose has a random stream of its own, from which calls draw row by row. So what a
    session draws does not depend on the sessions after it.

    Parameters
    ----------
    sessions : Sessions
        What is asked for.
    agent : Agent
        The scaffold that all sessions run on.
    models : ModelTable
        Speed and window of the models.
    failures : FailureDraws
        Those of the actor.
    streams : Streams
        Makers of random streams.
    *name : str or int
        Name of the block; a stream is named by that and its purpose.

    Returns
    -------
    DrawnSessions
        Calls in order of session, turn and position. Where a scaffold does not compact, a session
        ends with the first call that the window does not hold.
    """

    def rng(purpose: str) -> np.random.Generator:
        return streams.rng(*name, purpose)

    turns, per_session = sessions.turns, sessions.calls_per_session
    rows = CallRows.from_turns(turns, per_session)
    model, choices = sessions.model[rows.session], turns.choices[rows.task]

    tokens = draw_tokens(agent, models.window_tokens[model], rows, per_session, rng)
    context, output = tokens.contexts.tokens, tokens.output * choices
    cached = sessions.lifetime_us[rows.session] > 0
    cached &= context >= models.min_cacheable_tokens[model]
    left = np.where(cached, context - np.minimum(agent.uncached_tail_tokens, context), 0)

    # times at normal speed
    ttft_us, generation_us = models.latency(model, output, rng("latency"))
    batch = sessions.batch[rows.session]
    if batch.any():
        ttft_us[batch] = models.batch_delay_us(int(batch.sum()), rng("batch"))
    wait_us = _waits_us(agent, sessions, rows, rng("tool time"))
    wait_us[starts_of(per_session)] = 0

    serial = (sessions.task_no << POSITION_BITS)[rows.task] + rows.position
    calls = DrawnCalls(
        session=rows.session,
        task=rows.task,
        serial=serial,
        wait_us=wait_us,
        ttft_us=ttft_us,
        generation_us=generation_us,
        context_tokens=context,
        left_tokens=left,
        epoch=tokens.contexts.epoch,
        output_tokens=output,
        asks_tokens=np.where(rows.prewarm, 0, agent.max_tokens),
        failure_draw=failures.failure(serial, 0),
        calls_per_session=per_session,
        key=sessions.key,
        bucket=sessions.bucket,
        batch=sessions.batch,
        lifetime_us=sessions.lifetime_us,
        static_tokens=np.full(len(per_session), agent.static_prefix_tokens),
    )

    # what the log says besides; three draws share the last stream, so their order counts
    tool_calls = _tool_calls(agent, rows, rng("tool calls"))
    answers = rng("answers")
    finish = _finish(agent, turns, rows, tokens.truncated, answers)
    reasoning = _reasoning_tokens(sessions.thinks[rows.session], output, answers)
    category = answers.choice(len(REFUSAL_CATEGORIES), size=len(serial), p=_CATEGORY_WEIGHTS)
    exceeded = tokens.exceeded
    drawn = DrawnSessions(
        calls=calls,
        position=rows.position,
        finish=np.where(exceeded & ~rows.prewarm, WINDOW_EXCEEDED, finish),
        from_user=rows.from_user,
        prewarm=rows.prewarm,
        reasoning_tokens=reasoning,
        choices=choices,
        server_requests=_server_requests(turns, rows),
        category=category,
        n_messages=tokens.contexts.messages,
        # a turn begins with its user, so no result crosses from one session to the next
        n_tool_results_in=np.where(rows.from_user, 0, np.roll(tool_calls, 1)),
        n_tool_calls_out=np.where(exceeded, 0, tool_calls),
    )
    return drawn.without(_after(exceeded, per_session)) if exceeded.any() else drawn


def _after(flags: Bools, per_session: Ints) -> Bools:
    """Tell which calls have a flagged one before them in their session."""
    return cumulate_in(flags.astype(np.int64), per_session) > flags


def _tool_calls(agent: Agent, rows: CallRows, rng: np.random.Generator) -> Ints:
    """Draw the tool calls in each answer: one at least where the client runs tools."""
    drawn = np.maximum(np.rint(agent.tool_calls_per_step.sample(rng, len(rows.task))), 1)
    none = rows.last | rows.prewarm | rows.server
    return np.where(none, 0, drawn.astype(np.int64))


def _waits_us(agent: Agent, sessions: Sessions, rows: CallRows, rng: np.random.Generator) -> Ints:
    """Draw the pause before each call: of a user before a turn, of tools within."""
    seconds = agent.tool_time_s.sample(rng, len(rows.task))
    wait_us = np.rint(seconds * SECOND_US).astype(np.int64)
    wait_us[rows.position == 0] = sessions.human_gap_us
    return wait_us


def _finish(
    agent: Agent, turns: Turns, rows: CallRows, truncated: Bools, rng: np.random.Generator
) -> Ints:
    """Draw why each answer stops, as if it stayed within the window."""
    ends = np.where(rng.random(len(truncated)) < agent.stop_sequence_share, STOP_SEQUENCE, END_TURN)
    ends = np.where(turns.refused[rows.task], REFUSAL, ends)
    goes_on = np.where(rows.server, PAUSE_TURN, TOOL_USE)
    cut = (truncated & (ends != REFUSAL)) | rows.prewarm
    return np.where(cut, MAX_TOKENS, np.where(rows.last, ends, goes_on))


def _reasoning_tokens(thinks: Bools, output: Ints, rng: np.random.Generator) -> Ints:
    """Draw how much of each output is reasoning."""
    share = rng.uniform(_LEAST_REASONING, _MOST_REASONING, len(output))
    return np.where(thinks, np.rint(share * output), 0).astype(np.int64)


def _server_requests(turns: Turns, rows: CallRows) -> Ints:
    """Return the tool steps that the provider runs inside each exchange."""
    exchange = rows.position - turns.prewarmed[rows.task]
    done = SERVER_STEPS_PER_EXCHANGE * exchange
    left = np.minimum(turns.server_steps[rows.task] - done, SERVER_STEPS_PER_EXCHANGE)
    return np.where(rows.server & ~rows.prewarm, np.maximum(left, 0), 0)
