"""What is made of the log of a window: the same by any number of threads, of what was known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.detectors.instruments import sharing
from sim.detectors.neighbours import Graph, graph_of
from sim.detectors.seen import log_of_window
from sim.detectors.synchrony import synchrony
from sim.features.windows import Window
from sim.packs.pack import Pack
from sim.tables.database import RunTables


def log_of(place: Path, days: int | None = None) -> RunTables:
    """Return the log of a pack, or what was known of it after some days."""
    recipe = Pack(place).recipe
    closes_us = recipe.closes_us if days is None else recipe.opens_us + days * 86_400_000_000
    paths = sorted((place / "log").rglob("*.parquet"))
    return log_of_window(place, paths, Window(recipe.opens_us, closes_us))


def graph(log: RunTables) -> Graph:
    accounts = log.rows("SELECT account_id FROM log_accounts ORDER BY 1")["account_id"]
    return graph_of(log, pd.Index(accounts))


@pytest.fixture(scope="module")
def whole(labelled: Path) -> Graph:
    return graph(log_of(labelled))


def test_the_number_of_threads_changes_nothing(labelled: Path, whole: Graph) -> None:
    one, four = log_of(labelled), log_of(labelled)
    one.connection.execute("SET threads = 1")
    four.connection.execute("SET threads = 4")
    assert sharing(one, 40).equals(sharing(four, 40))
    for mine, other in zip(synchrony(one), synchrony(four), strict=True):
        assert mine.equals(other)

    again = graph(one)
    assert again.features.equals(whole.features)
    assert again.pairs.equals(whole.pairs)
    assert all(again.links[name].equals(links) for name, links in whole.links.items())


def test_neighbours_are_those_that_were_known(labelled: Path, whole: Graph) -> None:
    """A graph of the first days has none of the accounts that came later."""
    early = graph(log_of(labelled, days=2))
    assert 0 < len(early.accounts) < len(whole.accounts)
    known = set(early.accounts)
    assert set(early.pairs["a"]) | set(early.pairs["b"]) <= known
    assert all(set(links["account_id"]) <= known for links in early.links.values())
    assert np.isfinite(early.told(pd.Series(0.5, index=early.accounts)).to_numpy()).all()
