"""Columns of the log about the request: when, by which model, on whose behalf, at what price."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.types import Array, Bools
from sim.catalog import agents
from sim.compiled_streams import ids_under
from sim.entities import pools
from sim.output.api_keys import api_keys
from sim.output.prices import changed_price_nano_usd, list_price_nano_usd
from sim.output.row_tables import RowContext, RowTable
from sim.population.population import Population
from sim.streams import MISSING, U64, Ids, mixed, opaque_ids, uniforms
from sim.tables import arrow
from sim.tables.schema import EXCHANGES
from sim.tables.words import ROLES
from sim.world.attempts import RETRIES

EXCHANGE_LOG = RowTable(EXCHANGES)

LATEST = "latest"
_TIERS = ("standard", "batch")
# Share of accounts whose client sends an idempotency key; the same for every class. A prior.
GROUP_SHARE = 0.4
_INPUT = ("uncached", "read", "write_5m", "write_1h")


@EXCHANGE_LOG.column
def ts_start(context: RowContext, rows: Columns) -> Any:
    """Return when requests arrived."""
    return context.times(rows["ts"])


@EXCHANGE_LOG.column
def ts_end(context: RowContext, rows: Columns) -> Any:
    """Return when answers were complete, or errors came."""
    return context.times(rows["ts"] + rows["duration"])


@EXCHANGE_LOG.column
def duration_s(_: RowContext, rows: Columns) -> Array:
    """Return how long exchanges took."""
    return seconds(rows["duration"])


@EXCHANGE_LOG.column_of_task
def api_key_id(context: RowContext, rows: Columns) -> Ids:
    """Return the keys that exchanges use."""
    keys = context.once(api_keys)
    return keys.key_id[keys.used(context.population, rows)]


@EXCHANGE_LOG.column_of_task
def workspace_id(context: RowContext, rows: Columns) -> Ids:
    """Return the workspaces of the keys that exchanges use."""
    keys = context.once(api_keys)
    return keys.workspace_id[keys.used(context.population, rows)]


@EXCHANGE_LOG.column_of_task
def end_user_hash(context: RowContext, rows: Columns) -> Ids:
    """Return who asks within the account, where its client says so."""
    users = opaque_ids(context.once(_end_user_keys)[rows["account"]], rows["person"])
    return np.where(context.of_account("names_end_user", rows), users, MISSING)


def _end_user_keys(population: Population) -> U64:
    """Return the key of each account's end users, shape (accounts,)."""
    return mixed(population.streams.key("pool", "end users"), population.accounts.account_id)


@EXCHANGE_LOG.column_of_task
def conversation_id(context: RowContext, rows: Columns) -> Ids:
    """Return the session, for clients that send one."""
    sessions = opaque_ids(context.actor_key("conversation")[rows["actor"]], rows["session"])
    return np.where(context.of_account("sends_conversation", rows), sessions, MISSING)


@EXCHANGE_LOG.column
def client_request_group(context: RowContext, rows: Columns) -> Ids:
    """Return the call that attempts belong to, for clients that send an idempotency key."""
    groups = ids_under(context.actor_key("request group"), rows["actor"], rows["serial"])
    return np.where(context.once(_sends_groups)[rows["account"]], groups, MISSING)


def _sends_groups(population: Population) -> Bools:
    """Return whether the client of each account sends idempotency keys, shape (accounts,)."""
    key = population.streams.key("pool", "request groups")
    return uniforms(mixed(key, population.accounts.account_id)) < GROUP_SHARE


@EXCHANGE_LOG.column_of_task
def platform(context: RowContext, rows: Columns) -> Any:
    """Return the way by which accounts come: the provider itself, or a cloud platform."""
    return arrow.words(context.of_account("platform", rows), pools.PLATFORMS)


@EXCHANGE_LOG.column_of_task
def model_requested(context: RowContext, rows: Columns) -> Any:
    """Return the model asked for, by its id or by the alias of the latest."""
    ids = context.population.models.ids
    codes = np.where(context.of_account("asks_latest", rows), len(ids), rows["model"])
    return arrow.words(codes, [*ids, LATEST])


@EXCHANGE_LOG.column_of_task
def model_served(context: RowContext, rows: Columns) -> Any:
    """Return the model that answered, or would have."""
    return arrow.words(rows["model"], context.population.models.ids)


@EXCHANGE_LOG.column_of_task
def temperature(context: RowContext, rows: Columns) -> Any:
    """Return the temperature, where the client sets one."""
    import pyarrow as pa

    values = context.of_account("temperature", rows)
    return arrow.array(values, pa.float32(), np.isnan(values))


@EXCHANGE_LOG.column
def max_tokens(context: RowContext, rows: Columns) -> Array:
    """Return the longest answer that the scaffold allows; 0 where it only warms the cache."""
    limits = context.once(_max_tokens_of_account)
    return np.where(rows["prewarm"], np.int32(0), limits[rows["account"]])


def _max_tokens_of_account(population: Population) -> Array:
    """Return the longest answer that each account's scaffold allows, shape (accounts,)."""
    limits = np.array([agents()[a].max_tokens for a in population.agent_ids], np.int32)
    return limits[population.agent_of_account]


@EXCHANGE_LOG.column_of_task
def service_tier(_: RowContext, rows: Columns) -> Any:
    """Return whether requests came in a batch."""
    return arrow.words(rows["batch"].view(np.int8), _TIERS)


@EXCHANGE_LOG.column
def last_role_in(_: RowContext, rows: Columns) -> Any:
    """Return who sent the last message of requests."""
    return arrow.words(rows["role"], ROLES)


@EXCHANGE_LOG.column
def resend_count(_: RowContext, rows: Columns) -> Array:
    """Return which retry of its chain each attempt is: 0 for the first, then 1 and 2."""
    return (rows["number"] % (RETRIES + 1)).astype(np.int8)


@EXCHANGE_LOG.column
def input_tokens_total(_: RowContext, rows: Columns) -> Array:
    """Return all tokens that went in, from the cache or not."""
    total: Array = sum(rows[name] for name in _INPUT)  # type: ignore[assignment]
    return total


@EXCHANGE_LOG.column
def cost_usd(context: RowContext, rows: Columns) -> Array:
    """Return the price under the price changes of the scenario, rounded at the very end."""
    population = context.population
    price = list_price_nano_usd(rows, population.models)
    price = changed_price_nano_usd(price, rows, population.models, population.scenario)
    return (price * 1e-9).astype(np.float32)


def seconds(us: Array) -> Array:
    """Return microseconds as seconds in single precision."""
    return (us * 1e-6).astype(np.float32)
