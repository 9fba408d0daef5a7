"""What adds up in a run (INV-1), table by table, without any file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sim.invariants.conservation import Conservation
from sim.tables.words import BAN, BARRED, CUT_OFF, FINISHED, GIVEN_UP, PromptSource
from tests.support.checks import OPENS_US, exchanges, failed, first_wrong, index_of, said
from tests.support.scenarios import coders, lab, make_actor, pool, scenario

OWN, LIST, COVER = PromptSource
PEOPLE = scenario(coders(2))
LAB = scenario(lab(items=4, runs=3))
POOL = scenario(pool(4, 100))
COVERED = scenario(make_actor("ring", "A19", accounts=3, items=7))


def labels(rows: Any, **index: Any) -> tuple[int, str] | None:
    return first_wrong(Conservation(index_of(PEOPLE, **index)), rows)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"labels": 1}, "no row of truth/exchanges, which has 1 in this part"),
        ({"truth_id": [900, 4]}, "exchange req_0000000000000004 in this row of truth/exchanges"),
        ({"task": [0, -1], "task_uid": [70, 9]}, "task task_0000000000000009"),
        ({"account": [0, 1]}, "another account or actor than that of its task"),
        ({"actor": [0, -1]}, "another account or actor than that of its task"),
    ],
)
def test_a_row_belongs_to_its_truth_and_its_task(given: dict[str, Any], found: str) -> None:
    assert labels(exchanges(2)) is None
    assert labels(exchanges(2, **given)) == (1, found)


def test_a_row_lies_within_its_task() -> None:
    row = exchanges()
    start, end = int(row["start"][0]), int(row["end"][0])
    for begins, ends, fine in (
        (start, end, True),
        (start + 1, end, False),
        (start, end - 1, False),
    ):
        tasks = {"start": [begins, 0], "end": [ends, 0]}
        assert (labels(row, tasks=tasks) is None) == fine


def tasks_of(asked: Any, rows: Any = None, **tasks: Any) -> tuple[int, str] | None:
    """What is said of tasks alone; task 0 has an answered exchange and one that failed."""
    check = Conservation(index_of(asked, tasks={"exchanges": 2, "exchanges_in_log": 2, **tasks}))
    if rows is None:
        rows = [exchanges(), failed(id=901)]
    for part in rows:
        check.see(part)
    check.breach = check._tasks()
    return said(check)


def test_a_task_adds_up() -> None:
    one: dict[str, Any] = {"row": [0]}
    end = OPENS_US + PEOPLE.clock.duration_us
    assert tasks_of(PEOPLE, **one) is None
    assert tasks_of(PEOPLE, **one, exchanges_in_log=[1]) == (0, "exchanges_in_log 1")
    assert tasks_of(PEOPLE, **one, exchanges=[1]) == (0, "exchanges 1, exchanges_in_log 2")
    assert tasks_of(PEOPLE, [], **one, exchanges_in_log=[0]) == (
        0,
        "exchanges 2, exchanges_in_log 0",
    )
    cut = tasks_of(PEOPLE, **one, calls=[2])
    assert cut is not None
    assert cut[1].startswith("finished with 1 calls answered, ended_at ")
    assert tasks_of(PEOPLE, **one, calls=[2], exchanges=[3]) is None
    assert tasks_of(PEOPLE, **one, end=[end]) is None
    assert tasks_of(PEOPLE, **one, end=[end + 1]) is not None


@pytest.mark.parametrize(("state", "name"), [(GIVEN_UP, "given_up"), (CUT_OFF, "cut_off")])
def test_a_task_with_all_calls_answered_is_finished(state: int, name: str) -> None:
    one: dict[str, Any] = {"row": [0], "state": [state]}
    assert tasks_of(PEOPLE, **one) == (0, f"{name} with all 1 calls answered")
    assert tasks_of(PEOPLE, **one, calls=[2]) is None
    assert tasks_of(PEOPLE, **one, calls=[0]) == (0, "1 calls answered")
    assert tasks_of(PEOPLE, row=[0], state=[-1], calls=[2]) == (0, "1 calls answered")
    late = tasks_of(PEOPLE, **one, calls=[2], end=[OPENS_US + PEOPLE.clock.duration_us + 1])
    assert (late is None) == (state == CUT_OFF)


def test_the_first_task_in_the_order_of_files_is_named() -> None:
    wrong = {"exchanges": [1, 1], "exchanges_in_log": [5, 6], "row": [1, 0]}
    assert tasks_of(PEOPLE, **wrong) == (0, "exchanges_in_log 6")


def asked_for(asked: Any, **tasks: Any) -> tuple[int, str] | None:
    check = Conservation(index_of(asked, tasks=tasks))
    check.breach = check._asked_for()
    return said(check)


@pytest.mark.parametrize(
    ("asked", "tasks"),
    [
        (PEOPLE, {"item": [-1, -1], "run": [0, 0]}),
        (LAB, {"item": [0, 3], "run": [0, 0]}),
        (LAB, {"item": [3, 3], "run": [1, 2]}),
        (LAB, {"item": [3, 3], "run": [-1, -1]}),
        (LAB, {"item": [3, 3], "run": [-1, 0]}),
        (POOL, {"item": [10**9, 5], "work": LIST}),
        (POOL, {"item": [5, 5], "work": LIST, "state": [BARRED, FINISHED]}),
        (COVERED, {"item": [6, 6], "work": COVER}),
        (COVERED, {"item": [6, 6], "work": [COVER, LIST]}),
    ],
)
def test_what_is_asked_for_is_a_task_once_or_recurs_where_it_may(asked: Any, tasks: Any) -> None:
    assert asked_for(asked, **tasks) is None


@pytest.mark.parametrize(
    ("asked", "tasks", "found"),
    [
        (LAB, {"item": [3, 3], "run": [1, 1]}, (1, "item 3 of run 1 again")),
        (LAB, {"item": [3, 3], "run": 1, "state": BARRED}, (1, "item 3 of run 1 again")),
        (POOL, {"item": [5, 5], "work": LIST}, (1, "item 5 of run 0 again")),
        (LAB, {"item": [3, 4], "run": [1, 1]}, (1, "item 4 of run 1, work own")),
        (LAB, {"item": [3, 2], "run": [0, 3]}, (1, "item 2 of run 3, work own")),
        (LAB, {"item": [3, -1], "run": [0, 0]}, (1, "item -1 of run 0, work own")),
        (LAB, {"item": [3, 2], "work": [OWN, -1]}, (1, "item 2 of run 0, work unknown")),
        (PEOPLE, {"item": [-1, 0]}, (1, "item 0 of run 0, work own")),
        (PEOPLE, {"item": [-1, -1], "run": [0, 1]}, (1, "item -1 of run 1, work own")),
        (COVERED, {"item": [6, 7], "work": COVER}, (1, "item 7 of run 0, work cover")),
    ],
)
def test_what_is_asked_for_twice_or_not_at_all_is_found(asked: Any, tasks: Any, found: Any) -> None:
    assert asked_for(asked, **tasks) == found


def counts(asked: Any, unit: str = "", rows: Any = (), **tasks: Any) -> dict[str, int]:
    check = Conservation(index_of(asked, tasks=tasks))
    for part in rows:
        check.see(part)
    return check._counts(0, asked.actors[0], unit)


def test_states_of_the_tasks_of_an_actor_are_counted() -> None:
    states = [FINISHED, GIVEN_UP, CUT_OFF, BARRED, BARRED, FINISHED]
    found = counts(PEOPLE, rows=[exchanges(3)], state=states, actor=[0, 0, 0, 0, 0, -1])
    assert found == {
        "exchanges_in_log": 3,
        "tasks_in_log": 5,
        "tasks_finished": 1,
        "tasks_given_up": 1,
        "tasks_cut_off": 1,
        "tasks_barred": 2,
        "achieved": 3,
    }


def test_what_is_achieved_is_counted_in_the_unit_of_the_target() -> None:
    two: dict[str, Any] = {"run": [0, -1, 0], "state": [FINISHED, FINISHED, CUT_OFF]}
    rows = [exchanges(), exchanges(id=901, task=1), failed(id=902)]
    done = counts(LAB, rows=rows, **two)
    assert (done["achieved"], done["requested"]) == (1, 12)
    sent = counts(POOL, rows=rows, **two)
    assert (sent["achieved"], sent["requested"]) == (1, 100)
    expected = counts(POOL, unit="expected exchanges", rows=rows, **two)
    assert expected["achieved"] == 3
    assert "requested" not in expected
    without_target = scenario(pool(4, 100).model_copy(update={"target_exchanges": None}))
    assert "requested" not in counts(without_target, rows=rows, **two)


def test_campaigns_count_accounts_bans_and_what_extracts() -> None:
    events = {
        "account": np.array([0, 0, 1, -1]),
        "at": np.zeros(4, int),
        "action": [BAN, BAN, 0, BAN],
    }
    events["action"] = np.array(events["action"])
    tasks = {"account": [0, 0, 1], "work": [LIST, OWN, LIST], "actor": [0, 0, 0]}
    check = Conservation(index_of(POOL, tasks=tasks, events=events))
    check.see(exchanges(4, task=[0, 0, 1, 2], account=[0, 0, 0, 1], task_uid=70))
    counted = {"pool": {"achieved": 9, "requested": 100}}
    assert check._campaign_counts(counted) == {
        "pool": {
            "accounts_in_log": 2,
            "accounts_banned": 2,
            "achieved_exchanges": 9,
            "extraction_exchanges": 3,
            "accounts": 2,
            "requested_exchanges": 100,
        }
    }
    harmless = scenario(make_actor("pool", "L07", accounts=2))
    check = Conservation(index_of(harmless, tasks=tasks, events=events))
    check.see(exchanges(4, task=[0, 0, 1, 2], account=[0, 0, 0, 1], task_uid=70))
    campaign = check._campaign_counts({"pool": {"achieved": 9}})["pool"]
    assert campaign["extraction_exchanges"] == 0
    assert "requested_exchanges" not in campaign
    guest = scenario(pool(2, 100, through="host"))
    check = Conservation(index_of(guest, tasks=tasks, events=events))
    assert "accounts" not in check._campaign_counts(counted)["pool"]


class Files:
    """What stands for the manifest and the tables of a run."""

    def __init__(self, rows: int, exchanges_of_actor: int, **stated: int) -> None:
        actor = {"actor": "coders", "exchanges_in_log": exchanges_of_actor, **stated}
        self.manifest = {"files": [{"path": "log", "rows": rows}], "actors": [actor]}

    def table(self, stem: str, columns: Any) -> Any:
        return pa.table({"actor_id": ["coders"], "campaign_uid": [7], **self.tables[stem]})

    tables: dict[str, Any]


def files(rows: int, of_actor: int, truth: bool = False) -> str | None:
    index = index_of(PEOPLE, truth=truth, run=Files(rows, of_actor), parts_of=lambda _: ["log"])
    check = Conservation(index)
    check.see(exchanges(3))
    check.close()
    return None if check.breach is None else str(check.breach)


def test_the_log_has_as_many_rows_as_the_manifest_says() -> None:
    assert files(3, 3) is None
    assert files(4, 3) == "log: found 3 rows; allowed: 4, as in the manifest"
    assert files(3, 4) == (
        "manifest.json: found 4 exchanges of its actors; allowed: 3, as in the log"
    )


@pytest.mark.parametrize(
    ("where", "column", "found"),
    [
        (None, "", None),
        (
            "truth/actors",
            "tasks_finished",
            "log row 0 (coders): found tasks_finished 8; allowed: 1",
        ),
        (
            "manifest",
            "achieved",
            "manifest.json: found achieved 8 of coders; allowed: 1, as counted",
        ),
        (
            "truth/campaigns",
            "accounts_in_log",
            "log row 0 (camp_0000000000000007): found accounts_in_log 8; allowed: 1, as counted",
        ),
    ],
)
def test_tables_and_manifest_state_what_was_counted(
    where: str | None, column: str, found: str | None
) -> None:
    check = Conservation(index_of(PEOPLE, tasks={"row": [0]}, parts_of=lambda _: ["log"]))
    check.see(exchanges())
    actor = check._counts(0, PEOPLE.actors[0], "")
    campaign = check._campaign_counts({"coders": actor})["coders"]
    tables = {"truth/actors": dict(actor), "truth/campaigns": dict(campaign)}
    manifest = dict(actor)
    if where is not None:
        {**tables, "manifest": manifest}[where][column] = 8
    run = Files(1, 1, **manifest)
    run.tables = {stem: {k: [v] for k, v in values.items()} for stem, values in tables.items()}
    index: Any = SimpleNamespace(**{**vars(check.index), "run": run})
    check.index = index
    breach = check._tables()
    assert (breach is None) == (found is None)
    assert found is None or str(breach).startswith(found)


def test_without_truth_the_rows_are_counted_alone() -> None:
    check = Conservation(index_of(PEOPLE, truth=False))
    check.see(exchanges(3, truth_id=0))
    assert check.breach is None
    assert check._of_actor.tolist() == [0, 3]
    assert check.note == "without truth: the log against the manifest alone"
    assert Conservation(index_of(PEOPLE)).note == ""


def test_exchanges_of_unknown_actors_are_counted_apart() -> None:
    check = Conservation(index_of(PEOPLE))
    check.see(exchanges(3, actor=[0, -1, -1]))
    assert check._of_actor.tolist() == [1, 2]
