"""How probable it is that an account comes to be called `extraction`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.labelling.dials import LabelDials
from sim.labelling.process import observed_labels
from sim.labelling.propensity import label_propensity
from sim.tables.database import RunTables
from sim.tables.label_schema import LABEL_PROPENSITY
from sim.tables.schema import arrow_schema
from tests.support.labels import busy_log

DRAWS = 12


@pytest.fixture(scope="module")
def propensity(tables: RunTables) -> pd.DataFrame:
    found: pd.DataFrame = label_propensity(tables, LabelDials(), 3, DRAWS).to_pandas()
    return found


def test_every_account_has_one(tables: RunTables, propensity: pd.DataFrame) -> None:
    ids = tables.rows("SELECT account_id FROM log_accounts ORDER BY 1")["account_id"]
    assert propensity["entity_id"].tolist() == ids.tolist()
    assert set(propensity["entity_type"]) == {"account"}
    assert label_propensity(tables, LabelDials(), 3, 1).schema.equals(
        arrow_schema(LABEL_PROPENSITY)
    )


def test_it_is_a_share_of_the_repetitions(propensity: pd.DataFrame) -> None:
    times = propensity["propensity"].to_numpy() * DRAWS
    assert np.abs(times - np.rint(times)).max() < 1e-4
    assert propensity["propensity"].between(0, 1).all()
    assert (propensity["standard_error"] > 0).all()
    # at a half it is that of a coin
    half = propensity[propensity["propensity"] == 0.5]["standard_error"]
    assert half.to_numpy() == pytest.approx((0.25 / DRAWS) ** 0.5, rel=1e-5)


def test_other_draws_give_labels_as_often(tables: RunTables, propensity: pd.DataFrame) -> None:
    """The labels of a pack are one more draw: their number is near the sum of propensities."""
    counts = []
    for seed in range(6):
        found = observed_labels(tables, LabelDials(), seed).to_pandas()
        ended = set(found["supersedes"])
        found = found[(found["label"] == "extraction") & ~found["label_id"].isin(ended)]
        counts.append(len(found))
    assert propensity["propensity"].sum() == pytest.approx(np.mean(counts), rel=0.35)


def test_the_same_again_and_other_repetitions_with_another_seed(tables: RunTables) -> None:
    first = label_propensity(tables, LabelDials(), 3, 3)
    assert first.equals(label_propensity(tables, LabelDials(), 3, 3))
    assert not first.equals(label_propensity(tables, LabelDials(), 4, 3))


def test_those_who_extract_are_likelier_to_be_called_so(
    tables: RunTables, propensity: pd.DataFrame
) -> None:
    campaign = tables.rows("SELECT campaign_uid FROM truth_accounts ORDER BY account_id")
    of_campaign = (campaign["campaign_uid"] > 0).to_numpy()
    values = propensity["propensity"]
    assert values[of_campaign].mean() > 0.2 > 0.05 > values[~of_campaign].mean()


def test_nobody(tmp_path: Path) -> None:
    tables = busy_log(tmp_path, campaigns=0, others=0)
    assert label_propensity(tables, LabelDials(), 1, 2).num_rows == 0
