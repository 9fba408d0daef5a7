"""What exchanges cost: the list price, batches at half, and the price changes of a scenario."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.compiled import compiled
from sim.arrays.types import Array, Bools, Ints, for_loops
from sim.scenario.resolved import Scenario
from sim.world.models import ModelTable

BATCH_PRICE = 0.5
_TOKENS = ("uncached", "read", "write_5m", "write_1h", "output")


def list_price_nano_usd(rows: Columns, models: ModelTable) -> Ints:
    """Return the list price of each exchange in 1e-9 USD, half of it in a batch, shape (rows,).

    Whole numbers, so that sums do not depend on their order.

    Parameters
    ----------
    rows
        Of which `model`, `batch` and the tokens by kind are asked for.
    models
        The models that `model` numbers.
    """
    nano_usd = np.empty(len(rows["batch"]), np.int64)
    tokens = tuple(rows[name] for name in _TOKENS)
    _fill_list_prices(for_loops(models.prices), rows["model"], rows["batch"], tokens, nano_usd)
    return nano_usd


@compiled
def _fill_list_prices(
    prices: Ints, model: Array, in_batch: Bools, tokens: tuple[Array, ...], nano_usd: Ints
) -> None:
    """Write the list price of each exchange, of tokens by kind in the order of `prices`."""
    uncached, read, write_5m, write_1h, output = tokens
    for i in range(len(nano_usd)):
        nano_usd[i] = list_price(
            prices[model[i]],
            uncached[i],
            read[i],
            write_5m[i],
            write_1h[i],
            output[i],
            in_batch[i],
        )


@compiled
def list_price(
    prices: Ints, uncached: int, read: int, write_5m: int, write_1h: int, output: int, batch: bool
) -> int:
    """Return the list price of an exchange in 1e-9 USD; half of it in a batch, rounded.

    Parameters
    ----------
    prices
        Those of its model, shape (5,).
    uncached, read, write_5m, write_1h, output
        Its tokens by kind, in the order of `prices`.
    batch
        Whether it is part of a batch.
    """
    price = uncached * prices[0] + read * prices[1]
    price += write_5m * prices[2] + write_1h * prices[3]
    price += output * prices[4]
    return np.int64(np.rint(price * BATCH_PRICE)) if batch else price  # type: ignore[return-value]


def changed_price_nano_usd(
    price: Array, rows: Columns, models: ModelTable, scenario: Scenario
) -> Array:
    """Return prices under the price changes of a scenario, each rounded to 1e-9 USD.

    A change holds from its moment on, up to its end, that excluded; several multiply.

    Parameters
    ----------
    price
        Prices without them in 1e-9 USD, shape (rows,).
    rows
        The exchanges, of which `ts` and `model` are asked for.
    models
        The models of the scenario.
    scenario
        Its events of kind `price` are the changes.
    """
    for event in scenario.world.events:
        if event.kind != "price":
            continue
        until = np.inf if event.until_us is None else event.until_us
        changes = (rows["ts"] >= event.at_us) & (rows["ts"] < until)
        if event.model is not None:
            changes &= rows["model"] == models.number(event.model)
        price = np.where(changes, np.rint(price * event.factor), price)
    return price
