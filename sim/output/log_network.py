"""Columns of the log about the network of whoever asks, at home or away.

Nothing is seen of it where an account comes by a cloud platform.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.compiled import compiled
from sim.arrays.types import Array, Bools
from sim.compiled_streams import mixed_number, uniform_number
from sim.entities import pools
from sim.output.log_request import EXCHANGE_LOG
from sim.output.row_tables import RowContext
from sim.population.population import Population
from sim.streams import MISSING, Ids, opaque_ids
from sim.tables import arrow

# Round trips are longer by up to this share, by chance; a prior.
_RTT_JITTER = np.float32(0.15)
_ONE = np.float32(1)


@EXCHANGE_LOG.column_of_task
def ip_hash(context: RowContext, rows: Columns) -> Ids:
    """Return the address."""
    return _home_or_away(rows, *context.once(_addresses))


def _addresses(population: Population) -> tuple[Ids, Ids]:
    """Return the address of each account at home and away, shape (accounts,) each."""
    accounts, key = population.accounts, population.world_streams.key("pool", "ip")
    hidden = accounts.platform > 0
    home, away = opaque_ids(key, accounts.ip), opaque_ids(key, accounts.away_ip)
    return np.where(hidden, MISSING, home), np.where(hidden, MISSING, away)


@EXCHANGE_LOG.column_of_task
def ip24_hash(context: RowContext, rows: Columns) -> Ids:
    """Return the /24 prefix of the address."""
    return _home_or_away(rows, *context.once(_prefixes))


def _prefixes(population: Population) -> tuple[Ids, Ids]:
    """Return the /24 prefix of each account at home and away, shape (accounts,) each."""
    accounts, key = population.accounts, population.world_streams.key("pool", "ip24")
    hidden = accounts.platform > 0
    home, away = opaque_ids(key, accounts.ip >> 8), opaque_ids(key, accounts.away_ip >> 8)
    return np.where(hidden, MISSING, home), np.where(hidden, MISSING, away)


@EXCHANGE_LOG.column_of_task
def asn(context: RowContext, rows: Columns) -> Any:
    """Return the number of the autonomous system."""
    import pyarrow as pa

    accounts = context.population.accounts
    numbers = _home_or_away(rows, accounts.asn, accounts.away_asn)
    return arrow.array(numbers, pa.int32(), _hidden(context, rows))


@EXCHANGE_LOG.column_of_task
def asn_type(context: RowContext, rows: Columns) -> Any:
    """Return the kind of network."""
    accounts = context.population.accounts
    codes = _home_or_away(rows, accounts.asn_type, accounts.away_asn_type)
    return arrow.words(codes, pools.ASN_TYPES, _hidden(context, rows))


@EXCHANGE_LOG.column_of_task
def geo_country(context: RowContext, rows: Columns) -> Any:
    """Return the country, which is the same at home and away."""
    return arrow.words(context.of_account("country", rows), pools.COUNTRIES, _hidden(context, rows))


@EXCHANGE_LOG.column
def tcp_rtt_ms(context: RowContext, rows: Columns) -> Any:
    """Return the round trip of the network, to where the address is."""
    import pyarrow as pa

    return arrow.array(_network_rtt_ms(context, rows), pa.float32(), _hidden(context, rows))


@EXCHANGE_LOG.column
def tls_rtt_ms(context: RowContext, rows: Columns) -> Any:
    """Return the round trip of the encryption: that of the network, and on to the client."""
    import pyarrow as pa

    beyond = context.of_account("tls_rtt_ms", rows) - context.of_account("tcp_rtt_ms", rows)
    round_trip = _network_rtt_ms(context, rows) + _lengthened(context, "beyond", beyond, rows)
    return arrow.array(round_trip, pa.float32(), _hidden(context, rows))


def _network_rtt_ms(context: RowContext, rows: Columns) -> Array:
    """Return the round trip to the address in milliseconds, with its jitter, shape (rows,)."""
    return _lengthened(context, "network", context.of_account("tcp_rtt_ms", rows), rows)


def _lengthened(context: RowContext, leg: str, rtt_ms: Array, rows: Columns) -> Array:
    """Return a leg of round trips, each longer by a share in [0, _RTT_JITTER), shape (rows,)."""
    key = context.population.streams.key("pool", "round trips", leg)
    longer_ms = np.empty(len(rtt_ms), np.float32)
    _lengthen(np.uint64(key), rows["id"], rtt_ms, longer_ms)
    return longer_ms


@compiled
def _lengthen(key: np.uint64, ids: Ids, rtt_ms: Array, longer_ms: Array) -> None:
    """Lengthen round trips by chance, all in single precision."""
    for i in range(len(ids)):
        chance = np.float32(uniform_number(mixed_number(key, np.uint64(ids[i]))))
        longer_ms[i] = rtt_ms[i] * (_ONE + _RTT_JITTER * chance)


def _home_or_away(rows: Columns, home: Array, away: Array) -> Array:
    """Return the value of two by account that holds where a row was sent, shape (rows,)."""
    account = rows["account"]
    return np.where(rows["away"], away[account], home[account])


def _hidden(context: RowContext, rows: Columns) -> Bools:
    """Return whether a cloud platform stands between, so that no network is seen, shape (rows,)."""
    hidden: Bools = context.of_account("platform", rows) > 0
    return hidden
