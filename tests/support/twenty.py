"""Answers of a detector that are small enough to score by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from sim.arrays.time import DAY_US
from sim.predictions.table import Moments
from sim.scoring.answer import Answer
from sim.scoring.asked import Asked, Extracting
from sim.scoring.figures import Figure, Section
from sim.scoring.intervals import drawn

THRESHOLD = 0.5
# Typology, operator, campaign, whether it is to be found, and score of twenty accounts.
TWENTY = [
    *[("A16", 11, 1, True, 0.9 if place == 0 else 0.1) for place in range(10)],
    *[("A19", 12, 2, True, 0.8 if place < 2 else 0.2) for place in range(4)],
    ("A19", 13, 3, True, 0.3),
    ("A18", 14, 0, True, 0.7),
    ("L01", 15, 0, False, 0.6),
    ("L01", 16, 0, False, 0.4),
    ("L01", 17, 0, False, 0.1),
    ("L09", 18, 0, False, 0.1),
]


class FakePack:
    """A pack with events of enforcement alone.

    `events`: rows of account, day and action.
    """

    names = ("log/enforcement_events",)

    def __init__(self, events: Sequence[tuple[int, float, str]] = ()) -> None:
        """Take the events."""
        self.recipe = SimpleNamespace(
            splits=SimpleNamespace(adaptation_held_out=SimpleNamespace(operators=("AD12",)))
        )
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(
            'CREATE TABLE enforcement_events (account_id BIGINT, "at" TIMESTAMPTZ, action VARCHAR)'
        )
        for account, day, action in events:
            self._connection.execute(
                "INSERT INTO enforcement_events VALUES (?, make_timestamptz(?::BIGINT), ?)",
                [account, round(day * DAY_US), action],
            )

    def sql(self, query: str, truth: bool = False) -> Any:
        """Return what a query gives; there is no truth to ask for."""
        assert not truth
        return self._connection.sql(query)


def answer(
    rows: Sequence[tuple[str, int, int, bool, float]] = TWENTY,
    *,
    clusters: Mapping[int, int] | None = None,
    moments: Mapping[int, float] | None = None,
    adaptations: Mapping[int, str] | None = None,
    requested: Mapping[int, tuple[int, int]] | None = None,
    customers: Mapping[str, Sequence[str]] | None = None,
    events: Sequence[tuple[int, float, str]] = (),
) -> Answer:
    """Return an answer about some accounts, which are numbered from 0 and weigh the same.

    The window has ten days. Each account that is to be found extracts four times, at the days 1, 2,
    3 and 4.

    Parameters
    ----------
    clusters
        Of accounts; the others are alone. None: the detector has none.
    moments
        The day at which the score of an account is known; of the others when the window closes.
        None: the detector has none.
    adaptations, requested
        Of campaigns; of `requested` what was requested and achieved.
    customers
        Columns of what the log says of the customers.
    events
        Of enforcement.
    """
    typology, operator, campaign, target, score = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    size, sought = len(rows), np.flatnonzero(target)
    asked = Asked(
        pack=FakePack(events),  # type: ignore[arg-type]
        split="campaign",
        prevalence=0.01,
        ids=np.arange(size),
        account_ids=np.arange(size),
        from_us=0,
        to_us=10 * DAY_US,
        target=target.astype(bool),
        weight=np.full(size, 1 / size),
        owner=np.unique(operator, return_inverse=True)[1],
        operator=operator,
        org=operator,
        campaign=campaign,
        typology=typology.astype(object),
    )
    uids = np.unique(campaign[campaign > 0])
    plans = [(requested or {}).get(int(uid), (1, 1)) for uid in uids]
    vars(asked)["campaigns"] = pd.DataFrame(
        {
            "adaptations": [(adaptations or {}).get(int(uid), "") for uid in uids],
            "requested_exchanges": [plan[0] for plan in plans],
            "achieved_exchanges": [plan[1] for plan in plans],
        },
        index=uids,
    )
    vars(asked)["customers"] = pd.DataFrame(customers or {}, index=range(size))
    vars(asked)["extracting"] = Extracting(
        np.repeat(sought, 4), np.tile(np.arange(1, 5) * DAY_US, len(sought))
    )

    known = None
    if moments is not None:
        days = np.array([moments.get(place, 10) for place in range(size)])
        known = Moments(np.arange(size), (days * DAY_US).astype(np.int64), score)
    together = None
    if clusters is not None:
        together = np.array([clusters.get(place, 0) for place in range(size)])
    times = drawn(asked.owner, asked.target, 50, 0)
    return Answer(asked, score, together, known, times, 0.01, THRESHOLD)


def values(section: Section) -> dict[str, float | None]:
    """Return the value of each figure by its identifier, with its slice after a blank."""
    return {name: figure.value for name, figure in figures(section).items()}


def figures(section: Section) -> dict[str, Figure]:
    """Return each figure by its identifier, with its slice after a blank."""
    return {f"{figure.id} {figure.of}".strip(): figure for figure in section.figures}
