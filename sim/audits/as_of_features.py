"""T9: whether features and labels are the same when all that came later is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.arrays.time import DAY_US
from sim.audits.context import AuditTest, Context
from sim.audits.report import Finding, judged, not_checked
from sim.features.as_of import recomputed
from sim.features.dials import FeatureDials
from sim.features.make import account_features, feature_tables
from sim.features.windows import Window
from sim.labelling.dials import LabelDials
from sim.labelling.process import observed_labels
from sim.tables.database import RunTables, name_of

# Sums of many numbers differ in their last digits from one order of rows to another.
_CLOSE = 1e-4
# The other tables of features: their keys, and which of their rows are complete by a time.
_OTHERS = {
    "features/account_days": (["account_id", "day"], f"epoch_us(day) + {DAY_US} <= {{t}}"),
    "features/windows": (["account_id", "number"], "epoch_us(last_end) < {t}"),
}
# What hangs on a dial of the recipe that a pack does not show.
_BY_DIAL = ("together_share", "together_mean")
_OF_LOG = ("log/accounts", "log/account_payment", "log/exchanges")
_LABELS_NEED = (*_OF_LOG, "truth/accounts", "truth/campaigns", "truth/exchanges")


def check(context: Context) -> Iterator[Finding]:
    """Make features and labels anew without what came later, and compare them."""
    t_us = late_midnight(context.tables)
    yield features_again(context, t_us)
    yield labels_again(context, t_us)
    if context.has("labels_observed/labels"):
        yield labels_in_time(context)


def late_midnight(tables: RunTables) -> int:
    """Return the midnight in the last day or at its begin, or the middle of a log of one day."""
    last = (tables.closes_us - 1) // DAY_US * DAY_US
    return last if last > tables.opens_us else (tables.opens_us + tables.closes_us) // 2


def features_again(context: Context, t_us: int) -> Finding:
    """Say how many values differ where features are made of what was known at the time.

    Those of a pack; of a run those of the time up to `t_us`, as they are made of the whole log.
    """
    title = "features made again without what came later, values that differ"
    lost = [stem for stem in _OF_LOG if not context.has(stem)]
    if lost:
        return not_checked(title, f"needs {' and '.join(lost)}")

    if context.has("features/accounts"):
        pairs = [*accounts_of_pack(context.tables), *others_of_pack(context, t_us)]
    else:
        pairs = [made_twice(context.tables, t_us)]
    counts = [(stem, *differing(kept, again, keys)) for stem, kept, again, keys in pairs]
    wrong = sum(number for _, number, _ in counts)
    where = next((f"{stem}.{column}" for stem, number, column in counts if number), "")
    says = f"of {sum(kept.size for _, kept, _, _ in pairs):,} values"
    return judged(title, wrong, context.limit("T9", "values"), where=where, says=says)


Pair = tuple[str, Any, Any, list[str]]
"""A table, two frames of it and its keys."""


def made_twice(tables: RunTables, t_us: int) -> Pair:
    """Return features of accounts up to a time, made of the whole log and of what was known."""
    windows = [Window(tables.opens_us, t_us)]
    made = [
        account_features(log, FeatureDials(), windows).to_pandas()
        for log in (tables, recomputed(tables, t_us))
    ]
    return "features made now", made[0], made[1], ["example_id"]


def accounts_of_pack(tables: RunTables) -> Iterator[Pair]:
    """Yield what a pack holds, and the same made again: of the window that ends first and last."""
    ends = tables.rows(
        "SELECT DISTINCT epoch_us(window_from) AS a, epoch_us(window_to) AS b"
        " FROM features_accounts ORDER BY b, a"
    )
    windows = [Window(int(a), int(b)) for a, b in ends.to_numpy()]
    for window in dict.fromkeys((*windows[:1], *windows[-1:])):
        again = account_features(recomputed(tables, window.to_us), FeatureDials(), [window])
        kept = tables.rows(
            f"FROM features_accounts WHERE epoch_us(window_from) = {window.from_us}"
            f" AND epoch_us(window_to) = {window.to_us}"
        )
        by_dial = [n for n in kept if n in _BY_DIAL or n.endswith("_rare_share")]
        yield "features/accounts", kept.drop(columns=by_dial), again.to_pandas(), ["example_id"]


def others_of_pack(context: Context, t_us: int) -> Iterator[Pair]:
    """Yield account-days and windows of requests of a pack that are complete by a time."""
    tables, made = context.tables, FeatureDials(accounts=False, account_days=False, windows=False)
    if context.has("features/account_days"):
        made = made.model_copy(update={"account_days": True})
    if context.has("features/windows"):
        most = tables.rows("SELECT max(exchanges) AS n FROM features_windows")["n"][0]
        requests = 2 if most != most else max(2, int(most))
        made = made.model_copy(update={"windows": True, "requests": requests, "least_requests": 1})
    window = Window(tables.opens_us, t_us)
    for stem, reader in feature_tables(recomputed(tables, t_us), made, [window]):
        keys, complete = _OTHERS[stem]
        kept = tables.rows(f"FROM {name_of(stem)} WHERE {complete.format(t=t_us)}")
        yield stem, kept, reader.read_all().to_pandas(), keys


def differing(kept: Any, again: Any, keys: list[str]) -> tuple[int, str]:
    """Return how many values of `kept` are otherwise or missing in `again`, and the worst column.

    Parameters
    ----------
    kept, again
        Data frames; rows that only `again` has do not count.
    keys
        Columns that name a row.
    """
    both = kept[keys].merge(again, on=keys, how="left")
    counts = {}
    for column in [name for name in kept if name not in keys]:
        if column not in both:
            counts[column] = len(kept)
            continue
        one, other = (_numbers(frame[column]) for frame in (kept, both))
        same = np.isclose(one, other, rtol=_CLOSE, atol=1e-6, equal_nan=True)
        counts[column] = int((~same).sum())
    worst = max(counts, key=lambda name: counts[name], default="")
    return sum(counts.values()), worst


def _numbers(column: Any) -> Any:
    """Return the values of a column as numbers; times in microseconds, words by a hash."""
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.astype("datetime64[us, UTC]").astype(np.int64).to_numpy(float)
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(float)
    return pd.util.hash_array(column.astype(str).to_numpy(object)).astype(float)


def labels_again(context: Context, t_us: int) -> Finding:
    """Say how many labels that would be known at a time differ once the rest of the log is gone.

    They are those of the label process with its defaults, whatever the pack holds: what is asked
    is whether the process looks ahead.
    """
    title = "labels made again without what came later, rows that differ"
    lost = [stem for stem in _LABELS_NEED if not context.has(stem)]
    if lost:
        return not_checked(title, f"needs {' and '.join(lost)}")

    runs = (context.tables, with_truth(context.tables, t_us))
    made = [observed_labels(tables, LabelDials(), context.seed).to_pandas() for tables in runs]
    columns = ["label_id", "entity_id", "label", "channel", "created_at", "valid_from"]
    known = [
        {
            tuple(map(str, row))
            for row in frame[columns].itertuples(index=False)
            if row.created_at.value // 1000 < t_us
        }
        for frame in made
    ]
    if not known[0] | known[1]:
        return not_checked(title, "no label is made that early")
    says = f"of {len(known[0]):,} labels"
    return judged(title, len(known[0] ^ known[1]), context.limit("T9", "values"), says=says)


def with_truth(tables: RunTables, t_us: int) -> RunTables:
    """Return the log without what came after a time, and all of its truth."""
    cut = recomputed(tables, t_us)
    for stem in tables.schemas:
        if stem.startswith("truth/"):
            name = name_of(stem)
            cut.connection.execute(f"CREATE VIEW {name} AS FROM main.{name}")
            cut.schemas[stem] = tables.schemas[stem]
    return cut


def labels_in_time(context: Context) -> Finding:
    """Say how many labels of a pack are older than their account, or valid before they are made."""
    title = "observed labels that come before what they are about"
    found = context.tables.rows(
        """
        SELECT count(*) FILTER (l.created_at < a.created_at OR l.created_at < l.valid_from) AS bad,
               count(*) AS n
        FROM labels_observed_labels l JOIN log_accounts a ON a.account_id = l.entity_id"""
    )
    says = f"of {found['n'][0]:,} labels of accounts"
    return judged(title, int(found["bad"][0]), context.limit("T9", "values"), says=says)


TEST = AuditTest("T9", "features and labels as of their time", (), check)
