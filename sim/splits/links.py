"""What accounts have in common: cards, addresses, mail domains and templates, with their owners."""

from __future__ import annotations

from typing import Any

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


def links(tables: RunTables, accounts: Any, owner: Ints) -> Any:
    """Return what at least two owners have: kind, key, place of the account, its owner, and owners.

    Parameters
    ----------
    tables
        The log.
    accounts
        Frame with `account_id`, in whose order `owner` is.
    owner
        The owner of each account.

    Returns
    -------
    pandas.DataFrame
        Columns `kind`, `key`, `place` (row of `accounts`), `owner`, and `owners`, the number of
        owners that have the key; in order of kind, key and place.
    """
    import pandas as pd

    place = pd.Series(np.arange(len(accounts)), index=accounts["account_id"])
    found = []
    for kind, query in pairs(tables).items():
        held = tables.rows(f"SELECT DISTINCT * FROM ({query})")
        held = held[held["account_id"].isin(place.index)]
        found.append(held.assign(kind=kind, place=held.pop("account_id").map(place)))

    every = pd.concat(found).sort_values(["kind", "key", "place"], ignore_index=True)
    every["place"] = every["place"].astype(np.int64)
    every["owner"] = owner[every["place"]]
    every["owners"] = every.groupby(["kind", "key"])["owner"].transform("nunique")
    return every[every["owners"] > 1].reset_index(drop=True)
