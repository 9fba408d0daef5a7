"""What accounts have in common: cards, addresses, mail domains and templates, with their owners."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.types import Ints
from sim.splits.components import joined
from sim.tables.database import RunTables

# Pairs of account and identifier by kind, and the column of the log of exchanges that has more of
# them, unless it has the core columns alone. What sellers sell is cards, addresses and domains.
_KINDS = {
    "card": ("SELECT account_id, instrument_hash AS key FROM log_account_payment", ""),
    "address": ("SELECT account_id, signup_ip_hash AS key FROM log_accounts", "ip_hash"),
    "network": ("SELECT account_id, signup_ip24 AS key FROM log_accounts", "ip24_hash"),
    "mail domain": ("SELECT account_id, email_domain_hash AS key FROM log_accounts", ""),
    "template": ("", "system_prompt_hash"),
}


def pairs(tables: RunTables) -> dict[str, str]:
    """Return a query for the pairs (`account_id`, `key`) of each kind of identifier."""
    made = {}
    for kind, (query, column) in _KINDS.items():
        queries = [query] if query else []
        if column in tables.schemas["log/exchanges"]:
            queries.append(f"SELECT DISTINCT account_id, {column} FROM log_exchanges")
        if queries:
            every = " UNION ".join(queries)
            made[kind] = f"FROM ({every}) AS pairs(account_id, key) WHERE key <> 0"
    return made


def owners(accounts: Any) -> Ints:
    """Return the owner of each account: one for who shares operator, campaign or organisation.

    Parameters
    ----------
    accounts
        Frame with `operator_uid`, `campaign_uid` and `org_id`; 0 is none.
    """
    place = np.arange(len(accounts))
    ends = []
    for name in ("operator_uid", "campaign_uid", "org_id"):
        known = accounts[name].to_numpy() != 0
        ends.append((place[known], accounts[name].to_numpy()[known]))
    return joined(len(accounts), ends)


class Links(NamedTuple):
    """What owners have in common.

    Attributes
    ----------
    few
        What a few owners have: `kind`, `owners` (how many have it), `group` (number of the
        identifier, from 0) and `place` (row of the account), for each account that has it.
    many
        What is popular: `kind`, `identifier`, `owners` and `accounts` (how many have it).
    """

    few: Any
    many: Any


def links(tables: RunTables, accounts: Any, owner: Ints, most_owners: int) -> Links:
    """Return the identifiers that at least two owners have.

    Parameters
    ----------
    tables
        The log.
    accounts
        Frame with `account_id`, in whose order `owner` is.
    owner
        The owner of each account.
    most_owners
        What more have is popular.
    """
    import pandas as pd

    frame = accounts[["account_id"]].assign(owner=owner, place=np.arange(len(owner)))
    tables.connection.register("owners_of_accounts", frame)
    few, many, seen = [], [], 0
    for kind, query in pairs(tables).items():
        tables.connection.execute(
            "CREATE OR REPLACE TEMP TABLE held AS SELECT DISTINCT key, owner, place"
            f" FROM ({query}) JOIN owners_of_accounts USING (account_id)"
        )
        tables.connection.execute(
            "CREATE OR REPLACE TEMP TABLE shared AS SELECT key AS identifier,"
            " count(DISTINCT owner) AS owners, count(*) AS accounts"
            " FROM held GROUP BY key HAVING owners > 1 ORDER BY key"
        )
        rows = tables.rows(
            "SELECT owners, dense_rank() OVER (ORDER BY key) - 1 AS number, place FROM held JOIN"
            f" shared ON key = identifier WHERE owners <= {most_owners} ORDER BY key, place"
        )
        number = rows.pop("number")
        few.append(rows.assign(kind=kind, group=number + seen))
        seen += number.nunique()
        many.append(tables.rows(f"FROM shared WHERE owners > {most_owners}").assign(kind=kind))

    tables.connection.execute("DROP TABLE held; DROP TABLE shared")
    tables.connection.unregister("owners_of_accounts")
    return Links(*(pd.concat(parts, ignore_index=True) for parts in (few, many)))
