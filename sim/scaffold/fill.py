"""Draw what is inside a block of sessions: calls with their tokens, tools and pauses."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.ragged import cumulate_in, starts_of
from sim.arrays.time import SECOND_US
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Agent, library_named
from sim.scaffold.answers import draw_answers, finishes, no_answers
from sim.scaffold.call_rows import AllCalls, Histories, rows_of_turns, with_compactions
from sim.scaffold.call_tokens import draw_forgetful, draw_summaries, draw_tokens, lay_out_tokens
from sim.scaffold.context_growth import Grow, grow_contexts
from sim.scaffold.normal_scores import values_at
from sim.scaffold.own_lengths import OwnLengths
from sim.scaffold.recorded_calls import RecordedCalls, recorded_calls
from sim.scaffold.requests import NO_CALL as NO_CALL
from sim.scaffold.requests import no_requests, requests_of
from sim.scaffold.session_effects import SessionScores
from sim.scaffold.turns import Turns
from sim.streams import Purposes, Streams
from sim.world.calls import DrawnCalls
from sim.world.failures import FailureDraws
from sim.world.models import ModelTable

# A serial number is the number of the task, then the position in it in so many bits.
POSITION_BITS = 20


@dataclass(frozen=True)
class Sessions:
    """What is to be filled: S sessions of one scaffold, with T user turns in all.

    Attributes
    ----------
    model : array of int, shape (S,)
        Number of the model.
    window_tokens : array of int, shape (S,)
        Window of the model for the account, context and answer together.
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
    recorded : array of int, shape (M,), or None
        Row of the library of the scaffold for each call that turns ask for, None where its dials
        say what calls are like.
    own : OwnLengths, or None
        How the lengths of the dials differ between accounts, by session; None: not at all.
    prompt_length : array of float, shape (S,), or None
        Length of the static prefix, as a multiple of what is usual with the scaffold; None: 1.
    """

    model: Ints
    window_tokens: Ints
    lifetime_us: Ints
    key: Ints
    bucket: Ints
    batch: Bools
    thinks: Bools
    per_session: Ints
    turns: Turns
    human_gap_us: Ints
    task_no: Ints
    recorded: Ints | None = None
    own: OwnLengths | None = None
    prompt_length: Floats | None = None

    @property
    def calls_per_session(self) -> Ints:
        """Exchanges that the turns of each session ask for, shape (S,)."""
        return np.add.reduceat(self.turns.calls, starts_of(self.per_session))


@dataclass(frozen=True)
class DrawnSessions:
    """Drawn calls, and what the log and the truth say of each besides; arrays of shape (M,).

    Attributes
    ----------
    calls : DrawnCalls
        What decides when calls are made and what becomes of them.
    position : array of int
        Position in the task, from 0.
    turn : array of int
        Number of the task in its session, from 0.
    in_sub_agent : array of bool
        Calls of a sub-agent; the others are of the main agent of the session.
    shares_with : array of int
        Serial number of the earlier call that it shares a prefix with, `NO_CALL` for none.
    shared_tokens : array of int
        Length of that prefix.
    finish : array of int
        Why the answer stops, index in `FINISH_REASONS`.
    opens_turn : array of bool
        Calls that a person or program opens a turn with.
    role : array of int
        Whose the last message of the request is, index in `ROLES`.
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
    turn: Ints
    in_sub_agent: Bools
    shares_with: Ints
    shared_tokens: Ints
    finish: Ints
    opens_turn: Bools
    role: Ints
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
_COPIED = ("session", "task", "position", "turn", "in_sub_agent", "opens_turn", "prewarm")


def fill(
    sessions: Sessions,
    agent: Agent,
    models: ModelTable,
    failures: FailureDraws,
    streams: Streams,
    *name: str | int,
    grow: Grow = grow_contexts,
    counting: bool = False,
) -> DrawnSessions:
    """Draw all that happens inside sessions.

    Each purpose has a random stream of its own, from which calls draw row by row. So what a
    session draws does not depend on the sessions after it. First come the calls that turns ask
    for; where a context is full, a compaction is put before the call.

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
    grow : callable
        Says how contexts grow and when they are compacted.
    counting : bool
        Whether attempts are only to be counted. Then what neither decides about attempts nor is
        counted is left at 0.

    Returns
    -------
    DrawnSessions
        Calls in order of session, turn and position. Where a scaffold does not compact, a session
        ends with the first call that the window does not hold.
    """
    rng = streams.purposes(*name)

    # the calls that turns ask for, then the compactions between them
    forgetful = np.zeros(len(sessions.per_session), np.bool_)
    if agent.history_share < 1:
        forgetful = draw_forgetful(agent, len(forgetful), rng("history"))
    planned = rows_of_turns(sessions.turns, sessions.per_session, forgetful)
    recorded = _recorded_calls(agent, sessions, rng)
    scores = SessionScores(agent, np.ascontiguousarray(planned["session"]), rng)
    static = _static_tokens(agent, sessions)
    window = sessions.window_tokens[scores.session]
    planned_tokens = draw_tokens(
        agent, window, planned, recorded, scores, grow, sessions.own, static
    )
    all_calls = with_compactions(planned, planned_tokens.growth.compacted)

    # tokens of all calls, and times at normal speed
    summaries = draw_summaries(agent, len(all_calls.source) - len(planned), rng)
    tokens = lay_out_tokens(
        agent,
        planned_tokens,
        all_calls,
        summaries,
        sessions.turns.choices,
        sessions.lifetime_us,
        models.min_cacheable_tokens[sessions.model],
    )
    placed = {name: np.ascontiguousarray(all_calls.rows[name]) for name in _COPIED}
    session, task, position = placed["session"], placed["task"], placed["position"]
    times = _draw_times(sessions, models, session, tokens.output, rng)
    wait_us = _waits_us(agent, sessions, all_calls, recorded, scores)

    histories = Histories.of(all_calls.rows)
    serial = (sessions.task_no << POSITION_BITS)[task] + position
    calls = DrawnCalls(
        session=session,
        task=task,
        serial=serial,
        wait_us=wait_us,
        ttft_us=times[0],
        generation_us=times[1],
        context_tokens=tokens.context,
        left_tokens=tokens.left,
        history=histories.number,
        output_tokens=tokens.output,
        asks_tokens=tokens.asks,
        failure_draw=failures.failure(serial, 0),
        calls_per_session=np.bincount(session),
        key=sessions.key,
        bucket=sessions.bucket,
        batch=sessions.batch,
        lifetime_us=sessions.lifetime_us,
        static_tokens=static,
    )

    if counting:
        answers = no_answers(finishes(sessions.turns, all_calls, planned_tokens))
        requests = no_requests(len(serial))
    else:
        answers = draw_answers(
            agent, sessions.turns, all_calls, planned_tokens, tokens.output, sessions.thinks, rng
        )
        requests = requests_of(calls, all_calls, histories, answers.tool_calls)
    drawn = DrawnSessions(
        calls=calls,
        position=position,
        turn=placed["turn"],
        in_sub_agent=placed["in_sub_agent"],
        shares_with=requests.shares_with,
        shared_tokens=requests.shared_tokens,
        finish=answers.finish,
        opens_turn=placed["opens_turn"],
        role=requests.role,
        prewarm=placed["prewarm"],
        reasoning_tokens=answers.reasoning_tokens,
        choices=tokens.choices,
        server_requests=answers.server_requests,
        category=answers.category,
        n_messages=histories.messages,
        n_tool_results_in=requests.tool_results,
        n_tool_calls_out=answers.tool_calls,
    )
    if not planned_tokens.exceeded.any():
        return drawn
    exceeded = planned_tokens.exceeded[all_calls.source]
    return drawn.without(_after(exceeded, calls.calls_per_session))


def _after(flags: Bools, per_session: Ints) -> Bools:
    """Tell which calls have a flagged one before them in their session."""
    return cumulate_in(flags.astype(np.int64), per_session) > flags


def _static_tokens(agent: Agent, sessions: Sessions) -> Ints:
    """Return the tokens of the static prefix of each session, shape (S,)."""
    length = sessions.prompt_length
    factor = np.ones(len(sessions.per_session)) if length is None else length
    return np.rint(agent.static_prefix_tokens * factor).astype(np.int64)


def _recorded_calls(agent: Agent, sessions: Sessions, rng: Purposes) -> RecordedCalls | None:
    """Return what recorded calls say of the calls that turns ask for, None without a library."""
    if sessions.recorded is None or agent.library is None:
        return None
    first = starts_of(sessions.calls_per_session)
    return recorded_calls(
        library_named(agent.library), sessions.recorded, first, rng("recorded calls")
    )


def _draw_times(
    sessions: Sessions, models: ModelTable, session: Ints, output: Ints, rng: Purposes
) -> tuple[Ints, Ints]:
    """Draw the two parts of the time of each answer at normal speed; a batch waits for its turn."""
    ttft_us, generation_us = models.latency(sessions.model[session], output, rng("latency"))
    if sessions.batch.any():
        batch = sessions.batch[session]
        ttft_us[batch] = models.batch_delay_us(int(batch.sum()), rng("batch"))
    return ttft_us, generation_us


def _waits_us(
    agent: Agent,
    sessions: Sessions,
    calls: AllCalls,
    recorded: RecordedCalls | None,
    scores: SessionScores,
) -> Ints:
    """Return the pause before each call: of a user before a turn, of tools within."""
    if recorded is None:
        seconds = values_at(agent.tool_time_s, scores.draw("tool time"))
    else:
        seconds = recorded.wait_s
        # the recorded pause is before the call that warms the cache up, if there is one
        seconds[np.flatnonzero(calls.planned["prewarm"]) + 1] = 0
    wait_us = np.empty(len(calls.source), np.int64)
    _round_waits(seconds, calls, sessions.human_gap_us, wait_us)
    return wait_us


@compiled
def _round_waits(seconds: Floats, calls: AllCalls, human_gap_us: Ints, wait_us: Ints) -> None:
    """Write the pause before each call: of a user before a turn, of tools within.

    `seconds` are pauses of tools by planned call. A compaction is sent when its call was due, and
    that at once when the summary is there.
    """
    for number in range(len(wait_us)):
        row, call = calls.rows[number], calls.source[number]
        opens_session = row["position"] == 0 and row["turn"] == 0
        if opens_session or calls.rows[number - 1]["compaction"]:
            wait_us[number] = 0
        elif calls.planned[call]["position"] == 0:
            wait_us[number] = human_gap_us[row["task"]]
        else:
            wait_us[number] = int(np.rint(seconds[call] * SECOND_US))
