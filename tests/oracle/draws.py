"""What a workload of the library has drawn, as the oracle takes it: no times, no outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sim.actors.batches import source
from sim.actors.queue import QueueWorkload
from sim.actors.sessions import SessionWorkload
from sim.actors.tickets import Tickets
from sim.actors.volume import LEAD_US
from sim.actors.workload import Stage, Workload
from sim.catalog import tiers
from sim.scenario.resolved import Scenario
from sim.world.shape import Shape
from tests.oracle.buckets import Bucket, regimes
from tests.oracle.simulator import Attempt, Call, Fate, Rules, Session, Simulator, Ticket
from tests.oracle.weather import Skies

_CALL = (
    "call",
    "wait_us",
    "ttft_us",
    "generation_us",
    "context_tokens",
    "left_tokens",
    "epoch",
    "output_tokens",
    "asks_tokens",
)


def simulate(scenario: Scenario, workload: Workload, at_most: int) -> list[Attempt]:
    """All attempts of one workload before the end of the log, those before its opening too.

    Raises TooManyError when there are more than `at_most`.
    """
    if isinstance(workload, QueueWorkload):
        return _simulate_queue(scenario, workload, at_most)
    assert isinstance(workload, SessionWorkload)
    stage = workload._stage
    sessions = []
    for piece in workload._pieces():
        starts = piece.start_us.tolist()
        sessions += list(zip(sessions_of(piece.drawn.shape), starts, strict=True))
    world = Simulator(rules_of(scenario, stage, -LEAD_US), -LEAD_US, at_most)
    return world.sessions(sessions, stage.horizon_us)


def _simulate_queue(scenario: Scenario, workload: QueueWorkload, at_most: int) -> list[Attempt]:
    stage, opens_us = workload._stage, workload._opens_us
    counter = Counter(workload)
    world = Simulator(rules_of(scenario, stage, opens_us), opens_us, at_most)
    workers = list(workload._workers_from_us)
    return world.queue(counter.ticket_at, counter.take, workers, stage.horizon_us)


class Counter:
    """The tickets of a queue in order; those of earlier work end when the log opens."""

    def __init__(self, workload: QueueWorkload) -> None:
        self._queue = workload._queue()
        tickets = source(workload._stage, workload._opens_us)
        in_progress = workload._stage.actor.starts_us is None
        self._lead: Iterator[Tickets] | None = tickets.lead() if in_progress else None
        self._main = tickets.main()
        self._ready: list[Ticket] = []
        self._blocks = 0

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
        shape = self._queue.fill(tickets, self._blocks).drawn.shape
        self._blocks += 1
        self._queue._tasks += len(tickets.calls)
        release, round_ = tickets.release_us.tolist(), max(tickets.round, 0)
        pairs = zip(sessions_of(shape), release, strict=True)
        return [Ticket(session, release_us, round_) for session, release_us in pairs]


def sessions_of(shape: Shape) -> list[Session]:
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


def rules_of(scenario: Scenario, stage: Stage, opens_us: int) -> Rules:
    """The rules of the world for one actor, from the scenario and the catalog."""
    actor = stage.actor
    skies = Skies(scenario.world, scenario.clock.start)
    purposes = ("failure", "error time", "backoff")
    resumes = actor.on_failure == "resume"
    return Rules(
        skies=skies,
        fate=Fate(*(stage.streams.key(actor.id, purpose) for purpose in purposes)),
        timeout_us=scenario.world.timeout_us,
        resume_after_us=round(actor.resume_after_s * 1e6) if resumes else None,
        buckets=partial(_buckets, scenario, stage, skies.limit_factors(), opens_us),
    )


def _buckets(
    scenario: Scenario,
    stage: Stage,
    factors: list[tuple[int, float]],
    opens_us: int,
    number: int,
) -> tuple[Bucket, ...]:
    """The buckets of an organisation and class of models, which are numbered together."""
    classes = stage.models.classes
    limit = None if number < 0 else tiers()[stage.actor.tier].get(classes[number % len(classes)])
    if limit is None:
        return ()
    per_minute = (limit.requests_per_min, limit.input_tokens_per_min, limit.output_tokens_per_min)
    burst = scenario.world.burst
    return tuple(Bucket(regimes(n, burst, factors, opens_us)) for n in per_minute)
