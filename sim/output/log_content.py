"""Columns of the log about what was asked, without a word of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.prompts import reword_key, reword_sigmas, sigma_of
from sim.arrays.columns import Columns
from sim.arrays.types import Array, Floats, Ints
from sim.catalog import agents
from sim.entities import pools
from sim.entities.content import template_ids
from sim.output.log_request import EXCHANGE_LOG
from sim.output.row_tables import RowContext
from sim.population.population import Population
from sim.scaffold.rows import task_of
from sim.streams import U64, Ids, mixed, opaque_ids, uniforms
from sim.tables import arrow
from sim.tables.schema import DIMENSIONS

# Errors of an online clustering: the share of contents that it splits from their template, and
# the share that it takes for another one; priors.
_SPLIT, _MIXED = 0.06, 0.04
_SPLINTERS = 3


@EXCHANGE_LOG.column_of_task
def n_tool_defs(context: RowContext, rows: Columns) -> Array:
    """Return how many tools the scaffold defines."""
    return context.once(_tools_of_account)[rows["account"]]


def _tools_of_account(population: Population) -> Array:
    """Return the tools that the scaffold of each account defines, shape (accounts,)."""
    tools = np.array([agents()[a].n_tool_defs for a in population.agent_ids], np.int16)
    return tools[population.agent_of_account]


@EXCHANGE_LOG.column_of_task
def toolset_hash(context: RowContext, rows: Columns) -> Ids:
    """Return the set of tool definitions, one for each scaffold."""
    return context.once(_toolset_of_account)[rows["account"]]


def _toolset_of_account(population: Population) -> Ids:
    """Return the set of tools of each account's scaffold, shape (accounts,)."""
    keys = [population.world_streams.key("pool", "toolset", a) for a in population.agent_ids]
    return opaque_ids(np.array(keys, np.uint64), 0)[population.agent_of_account]


@EXCHANGE_LOG.column_of_task
def system_prompt_hash(context: RowContext, rows: Columns) -> Ids:
    """Return the prompt template."""
    return context.once(_template_ids)[rows["template"]]


def _template_ids(population: Population) -> Ids:
    """Return the identifier of each template, shape (templates,)."""
    return template_ids(population.world_streams, population.universe.templates)


@EXCHANGE_LOG.column_of_task
def prompt_cluster(context: RowContext, rows: Columns) -> Ids:
    """Return what an online clustering makes of prompts."""
    population = context.population
    key = population.world_streams.key("pool", "clusters")
    return opaque_ids(key, clusters_of(population, rows))


def clusters_of(population: Population, rows: Columns) -> Ints:
    """Return the number of the cluster of each prompt, shape (rows,): see `observed_clusters`."""
    errors = population.world_streams.key("pool", "clusters", "errors")
    return observed_clusters(errors, population.universe.templates, rows)


def observed_clusters(key: int, templates: int, rows: Columns) -> Ints:
    """Return the cluster that an online clustering puts each prompt into, shape (rows,).

    Mostly that is the one of its template. A share `_SPLIT` of contents goes to one of three
    splinters of the template, and `_MIXED` to the cluster of some other template. The errors are
    those of contents, not of exchanges: the same content is always in the same cluster, whoever
    sends it.

    Parameters
    ----------
    key
        Of the errors; a content always meets the same one.
    templates
        How many there are; splinters have the numbers from there on.
    rows
        Of which `content` and `template` are asked for.

    Returns
    -------
    numpy.ndarray
        0 to 4 * templates - 1; the first `templates` numbers are those of the templates.
    """
    content = mixed(key, rows["content"])
    chance = uniforms(content)
    template = rows["template"].astype(np.int64)
    other = (content % np.uint64(templates)).astype(np.int64)
    splinter = (content % np.uint64(_SPLINTERS)).astype(np.int64)
    splintered = template + templates * (1 + splinter)
    return np.where(
        chance < _MIXED, other, np.where(chance < _MIXED + _SPLIT, splintered, template)
    )


@EXCHANGE_LOG.column_of_task
def prompt_lang(_: RowContext, rows: Columns) -> Any:
    """Return the language of prompts."""
    return arrow.words(rows["language"], pools.LANGUAGES)


@EXCHANGE_LOG.column_of_task
def prompt_emb(context: RowContext, rows: Columns) -> Any:
    """Return the vectors of prompts in half precision, shape (rows, DIMENSIONS)."""
    import pyarrow as pa

    keys, sigmas = context.once(_rewording_of_actor)
    vectors = prompt_vectors(context.population, keys, sigmas, rows)
    flat = arrow.array(vectors.astype(np.float16).ravel(), pa.float16())
    return pa.FixedSizeListArray.from_arrays(flat, DIMENSIONS)


def _rewording_of_actor(population: Population) -> tuple[U64, Floats]:
    """Return the key of each actor's rewordings, shape (actors,), and how far they lead.

    The latter is a row of `reword_sigmas` for each actor, filled up with zeros.
    """
    contexts = population.contexts
    keys = [reword_key(population.streams, context.actor.id) for context in contexts]
    sigmas = np.zeros((len(contexts), 1 + max(len(context.behaviours) for context in contexts)))
    for row, context in zip(sigmas, contexts, strict=True):
        row[: 1 + len(context.behaviours)] = reword_sigmas(context.actor, context.behaviours)
    return np.array(keys, np.uint64), sigmas


def prompt_vectors(
    population: Population, keys: U64, sigmas: Floats, rows: Columns
) -> NDArray[np.float32]:
    """Return the vectors whose hashes the log shows, shape (rows, DIMENSIONS).

    Parameters
    ----------
    population
        Its universe has the vectors of templates, topics and contents.
    keys, sigmas
        Of each actor the key of its rewordings, shape (actors,), and how far they lead, shape
        (actors, 1 + behaviours).
    rows
        Exchanges with `actor`, `account`, `serial`, `kind`, `template`, `topic` and `content`.
        All exchanges of a task have one vector.
    """
    actor = rows["actor"]
    rewording = mixed(keys[actor], task_of(rows["serial"]))
    mode = population.accounts.mode[rows["account"]]
    sigma = sigma_of(sigmas, actor, mode, rows["kind"])
    template, topic = rows["template"].astype(np.int64), rows["topic"].astype(np.int64)
    return population.universe.vectors(template, topic, rows["content"], rewording, sigma)
