"""Draws of every hypothesis under every prior set, and the likelihoods fitted to them.

No hypothesis has a likelihood in closed form, so likelihoods are fitted to simulated draws. Both
are made on demand and kept; the same seed gives the same ones in whatever order they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from threading import Lock

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.hypotheses.model import AS_STATED, EVEN, STATED, Hypothesis, Library, PriorSet
from sim.comparison.inference.even_points import SEQUENCES, even_points
from sim.comparison.inference.likelihood import Fit, Sample, fit
from sim.comparison.inference.marginals import scaled
from sim.comparison.inference.mode_draws import ALL, WHOLE, ModeDraws
from sim.comparison.inference.prior_predictive import Draws, access_mode_of, draw
from sim.errors import InvalidInputError
from sim.streams import Streams

# Told how many sets of draws are made, of how many.
Observer = Callable[[int, int], None]

NAMES = tuple(OBSERVABLES)
# An access mode of fewer draws than a quarter of all is drawn alone; the limits of that.
_LEAST_ALONE, _MOST_ALONE = 50, 150
# Published draws without which no likelihood is taken.
_FEWEST = 20
# Draws under a prior set beside the stated one, or as many as there are.
_LEAST_OF_SETS = 400
_LARGE = PriorSet(1000.0, 1.0)


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
        Draws of every hypothesis under the priors as stated; a quarter of them, but 400 or all,
        under each other set.
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
        self._one_at_a_time = Lock()  # the observer need not know of threads
        self._draws: dict[tuple[str, PriorSet], Draws] = {}
        self._mode_draws: dict[tuple[str, PriorSet], tuple[ModeDraws, ...]] = {}
        self._fits: dict[tuple[str, tuple[str, ...], tuple[str, ...], PriorSet], Fit] = {}
        self._parts: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[Fit, ...]] = {}
        self._held_out: dict[tuple[str, int], Draws] = {}

    def as_stated(self) -> EvidenceModel:
        """Return this model with the stated prior set alone; draws belong to both."""
        stated = copy(self)
        stated.sets, stated._observer = (AS_STATED,), None
        return stated

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
        as_it_is = prior_set == AS_STATED
        return stated if as_it_is else stated.with_prior(prior_set.centre, prior_set.width)

    # Draws by access mode

    def stated_mode_draws(self, hypothesis: str) -> tuple[ModeDraws, ...]:
        """Return what likelihoods need of a hypothesis under the priors as stated."""
        return self._mode_draws_under(hypothesis, AS_STATED)

    def _mode_draws_under(self, hypothesis: str, prior_set: PriorSet) -> tuple[ModeDraws, ...]:
        """Return the draws by access mode under a prior set, drawn at the first call.

        Other weights of choices take the same draws with other weights.
        """
        drawn = replace(prior_set, weights=STATED)
        key = (hypothesis, drawn)
        if key not in self._mode_draws:
            self._mode_draws[key] = self._draw_modes(hypothesis, drawn)
            if self._observer is not None:
                sets = {replace(x, weights=STATED) for x in self.sets}
                with self._one_at_a_time:
                    self._observer(len(self._mode_draws), len(self.ids) * len(sets))

        weights = self.library.hypotheses[hypothesis].access_weights(prior_set.weights)
        return tuple(replace(x, weight=weights[x.mode]) for x in self._mode_draws[key])

    def _draw_modes(self, hypothesis: str, prior_set: PriorSet) -> tuple[ModeDraws, ...]:
        """Draw under a prior set, with enough draws of every access mode (stratified sampling).

        A mode with fewer draws than a quarter of all, but at least 50, is drawn again on its own;
        its weight stays that of the prior. Beside the stated set 150 are enough. Modes of weight 0
        are left out.
        """
        moved = self._under(hypothesis, prior_set)
        sequences = SEQUENCES if prior_set == AS_STATED else 1
        if prior_set == AS_STATED:
            draws = self.base(hypothesis)
        else:  # too many to keep
            draws = draws_of(moved, self._draws_of_sets, self.seed, prior_set.words(), sequences)

        enough = max(self.draws // 4, _LEAST_ALONE)
        if prior_set != AS_STATED:
            enough = min(enough, _MOST_ALONE)
        modes = []
        for name in moved.access_weights(STATED):
            rows = access_mode_of(draws.latent_class) == moved.access.names.index(name)
            if rows.sum() >= enough:
                modes.append(ModeDraws.from_draws(draws, moved, name, rows))
            else:
                purpose = f"{prior_set.words()} {name}"
                alone = draws_of(moved.only_access(name), enough, self.seed, purpose, sequences)
                all_rows = np.ones(enough, np.bool_)
                modes.append(ModeDraws.from_draws(alone, moved, name, all_rows))
        return tuple(modes)

    @property
    def _draws_of_sets(self) -> int:
        """Draws under a prior set beside the stated one: a quarter, where there are many."""
        return max(self.draws // 4, min(self.draws, _LEAST_OF_SETS))

    # Likelihoods

    def fits(
        self, hypothesis: str, conventions: Sequence[str] = ALL, names: Sequence[str] = NAMES
    ) -> tuple[Fit, ...]:
        """Return the likelihoods of reported figures under all prior sets, given publication.

        Parameters
        ----------
        hypothesis:
            Its id.
        conventions:
            Those that may have been counted; or `(WHOLE,)`, which gives the likelihoods of a
            cluster that is seen whole and counted as C2, published or not.
        names:
            The observables that are needed; fewer are faster.

        Returns
        -------
        tuple
            One fit for each of `sets`, in their order.

        Raises
        ------
        InvalidInputError
            Where fewer than 20 draws under the priors as stated can be used.
        """
        return tuple(self._fit(hypothesis, conventions, names, each) for each in self.sets)

    def stated_fit(
        self, hypothesis: str, conventions: Sequence[str] = ALL, names: Sequence[str] = NAMES
    ) -> Fit:
        """Return the likelihood under the priors as stated; see `fits`."""
        return self._fit(hypothesis, conventions, names, AS_STATED)

    def parts(
        self, hypothesis: str, conventions: Sequence[str], names: Sequence[str]
    ) -> tuple[Fit, ...]:
        """Return the stated likelihood ten times, each without another sequence of the draws.

        How much they differ tells the error of the likelihood (see `error_of`). Parameters are
        those of `fits`.
        """
        key = (hypothesis, tuple(conventions), tuple(names))
        if key not in self._parts:
            samples = self.samples(hypothesis, conventions, names)
            self._parts[key] = tuple(
                fit([x.without(k) for x in samples], self.draws) for k in range(SEQUENCES)
            )
        return self._parts[key]

    def samples(
        self,
        hypothesis: str,
        conventions: Sequence[str],
        names: Sequence[str],
        prior_set: PriorSet = AS_STATED,
    ) -> list[Sample]:
        """Return the draws that count for a likelihood, by access mode, of some observables."""
        samples = [
            mode.sample(tuple(conventions), prior_set.weights)
            for mode in self._mode_draws_under(hypothesis, prior_set)
        ]
        return [replace(x, values={name: x.values[name] for name in names}) for x in samples]

    def _fit(
        self,
        hypothesis: str,
        conventions: Sequence[str],
        names: Sequence[str],
        prior_set: PriorSet,
    ) -> Fit:
        """Fit a likelihood to the usable draws under a prior set, once.

        Too few usable draws are refused under the priors as stated only. Under another set they
        give a likelihood with few classes, or with none.
        """
        key = (hypothesis, tuple(conventions), tuple(names), prior_set)
        if key not in self._fits and prior_set.weights not in (STATED, EVEN):
            drawn = self._fit(hypothesis, conventions, names, replace(prior_set, weights=STATED))
            raised = self.library.hypotheses[hypothesis].access_weights(prior_set.weights)
            self._fits[key] = self._with_access(hypothesis, drawn, raised)
        elif key not in self._fits:
            samples = self.samples(hypothesis, conventions, names, prior_set)
            used = sum(int(sample.use.sum()) for sample in samples)
            if prior_set == AS_STATED and used < _FEWEST:
                raise InvalidInputError(_too_few(hypothesis, tuple(conventions)))
            same_draws = (prior_set.centre, prior_set.width) == (1.0, 1.0)
            self._fits[key] = fit(samples, self.draws if same_draws else self._draws_of_sets)
        return self._fits[key]

    def _with_access(self, hypothesis: str, fitted: Fit, weights: Mapping[str, float]) -> Fit:
        """Return a fit with other weights of access modes; densities within them stay."""
        x = self.library.hypotheses[hypothesis]
        stated = x.access_weights(STATED)
        modes = [x.access.names[access_mode_of(each.latent_class)] for each in fitted.classes]
        moved = [
            each.weight * weights[mode] / stated[mode]
            for each, mode in zip(fitted.classes, modes, strict=True)
        ]
        classes = zip(fitted.classes, moved, strict=True)
        total = sum(moved)
        return Fit(tuple(replace(x, weight=w / total) for x, w in classes), fitted.draws)


def error_of(parts: Sequence[float] | Floats) -> float:
    """Return the standard error of a quantity from its values without each part of the draws.

    The jackknife that leaves out groups (Efron and Tibshirani, An Introduction to the Bootstrap,
    1993): sqrt((k - 1) / k sum (x - mean)^2) of k values.
    """
    values = np.asarray(parts)
    k = len(values)
    return float(np.sqrt((k - 1) / k * ((values - values.mean()) ** 2).sum()))


def draws_of(
    hypothesis: Hypothesis, n: int, seed: int, purpose: str, sequences: int = SEQUENCES
) -> Draws:
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
    sequences:
        See `even_points`; one is faster where no error is asked for.
    """
    streams = Streams(seed)
    key = streams.key("compare", hypothesis.id, purpose, "dials")
    u = even_points(n, len(hypothesis.columns), key, sequences)
    return draw(hypothesis, u, streams.rng("compare", hypothesis.id, purpose, "chance"))


def log_densities(
    fits: Sequence[Fit], values: Mapping[str, Floats], sets: Sequence[Sequence[str]]
) -> list[Floats]:
    """Return ln of the density of each of n clusters under each of several fits.

    Parameters
    ----------
    fits:
        Likelihoods, such as one for each prior set.
    values:
        By observable, (n,) each. Where an observable is not defined (NaN), latent classes that
        define it could not have produced the cluster.
    sets:
        Sets of observables that count.

    Returns
    -------
    list
        For each set, natural logarithms of densities on the scales of `scaled`, (n, fits). A
        cluster that defines none of the observables gets 0 under every fit: it tells nothing.
    """
    names = list(dict.fromkeys(name for known in sets for name in known))
    defined = np.stack([~np.isnan(values[name]) for name in names])
    logs = [np.zeros((defined.shape[1], len(fits))) for _ in sets]

    # clusters that define the same observables are looked at together
    for pattern in np.unique(defined, axis=1).T:
        rows = np.flatnonzero((defined == pattern[:, None]).all(axis=0))
        missing = {name for name, is_defined in zip(names, pattern, strict=True) if not is_defined}
        points = {name: scaled(name, values[name][rows]) for name in names if name not in missing}
        split = [
            ([x for x in known if x not in missing], [x for x in known if x in missing])
            for known in sets
        ]
        asked = [k for k, (present, _) in enumerate(split) if present]
        for column, each in enumerate(fits):
            found = each.log_densities(points, [split[k] for k in asked]) if asked else []
            for k, log in zip(asked, found, strict=True):
                logs[k][rows, column] = log
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
