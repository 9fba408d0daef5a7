"""Columns of `truth/exchanges`: what is true of the exchanges of a window, in the same order."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.types import Bools, Ints
from sim.output.row_tables import RowContext, RowTable
from sim.population.population import Population
from sim.scaffold.rows import task_of
from sim.streams import Ids, opaque_ids
from sim.tables import arrow
from sim.tables.schema import TRUTH_EXCHANGES
from sim.tables.words import PromptSource

EXCHANGE_TRUTH = RowTable(TRUTH_EXCHANGES)


@EXCHANGE_TRUTH.column
def task_uid(context: RowContext, rows: Columns) -> Ids:
    """Return the task that exchanges belong to."""
    return opaque_ids(context.actor_key("task")[rows["actor"]], task_of(rows["serial"]))


@EXCHANGE_TRUTH.column
def actor_id(context: RowContext, rows: Columns) -> Any:
    """Return the actor that sent exchanges."""
    return actor_words(context, rows["actor"])


@EXCHANGE_TRUTH.column
def typology_id(context: RowContext, rows: Columns) -> Any:
    """Return the typology of the actor that sent exchanges."""
    return typology_words(context, rows["actor"])


@EXCHANGE_TRUTH.column
def is_extraction(context: RowContext, rows: Columns) -> Bools:
    """Return whether exchanges extract: the typology does, and the task is from the list."""
    extracts: Bools = context.once(_extracting_actors)[rows["actor"]] & (
        rows["kind"] == PromptSource.LIST
    )
    return extracts


def _extracting_actors(population: Population) -> Bools:
    """Return whether the typology of each actor extracts, shape (actors,)."""
    return np.array([typology.is_extraction for typology in population.typology_of_actor()])


@EXCHANGE_TRUTH.column
def cover_flag(_: RowContext, rows: Columns) -> Bools:
    """Return whether the task of exchanges is cover."""
    is_cover: Bools = rows["kind"] == PromptSource.COVER
    return is_cover


@EXCHANGE_TRUTH.column
def attempt_of(context: RowContext, rows: Columns) -> Ids:
    """Return the call that exchanges are attempts at: the identifier of its first attempt."""
    return opaque_ids(context.actor_key("exchange")[rows["actor"]], rows["serial"])


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
