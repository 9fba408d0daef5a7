"""Whom accounts share addresses, cards and days of sign-up with: cohorts, and their sharing group.

A sharing group (`circles` in scenarios and in the catalog's data) is a way to sign up and to share
that accounts of all typologies can have, such as that of an office or of a campus.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import sharing_groups
from sim.scenario.resolved import Actor


class SharingGroups:
    """Cohorts of accounts, each of which shares as a sharing group does, or as its actor.

    `cohort`, shape (accounts,), numbers the cohort of each account, ascending from 0. Cohorts have
    a geometric number of organisations, which are not divided.

    Parameters
    ----------
    rng
        Random numbers.
    actor
        Whose accounts they are.
    separability
        Share of accounts that share as their actor does.
    organisation
        The organisation of each account, shape (accounts,), ascending.
    """

    def __init__(
        self, rng: np.random.Generator, actor: Actor, separability: float, organisation: Ints
    ) -> None:
        names = list(actor.circles) if separability < 1 else []
        variants = [sharing_groups()[name].parameters for name in names]
        self._variants = (actor, *(actor.model_copy(update=dict(v)) for v in variants))
        is_first = np.diff(organisation, prepend=-1) != 0
        organisations = int(is_first.sum())

        # there are at most as many cohorts as organisations, so draw that many
        variant = self._draw_variants(rng, names, organisations, separability)
        size = np.array([v.cohort_size for v in self._variants])[variant]
        size = np.maximum(size * organisations / max(len(organisation), 1), 1.0)
        ends = np.cumsum(rng.geometric(1 / size))

        cohort_of_organisation = np.searchsorted(ends, np.arange(organisations), side="right")
        self.cohort: Ints = cohort_of_organisation[np.cumsum(is_first) - 1]
        self._variant = variant[self.cohort]

    def _draw_variants(
        self, rng: np.random.Generator, names: Sequence[str], count: int, separability: float
    ) -> Ints:
        """Draw whose way of sharing each of `count` cohorts has; 0 is that of the actor.

        Weights are shares of accounts, not of cohorts: large cohorts are drawn the less often.
        """
        if not names:
            return np.zeros(count, np.int64)
        actor, *others = self._variants
        sizes = np.array([other.cohort_size for other in others])
        weights = np.array([actor.circles[name] for name in names]) * (1 - separability) / sizes
        chance = np.concatenate([[separability / actor.cohort_size], weights])
        variant: Ints = rng.choice(len(chance), count, p=chance / chance.sum())
        return variant

    def parameter(self, name: str) -> Floats:
        """Return a parameter of each account, as its cohort has it."""
        values: Floats = np.array([float(getattr(v, name)) for v in self._variants])
        return np.asarray(values[self._variant])

    @property
    def in_a_cohort(self) -> Bools:
        """Whether the cohort of each account shares a /24, as those of more than one do."""
        return self.parameter("cohort_size") > 1
