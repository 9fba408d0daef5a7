"""Columns of `truth/exchanges`: what is true of the exchanges of a window, in the same order."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.types import Array, Bools, Ints
from sim.compiled_streams import ids_under
from sim.output.row_tables import RowContext, RowTable
from sim.population.population import Population
from sim.scaffold.fill import NO_CALL
from sim.scaffold.rows import position_of, task_of
from sim.streams import MISSING, Ids, opaque_ids
from sim.tables import arrow
from sim.tables.schema import TRUTH_EXCHANGES
from sim.tables.words import PromptSource

EXCHANGE_TRUTH = RowTable(TRUTH_EXCHANGES)


@EXCHANGE_TRUTH.column_of_task
def task_uid(context: RowContext, rows: Columns) -> Ids:
    """Return the task that exchanges belong to."""
    return opaque_ids(context.actor_key("task")[rows["actor"]], task_of(rows["serial"]))


@EXCHANGE_TRUTH.column_of_task
def actor_id(context: RowContext, rows: Columns) -> Any:
    """Return the actor that sent exchanges."""
    return actor_words(context, rows["actor"])


@EXCHANGE_TRUTH.column_of_task
def typology_id(context: RowContext, rows: Columns) -> Any:
    """Return the typology of the actor that sent exchanges."""
    return typology_words(context, rows["actor"])


@EXCHANGE_TRUTH.column_of_task
def is_extraction(context: RowContext, rows: Columns) -> Bools:
    """Return whether exchanges extract: the typology does, and the task is from the list."""
    extracts: Bools = context.once(_extracting_actors)[rows["actor"]] & (
        rows["kind"] == PromptSource.LIST
    )
    return extracts


def _extracting_actors(population: Population) -> Bools:
    """Return whether the typology of each actor extracts, shape (actors,)."""
    return np.array([typology.is_extraction for typology in population.typology_of_actor()])


@EXCHANGE_TRUTH.column_of_task
def cover_flag(_: RowContext, rows: Columns) -> Bools:
    """Return whether the task of exchanges is cover."""
    is_cover: Bools = rows["kind"] == PromptSource.COVER
    return is_cover


@EXCHANGE_TRUTH.column
def attempt_of(context: RowContext, rows: Columns) -> Ids:
    """Return the first attempt of the call that exchanges try again, missing in that itself."""
    return _exchange_ids(context, rows, "serial", rows["number"] > 0)


@EXCHANGE_TRUTH.column_of_task
def session_uid(context: RowContext, rows: Columns) -> Ids:
    """Return the session that exchanges belong to."""
    return opaque_ids(context.actor_key("session")[rows["actor"]], rows["session"])


@EXCHANGE_TRUTH.column
def step(_: RowContext, rows: Columns) -> Ints:
    """Return the position of the call in its turn."""
    return position_of(rows["serial"])


@EXCHANGE_TRUTH.column
def agent_uid(context: RowContext, rows: Columns) -> Ids:
    """Return the agent that sent exchanges: one for each session, and each turn's sub-agent."""
    agents = _main_agents(context, rows)
    sub = np.flatnonzero(rows["sub"])
    keys, tasks = context.actor_key("sub-agent"), task_of(rows["serial"][sub])
    agents[sub] = ids_under(keys, rows["actor"][sub], tasks)
    return agents


@EXCHANGE_TRUTH.column
def parent_agent_uid(context: RowContext, rows: Columns) -> Ids:
    """Return the main agent of the session for exchanges of sub-agents, else nothing."""
    parents = np.full(len(rows["sub"]), MISSING)
    sub = np.flatnonzero(rows["sub"])
    parents[sub] = _main_agents(context, {name: rows[name][sub] for name in ("actor", "session")})
    return parents


def _main_agents(context: RowContext, rows: Columns) -> Ids:
    """Return the main agent of the session that exchanges belong to."""
    return ids_under(context.actor_key("agent"), rows["actor"], rows["session"])


@EXCHANGE_TRUTH.column
def shares_with(context: RowContext, rows: Columns) -> Ids:
    """Return the first attempt of the call that exchanges share a prefix with, if there is one."""
    return _exchange_ids(context, rows, "shares_with", rows["shares_with"] != NO_CALL)


@EXCHANGE_TRUTH.column
def think_time_s(_: RowContext, rows: Columns) -> Array:
    """Return the pause before the call."""
    return (rows["think"] * 1e-6).astype(np.float32)


def _exchange_ids(context: RowContext, rows: Columns, serial: str, has_one: Bools) -> Ids:
    """Return identifiers of first attempts of calls that a column gives by serial number.

    Rows without such a call get none.
    """
    ids = np.full(len(has_one), MISSING)
    there = np.flatnonzero(has_one)
    keys = context.actor_key("exchange")
    ids[there] = ids_under(keys, rows["actor"][there], rows[serial][there])
    return ids


def actor_words(context: RowContext, actor: Ints) -> Any:
    """Return the names of actors, given by number, as an Arrow array.

    Parameters
    ----------
    context
        Its dictionary has all actors of the scenario, in their order.
    actor
        Index of the actor in the scenario, shape (rows,).
    """
    return arrow.words(actor, [each.actor.id for each in context.population.contexts])


def typology_words(context: RowContext, actor: Ints) -> Any:
    """Return the typologies of actors, given by number, as an Arrow array."""
    codes, typologies = context.once(_typologies_of_actors)
    return arrow.words(codes[actor], typologies)


def _typologies_of_actors(population: Population) -> tuple[Ints, list[str]]:
    """Return the number of each actor's typology, shape (actors,), and what they number."""
    ids = [typology.id for typology in population.typology_of_actor()]
    distinct = sorted(set(ids))
    return np.array([distinct.index(id_) for id_ in ids]), distinct
