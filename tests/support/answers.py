"""Answers of detectors to made-up questions, for tests of what a score consists of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from sim.arrays.time import DAY_US
from sim.packs.pack import Pack
from sim.predictions.table import Moments
from sim.scoring.answer import Answer
from sim.scoring.asked import Asked, scaled
from sim.scoring.intervals import drawn
from sim.scoring.ranking import threshold_at


def answered(
    score: Sequence[float] | Any,
    target: Sequence[bool] | Any,
    *,
    weight: Sequence[float] | Any = None,
    owner: Sequence[int] | Any = None,
    prevalence: float = 0.2,
    moments: Moments | None = None,
    cluster: Sequence[int] | Any = None,
    days: int = 1,
    fpr: float = 0.1,
    rounds: int = 0,
    seed: int = 0,
) -> Answer:
    """Return scores beside a truth that no pack holds; everyone is an owner unless it is said."""
    found, sought = np.asarray(score, float), np.asarray(target, bool)
    number = np.arange(len(found))
    asked = Asked(
        pack=cast(Pack, None),
        split="campaign",
        prevalence=prevalence,
        ids=number,
        account_ids=number,
        from_us=0,
        to_us=days * DAY_US,
        target=sought,
        weight=scaled(
            np.ones(len(found)) if weight is None else np.asarray(weight, float), sought, prevalence
        ),
        owner=number if owner is None else np.asarray(owner),
        operator=number,
        org=number,
        campaign=np.zeros(len(found), np.int64),
        typology=np.where(sought, "A16", "L01").astype(object),
    )
    return Answer(
        asked=asked,
        score=found,
        cluster=None if cluster is None else np.asarray(cluster),
        moments=moments,
        times=drawn(asked.owner, sought, rounds, seed),
        fpr=fpr,
        threshold=threshold_at(found, sought, asked.weight, fpr),
    )
