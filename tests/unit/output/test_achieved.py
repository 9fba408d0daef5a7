"""What was achieved, beside what was requested."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sim.actors.workload import Block
from sim.output.account_usage import USAGE
from sim.output.achieved import ActorSummary, ShardTally, Tally, with_pandas_note
from sim.population.population import build_population
from sim.scaffold.exchange_records import EXCHANGE_RECORD, ORIGIN_RECORD, Exchanges
from sim.scaffold.task_rows import TASK_RECORD, no_tasks
from sim.tables.schema import arrow_schema
from sim.tables.truth_schema import TRUTH_ACTORS
from sim.tables.words import BARRED, CUT_OFF, FINISHED, GIVEN_UP
from tests.support.scenarios import coders, lab, pool, scenario

NONE = ActorSummary("a", "L04", "tasks", 10, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1)


def test_a_target_can_be_missed_and_passed() -> None:
    assert (NONE.shortfall, NONE.overshoot) == (3, 0)
    more = replace(NONE, achieved=12)
    assert (more.shortfall, more.overshoot) == (0, 2)
    answers = replace(NONE, unit="answered exchanges")
    assert (answers.shortfall, answers.requested_not_begun) == (3, None)


def test_a_rate_cannot_be_missed() -> None:
    rate = replace(NONE, unit="expected exchanges")
    assert (rate.shortfall, rate.overshoot, rate.requested_not_begun) == (0, 0, None)
    assert replace(rate, achieved=99).overshoot == 0


def test_tasks_that_nobody_took_up_are_what_is_left_of_the_shortfall() -> None:
    assert NONE.requested_not_begun == 1


def test_a_block_is_counted_by_state_and_by_what_was_asked_for() -> None:
    tasks = np.zeros(6, TASK_RECORD)
    tasks["state"] = [FINISHED, FINISHED, GIVEN_UP, GIVEN_UP, BARRED, CUT_OFF]
    tasks["round"] = [0, -1, 3, -1, 0, 0]
    tasks["answered"] = [1, 10, 100, 1_000, 10_000, 100_000]
    rows = Exchanges(np.zeros(3, EXCHANGE_RECORD), np.zeros(1, ORIGIN_RECORD))
    tally = ShardTally(exchanges=2).with_block(Block(rows, tasks))
    assert tally == ShardTally(
        exchanges=5,
        tasks=6,
        finished=2,
        given_up=2,
        barred=1,
        asked=4,
        asked_finished=1,
        asked_given_up=1,
        asked_answered=110_101,
    )
    assert tally.with_block(Block(Exchanges.none(), no_tasks())) == tally
    assert tally.with_usage(np.zeros(3, USAGE)).active_accounts == 3


def test_tallies_add_up_field_by_field() -> None:
    one, other = ShardTally(*range(1, 11)), ShardTally(*range(10, 0, -1))
    assert one + other == ShardTally(*([11] * 10))


def test_actors_are_measured_in_what_was_asked_of_them() -> None:
    asked = scenario(coders(4), lab(runs=2, items=30), pool(5, 700), days=0.5)
    tally = Tally(build_population(asked))
    shard = ShardTally(
        exchanges=50,
        tasks=20,
        finished=9,
        given_up=4,
        barred=2,
        asked=15,
        asked_finished=8,
        asked_given_up=3,
        asked_answered=40,
    )
    for actor in range(3):
        tally.add(actor, shard)
    tally.add(1, ShardTally(exchanges=1))
    people, laboratory, campaign = tally.summaries()
    assert (people.unit, people.achieved) == ("expected exchanges", 50)
    assert people.requested > 0
    assert (laboratory.unit, laboratory.requested, laboratory.achieved) == ("tasks", 60, 8)
    assert (campaign.unit, campaign.requested, campaign.achieved) == (
        "answered exchanges",
        700,
        40,
    )
    assert (people.tasks_cut_off, people.requested_cut_off) == (5, 4)
    assert laboratory.exchanges_in_log == 51
    assert tally.exchanges == 151
    assert tally.of_actor(2) == shard


@pytest.fixture(scope="module")
def tally() -> Tally:
    return Tally(build_population(scenario(coders(2), pool(3, 100), coders(1, "others"))))


def test_the_table_of_actors_is_that_of_a_data_frame(tally: Tally) -> None:
    """Its bytes have the note of pandas since the first version."""
    frame = pd.DataFrame([vars(summary) for summary in tally.summaries()])
    frame = frame.rename(columns={"actor": "actor_id", "typology": "typology_id"})
    schema = arrow_schema(TRUTH_ACTORS)
    expected = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    table = tally.table()
    assert table.equals(expected)
    assert table.schema.metadata == expected.schema.metadata
    assert table.column("typology_id").to_pylist() == ["L01", "A16", "L01"]


def test_the_note_tells_words_from_numbers() -> None:
    table = with_pandas_note(pa.table({"n": pa.array([1], pa.int64())}))
    note = json.loads(table.schema.metadata[b"pandas"])
    assert note["columns"][0]["pandas_type"] == note["columns"][0]["numpy_type"] == "int64"
