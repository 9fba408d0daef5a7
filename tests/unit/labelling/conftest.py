"""Logs that are made up, with the labels that the process gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.arrays.time import DAY_US
from sim.labelling.seen import Seen
from sim.tables.database import RunTables
from tests.support.labels import FIRST_ID, OPENS_US, busy_log, log_of
from tests.unit.labelling.observed import frame


@pytest.fixture(scope="package")
def tables(tmp_path_factory: pytest.TempPathFactory) -> RunTables:
    return busy_log(tmp_path_factory.mktemp("busy"))


@pytest.fixture(scope="package")
def seen(tables: RunTables) -> Seen:
    return Seen(tables)


@pytest.fixture(scope="package")
def labels(tables: RunTables) -> pd.DataFrame:
    return frame(tables)


@pytest.fixture(scope="package")
def large(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Forty campaigns of 100 accounts, which a stranger each shares an address with."""
    campaign = np.append(np.repeat(np.arange(40) + 1, 100), np.zeros(2_000, np.int64))
    size = len(campaign)
    accounts = pd.DataFrame(
        {
            "account_id": FIRST_ID + np.arange(size) * 3,
            "created_us": OPENS_US - DAY_US,
            "card": 0,
            "address": np.append(np.arange(4_000) // 10, np.arange(2_000)) + 1,
            "block": np.append(np.arange(4_000) // 10, np.arange(2_000)) + 1,
            "campaign": campaign,
        }
    )
    exchanges = pd.DataFrame(
        {
            "account_id": accounts["account_id"],
            "at_us": OPENS_US + DAY_US // 2,
            "template": np.arange(size) + 1,
            "refused": False,
            "extracts": campaign > 0,
        }
    )
    return Seen(log_of(tmp_path_factory.mktemp("large"), accounts, exchanges, days=2))
