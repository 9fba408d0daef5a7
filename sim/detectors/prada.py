"""Distances between the prompts of an account that are not spread as those of benign ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Bools, Floats
from sim.detectors.baseline import Baseline, Found
from sim.detectors.benign import benign_accounts, found_of, standardised
from sim.detectors.prompt_vectors import prompts_of, squared_distances
from sim.detectors.seen import Seen

# After so many prompts an account is looked at; `prompt_vectors.MOST` is the last.
SIZES = (25, 50, 100, 200, 400)


def nearest_earlier(vectors: Any) -> Floats:
    """Return the distance of each vector but the first to the nearest earlier one.

    Parameters
    ----------
    vectors
        Of length 1, in order, shape (prompts, dimensions).

    Returns
    -------
    numpy.ndarray
        Shape (prompts - 1,).
    """
    distances = np.sqrt(squared_distances(vectors, vectors).astype(float))
    distances[np.triu_indices(len(vectors))] = np.inf
    return np.asarray(distances[1:].min(axis=1))


def departure(distances: Floats) -> float:
    """Return how far distances are from normal: 1 - W of the test of Shapiro and Wilk.

    As in Juuti et al. 2018, section 4.2, distances further than three standard deviations from
    their mean are left out. Distances that are all the same are as far from normal as can be: 1.

    Parameters
    ----------
    distances
        At least three.
    """
    from scipy.stats import shapiro

    spread = distances.std()
    kept = distances[np.abs(distances - distances.mean()) <= 3 * spread]
    if len(kept) < 3 or np.ptp(kept) < 1e-6:
        return 1.0
    return float(1 - shapiro(kept).statistic)


def departures(seen: Seen) -> Any:
    """Return how far accounts of a log are from normal, after so many prompts.

    Returns
    -------
    DataFrame
        `account_id`, `at_us`, `size` (prompts looked at so far) and `departure`.
    """
    prompts = prompts_of(seen)
    rows = []
    for account, first, last in zip(*prompts.spans(), strict=True):
        if last - first < SIZES[0]:
            continue
        distances = nearest_earlier(prompts.of(slice(first, last)))
        rows += [
            (account, prompts.at_us[first + size - 1], size, departure(distances[: size - 1]))
            for size in SIZES
            if size <= last - first
        ]
    return pd.DataFrame(rows, columns=["account_id", "at_us", "size", "departure"])


def find(learned: Seen, sought: Bools, asked: Seen, _seed: int) -> Found:
    """Score accounts by how far their distances are from normal; see `Baseline`.

    The paper raises an alarm if W falls below a bound that is set on benign clients. Here W is
    compared with that of benign accounts after as many prompts.
    """
    benign, mine = (_of(seen) for seen in (benign_accounts(learned, sought), asked))
    values, usual = (frame["departure"].to_numpy(float) for frame in (mine, benign))
    sizes, usual_sizes = (frame["size"].to_numpy(np.int64) for frame in (mine, benign))
    score = standardised(values, sizes, usual, usual_sizes)
    return found_of(
        asked, mine["account_id"].to_numpy(np.int64), mine["at_us"].to_numpy(np.int64), score
    )


def _of(seen: Seen) -> Any:
    """Return the rows of the accounts of what `departures` found in their log."""
    frame = seen.once("prada", lambda: departures(seen))
    return frame[np.isin(frame["account_id"].to_numpy(), seen.accounts)]


BASELINE = Baseline(
    name="prada",
    title="distances between successive prompts that are not normally distributed",
    sees="prompts of an account, in order",
    source="Juuti et al. 2018, arXiv 1805.02628",
    find=find,
    gives=("at",),
)
