"""Text from files as it may be shown."""

from __future__ import annotations

import json

from sim.documents.printable import first_of, printable, printable_json, said


def test_what_cannot_be_printed_is_escaped() -> None:
    assert printable("a\nb\x1b[31m\u202eü") == r"a\nb\x1b[31m\u202eü"


def test_messages_of_libraries_are_one_line() -> None:
    assert said(ValueError("one\n  two")) == "one two"
    assert said(KeyError()) == "KeyError"


def test_json_escapes_what_cannot_be_printed_and_reads_back() -> None:
    value = {"a\u202e": ["\x7f", "ü"]}
    text = printable_json(value)
    assert json.loads(text) == value
    assert text.count("\n") == 5
    assert r"\u202e" in text
    assert "ü" in text
    assert printable_json(value, None) == r'{"a\u202e": ["\u007f", "ü"]}'


def test_of_many_lines_the_first_are_shown() -> None:
    assert first_of(["a", "b"], 2) == ["a", "b"]
    assert first_of(["a", "b", "c"], 2) == ["a", "b", "... and 1 more"]
    assert len(first_of(["a"] * 300)) == 201
