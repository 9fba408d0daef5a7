"""The truth about exchanges and tasks, made from a few rows that are written down here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.output.exchange_log import Renderer
from sim.population.population import Population, build_population
from sim.scaffold.fill import POSITION_BITS
from sim.scaffold.task_rows import TASK_RECORD
from sim.streams import MISSING, opaque_ids
from sim.tables.words import PromptSource
from tests.support.scenarios import coders, pool, scenario
from tests.unit.output.test_log_columns import rows_of

OWN, LIST, COVER = PromptSource


@pytest.fixture(scope="module")
def population() -> Population:
    return build_population(scenario(coders(2), pool(3, 100)))


def test_exchanges_extract_where_the_typology_does_and_the_task_is_listed(
    population: Population,
) -> None:
    rows = rows_of(
        4,
        actor=[0, 1, 1, 1],
        kind=[LIST, LIST, OWN, COVER],
        user=[1, 0, 0, 1],
    )
    truth = Renderer(population).truth(rows).to_pydict()
    assert truth["actor_id"] == ["coders", "pool", "pool", "pool"]
    assert truth["typology_id"] == ["L01", "A16", "A16", "A16"]
    assert truth["is_extraction"] == [False, True, False, False]
    assert truth["cover_flag"] == [False, False, False, True]
    assert truth["user_initiated"] == [True, False, False, True]


def test_attempts_name_their_task_and_the_first_attempt_of_their_call(
    population: Population,
) -> None:
    serial = [(3 << POSITION_BITS) + 1, (3 << POSITION_BITS) + 2, (4 << POSITION_BITS) + 1]
    rows = rows_of(3, actor=1, serial=serial, number=[0, 1, 3])
    truth = Renderer(population).truth(rows).to_pydict()
    key = population.actor_key
    assert truth["task_uid"] == opaque_ids(key("task")[1], np.array([3, 3, 4])).tolist()
    # a first attempt repeats nothing
    again = opaque_ids(key("exchange")[1], np.array(serial)).tolist()
    assert truth["attempt_of"] == [MISSING, *again[1:]]


def test_calls_stand_in_a_tree_of_sessions_turns_and_agents(population: Population) -> None:
    serial = np.array([3 << POSITION_BITS, (3 << POSITION_BITS) + 1, (3 << POSITION_BITS) + 2])
    rows = rows_of(
        3,
        actor=1,
        serial=serial,
        session=8,
        turn=5,
        sub=[0, 1, 0],
        shares_with=[-1, serial[0], serial[0]],
        shared=[0, 400, 900],
        think=[0, 1_500_000, 20],
    )
    truth = Renderer(population).truth(rows).to_pydict()
    (main,) = opaque_ids(population.actor_key("agent")[1], np.array([8])).tolist()
    (sub,) = opaque_ids(population.actor_key("sub-agent")[1], np.array([3])).tolist()
    (first,) = opaque_ids(population.actor_key("exchange")[1], serial[:1]).tolist()
    assert len(set(truth["session_uid"])) == 1
    assert truth["turn"] == [5, 5, 5]
    assert truth["step"] == [0, 1, 2]
    assert truth["agent_uid"] == [main, sub, main]
    assert truth["parent_agent_uid"] == [MISSING, main, MISSING]
    assert truth["shares_with"] == [MISSING, first, first]
    assert truth["shared_prefix_tokens"] == [0, 400, 900]
    assert truth["think_time_s"] == pytest.approx([0, 1.5, 2e-5])


def tasks_of(count: int, **fields: Any) -> dict[str, Any]:
    tasks = {name: np.zeros(count, TASK_RECORD[name]) for name in TASK_RECORD.names or ()}
    return tasks | {
        name: np.asarray(np.broadcast_to(values, count), tasks[name].dtype).copy()
        for name, values in fields.items()
    }


def test_tasks_belong_to_the_actor_of_their_account(population: Population) -> None:
    tasks = tasks_of(
        2,
        account=[1, 4],
        serial=[7, 7],
        start=[-2_000_000, 0],
        end=[1_000_000, 5],
        calls=[3, 1],
        exchanges=[4, 2],
        logged=[2, 1],
        kind=[OWN, LIST],
        item=[-1, 0],
        round=[-1, 2],
        state=[0, 3],
    )
    truth = Renderer(population).tasks(tasks).to_pydict()
    opening = population.scenario.clock.start
    assert truth["actor_id"] == ["coders", "pool"]
    assert truth["typology_id"] == ["L01", "A16"]
    assert truth["account_id"] == population.accounts.account_id[[1, 4]].tolist()
    keys = population.actor_key("task")
    assert truth["task_uid"] == [opaque_ids(key, np.array([7]))[0] for key in keys]
    assert [(t - opening).total_seconds() for t in truth["started_at"]] == [-2, 0]
    assert [(t - opening).total_seconds() for t in truth["ended_at"]] == [1, 5e-6]
    assert (truth["calls"], truth["exchanges"]) == ([3, 1], [4, 2])
    assert (truth["exchanges_in_log"], truth["run"]) == ([2, 1], [-1, 2])
    assert truth["item"] == [None, 0]
    assert truth["work"] == ["own", "list"]
    assert truth["state"] == ["finished", "barred"]
