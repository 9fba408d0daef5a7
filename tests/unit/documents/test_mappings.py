"""A document that a program hands over as a mapping."""

from __future__ import annotations

import datetime
import math
from collections import OrderedDict
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from sim.documents.mappings import document_of
from sim.errors import InvalidInputError


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (False, False),
        (3, 3),
        (np.int32(3), 3),
        (2.5, 2.5),
        (np.float32(2.5), 2.5),
        (Fraction(5, 2), 2.5),
        (math.inf, math.inf),
        ("text", "text"),
        (np.str_("text"), "text"),
        (datetime.date(2026, 2, 2), "2026-02-02"),
        (datetime.datetime(2026, 2, 2, 12, tzinfo=datetime.UTC), "2026-02-02T12:00:00+00:00"),
        ((1, [2]), [1, [2]]),
        (OrderedDict(a={"b": 1}), {"a": {"b": 1}}),
        (MappingProxyType({}), {}),
    ],
)
def test_values_become_those_that_yaml_has(value: Any, plain: Any) -> None:
    found = document_of({"key": value}).data["key"]
    assert (found, type(found)) == (plain, type(plain))


def test_the_mapping_is_copied() -> None:
    mapping = {"actors": [{"id": "a"}]}
    document = document_of(mapping)
    document.data["actors"][0]["id"] = "b"
    assert mapping == {"actors": [{"id": "a"}]}


def test_a_place_in_a_mapping_is_the_mapping() -> None:
    document = document_of({"a": 1})
    assert str(document.place(("a",))) == "<mapping>"
    assert document.problems == []


def test_everything_that_yaml_cannot_hold_is_listed_with_its_path() -> None:
    mapping: Any = {"a": [1, {2}], "b": {3: 4, "c": b"text"}, None: 1}
    with pytest.raises(InvalidInputError) as caught:
        document_of(mapping)
    rest = "give a mapping, a list, text, a number or true or false"
    assert str(caught.value).splitlines() == [
        "<mapping>: a key must be text, not NoneType None",
        f"<mapping>: a[1]: found set; {rest}",
        "<mapping>: b: a key must be text, not int 3",
        f"<mapping>: b.c: found bytes; {rest}",
    ]
