"""Likelihoods of what is reported, from the prior predictive draws of a hypothesis.

Within each latent class (access mode, one account or several) every observable has its own
density, a kernel estimate on a scale where it is nearly even, and a Gaussian copula joins them: the
ranks of the draws, made normal, have a correlation matrix. A figure that is reported with limits is
integrated over them. What a class does not define, such as a concentration over one account, it
cannot have produced.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.comparison.claims.intervals import Interval
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.inference.even_points import lattice
from sim.comparison.inference.marginals import ENDS, RESOLUTION, Marginal, marginal, scaled

# All that an observable of a kind may be, on its scale.
_RANGE = {"count": 12.0, "ratio": 9.0, "share": np.pi / 2}
# Draws of a latent class without which it is left out.
_LEAST = 20
_FLOOR = 1e-300


@dataclass(frozen=True)
class Placed:
    """Where n points lie in the densities of a class, by observable, (n,) each.

    Attributes
    ----------
    logs:
        Ln of the densities of the single observables.
    scores:
        Their normal scores.
    """

    logs: Mapping[str, Floats]
    scores: Mapping[str, Floats]


@dataclass(frozen=True)
class ClassFit:
    """The fit of one latent class: a Gaussian copula with kernel densities as its margins.

    Attributes
    ----------
    latent_class:
        Its number, see `latent_classes`.
    weight:
        Its share of the likelihood; those of a fit add up to 1.
    names:
        The observables that it defines, in the order of `correlation`.
    marginals:
        Their densities, by observable.
    correlation:
        Correlation matrix of their normal scores, (names, names).
    """

    latent_class: int
    weight: float
    names: tuple[str, ...]
    marginals: Mapping[str, Marginal]
    correlation: Floats
    _inverses: dict[tuple[str, ...], tuple[Floats, float]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def placed(self, points: Mapping[str, Floats]) -> Placed:
        """Return where n points lie in the densities of those observables that it defines."""
        defined = {name: x for name, x in points.items() if name in self.marginals}
        return Placed(
            {name: self.marginals[name].log_density(x) for name, x in defined.items()},
            {name: self.marginals[name].scores(x) for name, x in defined.items()},
        )

    def log_density(self, placed: Placed, names: Sequence[str]) -> Floats | None:
        """Return ln of the joint density of several observables at n points.

        Parameters
        ----------
        placed:
            The points, by `placed`.
        names:
            The observables that count, at least one. The others are integrated out, which a copula
            does by leaving out their rows.

        Returns
        -------
        ndarray
            Natural logarithms, (n,); None if the class does not define one of the observables.
        """
        if any(name not in self.marginals for name in names):
            return None
        total = np.sum([placed.logs[name] for name in names], axis=0)
        if len(names) == 1:
            return np.asarray(total)
        return np.asarray(total + self._log_copula({name: placed.scores[name] for name in names}))

    def probability(self, box: Mapping[str, tuple[float, float]]) -> float:
        """Return the probability that several observables lie in a box.

        The marginals within the box are exact; the copula is the mean over points that are even in
        their probability (quasi Monte Carlo).

        Parameters
        ----------
        box:
            Lower and upper end by observable, on their scales.

        Returns
        -------
        float
            From 0 up; 0 where the class does not define one of the observables.
        """
        if any(name not in self.marginals for name in box):
            return 0.0
        shares = {}
        for name, (low, high) in box.items():
            marginal = self.marginals[name]
            shares[name] = float(marginal.share_below(low)), float(marginal.share_below(high))
        mass = float(np.prod([high - low for low, high in shares.values()]))
        if len(box) == 1 or mass <= 0:
            return max(mass, 0.0)

        even = lattice(len(box)).T
        scores = {}
        for (name, (low, high)), u in zip(shares.items(), even, strict=True):
            at = self.marginals[name].quantile(low + (high - low) * u)
            scores[name] = self.marginals[name].scores(at)
        return mass * float(np.exp(self._log_copula(scores)).mean())

    def _log_copula(self, scores: Mapping[str, Floats]) -> Floats:
        """Return ln of the Gaussian copula density: -(ln det R + z' (R^-1 - I) z) / 2.

        `scores` are normal scores z by observable, (n,) each.
        """
        inverse, log_determinant = self._inverse(tuple(scores))
        z = np.stack(list(scores.values()))
        quadratic = (z * (inverse @ z)).sum(axis=0)
        return np.asarray(-0.5 * (log_determinant + quadratic))

    def _inverse(self, names: tuple[str, ...]) -> tuple[Floats, float]:
        """Return R^-1 - I and ln det R of the correlation R of some observables, computed once."""
        if names not in self._inverses:
            rows = [self.names.index(name) for name in names]
            matrix = self.correlation[np.ix_(rows, rows)]
            inverse = np.linalg.inv(matrix) - np.eye(len(rows))
            self._inverses[names] = inverse, float(np.linalg.slogdet(matrix)[1])
        return self._inverses[names]


@dataclass(frozen=True)
class Fit:
    """The likelihood of one hypothesis under one prior set: a mixture of latent classes.

    One draw more than the `draws` that there are is thought to lie anywhere, evenly: so many draws
    cannot exclude anything by more.

    Attributes
    ----------
    classes:
        The classes with their weights; empty if no draw could be used, and then only the even part
        is left.
    draws:
        Draws of the whole prior.
    """

    classes: tuple[ClassFit, ...]
    draws: int

    def log_density(self, points: Mapping[str, Floats], undefined: Sequence[str] = ()) -> Floats:
        """Return ln of the joint density at n points, (n,); see `log_densities`."""
        return self.log_densities(points, [(tuple(points), tuple(undefined))])[0]

    def log_densities(
        self,
        points: Mapping[str, Floats],
        sets: Sequence[tuple[Sequence[str], Sequence[str]]],
    ) -> list[Floats]:
        """Return ln of the joint density of several sets of observables at n points.

        Parameters
        ----------
        points:
            Places on their scales by observable, (n,) each.
        sets:
            Pairs of the observables that count, at least one, and of those that the clusters do not
            define. Classes that define one of the latter add nothing.

        Returns
        -------
        list
            Natural logarithms for each set, (n,), always finite.
        """
        placed = [(each, each.placed(points)) for each in self.classes]
        size = len(next(iter(points.values())))
        logs = []
        for names, undefined in sets:
            anywhere = -sum(np.log(_RANGE[OBSERVABLES[name].kind]) for name in names)
            parts = [np.full(size, anywhere - np.log(self.draws))]
            for each, at in placed:
                log = each.log_density(at, names)
                if log is not None and not any(name in each.marginals for name in undefined):
                    parts.append(np.log(each.weight) + log)
            logs.append(np.logaddexp.reduce(parts, axis=0) - np.log1p(1 / self.draws))
        return logs

    def log_likelihood(self, limits: Mapping[str, Interval]) -> float:
        """Return ln of the probability that every observable lies within its limits.

        Parameters
        ----------
        limits:
            Intervals in the units of the observables. Those of no width are widened to the
            resolution of their observable; an open end is infinite.

        Returns
        -------
        float
            Natural logarithm; 0 without limits, and never below ln of 1e-300.
        """
        if not limits:
            return 0.0
        box = {name: _ends_on_scale(name, interval) for name, interval in limits.items()}
        of_classes = [each.weight * each.probability(box) for each in self.classes]
        anywhere = np.prod([_share_of_range(name, *ends) for name, ends in box.items()])
        total = (sum(of_classes) + float(anywhere) / self.draws) / (1 + 1 / self.draws)
        return math.log(max(total, _FLOOR))


def _ends_on_scale(name: str, limits: Interval) -> tuple[float, float]:
    """Return the ends of an interval on its scale, widened evenly to the resolution if narrower."""
    low, high = scaled(name, np.array([limits.low, limits.high])).tolist()
    missing = max(RESOLUTION[name] - (high - low), 0) / 2
    return low - missing, high + missing


def _share_of_range(name: str, low: float, high: float) -> float:
    """Return the share that an interval has of all that an observable may be, at most 1."""
    return float(min((high - low) / _RANGE[OBSERVABLES[name].kind], 1))


@dataclass(frozen=True)
class Sample:
    """Draws that share a part of the prior, such as those of one access mode.

    Attributes
    ----------
    weight:
        The part of the prior that they stand for.
    values:
        By observable, (n,) each, in their units; NaN where not defined.
    latent_class:
        Number of the class of each draw, (n,).
    use:
        Which draws count, (n,), such as those that would be published. The others still count in
        the denominator of their class' weight.
    chances:
        What each draw counts, (n,), such as the ratio of two priors; alike if None.
    sequence:
        Number of the sequence that each draw belongs to, (n,); None if they are not told apart.
    """

    weight: float
    values: Mapping[str, Floats]
    latent_class: Ints
    use: Bools
    chances: Floats | None = None
    sequence: Ints | None = None

    def share(self, rows: Bools) -> float:
        """Return the share of the draws that some of them, (n,), stand for."""
        if self.chances is None:
            return float(rows.mean())
        return float(self.chances[rows].sum() / self.chances.sum())

    def without(self, sequence: int) -> Sample:
        """Return the sample without one of the sequences of its draws."""
        if self.sequence is None:
            raise ValueError("the draws of this sample are not told apart")
        kept = self.sequence != sequence
        return Sample(
            self.weight,
            {name: x[kept] for name, x in self.values.items()},
            self.latent_class[kept],
            self.use[kept],
            None if self.chances is None else self.chances[kept],
        )


def fit(samples: Sequence[Sample], draws: int) -> Fit:
    """Fit the likelihood to samples of the parts of a prior.

    A class weighs as its part of the prior, times its share of the draws of that part that are
    used. Classes of fewer than 20 such draws are left out if there are others. Where no draw is
    used, the likelihood is that of none in so many.

    Parameters
    ----------
    samples:
        One for each part of the prior.
    draws:
        Draws of the whole prior, which bound what the likelihood can exclude.

    Returns
    -------
    Fit
        A mixture whose weights add up to 1: a likelihood given that a draw is used, for instance
        given that it is published.
    """
    parts = [
        (sample, int(latent_class), (sample.latent_class == latent_class) & sample.use)
        for sample in samples
        for latent_class in np.unique(sample.latent_class[sample.use])
    ]
    large = [entry for entry in parts if entry[2].sum() >= _LEAST] or parts

    shares = [sample.weight * sample.share(rows) for sample, _, rows in large]
    classes = tuple(
        _fit_class(sample, latent_class, rows, share / sum(shares))
        for (sample, latent_class, rows), share in zip(large, shares, strict=True)
    )
    return Fit(classes, draws)


def _fit_class(sample: Sample, latent_class: int, use: Bools, weight: float) -> ClassFit:
    """Fit densities and copula to the used draws of one class, those in `use` (n,).

    An observable that is NaN in any of these draws is not defined by the class.
    """
    rows = np.flatnonzero(use)
    chances = None if sample.chances is None else sample.chances[rows]
    values = {name: x[rows] for name, x in sample.values.items()}
    defined = {name: scaled(name, x) for name, x in values.items() if not np.isnan(x).any()}
    marginals = {
        name: marginal(x, RESOLUTION[name], ENDS.get(OBSERVABLES[name].kind), chances)
        for name, x in defined.items()
    }
    scores = np.array([marginals[name].scores(x) for name, x in defined.items()])
    correlation = _correlation(scores, np.ones(len(rows)) if chances is None else chances)
    return ClassFit(latent_class, weight, tuple(defined), marginals, correlation)


def _correlation(scores: Floats, chances: Floats) -> Floats:
    """Return the correlation of the rows of scores (names, n), drawn towards none as draws get few.

    `chances` is what each draw counts, (n,). A shrinkage estimate: off the diagonal it is times
    n / (n + 2 names), and a thousandth less, so that the matrix can always be inverted.
    """
    if len(scores) < 2:
        return np.ones((len(scores), len(scores)))
    centred = (scores - np.average(scores, 1, chances)[:, None]) * np.sqrt(chances)
    norm = np.sqrt((centred**2).sum(axis=1))
    matrix = (centred @ centred.T) / np.maximum(np.outer(norm, norm), 1e-12)

    n = scores.shape[1]
    shrunk = matrix * (n / (n + 2 * len(scores))) * (1 - 1e-3)
    np.fill_diagonal(shrunk, 1.0)
    return np.asarray(shrunk)


def without_implied(names: Sequence[str]) -> tuple[str, ...]:
    """Leave out what the others imply, so that no figure counts twice.

    Count and accounts imply the mean exchanges per account; nothing else is implied. The order
    stays.
    """
    implied = {"count", "accounts"} <= set(names)
    return tuple(name for name in names if not (implied and name == "exchanges_per_account"))
