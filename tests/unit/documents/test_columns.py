"""Rows as columns that fit a width: titles fold first, then texts, and numbers stay whole."""

from __future__ import annotations

import io
import random

import pytest

from sim.cli.printing import line_width
from sim.documents.columns import columns

ROWS = [
    ["id", "what is needed", "median of all draws"],
    ["benchmarking", "a run of a whole benchmark", "3.4 M"],
    ["resale", "customers", "12 k"],
]
LEFT = (True, True, False)


def lines(width: int, **options: object) -> list[str]:
    return columns(ROWS, width, left=LEFT, heads=1, **options)  # type: ignore[arg-type]


def test_what_fits_stays_on_one_line() -> None:
    assert lines(100) == [
        "id            what is needed              median of all draws",
        "benchmarking  a run of a whole benchmark                3.4 M",
        "resale        customers                                  12 k",
    ]


def test_titles_of_numbers_fold_before_texts() -> None:
    assert lines(52) == [
        "id            what is needed              median of",
        "                                          all draws",
        "benchmarking  a run of a whole benchmark      3.4 M",
        "resale        customers                        12 k",
    ]


def test_texts_fold_next_within_their_column() -> None:
    assert lines(36) == [
        "id            what is needed  median",
        "                              of all",
        "                               draws",
        "benchmarking  a run of a       3.4 M",
        "              whole",
        "              benchmark",
        "resale        customers         12 k",
    ]


def test_ids_fold_behind_a_mark_and_numbers_never() -> None:
    made = columns([["lever", "n"], ["evaluations.runs", "3.4 M"]], 20, left=(True, False), heads=1)
    assert made == ["lever             n", "evaluations.  3.4 M", "runs"]


def test_numbers_that_do_not_fit_stand_in_a_table_below() -> None:
    rows = [["id", "needed", "5 %", "95 %", "assumed", "5 %"], ["resale", *"12345"]]
    left = (True, *[False] * 5)
    assert columns(rows, 30, left=left, heads=1) == [
        "id      needed  5 %  95 %",
        "resale       1    2     3",
        "",
        "id      assumed  5 %",
        "resale        4    5",
    ]
    assert columns(rows, 37, left=left, heads=1) == [
        "id     needed 5 % 95 % assumed 5 %",
        "resale      1   2    3       4   5",
    ]


def test_what_is_too_wide_even_so_becomes_paragraphs() -> None:
    assert lines(24, indent="  ") == [
        "  id benchmarking, what",
        "      is needed a run of",
        "      a whole benchmark,",
        "      median of all",
        "      draws 3.4 M",
        "  id resale, what is",
        "      needed customers,",
        "      median of all",
        "      draws 12 k",
    ]
    assert columns([["3.4 M", "", "12 k"]], 8, left=(False,) * 3) == ["3.4 M,", "    12 k"]


def test_no_rows_and_empty_cells() -> None:
    assert columns([], 50) == []
    assert columns([["", "a"], ["b", ""]], 50) == ["   a", "b"]
    assert columns([["title", "n"]], 8, left=(True, False), heads=1) == ["title  n"]


def test_every_word_is_there_and_lines_keep_the_width() -> None:
    draw = random.Random(1)
    for width in (30, 60, 90):
        cells = [
            " ".join("x" * draw.randint(1, 6) for _ in range(draw.randint(0, 9))) for _ in range(15)
        ]
        rows = [cells[k : k + 3] for k in (0, 3, 6, 9, 12)]
        made = columns(rows, width)
        assert max(map(len, made)) <= width
        assert sum(map(len, "".join(made).split())) == sum(
            len(word) for row in rows for cell in row for word in cell.split()
        )


@pytest.mark.parametrize(("stated", "width"), [("60", 60), ("0", 100), ("x", 100), ("", 100)])
def test_the_width_is_that_of_the_environment_or_a_hundred(
    stated: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", stated)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert line_width() == width
