"""Draws of one access mode, as far as likelihoods need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.comparison.hypotheses.model import EVEN, STATED, Hypothesis
from sim.comparison.inference.even_points import sequence_of
from sim.comparison.inference.likelihood import Sample
from sim.comparison.inference.prior_predictive import Draws
from sim.tables.conventions import CONVENTIONS

ALL = tuple(CONVENTIONS)
# In place of conventions: the cluster is seen whole and counted as C2, published or not.
WHOLE = "whole"


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
    evened:
        What each draw counts where choices among names weigh half way to even, (n,).
    mode:
        Id of the access mode.
    sequence:
        Number of the sequence of points that each draw belongs to, (n,), see `sequence_of`.
    """

    weight: float
    reported: Mapping[str, Floats]
    observed: Mapping[str, Floats]
    published: Bools
    published_over: Floats
    convention: Ints
    latent_class: Ints
    evened: Floats
    mode: str
    sequence: Ints

    @classmethod
    def from_draws(cls, draws: Draws, hypothesis: Hypothesis, mode: str, rows: Bools) -> ModeDraws:
        """Keep the draws of `rows` (n,), those of an access mode of the hypothesis drawn from."""
        return cls(
            hypothesis.access_weights(STATED)[mode],
            {name: values[rows] for name, values in draws.reported.items()},
            {name: values[rows] for name, values in draws.observed().items()},
            draws.published[rows],
            draws.parameters["published_over"][rows],
            draws.convention[rows],
            draws.latent_class[rows],
            _evened(draws, hypothesis)[rows],
            mode,
            sequence_of(len(draws))[rows],
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

    def sample(self, conventions: tuple[str, ...], weights: str = STATED) -> Sample:
        """Return the draws that count for a likelihood.

        Parameters
        ----------
        weights:
            What choices weigh, as in `PriorSet`. The access mode keeps its weight.
        conventions:
            Published draws that were counted under one of them are used. `(WHOLE,)` uses the whole
            cluster instead, in all draws with at least one exchange, published or not.
        """
        chances = self.evened if weights == EVEN else None
        if conventions == (WHOLE,):
            values, use = self.observed, self.observed["count"] > 0
        else:
            meant = np.isin(self.convention, [ALL.index(name) for name in conventions])
            values, use = self.reported, self.published & meant
        return Sample(self.weight, values, self.latent_class, use, chances, self.sequence)


def _evened(draws: Draws, hypothesis: Hypothesis) -> Floats:
    """Return what each draw counts where choices weigh half way to even, (n,).

    It is the ratio of two priors, so that the draws need not be made again (importance sampling).
    """
    ratio = np.ones(len(draws))
    for column, choice in hypothesis.choices.items():
        stated = choice.weights
        even = (stated + 1 / np.count_nonzero(stated)) / 2
        factors = np.divide(even, stated, out=np.ones_like(even), where=stated > 0)
        ratio *= factors[draws.parameters[column].astype(np.int64)]
    return ratio
