"""Durations, counts and dates as people write them: `90 s`, `13_000_000`, `3.4 M`, `2026-02-05`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sim.arrays.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US

UNITS_US = {
    "ms": 1_000,
    "s": SECOND_US,
    "min": MINUTE_US,
    "h": HOUR_US,
    "d": DAY_US,
    "w": 7 * DAY_US,
}
MULTIPLES = {"": 1, "k": 1_000, "M": 1_000_000}
MAX_COUNT = 10**12
# Numbers from here on are shown by six digits, texts by so many characters.
_LONG, _LONG_TEXT = 10**24, 60
MAX_DURATION_US = 3_660 * UNITS_US["d"]

NUMBER_PATTERN = r"[0-9]{1,3}(?:_[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?"


def _part(words: str) -> str:
    """Return the pattern of a number with its unit; a space behind it only before the next one."""
    return rf"(?:{NUMBER_PATTERN}) ?(?:{words})(?: (?=[0-9]))?"


# Each unit at most once, the largest first. `m` is minutes after hours alone, as in 1h30m: by
# itself it might be months.
DURATION_PATTERN = (
    "^(?=[0-9])"
    f"(?:{_part('w|weeks?')})?(?:{_part('d|days?')})?"
    f"(?:{_part('h|hours?')}(?:{_part('m|min|minutes?')})?|{_part('min|minutes?')})?"
    f"(?:{_part('s|seconds?')})?(?:{_part('ms|milliseconds?')})?$"
)
COUNT_PATTERN = rf"^({NUMBER_PATTERN}) ?([kM]?)$"
_DURATION = re.compile(DURATION_PATTERN)
_AMOUNT = re.compile(rf"({NUMBER_PATTERN}) ?([a-z]+)")
_WORDS = {"millisecond": "ms", "second": "s", "minute": "min", "m": "min"}
_WORDS |= {"hour": "h", "day": "d", "week": "w"}
_COUNT = re.compile(COUNT_PATTERN)
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?")


def quoted(text: str) -> str:
    """Return `text` in quotes; of a long one the first 57 characters and three dots."""
    return f"'{text if len(text) <= _LONG_TEXT else text[: _LONG_TEXT - 3] + '...'}'"


def in_words(value: Any) -> str:
    """Return what messages call a value that was read: `text 'abc'`, `a list`, `5`."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"text {quoted(value)}"
    if isinstance(value, int) and abs(value) >= _LONG:
        return f"{Decimal(value):.6g}"
    if isinstance(value, int | float):
        return repr(value)
    return "a mapping" if isinstance(value, dict) else "a list"


def parse_duration(value: Any) -> int:
    """Return a duration in whole microseconds, 0 to 3,660 days.

    The sum is exact, in decimal arithmetic; a fraction of a microsecond is refused, not rounded.

    Parameters
    ----------
    value:
        Text such as `90 s`, with the units ms, s, min, h, d (24 h), w (7 d), or the words
        millisecond to week; several go together from the largest to the smallest, as in `1h30m`.

    Raises
    ------
    ValueError
        For anything else, a number without a unit included.
    """
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError(
            "should be a duration with its unit (ms, s, min, h, d or w), such as '90 s', '28 d' or "
            f"'1 h 30 min'; found {in_words(value)}{_hint(value)}"
        )
    amounts = [(Decimal(n.replace("_", "")), unit) for n, unit in _AMOUNT.findall(value)]
    exact = sum(number * UNITS_US[_short(unit)] for number, unit in amounts)
    if exact > MAX_DURATION_US:
        raise ValueError(f"should be at most 3660 d, found {quoted(value)}")
    if exact != int(exact):
        raise ValueError(f"should be a whole number of microseconds, found {quoted(value)}")
    return int(exact)


def _short(unit: str) -> str:
    """Return the short form of a unit that the pattern let pass, such as `min` for `minutes`."""
    return unit if unit in UNITS_US else _WORDS[unit if unit == "m" else unit.removesuffix("s")]


def _hint(value: Any) -> str:
    """Return what to say of a single `m`, which might be minutes or months."""
    is_m = isinstance(value, str) and re.fullmatch(rf"({NUMBER_PATTERN}) ?m", value)
    return "; write min for minutes" if is_m else ""


def format_duration(duration_us: int) -> str:
    """Return an exact form in the largest unit that is whole, for `parse_duration` to read back.

    Parameters
    ----------
    duration_us
        Microseconds, 0 or more. What is no whole number of milliseconds gets decimals.

    Returns
    -------
    str
        One number and one unit, such as `90 min`. Weeks are not used.
    """
    for unit in ("d", "h", "min", "s", "ms") if duration_us else ("s",):
        if duration_us % UNITS_US[unit] == 0:
            return f"{duration_us // UNITS_US[unit]} {unit}"
    return f"{Decimal(duration_us).scaleb(-3).normalize():f} ms"


def parse_figure(value: Any) -> float:
    """Return a number that may be written as a count is: `0.5`, `13_000_000`, `3.4 M`, `5k`.

    Raises
    ------
    ValueError
        For anything else. NaN and infinities pass; ranges are the caller's to check.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return float(parse_count(value))
    except (ValueError, OverflowError):
        raise ValueError(
            f"should be a number, such as 0.5, 13_000_000 or '3.4 M'; found {in_words(value)}"
        ) from None


def figure_schema(**limits: float) -> dict[str, Any]:
    """Return the JSON Schema of what `parse_figure` reads; `limits` hold for plain numbers."""
    text = {"type": "string", "pattern": COUNT_PATTERN}
    return {"anyOf": [{"type": "number", **limits}, text]}


def parse_count(value: Any) -> int:
    """Return a whole number from an int, a whole float (`1e6`) or text (`13_000_000`, `3.4 M`).

    The suffixes are `k` (thousand) and `M` (million), nothing else. Signs and ranges are the
    caller's to check.

    Raises
    ------
    ValueError
        For anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    match = _COUNT.fullmatch(value) if isinstance(value, str) else None
    exact = Decimal(match[1].replace("_", "")) * MULTIPLES[match[2]] if match else Decimal("0.5")
    if exact != int(exact):
        raise ValueError(
            "should be a whole number, such as 20, 13_000_000, 1e6 or '3.4 M'; "
            f"found {in_words(value)}"
        )
    return int(exact)


def parse_instant(value: Any) -> datetime:
    """Return a moment in UTC from `2026-02-05`, `2026-02-05T08:00` or with `Z` or an offset.

    Parameters
    ----------
    value
        Text without an offset is in UTC; a day alone is its midnight. A datetime with a time zone
        is taken too.

    Raises
    ------
    ValueError
        For anything else, days that no calendar has included.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"not a date of the calendar: '{value}' ({error})") from None
    raise ValueError(
        "should be a date or a time, such as 2026-02-05 or 2026-02-05T08:00:00Z (UTC); "
        f"found {in_words(value)}"
    )
