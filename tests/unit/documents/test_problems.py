"""Places, problems in their order, and names that are suggested."""

from __future__ import annotations

import pytest

from sim.documents.problems import MOST_SHOWN, Place, Problem, raise_problems, refusal, suggest
from sim.errors import InvalidInputError


def test_problems_are_raised_by_position_and_once() -> None:
    late, early = Place.in_file("a.yaml", 10, 1), Place.in_file("a.yaml", 2, 7)
    option = Place.option("--seed -1")
    problems = [
        Problem(option, "seed", "too small"),
        Problem(late, "", "late"),
        Problem(early, "actors", "early"),
        Problem(late, "", "late"),
    ]
    with pytest.raises(InvalidInputError) as caught:
        raise_problems(problems)
    assert str(caught.value).splitlines() == [
        "a.yaml:2:7: actors: early",
        "a.yaml:10:1: late",
        "--seed -1: seed: too small",
    ]


def test_no_problem_raises_nothing() -> None:
    raise_problems([])


@pytest.mark.parametrize(("number", "more"), [(MOST_SHOWN, None), (MOST_SHOWN + 1, "and 1 more")])
def test_as_many_problems_are_shown_as_a_screen_holds(number: int, more: str | None) -> None:
    problems = [Problem(Place.in_file("a", k + 1, 1), "", "wrong") for k in range(number)]
    with pytest.raises(InvalidInputError) as caught:
        raise_problems(problems)
    lines = str(caught.value).splitlines()
    assert lines[MOST_SHOWN:] == ([more] if more else [])


def test_a_place_without_a_line_is_the_file() -> None:
    assert str(Place.whole("run/manifest.json")) == "run/manifest.json"
    assert str(refusal(Place.whole("a"), "b", "c\nd")) == r"a: b: c\nd"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("acounts", "; did you mean 'accounts'?"),
        ("ACCOUNTS", "; did you mean 'accounts'?"),
        ("org", "; did you mean 'organisations'?"),
        ("or", "; allowed: accounts, organisations"),
        ("xyz", "; allowed: accounts, organisations"),
        ("a" * 101, "; allowed: accounts, organisations"),
    ],
)
def test_a_near_name_is_suggested_or_all_are_named(name: str, words: str) -> None:
    assert suggest(name, ["organisations", "accounts"]) == words


def test_where_nothing_is_allowed_that_is_said() -> None:
    assert suggest("a", []) == "; nothing is allowed here"


def test_long_names_are_not_compared_letter_by_letter() -> None:
    allowed = ["b" + "a" * 99, "b" + "a" * 100]
    assert suggest("a" * 100, allowed).startswith("; did you mean")
    assert suggest("a" * 101, allowed).startswith("; allowed")
