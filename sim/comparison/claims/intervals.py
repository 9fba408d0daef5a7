"""Reported figures as intervals: a rounded or one-sided figure is no point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sim.catalog import Claim
from sim.comparison.claims.observables import OBSERVABLES, observable_of
from sim.errors import InvalidInputError

Reading = Literal["rounded", "at-least"]


@dataclass(frozen=True)
class Interval:
    """The values that a figure may stand for, half-open.

    Attributes
    ----------
    low:
        Smallest value, included.
    high:
        End of the values, excluded; may be inf. Where it equals `low`, as for an observable of a
        run that is known exactly, the interval contains nothing, and likelihoods widen it.
    """

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value < self.high


def interval(claim: Claim, reading: Reading = "rounded") -> Interval:
    """Return the values that a claim stands for, in its unit; none lies below 0, no share above 1.

    With v the figure and u the unit of its last digit that is not 0 (150,000: 10,000; 0.5: 0.1):

    ==============  ==================================================================
    bound           values
    ==============  ==================================================================
    over            [v, v + u) if read as `rounded`, [v, inf) if read as `at-least`
    nearly          [v - u, v)
    approximately   [v - u/2, v + u/2)
    exact           [v - 0.5, v + 0.5) of a whole number; [v - u/2, v + u/2), u at most 1,
                    of a fraction
    between         [low, high)
    ==============  ==================================================================

    A share of 1 is included although `high` is not: `high` is then the next number above 1.

    Parameters
    ----------
    claim:
        A claim of any metric.
    reading:
        What `over` means.

    Raises
    ------
    InvalidInputError
        For a claim that names no figure.
    """
    low, high = _ends(claim, reading)
    most = math.nextafter(1, 2) if _kind(claim) == "share" else math.inf
    return Interval(max(float(low), 0.0), min(float(high), most))


def last_digit(value: float) -> Decimal:
    """Return the unit of the last digit that is not 0, a power of ten.

    Parameters
    ----------
    value:
        Above 0, as it is printed: 150,000 gives 10,000, and 0.25 gives 0.01.
    """
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return Decimal(1).scaleb(int(exponent))


def _ends(claim: Claim, reading: Reading) -> tuple[Decimal, Decimal]:
    """Return both ends as exact decimals, before they are cut at 0 and at a share of 1.

    A claim with `low` and `high` has these ends, whatever its bound; an open end is infinite.
    """
    if claim.value is None:
        raise InvalidInputError(f"claim {claim.id!r} names no figure")
    if claim.low is not None and claim.high is not None:
        return _exactly(claim.low), _exactly(claim.high)

    value, unit = _exactly(claim.value), last_digit(claim.value)
    if claim.bound == "over":
        return value, Decimal("inf") if reading == "at-least" else value + unit
    if claim.bound == "nearly":
        return value - unit, value
    if claim.bound == "exact":  # zeros at the end are digits that were meant
        unit = Decimal(1) if _kind(claim) == "count" else min(unit, Decimal(1))
    return value - unit / 2, value + unit / 2


def _exactly(value: float) -> Decimal:
    """Return the number as it is printed, so that 0.5 - 0.1 is 0.4."""
    return Decimal(repr(value))


def _kind(claim: Claim) -> str:
    """Return the kind of the observable that a claim gives; other metrics are taken as counts."""
    observable = observable_of(claim.metric)
    return OBSERVABLES[observable].kind if observable else "count"
