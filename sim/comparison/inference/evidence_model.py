"""Draws of every explanation under every prior set, and the likelihoods fitted to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.hypotheses.model import Hypothesis, Library
from sim.comparison.inference.likelihood import Fit, Sample, fit, scaled
from sim.comparison.inference.prior_predictive import Draws, draw
from sim.counting import CONVENTIONS
from sim.errors import InvalidInputError
from sim.streams import Streams

Observer = Callable[[int, int], None]

ALL = tuple(CONVENTIONS)
WHOLE = "whole"
_MOST_ALONE, _LEAST_ALONE, _FEWEST = 400, 50, 20


@dataclass(frozen=True)
class PriorSet:
    """One way to believe: the lever times `centre`, the spread of every prior times `width`."""

    centre: float
    width: float

    def words(self) -> str:
        return f"centre x {self.centre:g}, width x {self.width:g}"


AS_STATED, _LARGE = PriorSet(1.0, 1.0), PriorSet(1000.0, 1.0)


@dataclass(frozen=True)
class Seen:
    """What likelihoods need of the draws of one access mode, which has `weight` of the prior."""

    weight: float
    reported: Mapping[str, Floats]
    whole: Mapping[str, Floats]
    published: Bools
    published_over: Floats
    convention: Ints
    kind: Ints

    @classmethod
    def of(cls, draws: Draws, weight: float, rows: Bools) -> Seen:
        """Keep the draws of `rows` (n,)."""
        return cls(
            weight,
            {name: x[rows] for name, x in draws.reported.items()},
            {name: x[rows] for name, x in draws.observed().items()},
            draws.published[rows],
            draws.dials["published_over"][rows],
            draws.convention[rows],
            draws.kind[rows],
        )

    def times(self, factor: float) -> Seen:
        """Return the same with every count times a factor, and published as they then are."""
        return replace(
            self,
            reported={**self.reported, "count": self.reported["count"] * factor},
            whole={**self.whole, "count": self.whole["count"] * factor},
            published=self.reported["count"] * factor > self.published_over,
        )

    def sample(self, conventions: tuple[str, ...]) -> Sample:
        """Return what counts for a likelihood: what was published, or all that was counted."""
        if conventions == (WHOLE,):
            return Sample(self.weight, self.whole, self.kind, self.whole["count"] > 0)
        meant = np.isin(self.convention, [ALL.index(x) for x in conventions])
        return Sample(self.weight, self.reported, self.kind, self.published & meant)


class EvidenceModel:
    """Draws and likelihoods of all explanations, made when they are asked for, and kept.

    `sets`: the prior sets, the priors as stated first.
    """

    def __init__(
        self, library: Library, draws: int, seed: int, observer: Observer | None = None
    ) -> None:
        """`draws` of every explanation under every prior set.

        `observer` is told how many of all these sets of draws are made.
        """
        self.library, self.draws, self.seed = library, draws, seed
        self.sets = prior_sets(library)
        self._observer = observer
        self._drawn: dict[tuple[str, PriorSet], Draws] = {}
        self._seen: dict[tuple[str, PriorSet], tuple[Seen, ...]] = {}
        self._fits: dict[tuple[str, tuple[str, ...], int], Fit] = {}
        self._test: dict[tuple[str, int], Draws] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """The explanations, in the order of their file."""
        return tuple(self.library.hypotheses)

    def base(self, hypothesis: str) -> Draws:
        """Return the draws of an explanation under the priors as stated."""
        return self._kept(hypothesis, AS_STATED)

    def at_large(self, hypothesis: str) -> Draws:
        """Return draws with the lever a thousand times as large, all else as stated."""
        return self._kept(hypothesis, _LARGE)

    def _kept(self, hypothesis: str, chosen: PriorSet) -> Draws:
        key = (hypothesis, chosen)
        if key not in self._drawn:
            moved = self._under(hypothesis, chosen)
            self._drawn[key] = draws_of(moved, self.draws, self.seed, chosen.words())
        return self._drawn[key]

    def _under(self, hypothesis: str, chosen: PriorSet) -> Hypothesis:
        stated = self.library.hypotheses[hypothesis]
        return stated if chosen == AS_STATED else stated.with_prior(chosen.centre, chosen.width)

    def published(self, hypothesis: str, held_out: int = 0) -> dict[str, Floats]:
        """Return the observables of published clusters under the priors as stated, (n,) each.

        held_out: of so many draws that no likelihood was fitted to, instead of those that were.
        Raises InvalidInputError where hardly any would be published.
        """
        draws = self.held_out(hypothesis, held_out) if held_out else self.base(hypothesis)
        if draws.published.sum() < _FEWEST:
            raise InvalidInputError(_unseen(hypothesis, ALL))
        return {name: x[draws.published] for name, x in draws.reported.items()}

    def seen(self, hypothesis: str) -> tuple[tuple[Seen, ...], ...]:
        """Return what likelihoods need of an explanation, for each prior set by access mode."""
        missing = [x for x in self.sets if (hypothesis, x) not in self._seen]
        if missing:
            # Generators let go of the interpreter's lock, and each set has generators of its own.
            with ThreadPoolExecutor() as threads:
                drawn = threads.map(partial(self._draw_under, hypothesis), missing)
                for chosen, seen in zip(missing, drawn, strict=True):
                    self._keep(hypothesis, chosen, seen)
        return tuple(self._seen[hypothesis, x] for x in self.sets)

    def _draw_under(self, hypothesis: str, chosen: PriorSet) -> tuple[Seen, ...]:
        """Draw under a prior set; access modes with few draws are drawn again, on their own."""
        h = self._under(hypothesis, chosen)
        if chosen == AS_STATED:
            drawn = self.base(hypothesis)
        else:  # too many to keep
            drawn = draws_of(h, self.draws, self.seed, chosen.words())
        enough = min(max(self.draws // 4, _LEAST_ALONE), _MOST_ALONE)
        made = []
        for place, weight in enumerate(h.access.weights.tolist()):
            rows = drawn.kind // 2 == place
            if weight > 0 and rows.sum() >= enough:
                made.append(Seen.of(drawn, weight, rows))
            elif weight > 0:
                name = h.access.names[place]
                purpose = f"{chosen.words()} {name}"
                alone = draws_of(h.only_access(name), enough, self.seed, purpose)
                made.append(Seen.of(alone, weight, np.ones(enough, np.bool_)))
        return tuple(made)

    def _keep(self, hypothesis: str, chosen: PriorSet, seen: tuple[Seen, ...]) -> None:
        self._seen[hypothesis, chosen] = seen
        if self._observer is not None:
            self._observer(len(self._seen), len(self.ids) * len(self.sets))

    def fits(self, hypothesis: str, conventions: Sequence[str] = ALL) -> tuple[Fit, ...]:
        """Return the likelihoods of reported figures, one a prior set, given it was published.

        `conventions`: those that may have been counted; or `(WHOLE,)`, which gives the likelihoods
        of a cluster that is seen whole and counted as C2, published or not.
        """
        self.seen(hypothesis)
        return tuple(self._fit(hypothesis, tuple(conventions), k) for k in range(len(self.sets)))

    def stated(self, hypothesis: str) -> tuple[Seen, ...]:
        """Return what likelihoods need of an explanation under the priors as stated."""
        return self._one_seen(hypothesis, 0)

    def stated_fit(self, hypothesis: str, conventions: Sequence[str] = ALL) -> Fit:
        """Return the likelihood under the priors as stated."""
        return self._fit(hypothesis, tuple(conventions), 0)

    def _fit(self, hypothesis: str, conventions: tuple[str, ...], place: int) -> Fit:
        key = (hypothesis, conventions, place)
        if key not in self._fits:
            samples = [x.sample(conventions) for x in self._one_seen(hypothesis, place)]
            if place == 0 and sum(int(x.use.sum()) for x in samples) < _FEWEST:
                raise InvalidInputError(_unseen(hypothesis, conventions))
            self._fits[key] = fit(samples, self.draws)
        return self._fits[key]

    def _one_seen(self, hypothesis: str, place: int) -> tuple[Seen, ...]:
        key = (hypothesis, self.sets[place])
        if key not in self._seen:
            self._keep(*key, self._draw_under(*key))
        return self._seen[key]

    def held_out(self, hypothesis: str, n: int) -> Draws:
        """Return `n` draws under the priors as stated that no likelihood was fitted to."""
        key = (hypothesis, n)
        if key not in self._test:
            chosen = self.library.hypotheses[hypothesis]
            self._test[key] = draws_of(chosen, n, self.seed, "held-out")
        return self._test[key]


def prior_sets(library: Library) -> tuple[PriorSet, ...]:
    """Return the prior sets of a library, the priors as stated first."""
    families = library.families
    others = [PriorSet(c, w) for c, w in product(families.centre, families.width)]
    return (AS_STATED, *(x for x in others if x != AS_STATED))


def draws_of(hypothesis: Hypothesis, n: int, seed: int, purpose: str) -> Draws:
    """Draw `n` times; the same for the same explanation, seed and purpose."""
    streams = Streams(seed)
    u = streams.rng("compare", hypothesis.id, purpose, "dials").random((n, len(hypothesis.columns)))
    return draw(hypothesis, u, streams.rng("compare", hypothesis.id, purpose, "chance"))


def log_densities(
    fits: Sequence[Fit], values: Mapping[str, Floats], names: Sequence[str]
) -> Floats:
    """Return ln of the density of each of n clusters under each of the fits, (n, fits).

    `values` by observable, (n,). Where an observable is not defined (NaN), classes that define it
    could not have produced the cluster.
    """
    size = len(next(iter(values.values())))
    logs = np.zeros((size, len(fits)))
    defined = np.stack([~np.isnan(values[name]) for name in names])
    for pattern in np.unique(defined, axis=1).T:
        rows = np.flatnonzero((defined == pattern[:, None]).all(axis=0))
        there = [name for name, is_there in zip(names, pattern, strict=True) if is_there]
        missing = [name for name in names if name not in there]
        points = {name: scaled(name, values[name][rows]) for name in there}
        if points:
            logs[rows] = np.stack([x.log_density(points, missing) for x in fits], axis=1)
    return logs


def _unseen(hypothesis: str, conventions: tuple[str, ...]) -> str:
    if conventions == (WHOLE,):
        return f"{hypothesis}: hardly any draw has an exchange; give it more work"
    counted = "" if conventions == ALL else f" and counted as {' or '.join(conventions)}"
    return (
        f"{hypothesis}: hardly any of its counts would be published{counted}, so that no "
        "likelihood can be taken; lower published_over, give it more work, or change convention"
    )


def capped(log10: Floats, draws: int) -> Floats:
    """Return log10 of likelihood ratios, none beyond what so many draws can tell apart."""
    most = np.log10(draws)
    return np.clip(log10, -most, most)


def order(names: Sequence[str]) -> tuple[str, ...]:
    """Return observables in the order in which they are added."""
    return tuple(x for x in OBSERVABLES if x in names)
