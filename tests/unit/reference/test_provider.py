"""What becomes of an attempt, rule by rule of docs/reference/world.md, in the reference engine."""

from __future__ import annotations

import numpy as np

from sim.reference.draws import FailureUniforms, uniform
from sim.reference.plain_buckets import UNITS
from sim.reference.plain_provider import (
    CLIENT_TIMEOUT,
    FORBIDDEN,
    OK,
    OVERLOADED,
    SERVER_ERROR,
    TOO_MANY,
    Provider,
    Reply,
)
from sim.streams import mixed, uniforms
from tests.support.scenarios import event
from tests.unit.reference.by_hand import (
    FREE,
    LIMITED,
    MINUTE_US,
    SECOND_US,
    UP_FRONT,
    call,
    context_of,
    session,
)


def test_uniform_numbers_are_those_of_the_page() -> None:
    """Against `sim.streams`, which has them for arrays."""
    key, calls, number = 12_345, np.array([0, 7, 1 << 40]), 3
    expected = uniforms(mixed(mixed(key, calls), number)).tolist()
    assert [uniform(key, call, number) for call in calls.tolist()] == expected


def test_answers_take_the_time_that_was_drawn() -> None:
    reply = Provider(FREE, 0).begin(session(), call(), 0, 0)
    assert reply == Reply(OK, 3 * SECOND_US, SECOND_US)


def test_times_are_rounded_part_by_part_and_batches_are_not_slowed_down() -> None:
    slow = {"events": (event("incident", -MINUTE_US, slowdown=1.5),)}
    provider = Provider(context_of(tier="none", world=slow), 0)
    odd = call(ttft_us=3, generation_us=5)
    assert provider.begin(session(), odd, 0, 0) == Reply(OK, 4 + 8, 4)  # 4.5 and 7.5, to even
    assert provider.begin(session(batch=True), odd, 0, 0) == Reply(OK, 8, 3)


def test_failures_are_overload_first_then_server_errors() -> None:
    uniforms = FailureUniforms(FREE.streams, FREE.actor.id)
    u = uniforms.failure(call(), 0)
    error_us = uniforms.error_us(call(), 0)
    for overload, server_error, status in (
        (u, 0.0, OK),
        (u, 1e-9, SERVER_ERROR),
        (u + 1e-9, 0.0, OVERLOADED),
    ):
        world = {"overload": overload, "server_error": server_error}
        reply = Provider(context_of(tier="none", world=world), 0).begin(session(), call(), 0, 0)
        assert reply.status == status
        assert reply.lasts_us == (3 * SECOND_US if status == OK else error_us)


def test_clients_hang_up_after_their_timeout_but_not_on_a_batch() -> None:
    provider = Provider(FREE, 0)
    in_time = call(ttft_us=0, generation_us=MINUTE_US)
    too_late = call(ttft_us=1, generation_us=MINUTE_US)
    assert provider.begin(session(), in_time, 0, 0).status == OK
    assert provider.begin(session(), too_late, 0, 0) == Reply(CLIENT_TIMEOUT, MINUTE_US)
    assert provider.begin(session(batch=True), too_late, 0, 0) == Reply(OK, MINUTE_US + 1, 1)


def test_clients_hang_up_on_errors_that_take_too_long() -> None:
    world = {"overload": 1.0, "timeout_us": 1_000}
    reply = Provider(context_of(tier="none", world=world), 0).begin(session(), call(), 0, 0)
    assert reply == Reply(CLIENT_TIMEOUT, 1_000)


def test_a_barred_account_is_refused_from_that_moment_on() -> None:
    provider = Provider(FREE, 0)
    barred = session(until_us=5)
    assert provider.begin(barred, call(), 0, 4).status == OK
    error_us = FailureUniforms(FREE.streams, FREE.actor.id).error_us(call(), 0)
    assert provider.begin(barred, call(), 0, 5) == Reply(FORBIDDEN, error_us)


def test_a_session_reads_what_its_last_answered_call_left() -> None:
    provider, reader = Provider(FREE, 0), session()
    first, second = call(left_tokens=700), call(left_tokens=900)
    assert provider.begin(reader, first, 0, 0).read_tokens == 0
    assert provider.begin(reader, second, 0, reader.lifetime_us).read_tokens == 700
    assert provider.begin(reader, first, 0, reader.lifetime_us + 1).read_tokens == 700


def test_what_is_left_dies_after_the_lifetime_of_the_reader() -> None:
    provider, reader = Provider(FREE, 0), session()
    provider.begin(reader, call(left_tokens=700), 0, 0)
    late = reader.lifetime_us + 1
    assert provider.begin(reader, call(left_tokens=900), 0, late).read_tokens == 0
    reader.lifetime_us *= 4
    assert provider.begin(reader, call(left_tokens=900), 0, 3 * late).read_tokens == 900


def test_after_a_compaction_and_in_other_sessions_the_static_prefix_is_read() -> None:
    provider, first = Provider(FREE, 0), session()
    provider.begin(first, call(left_tokens=700), 0, 0)
    last_us = first.lifetime_us
    assert provider.begin(first, call(left_tokens=900, history=1), 0, 1).read_tokens == 400
    provider = Provider(FREE, 0)
    provider.begin(session(), call(left_tokens=700), 0, 0)
    assert provider.begin(session(key=2), call(left_tokens=900), 0, 1).read_tokens == 0
    assert provider.begin(session(), call(left_tokens=300), 0, last_us).read_tokens == 300
    provider = Provider(FREE, 0)
    provider.begin(session(), call(left_tokens=700), 0, 0)
    assert provider.begin(session(), call(left_tokens=900), 0, last_us + 1).read_tokens == 0


def test_who_caches_nothing_reads_and_leaves_nothing() -> None:
    provider, reader = Provider(FREE, 0), session()
    provider.begin(reader, call(left_tokens=0), 0, 0)
    assert provider.begin(session(), call(left_tokens=900), 0, 1).read_tokens == 0
    assert provider.begin(reader, call(left_tokens=0), 0, 2).read_tokens == 0


def test_requests_input_and_output_have_a_bucket_each() -> None:
    """Tier 1 has 50 requests, 50,000 tokens of input and 10,000 of output a minute for Haiku."""
    for dials, answered in (
        ({"context_tokens": 0, "asks_tokens": 0}, 50),
        ({"context_tokens": 10_000, "asks_tokens": 0}, 5),
        ({"context_tokens": 0, "asks_tokens": 5_000}, 2),
    ):
        provider, sender = Provider(UP_FRONT, 0), session(bucket=0)
        statuses = [provider.begin(sender, call(**dials), 0, 0).status for _ in range(answered + 1)]
        assert statuses == [OK] * answered + [TOO_MANY]


def test_a_refusal_says_when_to_come_again_and_takes_nothing() -> None:
    provider, sender = Provider(UP_FRONT, 0), session(bucket=0)
    large = call(context_tokens=0, asks_tokens=10_000)
    assert provider.begin(sender, large, 0, 0).taken_units == 10_000 * UNITS
    error_us = FailureUniforms(UP_FRONT.streams, UP_FRONT.actor.id).error_us(large, 0)
    refusal = provider.begin(sender, large, 0, 0)
    assert refusal == Reply(TOO_MANY, error_us, retry_after_s=60)
    small = call(context_tokens=0, asks_tokens=1)
    assert provider.begin(sender, small, 0, 0).retry_after_s == 1
    assert provider.begin(sender, small, 0, 5_999).status == TOO_MANY
    assert provider.begin(sender, small, 0, 6_000).status == OK


def test_refusals_are_said_before_the_client_hangs_up() -> None:
    provider = Provider(context_of(tier="tier-1", world={"timeout_us": 1_000}), 0)
    sender, large = session(bucket=0), call(context_tokens=50_000)
    provider.begin(sender, large, 0, 0)
    assert provider.begin(sender, large, 0, 0).lasts_us == 1_000


def test_what_an_answer_did_not_need_goes_back_to_the_output_bucket() -> None:
    for status, left in ((OK, 9_000), (OVERLOADED, 10_000), (TOO_MANY, 0), (FORBIDDEN, 0)):
        provider, sender = Provider(UP_FRONT, 0), session(bucket=0)
        large = call(context_tokens=0, asks_tokens=10_000, output_tokens=1_000)
        reply = provider.begin(sender, large, 0, 0)._replace(status=status)
        provider.end(sender, large, reply, 0)
        rest = call(context_tokens=0, asks_tokens=left)
        assert provider.begin(sender, rest, 0, 0).status == OK
        more = call(context_tokens=0, asks_tokens=1)
        assert provider.begin(sender, more, 0, 0).status == TOO_MANY


def test_an_answer_counted_as_generated_is_taken_at_its_end_and_may_leave_a_debt() -> None:
    """10,000 tokens a minute: two answers of as many leave a debt of a minute."""
    for status, retry_after_s in ((OK, 61), (OVERLOADED, 0)):
        provider, sender = Provider(LIMITED, 0), session(bucket=0)
        large = call(context_tokens=0, asks_tokens=1_000_000, output_tokens=10_000)
        replies = [provider.begin(sender, large, 0, 0) for _ in range(2)]
        assert [(reply.status, reply.taken_units) for reply in replies] == [(OK, 0)] * 2
        for reply in replies:
            provider.end(sender, large, reply._replace(status=status), 0)
        assert provider.begin(sender, large, 0, 0).retry_after_s == retry_after_s


def test_counted_as_generated_a_token_of_room_is_enough_for_any_answer() -> None:
    provider, sender = Provider(LIMITED, 0), session(bucket=0)
    large = call(context_tokens=0, asks_tokens=1_000_000, output_tokens=10_000)
    provider.end(sender, large, provider.begin(sender, large, 0, 0), 0)
    assert provider.begin(sender, large, 0, 5_999).status == TOO_MANY
    assert provider.begin(sender, large, 0, 6_000).status == OK


def test_organisations_and_batches_do_not_share_a_bucket() -> None:
    provider, large = Provider(UP_FRONT, 0), call(context_tokens=0, asks_tokens=10_000)
    for bucket_number in (0, 1, -1, -1):
        assert provider.begin(session(bucket=bucket_number), large, 0, 0).status == OK
