"""How strong a ratio is, in classes so coarse that other draws give the same words.

Up to 3 to 1 a ratio is not worth more than a bare mention, and from 10 to 1 it is strong (after
Kass and Raftery, Bayes Factors, J. Am. Stat. Assoc. 90, 1995). A ratio belongs to the higher class
only if it does by two standard errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from sim.comparison.inference.quantiles import Ranged
from sim.comparison.wording import odds_words

# Log10 of the ratios at which the classes begin.
SLIGHT, STRONG = math.log10(3), 1.0
TOO_CLOSE = "too close to call"
FEW_DRAWS = "rests on few draws"
# Error of log10, a quarter of the ratio, above which few draws decide it and its error too.
_ROUGH = 0.1
_ERRORS = 2.0
_MOST_SAID = 1_000
_BEYOND = "more than a factor of 1,000 in places"


def surely(ratio: Ranged) -> float:
    """Return log10 of a ratio, drawn towards even odds by two standard errors; 0 within them."""
    size = max(abs(ratio.stated) - _ERRORS * ratio.error, 0.0)
    return math.copysign(size, ratio.stated)


def call(ratio: Ranged) -> str:
    """Return what a ratio says, for or against what stands above the fraction line.

    `too close to call` up to 3 to 1, then `for it` or `against it`, from 10 to 1 `strongly for it`
    or `strongly against it`. `rests on few draws` where the error is over a quarter of the ratio.
    """
    if ratio.error > _ROUGH:
        return FEW_DRAWS
    size = abs(surely(ratio))
    if size < SLIGHT:
        return TOO_CLOSE
    side = "for it" if ratio.stated > 0 else "against it"
    return f"strongly {side}" if size >= STRONG else side


def within(ratios: Iterable[Ranged]) -> str:
    """Return by how much ratios change odds at most, either way, in words; see `factor_words`.

    Two standard errors are added to each.
    """
    return factor_words(max(abs(x.stated) + _ERRORS * x.error for x in ratios))


def factor_words(log10: float) -> str:
    """Return a factor that a ratio, by its log10, is below: 3, 10, 30, ... up to 1,000.

    Beyond that ratios rest on tails of priors that few draws reach, and no number is said.
    """
    steps = 1
    while log10 >= _half_decades(steps):
        steps += 1
    factor = round(10 ** _half_decades(steps))
    return f"less than a factor of {factor:,}" if factor <= _MOST_SAID else _BEYOND


def usual_factor(ratios: Sequence[Ranged]) -> tuple[str, bool]:
    """Return the factor below which ratios stay under all sets of assumptions, and if all do.

    It is 10 or 1,000: the ends over many sets are extremes, which differ with the draws more than a
    ratio does. Where some go beyond 1,000, it is the factor below which nine of ten stay.
    """
    ends = sorted(max(-x.low, x.high) for x in ratios)
    if ends[-1] < math.log10(_MOST_SAID):
        return _coarse_words(ends[-1]), True
    usual = _coarse_words(ends[max((9 * len(ends)) // 10 - 1, 0)])
    return usual, usual == _BEYOND


def _coarse_words(log10: float) -> str:
    """Return a factor that a ratio, by its log10, is below: 10 or 1,000, or that it is beyond."""
    if log10 >= math.log10(_MOST_SAID):
        return _BEYOND
    return f"less than a factor of {10 if log10 < STRONG else _MOST_SAID:,}"


def about(log10: float) -> str:
    """Return the nearest of even odds, 3, 10, 30, ... to 1, either way: `about 1 : 10`."""
    nearest = round(2 * abs(log10)) / 2
    if nearest == 0:
        return "about even"
    return f"about {odds_words(math.copysign(_half_decades(round(2 * nearest)), log10))}"


def first_digit(value: float) -> float:
    """Return the nearest of 1, 2, 3, 4, 6, 8, 10, ..., which chance seldom moves; 0 up to 0."""
    if value <= 0:
        return 0.0
    power = math.floor(math.log10(value))
    figures = [float(f"{x}e{power}") for x in (1, 2, 3, 4, 6, 8, 10)]
    return min(figures, key=lambda x: abs(math.log(value / x)))


def one_digit(value: float) -> str:
    """Return a number in one digit, such as `800,000`; see `first_digit`."""
    rounded = first_digit(value)
    return f"{rounded:,.0f}" if rounded >= 1 or rounded == 0 else f"{rounded:g}"


def ends_words(low: float, high: float) -> str:
    """Return the ends of ratios, by their log10, as `1 to 30`: the nearest of 1, 3, 10, 30, ...

    A lower end below even odds is said as such, for it means that the ratio may turn.
    """
    said = [f"{10 ** _half_decades(round(2 * x)):,.0f}" for x in (max(low, 0.0), max(high, 0.0))]
    if low < -SLIGHT / 2:
        return f"from the contrary to {said[1]} times"
    return f"about {said[0]} to {said[1]}"


def _half_decades(steps: int) -> float:
    """Return log10 of 3, 10, 30, 100, ... by their number from 1."""
    return steps // 2 + (SLIGHT if steps % 2 else 0.0)
