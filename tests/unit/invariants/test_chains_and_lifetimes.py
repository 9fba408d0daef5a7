"""Rules on the attempts of a task (INV-6), on accounts (INV-7) and on workers (INV-8)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.arrays.time import FOREVER_US, MINUTE_US, SECOND_US
from sim.invariants.account_lifetimes import AccountLifetimes
from sim.invariants.concurrency import Concurrency
from sim.invariants.retry_chains import RetryChains
from sim.tables.words import BAN, RATE_LIMIT, REINSTATE, STEP_UP, SUSPEND
from sim.world.attempts import MOST_CHAINS
from tests.support.checks import OPENS_US, exchanges, first_wrong, index_of, said
from tests.support.scenarios import at_separability, coders, lab, pool, scenario

RESUMES = scenario(coders(2, on_failure="resume", resume_after_s=90.0))
GIVES_UP = scenario(coders(2, on_failure="give_up"))
HOUR_LATER = OPENS_US + 3_600_000_000


def attempts(*statuses: int, **given: Any) -> dict[str, Any]:
    """The attempts of one call, a minute apart, numbered as they should be."""
    n = len(statuses)
    plain = {"status": list(statuses), "resend": np.arange(n) % 3, "call": 900}
    return exchanges(n, **{**plain, **given})


def chains(rows: Any, asked: Any = GIVES_UP, **index: Any) -> tuple[int, str] | None:
    check = RetryChains(index_of(asked, **index))
    check.see(rows)
    if check.breach is None:
        check.close()
    return said(check)


def test_calls_that_succeed_give_up_or_are_cut_off_are_fine() -> None:
    assert chains(attempts(200)) is None
    assert chains(attempts(529, 500, 200)) is None
    assert chains(attempts(529, 500, 429)) is None
    assert chains(attempts(403)) is None
    assert chains(attempts(529, 500, 429, 529, 200), asked=RESUMES) is None
    two_calls = exchanges(2, call=[900, 901])
    assert chains(two_calls) is None


def test_attempts_of_tasks_and_actors_that_nobody_knows_are_left_to_other_checks() -> None:
    assert chains(attempts(200, 200, task=-1)) is None
    assert chains(attempts(200, 200, actor=-1)) is None


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (attempts(200, 200), (1, "an attempt after status 200, resend_count 0")),
        (attempts(403, 200), (1, "an attempt after status 403, resend_count 0")),
        (attempts(529, 529, 529, 200), (3, "an attempt after status 529, resend_count 2")),
        (attempts(529, 200, resend=[0, 2]), (1, "resend_count 2")),
        (attempts(529, 200, resend=[0, 0]), (1, "resend_count 0")),
        (exchanges(2, status=[529, 200]), (1, "another call after status 529")),
        (
            attempts(529, 200, account=[0, 1]),
            (1, "another account than that of the attempt before it in the task"),
        ),
        (attempts(200, resend=1), (0, "resend_count 1 of the first attempt of a call")),
        (
            attempts(200, call=899),
            (0, "attempt_of req_0000000000000383, which is not before it"),
        ),
        (attempts(529, 529), (1, "status 529, resend_count 1, and no attempt after it")),
    ],
)
def test_attempts_that_do_not_follow_each_other_are_found(rows: Any, found: Any) -> None:
    assert chains(rows) == found


def test_attempts_do_not_overlap() -> None:
    start = HOUR_LATER + np.array([0, 60]) * SECOND_US
    touching = attempts(529, 200, start=start, end=start[1])
    assert chains(touching) is None
    over = chains(attempts(529, 200, start=start, end=start[1] + 1))
    assert over is not None
    assert over[0] == 1


@pytest.mark.parametrize(("statuses", "fine"), [((529, 529, 499), False), ((529, 529, 500), True)])
def test_no_client_resumes_after_a_timeout(statuses: tuple[int, ...], fine: bool) -> None:
    assert (chains(attempts(*statuses, 200), asked=RESUMES) is None) == fine
    assert (chains(attempts(*statuses), asked=RESUMES) is None) == (not fine)


@pytest.mark.parametrize(
    ("asked", "statuses", "pause_us"),
    [
        (GIVES_UP, (529,), MINUTE_US),
        (RESUMES, (529,), MINUTE_US),
        (RESUMES, (529, 529, 529), 90 * SECOND_US),
    ],
)
def test_a_failure_near_the_end_of_the_log_may_have_no_attempt_after_it(
    asked: Any, statuses: tuple[int, ...], pause_us: int
) -> None:
    closes_us = OPENS_US + asked.clock.duration_us
    for late_us, fine in ((0, True), (-1, False)):
        end = closes_us - pause_us + late_us
        start = end - SECOND_US * np.arange(len(statuses), 0, -1)
        rows = attempts(*statuses, start=start, end=start + SECOND_US)
        assert (chains(rows, asked=asked) is None) == fine


@pytest.mark.parametrize("chains_before", [MOST_CHAINS - 1, MOST_CHAINS])
def test_a_call_is_given_up_after_sixty_chains_that_ended_with_an_error_of_the_provider(
    chains_before: int,
) -> None:
    worn_out = attempts(*[529] * (3 * chains_before), 529, 529, 529)
    last_is_end = chains(worn_out, asked=RESUMES) is None
    assert last_is_end == (chains_before + 1 >= MOST_CHAINS and chains_before < MOST_CHAINS)


def test_limits_do_not_wear_a_call_out() -> None:
    limited = attempts(*[529, 529, 429] * (MOST_CHAINS + 2), 200)
    assert chains(limited, asked=RESUMES) is None


def test_near_the_opening_the_first_attempts_of_a_call_may_not_be_in_the_log() -> None:
    reach_us = 90 * SECOND_US + RESUMES.world.timeout_us
    for early_us, fine in ((-1, True), (0, False)):
        rows = attempts(200, start=OPENS_US + reach_us + early_us, resend=1, call=800)
        assert (chains(rows, asked=RESUMES) is None) == fine


def test_chains_are_followed_over_parts_of_the_log() -> None:
    for second, found in (
        (attempts(200, start=HOUR_LATER + 90 * SECOND_US, id=901, resend=1), None),
        (
            attempts(200, start=HOUR_LATER + 90 * SECOND_US, id=901, resend=2),
            (0, "resend_count 2"),
        ),
    ):
        check = RetryChains(index_of(GIVES_UP))
        assert first_wrong(check, attempts(529, start=HOUR_LATER)) is None
        second["call"][:] = 900
        assert first_wrong(check, second) == found


def test_a_task_is_judged_once_it_has_ended() -> None:
    """Before the end of its task another attempt may still come."""
    rows = exchanges(2, status=[529, 200], task=[0, 1], call=[900, 901])
    now_us = int(rows["start"][-1])
    for end_us, fine in ((now_us + 1, True), (now_us, False)):
        tasks = {"end": [end_us, FOREVER_US]}
        check = RetryChains(index_of(GIVES_UP, tasks=tasks))
        assert (first_wrong(check, rows) is None) == fine


def accounts(rows: Any, **index: Any) -> tuple[int, str] | None:
    return first_wrong(AccountLifetimes(index_of(GIVES_UP, **index)), rows)


def test_accounts_are_known_made_and_of_their_organisation() -> None:
    assert accounts(exchanges(2)) is None
    unknown = exchanges(2, account=[0, -1], account_id=[50, 7])
    assert accounts(unknown) == (1, "account acc_0000000000000007")
    assert accounts(exchanges(org_id=61)) == (0, "organisation org_000000000000003d")
    start = int(exchanges()["start"][0])
    assert accounts(exchanges(), accounts={"created": [start, 0]}) is None
    early = accounts(exchanges(), accounts={"created": [start + 1, 0]})
    unused = accounts(exchanges(), accounts={"from": [start + 1, 0]})
    assert unused is not None
    assert early is not None
    assert early[1].startswith("ts_start ")


def done(*what: tuple[int, int]) -> dict[str, Any]:
    """Actions on account 0: (seconds after the opening, action)."""
    at, action = zip(*what, strict=True)
    return {
        "account": np.zeros(len(what), int),
        "at": OPENS_US + np.array(at) * SECOND_US,
        "action": np.array(action),
    }


@pytest.mark.parametrize(
    ("events", "answered", "refused"),
    [
        (done((100, BAN)), [99], [100, 101]),
        (done((50, STEP_UP), (100, BAN)), [49, 99], [50, 100]),
        (done((50, SUSPEND), (100, BAN)), [49, 99], [50, 100]),
        (done((100, BAN), (150, REINSTATE)), [99, 101, 151], [100, 151]),
        (done((100, BAN), (150, REINSTATE), (200, BAN)), [99, 199], [100, 200]),
        (done((100, BAN), (150, SUSPEND)), [99, 101], [100]),
    ],
)
def test_barred_accounts_are_refused_and_nobody_else(
    events: Any, answered: list[int], refused: list[int]
) -> None:
    for seconds, status in [*((s, 200) for s in answered), *((s, 403) for s in refused)]:
        rows = exchanges(start=OPENS_US + seconds * SECOND_US, status=status)
        assert accounts(rows, events=events) is None


@pytest.mark.parametrize(
    ("events", "seconds", "status"),
    [
        (done((100, BAN)), 100, 200),
        (done((100, BAN)), 99, 403),
        (done((100, RATE_LIMIT)), 101, 403),
        (done((50, SUSPEND), (100, BAN)), 49, 403),
        (done((100, BAN), (150, REINSTATE), (200, BAN)), 200, 200),
        (done((100, REINSTATE)), 101, 403),
    ],
)
def test_a_refusal_without_a_cause_and_an_answer_after_a_ban_are_found(
    events: Any, seconds: int, status: int
) -> None:
    rows = exchanges(start=OPENS_US + seconds * SECOND_US, status=status)
    found = accounts(rows, events=events)
    assert found is not None
    assert found[1].startswith(f"status {status} at ")


@pytest.mark.parametrize(
    ("numbers", "row"), [([5, 6, 7], None), ([5, 5, 7], 2), ([5, 6, 6], 1), ([7, 5, 7], 2)]
)
@pytest.mark.parametrize(("stem", "prefix"), [("accounts", "acc_"), ("tasks", "task_")])
def test_identifiers_of_accounts_and_tasks_occur_once(
    stem: str, prefix: str, numbers: list[int], row: int | None
) -> None:
    """The later of two in the order of files counts, whatever the order of the columns."""
    place = {"file": [0, 0, 0], "row": [2, 0, 1], "id": [1, 2, 3]}
    if numbers[1] == numbers[0]:
        place["row"] = [0, 2, 1]
    tables: dict[str, Any] = {"accounts": place, "tasks": place, stem: {**place, "id": numbers}}
    check = AccountLifetimes(index_of(GIVES_UP, **tables))
    check.close()
    assert (check.breach is None) == (row is None)
    if check.breach is not None:
        assert check.breach.row == row
        assert str(check.breach.id).startswith(prefix)


def workers(rows: Any, asked: Any, tasks: Any = None) -> tuple[int, str] | None:
    check = Concurrency(index_of(asked, tasks=tasks))
    check.see(rows)
    check.close()
    return said(check)


TWO_WORKERS = scenario(lab(workers=2))
NO_TASKS = {"start": [0, 0], "end": [1, 1], "actor": [1, 1]}
SPANS = {"start": HOUR_LATER + np.array([0, 1, 2, 3]), "end": HOUR_LATER + np.array([2, 4, 5, 6])}


def test_no_more_attempts_are_in_progress_than_workers() -> None:
    assert workers(exchanges(4, **SPANS), TWO_WORKERS, NO_TASKS) == (3, "3 attempts in progress")
    assert workers(exchanges(4, **SPANS), scenario(lab(workers=3)), NO_TASKS) is None
    assert workers(exchanges(4, **SPANS, actor=[0, 1, 0, 0]), TWO_WORKERS, NO_TASKS) is None


def test_attempts_in_progress_are_counted_over_parts() -> None:
    check = Concurrency(index_of(TWO_WORKERS, tasks=NO_TASKS))
    rows = exchanges(4, **SPANS)
    assert first_wrong(check, {k: v[:2] for k, v in rows.items()}) is None
    assert first_wrong(check, {k: v[2:] for k, v in rows.items()}) == (3, "3 attempts in progress")


def test_no_more_tasks_are_in_progress_than_workers() -> None:
    tasks = {**SPANS, "id": np.arange(4), "row": np.arange(4)}
    later = exchanges(start=HOUR_LATER * 2)
    assert workers(later, TWO_WORKERS, tasks) == (3, "3 tasks in progress")
    assert workers(later, scenario(lab(workers=3)), tasks) is None


def test_where_modes_work_beside_the_workers_only_runs_of_a_benchmark_are_held() -> None:
    mixed = at_separability(TWO_WORKERS, 0.5)
    tasks = {**SPANS, "id": np.arange(4), "row": np.arange(4)}
    later = exchanges(start=HOUR_LATER * 2)
    assert workers(exchanges(4, **SPANS), mixed, NO_TASKS) is None
    assert workers(later, mixed, tasks) == (3, "3 tasks in progress")
    assert workers(later, mixed, {**tasks, "run": [0, -1, 0, 0]}) is None
    assert workers(later, TWO_WORKERS, {**tasks, "run": [0, -1, 0, 0]}) is not None
    prompts = at_separability(scenario(pool(workers=2)), 0.5)
    assert workers(later, prompts, tasks) is None


def test_the_first_breach_is_that_of_the_first_row_over_all_actors() -> None:
    two = scenario(lab(workers=1, id_="a"), lab(workers=1, id_="b"))
    start = HOUR_LATER + np.array([0, 1, 2, 3])
    rows = exchanges(4, start=start, end=start + 10, actor=[0, 1, 1, 0])
    assert workers(rows, two, {**NO_TASKS, "actor": [2, 2]}) == (2, "2 attempts in progress")


def test_a_note_names_queues_without_stated_workers() -> None:
    asked = scenario(pool(workers=None), coders(2), lab(workers=3))
    assert Concurrency(index_of(asked)).note == "the scenario states no workers for pool"
    assert Concurrency(index_of(TWO_WORKERS)).note == ""


def test_a_note_names_three_of_many_queues() -> None:
    asked = scenario(*(pool(workers=None, id_=f"pool-{k}") for k in range(300)))
    assert Concurrency(index_of(asked)).note == (
        "the scenario states no workers for pool-0, pool-1, pool-2 and 297 more"
    )
