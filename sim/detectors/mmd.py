"""Windows of prompts that are unlike benign traffic, by their maximum mean discrepancy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Bools, Floats, Ints
from sim.detectors.baseline import Baseline, Found
from sim.detectors.benign import benign_accounts, found_of, halves, standardised
from sim.detectors.prompt_vectors import Prompts, prompts_of, squared_distances
from sim.detectors.seen import Seen

# Prompts of a window; an account's last window may be shorter, but not shorter than the least.
WINDOW, LEAST = 50, 10
# Benign prompts that windows are compared with.
REFERENCE = 1000
# Windows of about one size are compared with each other: sizes from which kinds begin.
_KINDS = (LEAST, 20, 35, WINDOW)

Vectors = NDArray[np.float32]


class Reference(NamedTuple):
    """Benign prompts, and what is computed of them once.

    Attributes
    ----------
    vectors
        Shape (prompts, dimensions).
    width
        Of the kernel: the median distance between two of them.
    own
        The mean of the kernel between two of them.
    """

    vectors: Vectors
    width: float
    own: float


class Windows(NamedTuple):
    """Successive prompts of one account: rows [begins, ends) of the prompts.

    All have the shape (windows,).
    """

    account_id: Ints
    begins: Ints
    ends: Ints

    @property
    def kinds(self) -> Ints:
        """Of which kind each is, by its size."""
        return np.searchsorted(_KINDS, self.ends - self.begins, side="right").astype(np.int64)

    def of(self, accounts: Ints) -> Windows:
        """Return the windows of some accounts."""
        mine = np.isin(self.account_id, accounts)
        return Windows(*(column[mine] for column in self))


def reference_of(vectors: Vectors) -> Reference:
    """Return benign prompts for comparison.

    The width is the median distance of those that differ (Gretton et al. 2012, section 8).

    Parameters
    ----------
    vectors
        Of length 1, shape (prompts, dimensions), at least two.
    """
    distances = squared_distances(vectors, vectors)
    between = distances[np.triu_indices(len(vectors), 1)]
    apart = between[between > 1e-6]
    width = float(np.sqrt(np.median(apart))) if len(apart) else 1.0
    own = float(np.exp(-between / (2 * width**2)).mean(dtype=float))
    return Reference(vectors, width, own)


def mmd2(window: Vectors, reference: Reference) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy.

    Gretton et al. 2012, "A kernel two-sample test", equation (3), with the kernel
    exp(-d^2 / 2 width^2). Its mean is 0 if both are drawn from one distribution; it may be
    negative.

    Parameters
    ----------
    window
        Vectors of length 1, shape (prompts, dimensions), at least two.
    reference
        What the window is compared with.
    """
    scale = -1 / (2 * reference.width**2)
    within = np.exp(scale * squared_distances(window, window))
    across = np.exp(scale * squared_distances(window, reference.vectors))

    size = len(window)
    own = (within.sum(dtype=float) - within.trace(dtype=float)) / (size * (size - 1))
    return float(own + reference.own - 2 * across.mean(dtype=float))


def windows_of(prompts: Prompts) -> Windows:
    """Return the windows of all accounts: successive prompts, none in two of them."""
    accounts, firsts, lasts = prompts.spans()
    found = [
        (account, begin, min(begin + WINDOW, last))
        for account, first, last in zip(accounts, firsts, lasts, strict=True)
        for begin in range(first, last - LEAST + 1, WINDOW)
    ]
    return Windows(*np.array(found, np.int64).reshape(-1, 3).T)


def find(learned: Seen, sought: Bools, asked: Seen, seed: int) -> Found:
    """Score accounts by their window that is most unlike benign traffic; see `Baseline`.

    One half of the benign accounts is what windows are compared with; the windows of the other
    half say how far benign accounts are from it.
    """
    benign = benign_accounts(learned, sought)
    compared, calibrating = halves(benign, seed)
    prompts = prompts_of(learned)
    rows = np.flatnonzero(np.isin(prompts.account_id, compared))
    if len(rows) < 2:
        return found_of(asked, *(np.zeros(0, np.int64),) * 2, np.zeros(0))

    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(rows, min(REFERENCE, len(rows)), replace=False))
    reference = reference_of(prompts.of(chosen))
    known = windows_of(prompts).of(calibrating)
    usual = _discrepancies(prompts, known, reference)

    prompts = prompts_of(asked)
    windows = windows_of(prompts).of(asked.accounts)
    values = _discrepancies(prompts, windows, reference)
    score = standardised(values, windows.kinds, usual, known.kinds)
    return found_of(asked, windows.account_id, prompts.at_us[windows.ends - 1], score)


def _discrepancies(prompts: Prompts, windows: Windows, reference: Reference) -> Floats:
    """Return the discrepancy of each window, shape (windows,)."""
    spans = zip(windows.begins, windows.ends, strict=True)
    return np.array([mmd2(prompts.of(slice(a, b)), reference) for a, b in spans], float)


BASELINE = Baseline(
    name="mmd",
    title="windows of prompts that are unlike benign traffic, by maximum mean discrepancy",
    sees="prompts of an account",
    source="Gretton et al. 2012; Liu, Guo and Dong 2026, arXiv 2606.05725",
    find=find,
    gives=("at",),
)
