"""Print what the label process comes to on five runs: for docs/background/observed_labels.md.

`python -m tools.label_table` simulates a quarter of `scenarios/extraction_bench.yaml`, which is at
`hard`, with five seeds; that takes some minutes. `python -m tools.label_table RUN...` takes runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import pandas as pd

import sim
from sim.arrays.time import DAY_US
from sim.labelling.as_of import labels_as_of
from sim.labelling.course import evidence_of
from sim.labelling.dials import LabelDials
from sim.labelling.process import observed_labels
from sim.labelling.seen import Seen
from sim.tables.database import RunTables

SEEDS = range(1, 6)
LEAST_SHARE = 0.05
DAYS = (14, 28, 42, 90, 222)
GROUPS = {
    "A15": ["A15"],
    "A16": ["A16"],
    "A17": ["A17"],
    "A18": ["A18"],
    "A19": ["A19"],
    "A20": ["A20"],
    "benchmarks, gateways (L04, L05)": ["L04", "L05"],
    "other legitimate": [f"L{k:02}" for k in (1, 2, 3, 6, 7, 8, 9, 10, 11)],
    "grey (G12 to G14)": ["G12", "G13", "G14"],
}
Figures = dict[str, dict[str, float]]


def figures_of(tables: RunTables, seed: int) -> Figures:
    """Return the figures of one run: tables by name, each a number by row."""
    dials = LabelDials()
    found = observed_labels(tables, dials, seed).to_pandas()
    labels = found.astype({"label": str, "channel": str, "entity_type": str})
    truth = tables.rows(
        "SELECT account_id, typology_id, extraction_share, campaign_uid, n"
        " FROM truth_accounts LEFT JOIN"
        " (SELECT account_id, count(*) AS n FROM log_exchanges GROUP BY ALL) USING (account_id)"
        " ORDER BY account_id"
    )
    truth["positive"] = truth["extraction_share"] >= LEAST_SHARE
    truth["quiet"] = _quiet(tables, dials)
    return {
        **_of_channels(labels, truth, tables),
        **_of_accounts(labels, truth, tables),
    }


def _quiet(tables: RunTables, dials: LabelDials) -> Any:
    """Return which accounts are quiet when the log closes."""
    *_, last = Seen(tables).nights(0)
    return evidence_of(last, dials).quiet


def _of_channels(labels: pd.DataFrame, truth: pd.DataFrame, tables: RunTables) -> Figures:
    """Return how many labels a channel gives, how often it is right, and how late it is."""
    rows = labels[labels["entity_type"] == "account"].merge(
        truth, left_on="entity_id", right_on="account_id"
    )
    after = (rows["created_at"] - _moment(tables.opens_us)).dt.total_seconds() * 1e6 / DAY_US
    tables_of: Figures = {"labels": {}, "right": {}, "of abuse": {}, "day": {}}
    for (channel, label), index in rows.groupby(["channel", "label"]).groups.items():
        name, group = f"{channel}: `{label}`", rows.loc[index]
        tables_of["labels"][name] = 1000 * len(group) / len(truth)
        tables_of["day"][name] = float(after[index].median())
        if label != "payment_fraud":
            says = label == "extraction"
            tables_of["right"][name] = float((group["positive"] == says).mean())
            is_abusive = group["typology_id"].str.startswith("A")
            tables_of["of abuse"][name] = float((is_abusive == says).mean())
    return tables_of


def _of_accounts(labels: pd.DataFrame, truth: pd.DataFrame, tables: RunTables) -> Figures:
    """Return which share of accounts is called `extraction`, by kind and by time."""
    active = truth[truth["n"].notna()]

    def called(day: float, among: pd.DataFrame) -> float:
        known = labels_as_of(labels, tables.opens_us + round(day * DAY_US))
        named = known[(known["label"] == "extraction") & (known["entity_type"] == "account")]
        return float(among["account_id"].isin(named["entity_id"]).mean())

    by_rule = labels[labels["channel"] == "rule"]["entity_id"]
    of: Figures = {"called": {}, "by rule": {}, "by day": {}, "quiet": {}}
    for name, typologies in GROUPS.items():
        members = active[active["typology_id"].isin(typologies)]
        sought = members[members["positive"]] if name.startswith("A") else members
        of["called"][name] = called(DAYS[-1], sought)
        of["by rule"][name] = float(sought["account_id"].isin(by_rule).mean())
    for day in DAYS:
        of["by day"][str(day)] = called(day, active[active["positive"]])
    quiet, loud = (active[active["positive"] & (active["quiet"] == k)] for k in (True, False))
    of["quiet"] = {
        "quiet, never called so": 1 - called(DAYS[-1], quiet),
        "others, never called so": 1 - called(DAYS[-1], loud),
        "quiet, of those that extract": len(quiet) / max(len(quiet) + len(loud), 1),
    }
    return of


def _moment(us: int) -> Any:
    return pd.Timestamp(us, unit="us", tz="UTC")


def runs(given: list[str]) -> Iterator[RunTables]:
    """Yield the runs that are given, or else a run a seed."""
    yield from (RunTables(Path(folder)) for folder in given)
    for seed in () if given else SEEDS:
        with TemporaryDirectory() as folder:
            place = Path(folder) / "run"
            sim.run("extraction_bench", place, seed=seed, scale=0.25, overrides=["volume=0.02"])
            yield RunTables(place)


TABLES = (
    (
        "labels",
        ("labels", "right", "of abuse", "day"),
        ("per 1,000 accounts", "right by target", "right by typology", "median day"),
    ),
    ("accounts", ("called", "by rule"), ("called `extraction` in the end", "by a rule")),
    ("day of the log", ("by day",), ("of those that extract called `extraction`",)),
    ("accounts that extract", ("quiet",), ("share",)),
)


def main() -> None:
    """Print tables in Markdown: means over the runs, and standard deviations between them."""
    found = [figures_of(tables, seed) for seed, tables in enumerate(runs(sys.argv[1:]), 1)]
    for title, names, heads in TABLES:
        click.echo(f"\n| {title} | {' | '.join(heads)} |")
        click.echo("|---|" + "--:|" * len(heads))
        for row in dict.fromkeys(row for figures in found for row in figures[names[0]]):
            cells = [_cell([f[name].get(row, np.nan) for f in found]) for name in names]
            click.echo(f"| {row} | {' | '.join(cells)} |")


def _cell(values: list[float]) -> str:
    """Return mean and standard deviation of what is there."""
    there = np.array(values)[~np.isnan(values)]
    if not len(there):
        return ""
    digits = 3 if there.mean() < 1 else 1
    spread = there.std(ddof=1) if len(there) > 1 else 0.0
    return f"{there.mean():.{digits}f} ± {spread:.{digits}f}"


if __name__ == "__main__":
    main()
