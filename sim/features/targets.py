"""What detectors of a pack are asked for: the recommended target and its alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.catalog import typologies
from sim.features.as_of import AsOf
from sim.features.windows import Window, example_columns
from sim.tables.arrow import table, words
from sim.tables.database import RunTables
from sim.tables.feature_schema import TARGETS

LEAST_SHARE = 0.05
_TYPES = ("account", "example")
_ACCOUNT, _EXAMPLE = range(len(_TYPES))


def target_tables(
    tables: RunTables, windows: Sequence[Window], least_share: float = LEAST_SHARE
) -> Any:
    """Return `truth/targets`: what each account is in each window.

    Parameters
    ----------
    tables
        The log and its truth.
    windows
        From `windows_of`; the first is the whole log, of which accounts have rows too.
    least_share
        Share of an account's exchanges that must extract, for the recommended target.

    Returns
    -------
    pyarrow.Table
        As `sim.tables.feature_schema.TARGETS`; a row for each account that has an exchange in the
        window, in order of entity_type and entity_id.
    """
    import pyarrow as pa

    whole, *_ = windows
    made = [_of_window(tables, whole, least_share, _ACCOUNT)]
    made += [_of_window(tables, window, least_share, _EXAMPLE) for window in windows]
    return pa.concat_tables(made)


def _of_window(tables: RunTables, window: Window, least_share: float, entity: int) -> Any:
    """Return the rows of one window; entities are accounts, or examples."""
    found = tables.rows(
        f"""
        SELECT account_id, typology_id, purpose,
               sum(is_extraction::INT)::BIGINT AS extracting, count(*) AS exchanges
        FROM {AsOf(tables, window.to_us).known("log/exchanges", window.from_us)}
             JOIN (SELECT exchange_id, is_extraction FROM truth_exchanges) USING (exchange_id)
             JOIN (SELECT account_id, typology_id, purpose FROM truth_accounts) USING (account_id)
        GROUP BY ALL"""
    )
    ids = example_columns(found["account_id"].to_numpy(np.int64), window)
    found["entity_id"] = ids["account_id" if entity == _ACCOUNT else "example_id"]
    found = found.sort_values("entity_id")

    share = (found["extracting"] / found["exchanges"]).to_numpy()
    extracts = found["typology_id"].map({t.id: t.is_extraction for t in typologies().values()})
    entities = np.full(len(found), entity)
    return table(
        TARGETS,
        {
            "entity_type": words(entities, _TYPES),
            "entity_id": found["entity_id"].to_numpy(),
            "account_id": found["account_id"].to_numpy(),
            "window_from": ids["window_from"],
            "window_to": ids["window_to"],
            "extraction_share": share,
            "target": share >= least_share,
            "any_extraction": share > 0,
            "half_extraction": share >= 0.5,
            "abusive_typology": extracts.to_numpy(np.bool_),
            "extraction_purpose": (found["purpose"] == "extraction").to_numpy(),
        },
    )
