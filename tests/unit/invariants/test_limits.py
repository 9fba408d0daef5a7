"""Token buckets of INV-2, against a loop and at the edge of what they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.time import MINUTE_US, SECOND_US
from sim.catalog import limits_of
from sim.invariants.rate_limits import INPUT, OUTPUT, REQUESTS, Buckets, Limits, limit_segments
from sim.scenario.resolved import RateLimits
from sim.world.limits import MOST_PER_MINUTE, BucketSize
from tests.support.checks import MODEL_NUMBER, OPENS_US, exchanges, first_wrong, index_of
from tests.support.scenarios import MONDAY, coders, event, ordinary, scenario

SIZE = BucketSize.series(60, [1.0], 0.1)[0]
LIMIT = limits_of("tier-1", MONDAY.date())["Sonnet 4.x"]
ONE = scenario(coders(2, tier="tier-1"))
UP_FRONT = RateLimits(as_of=MONDAY.date(), output="up_front")
TAKEN = scenario(coders(2, tier="tier-1"), world=ordinary(limits=UP_FRONT))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(0, 10 * SECOND_US),
            st.integers(0, 7),
            st.integers(0, 3),
        ),
        min_size=1,
        max_size=30,
    ),
    st.lists(st.integers(0, 5), min_size=2, max_size=2),
    st.booleans(),
)
def test_a_bucket_is_replayed_as_a_loop_does(
    drawn: list[tuple[int, int, int, int]], missing: list[int], takes_debt: bool
) -> None:
    """Where answers take what is not there, only those ask that take nothing."""
    org, gaps, takes, gives = (np.array(c) for c in zip(*drawn, strict=True))
    at, unit = 1_000 + np.cumsum(gaps), SIZE.per_token
    bucket = Buckets(0, [SIZE], np.array(missing) * unit, np.full(2, 1_000), takes_debt)
    asks = (takes == 0) * unit if takes_debt else takes * unit
    events = {"org": org, "at": at, "asks": asks, "takes": takes * unit, "gives": gives * unit}
    after, over = bucket.replay(events)

    level, since = [x * unit for x in missing], [1_000, 1_000]
    for k in range(len(org)):
        o = int(org[k])
        refill = (int(at[k]) - since[o]) * SIZE.rate
        level[o] = max(0, level[o] - refill - int(gives[k]) * unit)
        assert over[k] == (level[o] + asks[k] > SIZE.capacity and asks[k] > 0)
        level[o] += int(takes[k]) * unit
        since[o] = int(at[k])
        assert after[k] == level[o]
        if over[k]:  # the replay ends there
            return
    assert bucket.missing.tolist() == level
    assert bucket.since_us.tolist() == since


def test_the_largest_bucket_may_be_refilled_many_times() -> None:
    """All that comes back in a month is more than 64 bits hold."""
    [size] = BucketSize.series(MOST_PER_MINUTE - 1, [1.0], 10.0)
    bucket = Buckets(0, [size], np.zeros(1, int), np.zeros(1, int))
    each = np.full(40, size.capacity)
    at = np.arange(1, 41) * 20 * MINUTE_US
    at[-1] = at[-2] + MINUTE_US
    events = {"org": 0 * each, "at": at, "asks": each // 2, "takes": each // 2, "gives": 0 * each}
    after, over = bucket.replay(events)
    assert after.tolist() == [*each[1:] // 2, 2 * (size.capacity // 2) - MINUTE_US * size.rate]
    assert not over.any()


def test_a_change_of_limits_refills_first_and_then_cuts() -> None:
    sizes = BucketSize.series(60, [1.0, 0.5, 2.0], 1.0)
    unit, since = sizes[0].per_token, np.array([0, 5 * SECOND_US, 20 * SECOND_US])
    bucket = Buckets(0, sizes, np.array([8, 50, 3]) * unit, since)
    bucket.next_segment(10 * SECOND_US)
    # 10 s refill 10, 5 s refill 5; then the bucket holds 30 instead of 60
    assert (bucket.missing // unit).tolist() == [0, 15, 0]
    assert bucket.since_us.tolist() == [10 * SECOND_US, 10 * SECOND_US, 20 * SECOND_US]
    bucket.missing = np.array([4, 0, 30]) * unit
    bucket.next_segment(14 * SECOND_US)
    # 4 s refill 2 of 30 a minute; then it holds 120, of which what is new is missing
    assert (bucket.missing // unit).tolist() == [92, 90, 120]
    assert bucket.segment == 2


@pytest.mark.parametrize(
    ("events", "minutes", "factors"),
    [
        ([], [0], [1.0]),
        ([event("limits", 0, factor=0.5)], [0, 1440], [0.5, 0.5]),
        (
            [event("limits", 2 * MINUTE_US, 3 * MINUTE_US, factor=0.5), event("holiday", 5)],
            [0, 2, 3],
            [1.0, 0.5, 1.0],
        ),
        (
            [
                event("limits", 1 * MINUTE_US + 1, 4 * MINUTE_US - 1, factor=0.5),
                event("limits", 2 * MINUTE_US, None, factor=3.0),
            ],
            [0, 1, 2, 3, 1440],
            [1.0, 0.5, 1.5, 3.0, 3.0],
        ),
    ],
)
def test_factors_on_limits_change_at_whole_minutes(
    events: list[Any], minutes: list[int], factors: list[float]
) -> None:
    starts, found = limit_segments(ordinary(*events), 1440 * MINUTE_US)
    assert (starts // MINUTE_US).tolist() == minutes
    assert found == factors


def limits(rows: Any, asked: Any = ONE, **index: Any) -> tuple[int, str] | None:
    return first_wrong(Limits(index_of(asked, **index)), rows)


def test_a_full_bucket_admits_as_many_requests_as_it_holds_and_is_refilled_with() -> None:
    n = LIMIT.requests_per_min
    small = {"uncached": 1, "max_tokens": 1, "output": 1}
    at_once = np.full(n + 1, OPENS_US + 60 * MINUTE_US)
    assert limits(exchanges(n, start=at_once[:-1], **small)) is None
    found = limits(exchanges(n + 1, start=at_once, **small))
    assert found is not None
    assert found == (n, "1 requests taken by org_000000000000003c")
    refused = np.append(np.full(n, 200), 429)
    assert limits(exchanges(n + 1, start=at_once, status=refused, **small)) is None
    unknown = np.append(np.zeros(n, int), -1)
    assert limits(exchanges(n + 1, start=at_once, account=unknown, **small)) is None
    later = at_once.copy()
    later[-1] += MINUTE_US // n
    assert limits(exchanges(n + 1, start=later, **small)) is None
    later[-1] -= 1
    assert limits(exchanges(n + 1, start=later, **small)) is not None


@pytest.mark.parametrize(
    "given",
    [
        {"status": [200, 429]},
        {"batch": [False, True]},
        {"account": [0, 1], "org_id": [60, 61]},
        {"actor": [0, 1]},
        {"read": [0, LIMIT.input_tokens_per_min]},
        {"status": [200, 529]},
    ],
)
def test_what_takes_no_input_from_the_bucket(given: dict[str, Any]) -> None:
    """After an attempt that takes all there is: refused, in a batch, of others, read or failed."""
    all_input = LIMIT.input_tokens_per_min
    start = np.full(2, OPENS_US + 60 * MINUTE_US)
    both = {"start": start, "uncached": [all_input, 1], "max_tokens": 1, "output": 1}
    assert limits(exchanges(2, **both)) == (1, "1 input tokens taken by org_000000000000003c")
    second = 0 if "read" in given else 1
    rows = exchanges(2, **{**both, "uncached": [all_input, second], **given})
    assert limits(rows) is None


def test_an_input_larger_than_the_bucket_takes_all_of_it() -> None:
    start = np.array([0, MINUTE_US - 2, MINUTE_US]) + OPENS_US + 60 * MINUTE_US
    large = {"uncached": LIMIT.input_tokens_per_min * 5, "max_tokens": 1, "output": 1}
    assert limits(exchanges(2, start=start[[0, 2]], **large)) is None
    assert limits(exchanges(2, start=start[[0, 1]], **large)) is not None


def test_output_is_taken_at_the_start_and_what_is_not_used_comes_back_at_the_end() -> None:
    most = LIMIT.output_tokens_per_min
    at = OPENS_US + 60 * MINUTE_US
    start, end = np.array([at, at + 10]), np.array([at + 5, at + 15])
    both = {"start": start, "uncached": 1, "max_tokens": [most, most - 100], "output": [100, 1]}
    assert limits(exchanges(2, end=end, **both), TAKEN) is None
    assert limits(exchanges(2, end=[at + 11, at + 15], **both), TAKEN) is not None
    assert limits(exchanges(2, end=[at + 10, at + 15], **both), TAKEN) is None
    more = {**both, "output": [101 + most // MINUTE_US, 1]}
    assert limits(exchanges(2, end=end, **more), TAKEN) is not None
    lost = exchanges(2, end=end, **{**both, "status": [529, 200]})
    assert limits(lost, TAKEN) is None


def test_an_answer_takes_its_output_at_its_end_and_what_is_owed_is_refilled_first() -> None:
    most, at = LIMIT.output_tokens_per_min, OPENS_US + 60 * MINUTE_US
    both = {"uncached": 1, "max_tokens": 10**6, "output": [3 * most, 1]}

    def at_times(start_us: int, end_us: int = 5, **more: Any) -> tuple[int, str] | None:
        start, end = np.array([at, at + start_us]), np.array([at + end_us, at + start_us + 5])
        return limits(exchanges(2, start=start, end=end, **{**both, **more}))

    # until the end nothing is taken; then the answer goes first, and 2 minutes are owed
    assert at_times(4) is None
    owed = (1, "1 output tokens taken by org_000000000000003c")
    assert at_times(5) == owed
    a_token_us = -(-MINUTE_US // most)
    assert at_times(5 + 2 * MINUTE_US + a_token_us) is None
    assert at_times(5 + 2 * MINUTE_US + a_token_us - 1) == owed
    assert at_times(5, status=[529, 200]) is None


def test_what_is_owed_outlasts_a_change_of_limits() -> None:
    most, at = LIMIT.output_tokens_per_min, OPENS_US + 60 * MINUTE_US
    halved = event("limits", 61 * MINUTE_US, factor=0.5)
    asked = scenario(coders(2, tier="tier-1"), world=ordinary(halved))
    # 4 minutes owed, of which one is refilled before the change and the others take twice as long
    for start_us, fine in ((1, True), (-1, False)):
        start = np.array([at, at + 7 * MINUTE_US + start_us * SECOND_US])
        rows = {"start": start, "end": start + 1, "uncached": 1, "output": [5 * most, 1]}
        assert (limits(exchanges(2, **rows), asked) is None) == fine


def test_output_is_not_held_until_answers_from_before_the_log_have_ended() -> None:
    most, timeout_us = LIMIT.output_tokens_per_min, TAKEN.world.timeout_us
    for late_us, fine in ((-1, True), (0, False)):
        start = OPENS_US + timeout_us + late_us + np.array([0, 0])
        rows = exchanges(2, start=start, uncached=1, max_tokens=most, output=1)
        assert (limits(rows, TAKEN) is None) == fine


def test_buckets_are_kept_over_parts_and_changes_of_limits() -> None:
    n = LIMIT.requests_per_min
    small = {"uncached": 1, "max_tokens": 1, "output": 1}
    at = OPENS_US + 60 * MINUTE_US
    halved = scenario(
        coders(2, tier="tier-1"), world=ordinary(event("limits", 60 * MINUTE_US, factor=0.5))
    )
    for asked, first, fine in ((ONE, n - 1, True), (ONE, n, False), (halved, n // 2, False)):
        check = Limits(index_of(asked))
        assert first_wrong(check, exchanges(first, start=np.full(first, at), **small)) is None
        assert (first_wrong(check, exchanges(1, start=at, **small)) is None) == fine


def test_without_truth_the_highest_tier_counts_for_all() -> None:
    asked = scenario(coders(2, tier="tier-1"), coders(2, tier="tier-2", id_="more"))
    n = LIMIT.requests_per_min + 1
    rows = exchanges(n, start=np.full(n, OPENS_US), uncached=1, max_tokens=1, output=1)
    assert limits(rows, asked) is not None
    assert limits(rows, asked, truth=False) is None
    assert limits(rows, ONE, truth=False) is not None
    unlimited = scenario(coders(2, tier="tier-1"), coders(2, tier="none", id_="more"))
    assert limits(rows, unlimited, truth=False) is None


def test_the_core_profile_lacks_max_tokens_and_who_sells_batches() -> None:
    n = LIMIT.requests_per_min + 1
    rows = exchanges(n, start=np.full(n, OPENS_US), uncached=1, max_tokens=10**6, output=1)
    assert limits(rows, full=False) is not None
    for asked, full, kinds in (
        (ONE, True, (REQUESTS, INPUT, OUTPUT)),
        (ONE, False, (REQUESTS, INPUT, OUTPUT)),
        (TAKEN, False, (REQUESTS, INPUT)),
    ):
        buckets = Limits(index_of(asked, full=full))._buckets
        assert {tuple(b.kind for b in x) for x in buckets.values()} == {kinds}
    sells = scenario(coders(2, tier="tier-1", batch_share=0.1))
    assert limits(rows, sells, full=False) is None
    assert limits(rows, sells, full=False, truth=False) is None
    assert limits(rows, sells) is not None


def test_notes_say_what_is_left_out() -> None:
    sells = scenario(coders(2, tier="tier-1", batch_share=0.1))
    free = scenario(coders(2, tier="none"))

    def note(asked: Any, **index: Any) -> str:
        return Limits(index_of(asked, **index)).note

    assert note(ONE) == note(sells) == ""
    assert note(free) == "no actor is limited"
    core = "output needs max_tokens, which the core profile lacks"
    assert note(ONE, full=False) == ""
    assert note(TAKEN, full=False) == core
    batches = "service_tier, which exempts batches, is not in the core profile: {} are left out"
    assert note(sells, full=False) == batches.format("actors that send some")
    highest = "without truth the highest tier of the scenario counts for all"
    assert note(ONE, truth=False) == highest
    assert note(sells, full=False, truth=False) == f"{batches.format('all')}; {highest}"
    assert note(free, full=False) == "no actor is limited"


def test_a_class_of_model_has_buckets_of_its_own() -> None:
    n = LIMIT.requests_per_min + 1
    start = np.full(n, OPENS_US)
    model = np.full(n, MODEL_NUMBER)
    index = index_of(ONE)
    model[0] = index.models.number("claude-haiku-4.5")
    rows = exchanges(n, start=start, uncached=1, max_tokens=1, output=1, model=model)
    assert limits(rows) is None
