"""Pairs of accounts that share cards and addresses, and how much each pair shares."""

from __future__ import annotations

from typing import Any

from sim.errors import InvalidInputError
from sim.tables.database import RunTables, name_of

# What accounts are joined by: of each a table and a column.
INSTRUMENTS = (
    ("log/account_payment", "instrument_hash"),
    ("log/accounts", "signup_ip_hash"),
    ("log/accounts", "signup_ip24"),
    ("log/exchanges", "ip_hash"),
    ("log/exchanges", "ip24_hash"),
)
# Decimals add up to the same sum in any order, so by any number of threads.
_PAIRS = """
WITH links AS ({links}), few AS (
  SELECT account_id, org_id, key, count(*) OVER (PARTITION BY key) - 1 AS others
  FROM links JOIN log_accounts USING (account_id)
  QUALIFY others BETWEEN 1 AND {most} - 1
)
SELECT a.account_id AS a, b.account_id AS b,
       sum((1 / sqrt(a.others))::DECIMAL(18, 9))::DOUBLE AS strength
FROM few a JOIN few b USING (key) WHERE a.org_id <> b.org_id GROUP BY ALL ORDER BY ALL
"""


def sharing(log: RunTables, most: int) -> Any:
    """Return pairs of accounts of different organisations that share a card, an address or a /24.

    Parameters
    ----------
    log
        Tables of a log; columns of `INSTRUMENTS` that it lacks join nobody.
    most
        What more accounts than these have joins nobody: a carrier, an office, a cloud.

    Returns
    -------
    pandas.DataFrame
        Columns `a`, `b` and `strength`, each pair in both directions, in order. Each identifier
        that a pair shares counts 1/sqrt(others that have it): a card of two counts 1, an address
        of ten a third.

    Raises
    ------
    InvalidInputError
        If the log has none of these columns.
    """
    there = [(s, c) for s, c in INSTRUMENTS if c in log.schemas.get(s, {})]
    if not there:
        columns = ", ".join(f"{stem}.{column}" for stem, column in INSTRUMENTS)
        raise InvalidInputError(
            f"accounts are joined by what they share, and the log has none of {columns}; "
            "make the log with all columns (tables: {columns: full})"
        )
    links = " UNION ".join(
        f"SELECT account_id, {column} AS key FROM {name_of(stem)} WHERE {column} <> 0"
        for stem, column in there
    )
    return log.rows(_PAIRS.format(links=links, most=most))
