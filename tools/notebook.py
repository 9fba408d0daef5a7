"""The notebook of a tutorial, made from its page, so that nothing is written twice.

Text becomes cells of text. A `yaml` block that begins with the name of a file becomes a cell that
writes that file, a `python` block a cell of code, and each command of a `console` or `sh` block a
cell that runs it. Blocks of other languages stay text. What the page shows of outputs is left out:
the notebook prints its own.

`python -m tools.notebook` rewrites the notebooks of the pages `PAGES`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tools.examples import COMMAND, FENCE, FILE_NAME

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "docs" / "tutorials" / "detector.md",)

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class Cell(NamedTuple):
    """A cell of a notebook; `shown` is what the page shows of what it prints, if it does."""

    kind: str
    source: str
    shown: list[str] | None = None


def cells_of(text: str) -> list[Cell]:
    """Return the cells of a page, in order.

    Parameters
    ----------
    text
        Markdown, with blocks as `tools.examples` says.

    Returns
    -------
    list of Cell
        Kinds `markdown` and `code`; no cell is empty.
    """
    cells: list[Cell] = []
    said, end = "", 0
    for block in FENCE.finditer(text):
        said += text[end : block.start()]
        end = block.end()
        if block[1] == "output":
            cells[-1] = cells[-1]._replace(shown=block[2].splitlines())
            continue

        made = list(_code_cells(block[1], block[2]))
        if not made:
            said += block[0]
            continue
        cells += [*_text_cells(said), *made]
        said = ""
    return [*cells, *_text_cells(said + text[end:])]


def _code_cells(language: str, content: str) -> Iterator[Cell]:
    """Yield the cells that do what a block does; none for a block that is only read."""
    name = FILE_NAME.match(content)
    if language == "yaml" and name:
        yield Cell("code", f"%%writefile {name[1]}\n{content.rstrip()}")
    elif language == "python":
        yield Cell("code", content.rstrip())
    elif language == "console":
        for command in COMMAND.finditer(content):
            yield Cell("code", f"!{command[1]}", command[2].splitlines())
    elif language == "sh":
        for line in content.replace("\\\n", " ").splitlines():
            yield Cell("code", f"!{line}")


def _text_cells(said: str) -> list[Cell]:
    """Return text as a cell, or nothing if there is none."""
    return [Cell("markdown", said.strip())] if said.strip() else []


def notebook_of(page: Path) -> str:
    """Return the notebook of a page: JSON of nbformat 4.5, without outputs.

    Source of the form: https://nbformat.readthedocs.io/en/latest/format_description.html
    """
    told = f"*Made from [{page.name}]({page.name}) by `python -m tools.notebook`.*"
    cells = [Cell("markdown", told), *cells_of(page.read_text(encoding="utf-8"))]
    notebook = {
        "cells": [_json_of(cell, number) for number, cell in enumerate(cells)],
        "metadata": {"kernelspec": _KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _json_of(cell: Cell, number: int) -> dict[str, Any]:
    """Return a cell as the form wants it."""
    made: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": f"cell-{number:02}",
        "metadata": {},
        "source": cell.source.splitlines(keepends=True),
    }
    if cell.kind == "code":
        made |= {"execution_count": None, "outputs": []}
    return made


def main() -> None:
    """Rewrite all notebooks."""
    for page in PAGES:
        place = page.with_suffix(".ipynb")
        place.write_text(notebook_of(page), encoding="utf-8")
        sys.stdout.write(f"{place.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
