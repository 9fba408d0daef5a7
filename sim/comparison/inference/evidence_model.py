"""Draws of every hypothesis under every prior set, and the likelihoods fitted to them.

No hypothesis has a likelihood in closed form, so likelihoods are fitted to simulated draws. Both
are made on demand and kept; the same seed gives the same ones in whatever order they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.hypotheses.model import AS_STATED, Hypothesis, Library, PriorSet
from sim.comparison.inference.likelihood import Fit, Sample, fit, scaled
from sim.comparison.inference.prior_predictive import Draws, access_mode_of, draw
from sim.errors import InvalidInputError
from sim.streams import Streams
from sim.tables.conventions import CONVENTIONS

# Told how many sets of draws are made, of how many.
Observer = Callable[[int, int], None]

ALL = tuple(CONVENTIONS)
# In place of conventions: the cluster is seen whole and counted as C2, published or not.
WHOLE = "whole"
# An access mode of fewer draws than a quarter of all, within these limits, is drawn on its own.
_LEAST_ALONE, _MOST_ALONE = 50, 400
# Published draws without which no likelihood is taken.
_FEWEST = 20
_LARGE = PriorSet(1000.0, 1.0)


@dataclass(frozen=True)
class ModeDraws:
    """Draws of one access mode, as far as likelihoods need them.

    Attributes
    ----------
    weight:
        Share of the prior that the access mode has; those of a hypothesis add up to 1.
    reported:
        Values by observable, (n,) each, as the accuser has them.
    observed:
        The same of the whole cluster, counted as C2.
    published:
        Whether the reported count is published, (n,).
    published_over:
        Counts up to this are not published, exchanges, (n,).
    convention:
        The convention that is counted, as its place in C1 to C6, (n,).
    latent_class:
        Number of the latent class, (n,).
    """

    weight: float
    reported: Mapping[str, Floats]
    observed: Mapping[str, Floats]
    published: Bools
    published_over: Floats
    convention: Ints
    latent_class: Ints

    @classmethod
    def from_draws(cls, draws: Draws, weight: float, rows: Bools) -> ModeDraws:
        """Keep the draws of `rows` (n,), those of an access mode with `weight` of the prior."""
        return cls(
            weight,
            {name: values[rows] for name, values in draws.reported.items()},
            {name: values[rows] for name, values in draws.observed().items()},
            draws.published[rows],
            draws.parameters["published_over"][rows],
            draws.convention[rows],
            draws.latent_class[rows],
        )

    def with_counts_times(self, factor: float) -> ModeDraws:
        """Return the same with every count times a factor, and published as they then are.

        Accounts and exchanges per account stay, so only the count may be used of the result.
        """
        reported, observed = self.reported["count"] * factor, self.observed["count"] * factor
        return replace(
            self,
            reported={**self.reported, "count": reported},
            observed={**self.observed, "count": observed},
            published=reported > self.published_over,
        )

    def sample(self, conventions: tuple[str, ...]) -> Sample:
        """Return the draws that count for a likelihood.

        Parameters
        ----------
        conventions:
            Published draws that were counted under one of them are used. `(WHOLE,)` uses the whole
            cluster instead, in all draws with at least one exchange, published or not.
        """
        if conventions == (WHOLE,):
            counted = self.observed["count"] > 0
            return Sample(self.weight, self.observed, self.latent_class, counted)
        meant = np.isin(self.convention, [ALL.index(name) for name in conventions])
        return Sample(self.weight, self.reported, self.latent_class, self.published & meant)


class EvidenceModel:
    """Draws and likelihoods of all hypotheses, made when they are asked for, and kept.

    Streams of random numbers are named after hypothesis and purpose, so results do not depend on
    what was asked for before. Of the prior sets beside the stated one, only what likelihoods need
    is kept.

    Attributes
    ----------
    library:
        The hypotheses.
    draws:
        Draws of every hypothesis under every prior set.
    seed:
        Seed of all random streams.
    sets:
        The prior sets, `AS_STATED` first.
    """

    def __init__(
        self, library: Library, draws: int, seed: int, observer: Observer | None = None
    ) -> None:
        self.library, self.draws, self.seed = library, draws, seed
        self.sets = library.prior_sets
        self._observer = observer
        self._draws: dict[tuple[str, PriorSet], Draws] = {}
        self._mode_draws: dict[tuple[str, PriorSet], tuple[ModeDraws, ...]] = {}
        self._fits: dict[tuple[str, tuple[str, ...], PriorSet], Fit] = {}
        self._held_out: dict[tuple[str, int], Draws] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """The hypotheses, in the order of their file."""
        return tuple(self.library.hypotheses)

    # Draws

    def base(self, hypothesis: str) -> Draws:
        """Return the draws of a hypothesis under the priors as stated."""
        return self._drawn_under(hypothesis, AS_STATED)

    def at_large(self, hypothesis: str) -> Draws:
        """Return draws with the driver a thousand times as large, all else as stated."""
        return self._drawn_under(hypothesis, _LARGE)

    def held_out(self, hypothesis: str, n: int) -> Draws:
        """Return `n` draws under the priors as stated that no likelihood was fitted to."""
        key = (hypothesis, n)
        if key not in self._held_out:
            stated = self.library.hypotheses[hypothesis]
            self._held_out[key] = draws_of(stated, n, self.seed, "held-out")
        return self._held_out[key]

    def published(self, hypothesis: str, held_out: int = 0) -> dict[str, Floats]:
        """Return the observables of published clusters under the priors as stated.

        Parameters
        ----------
        hypothesis:
            Its id.
        held_out:
            Number of draws that no likelihood was fitted to; 0 takes those that were.

        Returns
        -------
        dict
            By observable, (n,) each, as the accuser has them. n is the number of published draws,
            thus smaller than the number of draws where the hypothesis makes small counts.

        Raises
        ------
        InvalidInputError
            Where fewer than 20 clusters would be published.
        """
        draws = self.held_out(hypothesis, held_out) if held_out else self.base(hypothesis)
        if draws.published.sum() < _FEWEST:
            raise InvalidInputError(_too_few(hypothesis, ALL))
        return {name: values[draws.published] for name, values in draws.reported.items()}

    def _drawn_under(self, hypothesis: str, prior_set: PriorSet) -> Draws:
        """Return whole draws under a prior set, and keep them; few sets are asked for so."""
        key = (hypothesis, prior_set)
        if key not in self._draws:
            moved = self._under(hypothesis, prior_set)
            self._draws[key] = draws_of(moved, self.draws, self.seed, prior_set.words())
        return self._draws[key]

    def _under(self, hypothesis: str, prior_set: PriorSet) -> Hypothesis:
        """Return the hypothesis with its priors moved as the prior set says."""
        stated = self.library.hypotheses[hypothesis]
        if prior_set == AS_STATED:
            return stated
        return stated.with_prior(prior_set.centre, prior_set.width)

    # Draws by access mode

    def stated_mode_draws(self, hypothesis: str) -> tuple[ModeDraws, ...]:
        """Return what likelihoods need of a hypothesis under the priors as stated."""
        return self._mode_draws_under(hypothesis, AS_STATED)

    def _mode_draws_under(self, hypothesis: str, prior_set: PriorSet) -> tuple[ModeDraws, ...]:
        """Return the draws by access mode under a prior set, drawn at the first call."""
        key = (hypothesis, prior_set)
        if key not in self._mode_draws:
            self._keep(hypothesis, prior_set, self._draw_modes(hypothesis, prior_set))
        return self._mode_draws[key]

    def _draw_all_sets(self, hypothesis: str) -> None:
        """Draw a hypothesis under all prior sets at once, each in a thread.

        The result does not depend on the number of threads, as each set has random streams of its
        own.
        """
        missing = [each for each in self.sets if (hypothesis, each) not in self._mode_draws]
        if missing:
            # Generators let go of the interpreter's lock, and each set has generators of its own.
            with ThreadPoolExecutor() as threads:
                drawn = threads.map(partial(self._draw_modes, hypothesis), missing)
                for prior_set, modes in zip(missing, drawn, strict=True):
                    self._keep(hypothesis, prior_set, modes)

    def _draw_modes(self, hypothesis: str, prior_set: PriorSet) -> tuple[ModeDraws, ...]:
        """Draw under a prior set, with enough draws of every access mode (stratified sampling).

        A mode with fewer draws than a quarter of all, but at least 50 and at most 400, is drawn
        again on its own; its weight stays that of the prior. Modes of weight 0 are left out.
        """
        moved = self._under(hypothesis, prior_set)
        if prior_set == AS_STATED:
            draws = self.base(hypothesis)
        else:  # too many to keep
            draws = draws_of(moved, self.draws, self.seed, prior_set.words())

        enough = min(max(self.draws // 4, _LEAST_ALONE), _MOST_ALONE)
        modes = []
        for place, weight in enumerate(moved.access.weights.tolist()):
            if weight == 0:
                continue
            rows = access_mode_of(draws.latent_class) == place
            if rows.sum() >= enough:
                modes.append(ModeDraws.from_draws(draws, weight, rows))
            else:
                name = moved.access.names[place]
                purpose = f"{prior_set.words()} {name}"
                alone = draws_of(moved.only_access(name), enough, self.seed, purpose)
                modes.append(ModeDraws.from_draws(alone, weight, np.ones(enough, np.bool_)))
        return tuple(modes)

    def _keep(self, hypothesis: str, prior_set: PriorSet, modes: tuple[ModeDraws, ...]) -> None:
        """Keep the draws by access mode, and tell the observer how many sets of draws are done."""
        self._mode_draws[hypothesis, prior_set] = modes
        if self._observer is not None:
            self._observer(len(self._mode_draws), len(self.ids) * len(self.sets))

    # Likelihoods

    def fits(self, hypothesis: str, conventions: Sequence[str] = ALL) -> tuple[Fit, ...]:
        """Return the likelihoods of reported figures under all prior sets, given publication.

        Parameters
        ----------
        hypothesis:
            Its id.
        conventions:
            Those that may have been counted; or `(WHOLE,)`, which gives the likelihoods of a
            cluster that is seen whole and counted as C2, published or not.

        Returns
        -------
        tuple
            One fit for each of `sets`, in their order.

        Raises
        ------
        InvalidInputError
            Where fewer than 20 draws under the priors as stated can be used.
        """
        self._draw_all_sets(hypothesis)
        return tuple(self._fit(hypothesis, tuple(conventions), each) for each in self.sets)

    def stated_fit(self, hypothesis: str, conventions: Sequence[str] = ALL) -> Fit:
        """Return the likelihood under the priors as stated; see `fits`."""
        return self._fit(hypothesis, tuple(conventions), AS_STATED)

    def _fit(self, hypothesis: str, conventions: tuple[str, ...], prior_set: PriorSet) -> Fit:
        """Fit a likelihood to the usable draws under a prior set, once.

        Too few usable draws are refused under the priors as stated only. Under another set they
        give a likelihood with few classes, or with none.
        """
        key = (hypothesis, conventions, prior_set)
        if key not in self._fits:
            modes = self._mode_draws_under(hypothesis, prior_set)
            samples = [mode.sample(conventions) for mode in modes]
            used = sum(int(sample.use.sum()) for sample in samples)
            if prior_set == AS_STATED and used < _FEWEST:
                raise InvalidInputError(_too_few(hypothesis, conventions))
            self._fits[key] = fit(samples, self.draws)
        return self._fits[key]


def draws_of(hypothesis: Hypothesis, n: int, seed: int, purpose: str) -> Draws:
    """Draw a number of times from a hypothesis.

    Parameters
    ----------
    hypothesis:
        What is drawn from, with its priors as they are.
    n:
        Number of draws.
    seed, purpose:
        With the id of the hypothesis they name the random streams. The same purpose gives the same
        uniforms whatever the priors.
    """
    streams = Streams(seed)
    u = streams.rng("compare", hypothesis.id, purpose, "dials").random((n, len(hypothesis.columns)))
    return draw(hypothesis, u, streams.rng("compare", hypothesis.id, purpose, "chance"))


def log_densities(
    fits: Sequence[Fit], values: Mapping[str, Floats], names: Sequence[str]
) -> Floats:
    """Return ln of the density of each of n clusters under each of several fits.

    Parameters
    ----------
    fits:
        Likelihoods, such as one for each prior set.
    values:
        By observable, (n,) each. Where an observable is not defined (NaN), latent classes that
        define it could not have produced the cluster.
    names:
        The observables that count.

    Returns
    -------
    ndarray
        Natural logarithms of densities on the scales of `scaled`, (n, fits). A cluster that defines
        none of the observables gets 0 under every fit: it tells nothing.
    """
    size = len(next(iter(values.values())))
    logs = np.zeros((size, len(fits)))
    defined = np.stack([~np.isnan(values[name]) for name in names])

    # clusters that define the same observables are looked at together
    for pattern in np.unique(defined, axis=1).T:
        rows = np.flatnonzero((defined == pattern[:, None]).all(axis=0))
        present = [name for name, is_defined in zip(names, pattern, strict=True) if is_defined]
        missing = [name for name in names if name not in present]
        points = {name: scaled(name, values[name][rows]) for name in present}
        if points:
            logs[rows] = np.stack([each.log_density(points, missing) for each in fits], axis=1)
    return logs


def _too_few(hypothesis: str, conventions: tuple[str, ...]) -> str:
    """Return the message that hardly any draw can be used, with what would help."""
    if conventions == (WHOLE,):
        return f"{hypothesis}: hardly any draw has an exchange; give it more work"
    counted = "" if conventions == ALL else f" and counted as {' or '.join(conventions)}"
    return (
        f"{hypothesis}: hardly any of its counts would be published{counted}, so that no "
        "likelihood can be taken; lower published_over, give it more work, or change convention"
    )


def capped(log10: Floats, draws: int) -> Floats:
    """Return log10 of likelihood ratios, clipped at what so many draws can tell apart.

    No ratio beyond `draws` to 1, either way, is left; the shape stays.
    """
    most = np.log10(draws)
    return np.clip(log10, -most, most)


def in_order(names: Sequence[str]) -> tuple[str, ...]:
    """Return observables in the order in which evidence is added; unknown names are dropped."""
    return tuple(name for name in OBSERVABLES if name in names)
