"""JSON of a run folder, which may have been damaged or made to do harm: bounded and strict."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any, NoReturn

# The manifest of 10,000 actors and 10,000 parts has some 45 MB and two million values.
MOST_BYTES = 64 << 20
_MOST_VALUES = 4_000_000
_MOST_DIGITS = 40
_MOST_DEEP = 40


def parse_json(data: bytes) -> Any:
    """Return the values of a JSON text in UTF-8.

    Parameters
    ----------
    data
        The bytes of a file. Their number is the caller's to check, by `MOST_BYTES`.

    Raises
    ------
    ValueError
        Says in a line what else it is. Refused are also keys that occur twice, NaN and infinities,
        numbers of more than 40 digits or beyond 1.8e308, a byte order mark, what is nested more
        than 40 levels deep, and what would take much more memory than its bytes.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise ValueError("begins with a byte order mark")
    # each of these opens or parts values, and a value takes a hundred bytes when it is read
    if sum(map(data.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise ValueError(f"holds more than {_MOST_VALUES:,} values")

    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_each_key_once,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None

    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    """Raise ValueError for what is nested too deeply.

    Goes down level by level, without recursion, which the depth itself could exhaust.
    """
    level, depth = [value], 0
    while holders := [v for v in level if isinstance(v, dict | list)]:
        depth += 1
        if depth > _MOST_DEEP:
            raise ValueError("is nested too deeply")
        level = [item for v in holders for item in (v.values() if isinstance(v, dict) else v)]


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a mapping of the pairs of an object, and raise ValueError if a key occurs twice."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        ordered = sorted(name for name, _ in pairs)
        twice = next(a for a, b in pairwise(ordered) if a == b)
        raise ValueError(f"has the key '{twice}' twice")
    return mapping


def _whole(digits: str) -> int:
    """Return a whole number, or raise ValueError for one that takes long to read."""
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"holds a number of more than {_MOST_DIGITS} digits")
    return int(digits)


def _finite(digits: str) -> float:
    """Return a number, or raise ValueError for one that is too large for a float."""
    value = float(digits)
    if math.isinf(value):
        raise ValueError("holds a number beyond 1.8e308")
    return value


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")
