"""Leaks to plant: a column of a table becomes what an expression says."""

from __future__ import annotations

from sim.tables.database import RunTables, name_of


def plant(tables: RunTables, stem: str, **columns: str) -> None:
    """Replace columns of a table.

    In an expression `kind` is the typology of the row's account, `actor` its actor, `extracts`
    whether the typology does, and `k` a number of the row from 0 within the typology, in order of
    the account.
    """
    changed = ", ".join(f"{value} AS {column}" for column, value in columns.items())
    tables.plant(
        stem,
        f"SELECT * EXCLUDE (kind, actor, extracts, k) REPLACE ({changed}) FROM ("
        "SELECT t.*, u.typology_id::VARCHAR AS kind, u.actor_id::VARCHAR AS actor,"
        " u.purpose = 'extraction' AS extracts,"
        " row_number() OVER (PARTITION BY u.typology_id ORDER BY account_id) - 1 AS k"
        f" FROM {name_of(stem)} t JOIN truth_accounts u USING (account_id))",
    )
