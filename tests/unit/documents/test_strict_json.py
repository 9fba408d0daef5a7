"""JSON of a run folder: what is read, and what is refused before it can do harm."""

from __future__ import annotations

import re

import pytest

from sim.documents import strict_json
from sim.documents.strict_json import parse_json


def test_values_are_those_of_json() -> None:
    text = '{"a": [1, -2.5, "x", null, true], "b": {"ü": 9007199254740993}}'
    assert parse_json(text.encode()) == {
        "a": [1, -2.5, "x", None, True],
        "b": {"ü": 9_007_199_254_740_993},
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'\xef\xbb\xbf{"a": 1}', "begins with a byte order mark"),
        (b'{"a": "\xff"}', "is not UTF-8: byte 7 is 0xff"),
        (b'{"a": 1,\n "b" 2}', "line 2, column 6: Expecting ':' delimiter"),
        (b'{"b": 1, "a": 1, "b": 1, "a": 2}', "has the key 'a' twice"),
        (b"[NaN]", "NaN is no number of JSON"),
        (b"[-Infinity]", "-Infinity is no number of JSON"),
        (b"[-1e999]", "holds a number beyond 1.8e308"),
        (b"[" + b"1" * 41 + b"]", "holds a number of more than 40 digits"),
        (b"[" * 41 + b"]" * 41, "is nested too deeply"),
        (b"[" * 100_000 + b"]" * 100_000, "is nested too deeply"),
        (b'{"a": ' * 41 + b"1" + b"}" * 41, "is nested too deeply"),
    ],
)
def test_what_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_json(data)


def test_as_deep_and_as_long_as_is_allowed() -> None:
    assert parse_json(b"[" * 40 + b"]" * 40)
    assert parse_json(b"[" + b"1" * 40 + b"]") == [int("1" * 40)]


def test_the_number_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "_MOST_VALUES", 4)
    assert parse_json(b'[1, {"a": 2}]') == [1, {"a": 2}]
    assert parse_json(b"[1, 2, 3, 4]") == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="holds more than 4 values"):
        parse_json(b"[1, 2, 3, 4, 5]")
