"""A pack of twenty accounts, made by hand, of which it is known who shares what with whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.time import DAY_US
from sim.tables.database import RunTables
from sim.tables.label_schema import OBSERVED_LABELS

OPENS = 1_767_571_200_000_000
CLOSES = OPENS + 40 * DAY_US
RELEASE = OPENS + 30 * DAY_US
# The median delay of labels is 6 days; half of the other 34 are trained on.
CUT_OFF, TRAIN_AT = OPENS + 17 * DAY_US, OPENS + 23 * DAY_US

# Everybody has these.
COMMON_DOMAIN, COMMON_TEMPLATE, COMMON_NETWORK = 900, 950, 970
# Accounts 16 and 17 pay by one card; account 18 lives where account 1 of an operator does; the
# operator of 1 to 3 has a template of its own, which account 19 uses as well.
CARD, ADDRESS, TEMPLATE = 700, 800, 951
OPERATORS = {101: (1, 2, 3), 102: (4, 5, 6), 103: (7, 8, 9), 104: (10, 11), 105: (12, 13)}
KINDS = {101: "A16", 102: "A16", 103: "A16", 104: "A18", 105: "A18"}
ADAPTS = (103, 105)
SHARED = [{16, 17}, {1, 18}, {1, 2, 3, 19}]


def operator_of(account: int) -> int:
    """Return the operator of an account; one that nobody operates is its own."""
    found = [o for o, held in OPERATORS.items() if account in held]
    return found[0] if found else 1_000 + account


def time(us: Any) -> Any:
    """Return microseconds as times in UTC."""
    return pd.to_datetime(us, unit="us", utc=True)


def tables_of_pack() -> dict[str, Any]:
    """Return the tables by name. Accounts 14 and 15 are of one organisation."""
    account = np.arange(1, 21)
    operator = np.array([operator_of(int(a)) for a in account])
    kind = np.array([KINDS.get(o, "L01") for o in operator])
    org = np.where(account == 15, 14, account) + 3_000
    card = np.where(account == 17, CARD, np.where(account == 16, CARD, account + 4_000))
    address = np.where(account == 18, ADDRESS, np.where(account == 1, ADDRESS, account + 5_000))
    own = (operator == 101) | (account == 19)
    world = np.where(account % 2, "1.", "2.")
    return {
        "log/accounts": pd.DataFrame(
            {
                "account_id": account,
                "org_id": org,
                "signup_ip_hash": account + 5_000,
                "signup_ip24": COMMON_NETWORK,
                "email_domain_hash": COMMON_DOMAIN,
            }
        ),
        "log/account_payment": pd.DataFrame({"account_id": account, "instrument_hash": card}),
        "log/exchanges": pd.DataFrame(
            {
                "account_id": np.repeat(account, 2),
                "ip_hash": np.stack([address, np.zeros(20, int)], 1).ravel(),
                "ip24_hash": 0,
                "system_prompt_hash": np.stack(
                    [np.full(20, COMMON_TEMPLATE), np.where(own, TEMPLATE, 0)], 1
                ).ravel(),
            }
        ),
        "log/model_catalog": pd.DataFrame(
            {"model": ["old", "new"], "latest_from": time([None, RELEASE])}
        ),
        "truth/accounts": pd.DataFrame(
            {
                "account_id": account,
                "actor_id": np.char.add(world, kind),
                "typology_id": kind,
                "campaign_uid": np.where(operator < 200, operator + 200, 0),
                "operator_uid": operator,
            }
        ),
        "truth/campaigns": pd.DataFrame(
            {
                "campaign_uid": [o + 200 for o in OPERATORS],
                "adaptations": ["AD1 AD12" if o in ADAPTS else "AD1" for o in OPERATORS],
            }
        ),
        "truth/members": pd.DataFrame(
            {"member": np.array([1, 2], np.int32), "world_seed": ["7", "8"]}
        ),
        "truth/targets": targets(account),
    }


def targets(account: Any) -> Any:
    """Return examples of all accounts in the windows of the splits `time` and `regime`."""
    windows = [(OPENS, CUT_OFF), (TRAIN_AT, CLOSES), (OPENS, RELEASE), (RELEASE, CLOSES)]
    parts = [
        pd.DataFrame(
            {
                "entity_type": "example",
                "entity_id": account + 10_000 * (k + 1),
                "account_id": account,
                "window_from": time(begin),
                "window_to": time(end),
            }
        )
        for k, (begin, end) in enumerate(windows)
    ]
    return pd.concat(parts, ignore_index=True)


def labels() -> Any:
    """Return labels of five accounts, 6 days late in the median.

    That of account 4 comes between the cut-off and the training, that of account 7 after it.
    """
    late = {1: 2, 2: 6, 4: 20, 7: 30, 8: 5}
    rows = {
        "label_id": np.arange(1, 6),
        "entity_type": "account",
        "entity_id": list(late),
        "label": "extraction",
        "channel": "review",
        "confidence": np.float32(0.9),
        "created_at": time([OPENS + days * DAY_US for days in late.values()]),
        "valid_from": time([OPENS] * 5),
        "supersedes": 0,
    }
    return pd.DataFrame(rows)[list(OBSERVED_LABELS)]


def pack(folder: Path, tables: dict[str, Any] | None = None) -> RunTables:
    """Write the tables into a folder and open them."""
    for stem, frame in (tables or tables_of_pack()).items():
        path = folder / f"{stem}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(path)
    return RunTables.over(folder, OPENS, CLOSES)
