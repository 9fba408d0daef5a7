"""Exchanges in order of time, with their identifiers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.columns import Columns, time_order
from sim.arrays.compiled import compiled
from sim.arrays.types import Ints
from sim.compiled_streams import mixed_number, opaque_id
from sim.output.row_tables import ASKED_OF_TASK
from sim.scaffold.exchange_records import Exchanges, Records, attempt_columns, origin_columns
from sim.scaffold.fill import POSITION_BITS
from sim.streams import U64, Ids


class OrderedExchanges(NamedTuple):
    """Exchanges in order of time, and the tasks that they belong to.

    Attributes
    ----------
    rows
        Columns of shape (exchanges,): those of `attempt_columns`, and `id`, `actor` and what else
        the renderer asks for by exchange. `origin` is an index of `origins`.
    origins
        Columns of shape (tasks,): those of `origin_columns`, `actor`, and the `serial` of the first
        call, in no order.
    """

    rows: Columns
    origins: Columns


def in_order(exchanges: Exchanges, keys: U64, actor_of_account: Ints) -> OrderedExchanges:
    """Order exchanges by time, those of one microsecond by identifier, so that ties tell nothing.

    Parameters
    ----------
    exchanges
        In any order.
    keys
        The key of each actor's identifiers of exchanges, shape (actors,).
    actor_of_account
        The number of the actor that each account belongs to, shape (accounts,).
    """
    origins = origin_columns(exchanges)
    origins["actor"] = actor_of_account[origins["account"]]
    origins["serial"] = exchanges.origins["task"] << POSITION_BITS

    ids = np.empty(len(exchanges), np.int64)
    _identify(exchanges.records, origins["serial"], keys[origins["actor"]], ids)
    order = time_order(np.ascontiguousarray(exchanges.records["ts"]), ids)

    rows = attempt_columns(exchanges, order) | {"id": ids[order]}
    for name in ASKED_OF_TASK:
        rows[name] = origins[name][rows["origin"]]
    return OrderedExchanges(rows, origins)


@compiled
def _identify(records: Records, serial: Ints, key: U64, ids: Ids) -> None:
    """Write the identifier of each exchange; `serial` and `key` are those of each task."""
    for i in range(len(records)):
        origin = records[i]["origin"]
        number = records[i]["number"]

        # retries have keys of their own: the call's, mixed with the number of the attempt
        own = key[origin]
        if number > 0:
            own = mixed_number(own, np.uint64(number))
        ids[i] = opaque_id(own, np.uint64(serial[origin] + records[i]["position"]))
