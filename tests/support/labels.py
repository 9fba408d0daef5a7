"""Logs made up for the process of labels: small, and with many campaigns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.time import DAY_US
from sim.tables.database import RunTables

OPENS_US = 1_767_571_200_000_000
"""Midnight of 5 January 2026, in UTC."""
DAYS = 30
FIRST_ID = 1 << 62

SCHEMAS = {"log/exchanges": {"system_prompt_hash": "id"}}


def moments(us: Any) -> Any:
    """Return microseconds of Unix time as moments in UTC."""
    return pd.to_datetime(np.asarray(us, np.int64), unit="us", utc=True)


def put(tables: RunTables, stem: str, frame: pd.DataFrame) -> None:
    """Put a table of a log there, in place of the one that there was."""
    name = stem.replace("/", "_")
    tables.connection.execute(f"DROP TABLE IF EXISTS {name}")
    tables.connection.register("given", frame)
    tables.connection.execute(f"CREATE TABLE {name} AS FROM given")


def log_of(
    place: Path,
    accounts: pd.DataFrame,
    exchanges: pd.DataFrame,
    *,
    days: int = DAYS,
    disputes: pd.DataFrame | None = None,
) -> RunTables:
    """Return a log, and the truth about it.

    Parameters
    ----------
    place
        A folder without tables.
    accounts
        Columns account_id, created_us, card (0 for none), address, block, campaign (0 for none);
        optionally card_type.
    exchanges
        Columns account_id, at_us, template, refused, extracts.
    days
        Length of the log, from `OPENS_US` on.
    disputes
        Columns account_id, card, known_us.
    """
    tables = RunTables.over(place, OPENS_US, OPENS_US + days * DAY_US)
    tables.schemas.update(SCHEMAS)
    ids = FIRST_ID + np.arange(len(exchanges)) * 7 + 1
    created = moments(accounts["created_us"])

    put(
        tables,
        "log/accounts",
        pd.DataFrame(
            {
                "account_id": accounts["account_id"],
                "created_at": created,
                "signup_ip_hash": accounts["address"],
                "signup_ip24": accounts["block"],
            }
        ),
    )
    truth = accounts[["account_id"]].assign(campaign_uid=accounts["campaign"])
    put(tables, "truth/accounts", truth)
    uids = np.unique(accounts["campaign"][accounts["campaign"] > 0]).astype(np.int64)
    campaigns = pd.DataFrame({"campaign_uid": uids, "starts_at": moments([OPENS_US] * len(uids))})
    put(tables, "truth/campaigns", campaigns)

    pays = accounts[accounts["card"] > 0]
    pairs = pd.DataFrame(
        {
            "account_id": pays["account_id"],
            "instrument_hash": pays["card"],
            "first_seen": moments(pays["created_us"]),
        }
    )
    put(tables, "log/account_payment", pairs)
    kind = pays.get("card_type", "card")
    cards = pd.DataFrame({"instrument_hash": pays["card"], "type": kind, "first_seen": 0})
    put(tables, "log/payment_instruments", cards.drop_duplicates("instrument_hash"))
    if disputes is None:
        disputes = pd.DataFrame({"account_id": [], "card": [], "known_us": []}, dtype=np.int64)
    events = pd.DataFrame(
        {
            "account_id": disputes["account_id"],
            "instrument_hash": disputes["card"],
            "kind": "dispute",
            "known_at": moments(disputes["known_us"]),
        }
    )
    put(tables, "log/payment_events", events)

    log = pd.DataFrame(
        {
            "exchange_id": ids,
            "account_id": exchanges["account_id"],
            "ts_end": moments(exchanges["at_us"]),
            "system_prompt_hash": exchanges["template"],
            "finish_reason": np.where(exchanges["refused"], "refusal", "end_turn"),
        }
    )
    put(tables, "log/exchanges", log)
    extracts = pd.DataFrame({"exchange_id": ids, "is_extraction": exchanges["extracts"]})
    put(tables, "truth/exchanges", extracts)
    return tables


def busy_log(
    place: Path,
    seed: int = 1,
    campaigns: int = 12,
    others: int = 400,
    *,
    all_extract: bool = False,
) -> RunTables:
    """Return a log of many campaigns of 25 accounts, and others who share things as well.

    With `all_extract` the others extract too, each for itself. A third of the campaigns is quiet:
    it sends little, and its accounts share nothing. Each account sends for a month, or from its
    sign-up on.
    """
    rng = np.random.default_rng(seed)
    size = campaigns * 25 + others
    campaign = np.append(np.repeat(np.arange(campaigns) + 1, 25), np.zeros(others, np.int64))
    quiet = (campaign > 0) & (campaign % 3 == 0)
    # groups of five share a card and an address, but for quiet ones and half of the others
    alone = quiet | ((campaign == 0) & (rng.random(size) < 0.5))
    group = np.where(alone, np.arange(size) + 10**6, np.arange(size) // 5)
    accounts = pd.DataFrame(
        {
            "account_id": FIRST_ID + rng.permutation(size * 9)[:size],
            "created_us": OPENS_US + np.rint(rng.uniform(-90, 20, size) * DAY_US).astype(np.int64),
            "card": np.where(rng.random(size) < 0.9, group + 100, 0),
            "address": group + 5_000_000,
            "block": group + 9_000_000,
            "campaign": campaign,
        }
    )

    rate = np.where(quiet, 1.0, rng.lognormal(0.5, 1.2, size))
    number = rng.poisson(rate * DAYS)
    owner = np.repeat(np.arange(size), number)
    begins = np.maximum(accounts["created_us"].to_numpy()[owner], OPENS_US)
    ends = OPENS_US + DAYS * DAY_US
    exchanges = pd.DataFrame(
        {
            "account_id": accounts["account_id"].to_numpy()[owner],
            "at_us": begins + np.rint(rng.random(len(owner)) * (ends - begins)).astype(np.int64),
            "template": np.where(campaign[owner] > 0, campaign[owner], owner % 97 + 1000),
            "refused": rng.random(len(owner)) < 0.03,
            "extracts": (rng.random(len(owner)) < 0.7) & (all_extract | (campaign[owner] > 0)),
        }
    )
    payers = accounts[(accounts["card"] > 0)].iloc[::20]
    disputes = pd.DataFrame(
        {
            "account_id": payers["account_id"],
            "card": payers["card"],
            "known_us": OPENS_US
            + np.rint(rng.uniform(10, 120, len(payers)) * DAY_US).astype(np.int64),
        }
    )
    return log_of(place, accounts, exchanges, disputes=disputes)
