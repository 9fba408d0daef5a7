"""Which dials move the count, and which move the odds: Sobol indices and a tornado.

Sobol indices by SALib (Herman and Usher, JOSS 2017; Saltelli et al., Comput. Phys. Commun. 181,
2010): first-order S1, the share of the variance that a dial explains alone, and total ST, with all
it does together with others. The quantities are log10 of the reported count and log10 of the
likelihood ratio of the accused explanation to another one, of clusters that the explanation makes.
That one is cut off at a hundred to one either way, or a few clusters far outside would be all its
variance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.inference.evidence_model import EvidenceModel, log_densities
from sim.comparison.inference.likelihood import without_implied
from sim.comparison.inference.prior_predictive import Draws, draw
from sim.comparison.sections.design import NAMES
from sim.streams import Streams

MOST, LEAST = 1_024, 64
CAP = 2.0
COUNT, ODDS_COUNT, ODDS_ALL = "log10 count", "log10 odds, count alone", "log10 odds, all known"
_LEAST = 0.005


@dataclass(frozen=True)
class Index:
    """Sobol indices of one dial, each with the half-width of its 95 % interval."""

    hypothesis: str
    quantity: str
    dial: str
    first: float
    first_error: float
    total: float
    total_error: float


@dataclass(frozen=True)
class Bar:
    """Mean of log10 of the reported count where a dial is lowest and highest.

    For numbers the lowest and the highest tenth of the draws; for a choice the options with the
    smallest and the largest mean, named in `low_at`, `high_at`.
    """

    hypothesis: str
    dial: str
    low: float
    high: float
    low_at: str
    high_at: str
    middle: float


def sobol(instrument: EvidenceModel, accused: str, against: str) -> tuple[Index, ...]:
    """Return the indices of every explanation; of the odds, of the accused one and `against`."""
    made = []
    for id_ in instrument.ids:
        quantities: dict[str, Callable[[Draws], Floats]] = {COUNT: _log_count}
        if id_ in (accused, against):
            quantities[ODDS_COUNT] = _log_odds(instrument, accused, against, NAMES[:1])
            quantities[ODDS_ALL] = _log_odds(instrument, accused, against, NAMES)
        made += _indices(instrument, id_, quantities)
    return tuple(made)


def _indices(
    instrument: EvidenceModel, id_: str, quantities: dict[str, Callable[[Draws], Floats]]
) -> list[Index]:
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    hypothesis = instrument.library.hypotheses[id_]
    names = list(hypothesis.columns)
    problem: dict[str, Any] = {
        "num_vars": len(names),
        "names": np.asarray(names),  # SALib 1.5.0 passes them to pandas, which wants no list
        "bounds": [[0.0, 1.0]] * len(names),
    }
    seed = Streams(instrument.seed).key("compare", id_, "sobol") % 2**31
    u = sample.sample(problem, _base(instrument.draws), calc_second_order=False, seed=seed)
    u = np.clip(u, 0, 1 - 1e-12)
    draws = draw(hypothesis, u, Streams(instrument.seed).rng("compare", id_, "sobol"))
    made = []
    for quantity, of in quantities.items():
        values = of(draws)
        found = analyse.analyze(
            problem, values, calc_second_order=False, seed=seed, num_resamples=50
        )
        rows = zip(
            names, *(found[k].tolist() for k in ("S1", "S1_conf", "ST", "ST_conf")), strict=True
        )
        made += [Index(id_, quantity, *row) for row in rows if row[3] > _LEAST]
    return made


def _base(draws: int) -> int:
    """Return how many points of the sequence are taken: a power of two, an eighth of the draws."""
    return min(max(1 << ((draws // 8).bit_length() - 1), LEAST), MOST)


def _log_count(draws: Draws) -> Floats:
    return np.asarray(np.log10(np.maximum(draws.reported["count"], 1)))


def _log_odds(
    instrument: EvidenceModel, accused: str, against: str, known: Sequence[str]
) -> Callable[[Draws], Floats]:
    fits = [instrument.stated_fit(x) for x in (accused, against)]

    def of(draws: Draws) -> Floats:
        logs = log_densities(fits, draws.reported, without_implied(known))
        return np.asarray(np.clip((logs[:, 0] - logs[:, 1]) / np.log(10), -CAP, CAP))

    return of


def tornado(instrument: EvidenceModel) -> tuple[Bar, ...]:
    """Return the bars of every explanation, the widest first."""
    made = []
    for id_, hypothesis in instrument.library.hypotheses.items():
        draws = instrument.base(id_)
        y = _log_count(draws)
        choices = _choices(instrument, id_)
        bars = [
            _bar(id_, name, draws.parameters[name], y, choices.get(name))
            for name in hypothesis.columns
        ]
        bars.sort(key=lambda bar: bar.low - bar.high)
        made += [bar for bar in bars if bar.high - bar.low > 0.05]
    return tuple(made)


def _choices(instrument: EvidenceModel, id_: str) -> dict[str, tuple[str, ...]]:
    h = instrument.library.hypotheses[id_]
    names = {"access": h.access.names, "uptake": h.uptake.names}
    names["convention"] = h.common["convention"].names
    for key, work in h.work.items():
        if work.suites is not None:
            names[f"{key}.suites"] = work.suites.names
        if work.calls is not None:
            names |= {f"{key}.{x}": work.calls.names for x in ("calls", "calls_too")}
    return names


def _bar(id_: str, dial: str, x: Floats, y: Floats, names: tuple[str, ...] | None) -> Bar:
    groups: dict[str, Floats]
    if names is not None:
        groups = {name: y[x == k] for k, name in enumerate(names) if (x == k).any()}
    else:
        low, high = np.quantile(x, [0.1, 0.9])
        groups = {f"{low:.3g} or less": y[x <= low], f"{high:.3g} or more": y[x >= high]}
    means = {name: float(values.mean()) for name, values in groups.items()}
    least, most = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    return Bar(id_, dial, means[least], means[most], least, most, float(y.mean()))
