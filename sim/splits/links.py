"""What accounts have in common: cards, addresses, mail domains and templates, with their owners."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.types import Ints
from sim.splits.components import joined
from sim.tables.database import RunTables

_ADDRESSES = "SELECT account_id, signup_ip_hash AS key FROM log_accounts"
# Columns of the log of exchanges that its core profile leaves out.
_USED = " UNION SELECT DISTINCT account_id, ip_hash FROM log_exchanges"
_TEMPLATES = "SELECT DISTINCT account_id, system_prompt_hash AS key FROM log_exchanges"


def queries(tables: RunTables) -> dict[str, str]:
    """Return a query for the pairs (`account_id`, `key`) of each kind of identifier.

    Sellers of accounts are found by what they sell: pooled cards, addresses and mail domains.
    """
    exchanges = tables.schemas["log/exchanges"]
    made = {
        "card": "SELECT account_id, instrument_hash AS key FROM log_account_payment",
        "address": _ADDRESSES + (_USED if "ip_hash" in exchanges else ""),
        "mail domain": "SELECT account_id, email_domain_hash AS key FROM log_accounts",
    }
    if "system_prompt_hash" in exchanges:
        made["template"] = _TEMPLATES
    return made


def owners(accounts: Any) -> Ints:
    """Return the number of the owner of each account: who shares operator, campaign or organisation.

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
    for kind, query in queries(tables).items():
        pairs = tables.rows(f"SELECT DISTINCT * FROM ({query}) WHERE key <> 0")
        pairs = pairs.assign(kind=kind, place=pairs["account_id"].map(place))
        found.append(pairs.drop(columns="account_id"))

    every = pd.concat(found).sort_values(["kind", "key", "place"], ignore_index=True)
    every["owner"] = owner[every["place"]]
    every["owners"] = every.groupby(["kind", "key"])["owner"].transform("nunique")
    return every[every["owners"] > 1].reset_index(drop=True)
