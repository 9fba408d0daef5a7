"""The provider: what becomes of an attempt, decided at the moment at which it begins."""

from __future__ import annotations

from typing import NamedTuple

from sim.actors.context import ActorContext
from sim.catalog import limits_of
from sim.reference.conditions_over_time import ConditionsOverTime
from sim.reference.draws import Call, FailureUniforms, Session
from sim.reference.plain_buckets import UNITS, Bucket, limits_over_time

OK, FORBIDDEN, TOO_MANY = 200, 403, 429
CLIENT_TIMEOUT, SERVER_ERROR, OVERLOADED = 499, 500, 529
_LONGEST_US = 2**61


class Reply(NamedTuple):
    """How an attempt ends.

    Attributes
    ----------
    status
        An HTTP status; 499 if the client hung up.
    lasts_us
        From the beginning of the attempt to its end.
    ttft_us
        From the beginning to the first token, -1 if none came.
    read_tokens
        Tokens that come from the prompt cache; also of an attempt that fails after the limits let
        it through.
    taken_units
        What the output bucket gave in advance, 0 without a limit or where none is taken up front.
    retry_after_s
        After how many seconds to try again, if a limit refused the attempt; else 0.
    """

    status: int
    lasts_us: int
    ttft_us: int = -1
    read_tokens: int = 0
    taken_units: int = 0
    retry_after_s: int = 0


class Provider:
    """One provider as one shard of an actor meets it: its limits, its cache and its failures.

    An organisation lies within one shard, so no other shard has a part in these buckets and
    prefixes. Attempts come in order of time.
    """

    def __init__(self, context: ActorContext, opens_us: int) -> None:
        """`opens_us` is when the work begins: buckets are full then, and the cache is empty."""
        self._context, self._opens_us = context, opens_us
        self._conditions = ConditionsOverTime(context.world, context.clock.start)
        self._uniforms = FailureUniforms(context.streams, context.actor.id)
        self._takes_up_front = context.world.limits.output == "up_front"
        self._timeout_us = context.world.timeout_us
        self._buckets: dict[int, tuple[Bucket, ...]] = {}
        self._prefix_touched_us: dict[int, int] = {}

    def begin(self, session: Session, call: Call, number: int, now_us: int) -> Reply:
        """Decide what becomes of an attempt.

        Ask in this order: is the account barred, does a limit refuse it, does it fail, and does the
        client hang up before it hears of an answer or an error. A refusal takes nothing from the
        buckets: an attempt gets what it needs from all three, or from none. Only an attempt that is
        answered leaves something in the cache.

        Parameters
        ----------
        session, call
            Who sends what.
        number
            Number of the attempt among all of the call, from 0.
        now_us
            When it begins; never before an earlier attempt.

        Returns
        -------
        Reply
            What the client hears, and after how long.
        """
        if now_us >= session.until_us:
            return Reply(FORBIDDEN, self._refusal_us(call, number))

        read_tokens = self._read_tokens(session, call, now_us)
        taken_units = 0
        buckets = self._buckets_of(session, now_us)
        if buckets:
            # a token of output is enough where the answer is counted as it is generated
            output_tokens = call.asks_tokens if self._takes_up_front else 1
            tokens = 1, call.context_tokens - read_tokens, output_tokens
            wanted = [(b, b.units_of(count)) for b, count in zip(buckets, tokens, strict=True)]
            if any(bucket.level_units < units for bucket, units in wanted):
                wait_s = max(1, *(bucket.seconds_until(units) for bucket, units in wanted))
                return Reply(TOO_MANY, self._refusal_us(call, number), retry_after_s=wait_s)
            taken_units = wanted[-1][1] if self._takes_up_front else 0
            for bucket, units in zip(
                buckets, (wanted[0][1], wanted[1][1], taken_units), strict=True
            ):
                bucket.level_units -= units

        reply = self._unless_client_hangs_up(session, self._answer(session, call, number, now_us))
        if reply.status == OK:
            self._remember(session, call, now_us)
        return reply._replace(taken_units=taken_units, read_tokens=read_tokens)

    def end(self, session: Session, call: Call, reply: Reply, now_us: int) -> None:
        """Return to the output bucket what was taken up front and not used, or take the answer.

        An attempt that failed had no output, so all is given back. Refused and barred attempts took
        nothing. Call it when the attempt ends: until then the output counts as asked for, or not
        at all where it is not taken up front.

        Parameters
        ----------
        session, call
            Who sent what.
        reply
            What `begin` decided.
        now_us
            When the attempt ends.
        """
        buckets = self._buckets_of(session, now_us)
        if buckets and reply.status not in (TOO_MANY, FORBIDDEN):
            output_tokens = call.output_tokens if reply.status == OK else 0
            if self._takes_up_front:
                buckets[-1].give_back(reply.taken_units - output_tokens * UNITS)
            else:
                buckets[-1].level_units -= output_tokens * UNITS

    def _refusal_us(self, call: Call, number: int) -> int:
        """Return after how long a refusal comes: before the client would hang up, at the latest."""
        return min(self._uniforms.error_us(call, number), self._timeout_us)

    def _answer(self, session: Session, call: Call, number: int, now_us: int) -> Reply:
        """Return what would come if the client waited for it: an error or an answer.

        Times at normal speed are stretched by the slowdown of the minute in which the attempt
        begins, and rounded to whole microseconds, each by itself. Each is at most 2^61 µs, which
        is for ever.
        """
        conditions = self._conditions.at(now_us)
        u = self._uniforms.failure(call, number)
        if u < conditions.overload:
            return Reply(OVERLOADED, self._uniforms.error_us(call, number))
        if u < conditions.overload + conditions.server_error:
            return Reply(SERVER_ERROR, self._uniforms.error_us(call, number))

        # batches are answered when there is time, so that the load does not slow them down
        slowdown = 1.0 if session.batch else conditions.slowdown
        # in this order, because 0 times infinity is compared with nothing
        ttft_us = round(min(_LONGEST_US, call.ttft_us * slowdown))
        generation_us = round(min(_LONGEST_US, call.generation_us * slowdown))
        return Reply(OK, ttft_us + generation_us, ttft_us)

    def _unless_client_hangs_up(self, session: Session, reply: Reply) -> Reply:
        """Return the reply, or a timeout if the client hangs up before it comes.

        Nobody waits at a batch; others hang up on an answer or an error that takes too long. What
        was sent until then is lost: there is no time to the first token either.
        """
        if session.batch or reply.lasts_us <= self._timeout_us:
            return reply
        return Reply(CLIENT_TIMEOUT, self._timeout_us)

    def _read_tokens(self, session: Session, call: Call, now_us: int) -> int:
        """Return what an attempt reads: the context of its history, or else a static prefix.

        A call reads no more than it would leave itself. The age of an entry counts from the begin
        of the attempt that left or last read it, and entries of exactly the lifetime are still
        read.
        """
        if not call.left_tokens:
            return 0

        # what the last answered call of the same history left
        if call.history in session.last_answered:
            last, began_us = session.last_answered[call.history]
            if last.left_tokens and now_us - began_us <= session.lifetime_us:
                return min(last.left_tokens, call.left_tokens)

        # system prompt and tools, which others of the organisation may have sent before
        touched_us = self._prefix_touched_us.get(session.key)
        if touched_us is not None and now_us - touched_us <= session.lifetime_us:
            return min(session.static_tokens, call.left_tokens)
        return 0

    def _remember(self, session: Session, call: Call, now_us: int) -> None:
        """Leave the context of an answered attempt in the cache, and its static prefix."""
        session.last_answered[call.history] = call, now_us
        if call.left_tokens:
            self._prefix_touched_us[session.key] = now_us

    def _buckets_of(self, session: Session, now_us: int) -> tuple[Bucket, ...]:
        """Return the buckets for requests, input and output, refilled; none without a limit."""
        if session.bucket not in self._buckets:
            self._buckets[session.bucket] = self._full_buckets(session.bucket)
        for bucket in self._buckets[session.bucket]:
            bucket.refill(now_us)
        return self._buckets[session.bucket]

    def _full_buckets(self, number: int) -> tuple[Bucket, ...]:
        """Make the buckets of an organisation and a class of model, full; none without a limit.

        Both are numbered together: organisation * classes + class. A negative number has no limit.
        """
        context, classes = self._context, self._context.service.models.classes
        if number < 0:
            return ()
        tier = limits_of(context.actor.tier, context.world.limits.as_of)
        limit = tier.get(classes[number % len(classes)])
        if limit is None:
            return ()

        factors, burst = self._conditions.limit_factors(), context.world.burst
        return tuple(
            Bucket(limits_over_time(per_minute, burst, factors, self._opens_us))
            for per_minute in (
                limit.requests_per_min,
                limit.input_tokens_per_min,
                limit.output_tokens_per_min,
            )
        )
