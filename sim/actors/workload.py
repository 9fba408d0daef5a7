"""What the engine asks of an actor: workloads that yield blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from sim.scaffold.exchange_records import Exchanges, Records
from sim.scaffold.rows import RowMaker, exchange_rows

# A shard of an actor numbers its tasks from its own number times two to this power.
TASKS_PER_SHARD_BITS = 28


class Block(NamedTuple):
    """Rows of the exchange log and records of the task table, either of them perhaps empty."""

    rows: Exchanges
    tasks: Records


class Workload(Protocol):
    """The traffic of one shard of one actor, from its opening to the end of the log.

    `rows_per_us` is the rate of exchanges to be expected while it works.
    """

    rows_per_us: float

    def blocks(self, make: RowMaker = exchange_rows) -> Iterator[Block]:
        """Yield all rows of the shard.

        Parameters
        ----------
        make
            Makes the rows of the exchange log from calls and their attempts.
        """
