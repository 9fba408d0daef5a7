"""Baseline `synchrony`: accounts that use the same templates at the same times, again and again.

After SynchroTrap (Cao et al. 2014): an action is a template that an account uses within a stretch
of time, and two accounts are alike by the actions that they have in common. In place of its Jaccard
similarity, which is 1 for two that met once, stands by how much they met more often than chance has
accounts meet that use the templates as often: a class uses one template, but whenever it likes.
Pairs are compared anew each day, at widths from 15 minutes to a day, and joined by single linkage.
Nothing is learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Bools, Floats, Ints
from sim.detectors.baseline import Baseline, Found
from sim.detectors.joined import clusters_of
from sim.detectors.seen import Seen
from sim.errors import InvalidInputError
from sim.tables.database import RunTables

QUARTER_S, DAY_S = 900, 86_400
WIDTHS_S = (QUARTER_S, 3_600, 21_600, DAY_S)
# A template that more accounts use within a stretch joins nobody there. So a stretch costs no more
# than the square of this.
MOST = 100
# A pair is joined from here on: three meetings where chance gives hardly any.
ENOUGH = 3.0
_USED = """
SELECT DISTINCT account_id, org_id, prompt_cluster AS template,
       epoch_us(ts_end) // {quarter_us} AS quarter
FROM log_exchanges WHERE prompt_cluster <> 0 ORDER BY ALL
"""


def find(_learned: Seen, _sought: Bools, asked: Seen, _seed: int) -> Found:
    """Return how strongly each account goes together with that which it goes with most.

    Parameters
    ----------
    _learned, _sought, _seed
        Not looked at.
    asked
        Accounts that are scored, by the whole log that they are in.

    Returns
    -------
    Found
        `moments` has the scores at the end of each day on which they rose.

    Raises
    ------
    InvalidInputError
        If the log does not say which template a prompt is of.
    """
    pairs, moments = asked.once("synchrony", lambda: synchrony(asked.log))
    score = pairs.groupby("a")["strength"].max().reindex(asked.accounts, fill_value=0.0)
    joined = pairs[pairs["strength"] >= ENOUGH]
    a, b = (joined[name].to_numpy(np.int64) for name in ("a", "b"))
    mine = moments[moments["account_id"].isin(asked.accounts)]
    return Found(score.to_numpy(), clusters_of(asked.accounts, a, b), mine)


def synchrony(log: RunTables) -> tuple[Any, Any]:
    """Return which accounts of different organisations go together, and when that was known.

    Parameters
    ----------
    log
        Tables of a log, with `prompt_cluster`.

    Returns
    -------
    pairs : pandas.DataFrame
        Columns `a`, `b` and `strength`, each pair in both directions, of those that met at all.
    moments : pandas.DataFrame
        Columns `account_id`, `at_us` and `score`: the greatest strength of a pair of the account,
        at the end of each day on which it rose, in order of time.
    """
    if "prompt_cluster" not in log.schemas["log/exchanges"]:
        raise InvalidInputError(
            "the baseline of synchrony compares templates, and log/exchanges has no "
            "prompt_cluster; make the log with all columns (tables: {columns: full})"
        )
    used = log.rows(_USED.format(quarter_us=QUARTER_S * 1_000_000))
    used["account"], accounts = used["account_id"].factorize(sort=True)
    organisation = used.drop_duplicates("account").set_index("account")["org_id"].sort_index()

    last = pd.DataFrame({"a": [], "b": [], "strength": []}).astype({"a": int, "b": int})
    best, rows = np.zeros(len(accounts)), []
    for day, pairs in _by_day(used, organisation.to_numpy()):
        highest = np.zeros(len(accounts))
        np.maximum.at(highest, pairs["a"].to_numpy(), pairs["strength"].to_numpy())
        rose = np.flatnonzero(highest > best)
        best[rose] = highest[rose]
        at_us = min((day + 1) * DAY_S * 1_000_000, log.closes_us)
        rows.append(
            pd.DataFrame({"account_id": accounts[rose], "at_us": at_us, "score": best[rose]})
        )
        last = pairs

    none = pd.DataFrame({"account_id": [], "at_us": [], "score": []})
    moments = pd.concat(rows or [none]).astype({"account_id": np.int64, "at_us": np.int64})
    return last.assign(a=accounts[last["a"]], b=accounts[last["b"]]), moments


def _by_day(used: Any, organisation: Ints) -> Iterator[tuple[int, Any]]:
    """Yield each day with the pairs of accounts that met by its end, by their places."""
    widths = [_Width(used, width_s, organisation) for width_s in WIDTHS_S]
    for day in np.unique(used["quarter"] // (DAY_S // QUARTER_S)):
        every = pd.concat([width.pairs(day) for width in widths])
        yield int(day), every.groupby(["a", "b"], as_index=False)["strength"].max()


class _Width:
    """Meetings within stretches of one width, counted day by day.

    Attributes
    ----------
    met
        How often two accounts used one template within one stretch so far, a sparse matrix.
    uses
        In how many stretches so far an account used a template, a sparse matrix.
    busy
        How many accounts were active in each stretch so far, shape (stretches,).
    """

    def __init__(self, used: Any, width_s: int, organisation: Ints) -> None:
        from scipy.sparse import csr_array

        stretch = used["quarter"] // (width_s // QUARTER_S)
        frame = used.assign(stretch=stretch)[["account", "template", "stretch"]].drop_duplicates()
        frame["template"] = frame["template"].factorize()[0]
        self.days = dict(list(frame.groupby(frame["stretch"] // (DAY_S // width_s))))
        self.organisation = organisation

        accounts, templates = len(organisation), frame["template"].nunique()
        self.met = csr_array((accounts, accounts), dtype=np.int64)
        self.uses = csr_array((accounts, templates), dtype=np.int64)
        self.busy: Floats = np.zeros(0)

    def pairs(self, day: int) -> Any:
        """Count a day too, and return by how much the pairs met more often than by chance."""
        self._count(self.days[day])
        met = self.met.tocoo()
        other = self.organisation[met.row] != self.organisation[met.col]
        a, b, times = met.row[other], met.col[other], met.data[other]

        share = self.busy / self.busy.sum()
        both = self.uses[a].multiply(self.uses[b]).sum(axis=1)
        by_chance = both * np.square(share).sum()
        strength = (times - by_chance) / np.sqrt(by_chance + 1)
        return pd.DataFrame({"a": a, "b": b, "strength": np.maximum(strength, 0.0)})

    def _count(self, rows: Any) -> None:
        from scipy.sparse import csr_array

        ones = np.ones(len(rows), np.int64)
        account = rows["account"].to_numpy()
        self.uses += csr_array((ones, (account, rows["template"])), shape=self.uses.shape)
        active = rows[["account", "stretch"]].drop_duplicates().groupby("stretch").size()
        self.busy = np.concatenate([self.busy, active.to_numpy(float)])

        place = rows.groupby(["template", "stretch"]).ngroup().to_numpy()
        few = (np.bincount(place) <= MOST)[place]
        shape = (self.uses.shape[0], int(place.max()) + 1)
        there = csr_array((ones[few], (account[few], place[few])), shape=shape)
        self.met += there @ there.T


BASELINE = Baseline(
    name="synchrony",
    title="accounts that use the same templates at the same times, more often than by chance",
    sees="templates of prompts and when they are used, from 15 minutes to a day",
    source="Cao et al. 2014, SynchroTrap: uncovering large groups of active malicious accounts",
    find=find,
    gives=("at", "cluster"),
)
