"""Claims that a user states by numbers alone: a count, and the accounts and days beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sim.catalog import Claim
from sim.documents.quantities import NUMBER_PATTERN, in_words
from sim.errors import InvalidInputError

_MULTIPLES = {"k": 10**3, "thousand": 10**3, "M": 10**6, "million": 10**6, "billion": 10**9}
_NUMBER = rf"({NUMBER_PATTERN}|[0-9]{{1,3}}(?:,[0-9]{{3}})+)(?: ?({'|'.join(_MULTIPLES)}))?"
_FIGURE = re.compile(rf"(?:(over|nearly|approximately) )?{_NUMBER}")
_RANGE = re.compile(rf"{_NUMBER}\.\.{_NUMBER}")
_MOST = 10**12
_MOST_DAYS = 3_660
_NOT_SAID = "who counted, what an exchange is, and over which time, where no days are given"


@dataclass(frozen=True)
class Figure:
    """A number of exchanges or accounts as a user states it.

    Attributes
    ----------
    text
        As it was written, such as `3.4M`.
    low, high
        The number twice, or the ends of a range.
    bound
        How it is meant; `approximately` unless a word says otherwise.
    """

    text: str
    low: int
    high: int
    bound: Literal["over", "nearly", "approximately", "between"]


def is_figure(text: str) -> bool:
    """Tell whether a text is written as a number or a range, whatever its size."""
    return bool(_FIGURE.fullmatch(text) or _RANGE.fullmatch(text))


def figure_of(value: str | float | tuple[float, float], what: str) -> Figure:
    """Return the figure that a text or number states.

    Parameters
    ----------
    value
        `3.4M`, `3_400_000`, `3,400,000`, `150k`, `3.4 million`, `over 3.4M`, or a range as
        `200..1000`; or a number, or the two ends of a range.
    what
        What is counted, for the messages: `exchanges`, `accounts`.

    Raises
    ------
    TypeError
        If it is neither a text, nor a number, nor two numbers.
    InvalidInputError
        If it is not written so, no whole number from 1 to 10^12, or a range that does not rise.
    """
    text = _text_of(value, what)
    match = _RANGE.fullmatch(text) or _FIGURE.fullmatch(text)
    if match is None:
        raise InvalidInputError(
            f"{what}: should be a number such as 300, 150k or '3.4 million', or a range such as "
            f"200..1000; found {in_words(text)}"
        )
    if match.re is _FIGURE:
        number = _whole(match[2], match[3], what)
        bound: Literal["over", "nearly", "approximately"] = match[1] or "approximately"  # type: ignore[assignment]
        return Figure(text, number, number, bound)

    low, high = (_whole(match[k], match[k + 1], what) for k in (1, 3))
    if low >= high:
        raise InvalidInputError(f"{what}: the range {text} should rise, such as 200..1000")
    return Figure(text, low, high, "between")


def stated_claims(
    count: Figure, accounts: Figure | None = None, days: float | None = None
) -> tuple[Claim, ...]:
    """Return the claims of a count that somebody states, with accounts and days beside it.

    Parameters
    ----------
    count
        Exchanges. Its text is the id of the claim.
    accounts
        Accounts that sent them; None if nothing is said.
    days
        Window of time, up to 3,660; None if nothing is said.

    Returns
    -------
    tuple
        One claim, or two that `cases` gathers.

    Raises
    ------
    TypeError
        If the days are no number.
    InvalidInputError
        If the days are not above 0 and at most 3,660.
    """
    if isinstance(days, bool) or not isinstance(days, int | float | None):
        raise TypeError(f"days: a number; found {type(days).__name__}")
    if days is not None and not 0 < days <= _MOST_DAYS:
        raise InvalidInputError(f"days: should be above 0 and at most {_MOST_DAYS}, found {days:g}")
    figures = [(count, "exchanges", count.text)]
    if accounts is not None:
        figures.append((accounts, "accounts", f"{count.text} accounts"))
    return tuple(_claim(figure, metric, id_, count.text, days) for figure, metric, id_ in figures)


def _claim(figure: Figure, metric: str, id_: str, actor: str, days: float | None) -> Claim:
    """Return one claim; those of one `actor` belong together."""
    is_range = figure.bound == "between"

    return Claim(
        id=id_,
        report="stated here",
        date=None,
        actor=f"whoever made {actor}",
        metric=metric,
        value=figure.low,
        figure="placeholder" if is_range else "given",
        bound=figure.bound,
        low=figure.low if is_range else None,
        high=figure.high if is_range else None,
        qualifier="",
        unit=metric,
        window_days=days,
        status="reported",
        reading="as the user states it",
        source="the command",
        not_said=_NOT_SAID,
    )


def _text_of(value: object, what: str) -> str:
    """Return a stated figure as the text that the command line would have."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.15g}"
    if isinstance(value, Sequence) and len(value) == 2:
        return "..".join(_text_of(end, what) for end in value)
    raise TypeError(
        f"{what}: a number, two numbers or a text such as 200..1000; found {type(value).__name__}"
    )


def _whole(number: str, multiple: str | None, what: str) -> int:
    """Return a number that was written with or without a multiple, from 1 to 10^12."""
    exact = Decimal(number.replace("_", "").replace(",", "")) * _MULTIPLES.get(multiple or "", 1)
    if exact != int(exact) or not 1 <= exact <= _MOST:
        written = f"{number} {multiple}" if multiple else number
        raise InvalidInputError(
            f"{what}: should be a whole number from 1 to {_MOST:,}; found {written}"
        )
    return int(exact)
