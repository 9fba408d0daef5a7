"""Sessions of the reference engine: pauses, retries, chains, bars, order within a microsecond."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import simpy

from sim.reference.client import Clients
from sim.reference.draws import Call, FailureUniforms, Session
from sim.reference.ordering import Turnstile
from sim.reference.plain_provider import (
    CLIENT_TIMEOUT,
    FORBIDDEN,
    OK,
    OVERLOADED,
    SERVER_ERROR,
    TOO_MANY,
    Reply,
)
from tests.unit.reference.by_hand import (
    FREE,
    MINUTE_US,
    SECOND_US,
    call,
    session,
)


class Scripted:
    """A provider whose replies are written down; an attempt takes a second."""

    def __init__(self, *statuses: int, retry_after_s: int = 0) -> None:
        self.statuses, self.retry_after_s = list(statuses), retry_after_s

    def begin(self, _session: Session, _call: Call, _number: int, _now_us: int) -> Reply:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return Reply(status, SECOND_US, retry_after_s=self.retry_after_s)

    def end(self, _session: Session, _call: Call, _reply: Reply, _now_us: int) -> None:
        pass


def attempts_of(
    *tasks: list[Call], provider: Scripted, resume_after_us: int | None = None
) -> list[tuple[int, int, int]]:
    """(call, begin in microseconds, status) of the attempts of a session that starts at 5 s."""
    resume_s = (resume_after_us or 0) / SECOND_US
    on_failure = "give_up" if resume_after_us is None else "resume"
    changes = {"on_failure": on_failure, "resume_after_s": resume_s}
    clients = Clients(replace(FREE, actor=FREE.actor.model_copy(update=changes)), 0)
    clients._provider = provider  # type: ignore[assignment]
    client = session(*tasks)
    clients.env.process(clients.arrivals([(5 * SECOND_US, client)]))
    clients.env.run()
    assert all(a.ends_us - a.begins_us == SECOND_US for a in client.attempts)
    return [(a.row, a.begins_us, a.status) for a in client.attempts]


def backoffs_us(number: int = 0) -> list[int]:
    uniforms = FailureUniforms(FREE.streams, FREE.actor.id)
    return [uniforms.backoff_us(call(), number + retry, retry) for retry in (0, 1)]


def test_a_call_waits_after_the_one_before_has_ended() -> None:
    first, second = call(0, wait_us=9), call(1, wait_us=7)
    third = call(2, wait_us=11)
    made = attempts_of([first, second], [third], provider=Scripted(OK))
    assert made == [
        (0, 5 * SECOND_US, OK),
        (1, 6 * SECOND_US + 7, OK),
        (2, 7 * SECOND_US + 18, OK),
    ]


def test_a_failed_attempt_is_retried_twice_and_takes_the_task_with_it() -> None:
    provider = Scripted(OVERLOADED, SERVER_ERROR, CLIENT_TIMEOUT, OK)
    made = attempts_of([call(0), call(1)], [call(2)], provider=provider)
    first, second = backoffs_us()
    again = 6 * SECOND_US + first
    last = again + SECOND_US + second
    assert made == [
        (0, 5 * SECOND_US, OVERLOADED),
        (0, again, SERVER_ERROR),
        (0, last, CLIENT_TIMEOUT),
        (2, last + SECOND_US, OK),
    ]


def test_backing_off_doubles_and_is_shortened_by_a_quarter_at_most() -> None:
    for number in range(0, 30, 3):
        first, second = backoffs_us(number)
        assert 375_000 < first <= 500_000
        assert 750_000 < second <= SECOND_US


@pytest.mark.parametrize("retry_after_s", [1, 60, 61])
def test_a_short_retry_after_is_obeyed_exactly(retry_after_s: int) -> None:
    provider = Scripted(TOO_MANY, OK, retry_after_s=retry_after_s)
    made = attempts_of([call(0)], provider=provider)
    pause_us = retry_after_s * SECOND_US if retry_after_s <= 60 else backoffs_us()[0]
    assert made[1] == (0, 6 * SECOND_US + pause_us, OK)


def test_a_client_that_resumes_begins_a_new_chain_after_its_pause() -> None:
    failures = [OVERLOADED] * 4
    made = attempts_of([call(0)], provider=Scripted(*failures, OK), resume_after_us=MINUTE_US)
    assert [status for _, _, status in made] == [*failures, OK]
    assert made[3][1] == made[2][1] + SECOND_US + MINUTE_US
    assert made[4][1] == made[3][1] + SECOND_US + backoffs_us(3)[0]


@pytest.mark.parametrize(
    ("statuses", "attempts"),
    [
        ([OVERLOADED], 180),  # after sixty chains
        ([SERVER_ERROR], 180),
        ([TOO_MANY] * 30 + [OVERLOADED], 210),  # chains that a limit ends do not count
        ([OVERLOADED, OVERLOADED, CLIENT_TIMEOUT], 3),
    ],
)
def test_a_client_that_resumes_gives_up_on_what_is_down_or_too_slow(
    statuses: list[int], attempts: int
) -> None:
    made = attempts_of([call(0)], provider=Scripted(*statuses), resume_after_us=MINUTE_US)
    assert len(made) == attempts


def test_nothing_follows_when_an_account_is_barred() -> None:
    provider = Scripted(OK, FORBIDDEN, OK)
    made = attempts_of([call(0), call(1)], [call(2)], provider=provider, resume_after_us=MINUTE_US)
    assert [status for _, _, status in made] == [OK, FORBIDDEN]


def test_a_turnstile_goes_by_number_after_all_else() -> None:
    env = simpy.Environment()
    turnstile = Turnstile(env, 3)
    order: list[int] = []

    def comes(number: int, delay: int) -> Any:
        yield env.timeout(delay)
        yield turnstile.turn_of(number)
        order.append(number)

    def acts() -> Any:
        yield env.timeout(2)
        yield env.timeout(0)
        order.append(0)

    steps: list[Callable[[], Any]] = [lambda: comes(3, 2), lambda: comes(1, 2), lambda: comes(2, 1)]
    for step in [*steps, acts]:
        env.process(step())
    env.run()
    assert order == [2, 0, 1, 3]
