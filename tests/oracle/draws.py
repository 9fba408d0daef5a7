"""What a workload of the library has drawn, as the oracle takes it: no times, no outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from sim.actors.arrivals.rates import SESSION_LEAD_US
from sim.actors.arrivals.session_arrivals import draw_arrivals, draw_starts, end_users_of
from sim.actors.context import ActorContext
from sim.actors.queue.queue_workload import QueueWorkload
from sim.actors.queue.tickets import Tickets, ticket_source
from sim.actors.sessions.session_workload import SessionWorkload
from sim.actors.workload import Workload
from sim.arrays.types import Floats, Ints
from sim.catalog import tiers
from sim.scenario.resolved import Scenario
from sim.world.calls import DrawnCalls
from tests.oracle.buckets import Bucket, regimes
from tests.oracle.conditions import Skies
from tests.oracle.releases import Client, is_opened, model_of
from tests.oracle.simulator import Attempt, Call, Fate, Rules, Session, Simulator, Ticket

_CALL = (
    "serial",
    "wait_us",
    "ttft_us",
    "generation_us",
    "context_tokens",
    "left_tokens",
    "epoch",
    "output_tokens",
    "asks_tokens",
)


class Chosen(NamedTuple):
    """The model of a session, and the one that its client had at first."""

    session: Session
    model: str
    own_model: str


class Outcome(NamedTuple):
    """What the oracle makes of one workload.

    `expired` attempts came too late for what their session had left in the cache. `openings` has
    a line for every session that only one of the workload and the oracle opens.
    """

    attempts: list[Attempt]
    chosen: list[Chosen]
    expired: int
    openings: list[str]


def simulate(scenario: Scenario, workload: Workload, at_most: int) -> list[Attempt]:
    """All attempts of one workload before the end of the log, those before its opening too.

    Raises TooManyError when there are more than `at_most`.
    """
    return outcome(scenario, workload, at_most).attempts


def outcome(scenario: Scenario, workload: Workload, at_most: int) -> Outcome:
    """`simulate`, and what else the oracle has to say."""
    if isinstance(workload, QueueWorkload):
        return _of_queue(scenario, workload, at_most)
    assert isinstance(workload, SessionWorkload)
    return _of_population(scenario, workload, at_most)


def _of_population(scenario: Scenario, workload: SessionWorkload, at_most: int) -> Outcome:
    context = workload._context
    moves_at = _moves_at(workload)
    starts: list[int] = []
    accounts: list[int] = []
    chosen: list[Chosen] = []
    for piece in workload.pieces():
        own = piece.placement.account - context.first_account
        begun = zip(piece.start_us.tolist(), own.tolist(), strict=True)
        clients = clients_of(context, own, np.array([moves_at[mark] for mark in begun]))
        starts += piece.start_us.tolist()
        accounts += own.tolist()
        chosen += choose(context, sessions_of(piece.drawn.calls), clients, piece.start_us)
    sessions = zip((c.session for c in chosen), starts, strict=True)
    world = Simulator(rules_of(scenario, context, -SESSION_LEAD_US), -SESSION_LEAD_US, at_most)
    attempts = world.sessions(sessions, context.horizon_us)
    openings = _openings(workload, list(zip(starts, accounts, strict=True)))
    return Outcome(attempts, chosen, world.expired, openings)


def _moves_at(workload: SessionWorkload) -> dict[tuple[int, int], float]:
    """What was drawn for sessions to be compared with the share that moves, by start and account.

    Two that an account opens in one microsecond must not differ in it.
    """
    drawn = draw_arrivals(workload._context, workload._shard, workload._slots)
    marks = zip(drawn.start_us.tolist(), drawn.account.tolist(), strict=True)
    found: dict[tuple[int, int], float] = {}
    for mark, moves_at in zip(marks, drawn.moves_at.tolist(), strict=True):
        assert found.setdefault(mark, moves_at) == moves_at
    return found


def _openings(workload: SessionWorkload, opened: list[tuple[int, int]]) -> list[str]:
    """Before the log opens, sessions that cannot reach into it may be missing.

    Everybody has the one account of their place all the time.
    """
    context, slots = workload._context, workload._slots
    assert context.timeline.never_ends
    rng = context.streams.rng(context.actor.id, workload._shard, "holidays")
    users = end_users_of(context, slots)
    begun, user = draw_starts(context, workload._shard, slots, users)
    starts, accounts = begun.tolist(), users.slot[user].tolist()
    drawn = zip(starts, accounts, rng.random(len(starts)).tolist(), strict=True)
    allowed = Counter((t, account) for t, account, u in drawn if is_opened(context.world, t, u))
    made = Counter(opened)
    wanted = Counter({begun: n for begun, n in allowed.items() if begun[0] >= 0})
    faults = [("not on a holiday", made - allowed), ("left out", wanted - made)]
    return [
        f"session of account {account} at {t}: {fault}"
        for fault, sessions in faults
        for t, account in sessions
    ]


def _of_queue(scenario: Scenario, workload: QueueWorkload, at_most: int) -> Outcome:
    context, opens_us = workload._context, workload.opens_us
    line = Line(workload)
    world = Simulator(rules_of(scenario, context, opens_us), opens_us, at_most)
    workers = list(workload.workers_from_us)
    attempts = world.queue(line.ticket_at, line.take, workers, context.horizon_us)
    return Outcome(attempts, line.chosen, world.expired, [])


def clients_of(context: ActorContext, accounts: Ints, moves_at: Floats) -> list[Client]:
    """Who decides: accounts, each with a number of its own or one of its prompt."""
    own = context.service.model_number[context.accounts.model[accounts]].tolist()
    latest = context.accounts.asks_latest[accounts].tolist()
    names = (context.service.models.ids[number] for number in own)
    return [Client(*c) for c in zip(names, latest, moves_at.tolist(), strict=True)]


def choose(
    context: ActorContext, sessions: list[Session], clients: list[Client], at_us: Ints
) -> list[Chosen]:
    """The model of each session, decided at its time."""
    decided = zip(sessions, clients, at_us.tolist(), strict=True)
    return [
        Chosen(session, model_of(context.world, context.actor, client, t), client.own_model)
        for session, client, t in decided
    ]


class Line:
    """The tickets of a queue in order; those of earlier work end when the log opens."""

    def __init__(self, workload: QueueWorkload) -> None:
        self._context, self._queue = workload._context, workload.ticket_queue()
        tickets = ticket_source(workload._context, workload.team, workload.opens_us)
        in_progress = workload._context.actor.starts_us is None
        self._lead: Iterator[Tickets] | None = tickets.lead() if in_progress else None
        self._main = tickets.main()
        self._ready: list[Ticket] = []
        self._blocks = 0
        self.chosen: list[Chosen] = []

    def ticket_at(self, now_us: int) -> Ticket | None:
        if self._lead is not None and now_us >= 0:
            self._lead, self._ready = None, []
        while not self._ready:
            drawn = next(self._lead if self._lead is not None else self._main, None)
            if drawn is not None:
                self._ready = self._filled(drawn)
            elif self._lead is None:
                return None
            else:
                self._lead = None
        return self._ready[0]

    def take(self) -> None:
        self._ready.pop(0)

    def _filled(self, tickets: Tickets) -> list[Ticket]:
        context, count = self._context, len(tickets.calls)
        filled = self._queue.draw_batch(tickets, self._blocks)
        assert filled is not None
        rng = context.streams.rng(
            context.actor.id, "queue", self._queue._team.number, self._blocks, "moves"
        )
        self._blocks += 1
        self._queue._tasks += count
        account = filled.placement.account - context.first_account
        clients = clients_of(context, account, rng.random(count))
        sessions = sessions_of(filled.drawn.calls)
        self.chosen += choose(context, sessions, clients, tickets.release_us)
        release, round_ = tickets.release_us.tolist(), max(tickets.round, 0)
        pairs = zip(sessions, release, strict=True)
        return [Ticket(session, release_us, round_) for session, release_us in pairs]


def sessions_of(shape: DrawnCalls) -> list[Session]:
    """The sessions of a shape, with their calls by task."""
    names = ("key", "bucket", "lifetime_us", "static_tokens", "batch")
    whose = zip(*(getattr(shape, name).tolist() for name in names), strict=True)
    sessions = [Session([], *values) for values in whose]
    calls = map(Call._make, zip(*(getattr(shape, name).tolist() for name in _CALL), strict=True))
    task = -1
    for call, session, its_task in zip(
        calls, shape.session.tolist(), shape.task.tolist(), strict=True
    ):
        if its_task != task:
            sessions[session].tasks.append([])
            task = its_task
        sessions[session].tasks[-1].append(call)
    return sessions


def rules_of(scenario: Scenario, context: ActorContext, opens_us: int) -> Rules:
    """The rules of the world for one actor, from the scenario and the catalog."""
    actor = context.actor
    skies = Skies(scenario.world, scenario.clock.start)
    purposes = ("failure", "error time", "backoff")
    resumes = actor.on_failure == "resume"
    return Rules(
        skies=skies,
        fate=Fate(*(context.streams.key(actor.id, purpose) for purpose in purposes)),
        timeout_us=scenario.world.timeout_us,
        resume_after_us=round(actor.resume_after_s * 1e6) if resumes else None,
        buckets=partial(_buckets, scenario, context, skies.limit_factors(), opens_us),
    )


def _buckets(
    scenario: Scenario,
    context: ActorContext,
    factors: list[tuple[int, float]],
    opens_us: int,
    number: int,
) -> tuple[Bucket, ...]:
    """The buckets of an organisation and class of models, which are numbered together."""
    classes = context.service.models.classes
    limit = None if number < 0 else tiers()[context.actor.tier].get(classes[number % len(classes)])
    if limit is None:
        return ()
    per_minute = (limit.requests_per_min, limit.input_tokens_per_min, limit.output_tokens_per_min)
    burst = scenario.world.burst
    return tuple(Bucket(regimes(n, burst, factors, opens_us)) for n in per_minute)
