"""One sample held against the test part of a trace: its values, and how far they are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.scorecard.calls import Calls
from sim.scorecard.classifier import Told, tell_apart
from sim.scorecard.clients import Clients, client_statistics, hour_profiles
from sim.scorecard.features import (
    GAP_NAMES,
    SESSION_NAMES,
    WINDOW_NAMES,
    session_examples,
    window_examples,
)
from sim.scorecard.goals import Form
from sim.scorecard.session_statistics import session_statistics
from sim.scorecard.stream_statistics import stream_statistics, token_statistics

# Sessions of a sample for each of the real part; the classifiers learn no more from others.
_SESSIONS_PER_REAL = 4


@dataclass(frozen=True)
class Sample:
    """A sample, and which of its sessions belong together.

    Attributes
    ----------
    data
        Calls or clients.
    groups
        Group of each session; None if each is by itself.
    """

    data: Calls | Clients
    groups: Ints | None = None


@dataclass(frozen=True)
class Distances:
    """What is measured between two samples.

    Attributes
    ----------
    values
        Distance by the id of its goal.
    told
        What the classifiers say, by the id of the goal.
    """

    values: dict[str, float]
    told: dict[str, Told] = field(default_factory=dict)


def statistics_of(data: Calls | Clients, form: Form) -> dict[str, float]:
    """Return all statistics of a sample by the ids of their goals."""
    if isinstance(data, Clients):
        return client_statistics(data)
    of_form = session_statistics(data) if form == "sessions" else stream_statistics(data)
    failed = float("nan") if data.failed_share is None else data.failed_share
    return {**token_statistics(data), **of_form, "failed_share": failed}


def ks_distance(x: Floats, y: Floats) -> float:
    """Return the Kolmogorov-Smirnov distance of two samples: the largest gap of their shares."""
    if not len(x) or not len(y):
        return float("nan")
    x, y = np.sort(x), np.sort(y)
    both = np.concatenate([x, y])
    below_x = np.searchsorted(x, both, "right") / len(x)
    below_y = np.searchsorted(y, both, "right") / len(y)
    return float(np.abs(below_x - below_y).max())


def hours_distance(x: Clients, y: Clients) -> float:
    """Return the Jensen-Shannon divergence of the hours of the day, in bits.

    Of the mean profile of active clients, so that one large client does not decide.
    """
    profiles = [hour_profiles(c.grid).mean(0) if len(c.grid) else None for c in (x, y)]
    if profiles[0] is None or profiles[1] is None:
        return float("nan")
    p, q = (a / max(a.sum(), 1e-12) + 1e-12 for a in profiles if a is not None)
    middle = (p + q) / 2
    return float(0.5 * (p @ np.log2(p / middle)) + 0.5 * (q @ np.log2(q / middle)))


def distances_between(sample: Sample, real: Sample, form: Form) -> dict[str, float]:
    """Return the distances of distributions between two samples, without the classifiers."""
    if isinstance(sample.data, Clients) or isinstance(real.data, Clients):
        assert isinstance(sample.data, Clients)
        assert isinstance(real.data, Clients)
        return {"hours_js": hours_distance(sample.data, real.data)}

    x, y = sample.data, real.data
    found = {
        "input_ks": ks_distance(np.log1p(x.input_tokens), np.log1p(y.input_tokens)),
        "output_ks": ks_distance(np.log1p(x.output_tokens), np.log1p(y.output_tokens)),
    }
    if form == "stream":
        scaled = [c.gaps_s / max(float(c.gaps_s.mean()), 1e-12) for c in (x, y)]
        return {**found, "gap_ks": ks_distance(*scaled)}
    grown = [c.growth[c.growth > 0] for c in (x, y)]
    return {**found, "gap_ks": ks_distance(x.gaps_s, y.gaps_s), "growth_ks": ks_distance(*grown)}


def classified(
    sample: Sample, real: Sample, asked: set[str], seed: int, *, importance: bool = False
) -> dict[str, Told]:
    """Train the classifiers that are asked for, by the ids of their goals.

    Those for which there are too few sessions are left out.
    """
    x, y = sample.data, real.data
    assert isinstance(x, Calls)
    assert isinstance(y, Calls)
    most = _SESSIONS_PER_REAL * len(y.first)
    groups = sample.groups
    if not x.length_s and groups is None:
        x = x.sampled(most, np.random.default_rng(seed))

    found: dict[str, Told | None] = {}
    for id_, names, gaps_only in (
        ("g1_windows", WINDOW_NAMES, False),
        ("gaps_auc", GAP_NAMES, True),
    ):
        if id_ in asked:
            ours, theirs = (
                window_examples(c, g, gaps_only=gaps_only)
                for c, g in ((x, groups), (y, real.groups))
            )
            found[id_] = tell_apart(ours, theirs, names, seed=seed, importance=importance)
    if "g2_sessions" in asked:
        ours, theirs = (session_examples(c, g) for c, g in ((x, groups), (y, real.groups)))
        told = tell_apart(ours, theirs, SESSION_NAMES, seed=seed, importance=importance)
        found["g2_sessions"] = told
    return {id_: x for id_, x in found.items() if x is not None}
