"""Tokens and price of each task, session and account."""

from __future__ import annotations

from sim.summaries.exchange_counts import PRICED
from sim.summaries.run_figures import Spread
from sim.summaries.sums import NANO, RunSums


def tokens(sums: RunSums) -> dict[str, dict[str, Spread]]:
    """Return tokens in and out of units, by unit and group; no unit without any."""
    return _spreads(sums, "tokens", 1)


def cost_usd(sums: RunSums) -> dict[str, dict[str, Spread]]:
    """Return the price of units in USD, by unit and group; no unit without any."""
    return _spreads(sums, "nano", NANO)


def _spreads(sums: RunSums, column: str, one: int) -> dict[str, dict[str, Spread]]:
    """Return the spread of a column of the tables of units, divided by `one`."""
    found = {}
    for unit in PRICED:
        # DuckDB interpolates between units as quantiles_of does
        rows = sums.rows(
            f"SELECT label, count(*), avg({column}), quantile_cont({column}, [0.5, 0.9, 0.99]), "
            f"max({column}) FROM units_{unit} GROUP BY label ORDER BY label"
        )

        if rows:
            found[unit] = {
                label: Spread(
                    units=units,
                    mean=mean / one,
                    p50=quantiles[0] / one,
                    p90=quantiles[1] / one,
                    p99=quantiles[2] / one,
                    max=int(largest) / one,
                )
                for label, units, mean, quantiles, largest in rows
            }
    return found
