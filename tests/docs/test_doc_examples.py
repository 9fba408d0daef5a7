"""The tool that runs the examples of the documentation and rewrites what they print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.examples import matches, rewrite, updated

PRINTED = ["run: 49 exchanges", "", "actor  C1", "a      12", "b      7", "total  19", "bye"]


def test_without_an_elision_all_lines_are_shown() -> None:
    assert updated(["new", "lines"], ["old"]) == ["new", "lines"]


def test_lines_before_and_after_an_elision_keep_their_number() -> None:
    assert updated(PRINTED, ["run: 50 exchanges", "..."]) == ["run: 49 exchanges", "..."]
    assert updated(PRINTED, ["...", "ciao"]) == ["...", "bye"]


def test_lines_between_elisions_are_found_by_their_likeness() -> None:
    shown = ["run: 1 exchanges", "...", "b      88", "total  99", "...", "bye"]
    expected = ["run: 49 exchanges", "...", "b      7", "total  19", "...", "bye"]
    assert updated(PRINTED, shown) == expected
    assert matches(PRINTED, expected)


def test_lines_that_stood_together_stay_together() -> None:
    assert updated(PRINTED, ["...", "a      1", "b      1", "..."]) == [
        *("...", "a      12", "b      7", "...")
    ]


def test_what_cannot_be_shown_is_an_error() -> None:
    with pytest.raises(ValueError, match="too few lines were printed"):
        updated(["one"], ["...", "one", "two", "..."])


def test_a_page_is_rewritten_with_what_its_examples_print(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Text.\n\n```console\n$ echo new; echo lines\nold\n$ true\n```\n\n"
        "```python\nprint(6 * 7)\n```\n\n```output\n41\n```\n",
        encoding="utf-8",
    )
    assert rewrite(page)
    text = page.read_text(encoding="utf-8")
    assert "$ echo new; echo lines\nnew\nlines\n$ true\n```" in text
    assert "```output\n42\n```" in text
    assert not rewrite(page)


def test_pictures_that_a_page_draws_and_shows_are_put_beside_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\ncp /dev/null drawn.png\ncp /dev/null other.png\n```\n\n![A picture](drawn.png)\n",
        encoding="utf-8",
    )
    rewrite(page)
    assert [path.name for path in tmp_path.glob("*.png")] == ["drawn.png"]


def test_a_command_that_fails_ends_it_and_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ false\nold\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="false"):
        rewrite(page)
    assert page.read_text(encoding="utf-8") == "```console\n$ false\nold\n```\n"
