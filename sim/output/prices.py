"""What exchanges cost: the list price, batches at half, and the price changes of a scenario."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.types import Array, Ints
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
    price = models.cost_nano_usd(rows["model"], *(rows[name] for name in _TOKENS))
    if not rows["batch"].any():
        return price
    return np.where(rows["batch"], np.rint(price * BATCH_PRICE).astype(np.int64), price)


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
