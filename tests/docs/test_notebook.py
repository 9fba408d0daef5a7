"""Notebooks of tutorials: made from their page, in a valid form; their cells run.

The cells of a notebook are those of its page, so this is the test of the page as well.
"""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.run_by_verify import to_run
from tools.examples import lines_of, matches, output_of, pictures_of
from tools.notebook import PAGES, Cell, cells_of, notebook_of

PAGE = """# Title

Text.

```yaml
# few.yaml
version: 1
```

```yaml
only: shown
```

```console
$ echo 'a "b"'
a "b"
$ true
```

```python
print(6 * 7)
```

```output
42
```

```sh-session
$ pip install something
```
"""
WRITES_A_FILE = "%%writefile "


def run_cell(source: str, variables: dict[str, Any]) -> list[str]:
    """Run a cell of code as Jupyter would, and return the lines that it prints."""
    if source.startswith(WRITES_A_FILE):
        first, content = source.split("\n", 1)
        Path(first.removeprefix(WRITES_A_FILE)).write_text(content + "\n", encoding="utf-8")
        return []
    if source.startswith("!"):
        return lines_of(output_of(source[1:]))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(source, "cell", "exec"), variables)
    return lines_of(said.getvalue())


def test_blocks_that_are_run_become_cells_of_code() -> None:
    assert cells_of(PAGE) == [
        Cell("markdown", "# Title\n\nText."),
        Cell("code", "%%writefile few.yaml\n# few.yaml\nversion: 1"),
        Cell("markdown", "```yaml\nonly: shown\n```"),
        Cell("code", "!echo 'a \"b\"'", ['a "b"']),
        Cell("code", "!true", []),
        Cell("code", "print(6 * 7)", ["42"]),
        Cell("markdown", "```sh-session\n$ pip install something\n```"),
    ]


def test_the_form_is_that_of_notebooks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    notebook = json.loads(notebook_of(page))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids) == 8
    for cell in notebook["cells"]:
        keys = {"cell_type", "id", "metadata", "source"}
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == keys | code
        assert all(line.endswith("\n") for line in cell["source"][:-1])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_it_is_what_the_tool_makes(page: Path) -> None:
    kept = page.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert kept == notebook_of(page), "run `python -m tools.notebook`"


@pytest.mark.parametrize("page", to_run(list(PAGES)), ids=lambda page: page.name)
def test_its_cells_run_and_print_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    notebook = json.loads(page.with_suffix(".ipynb").read_text(encoding="utf-8"))
    sources = ["".join(x["source"]) for x in notebook["cells"] if x["cell_type"] == "code"]
    shown = [cell.shown for cell in cells_of(text) if cell.kind == "code"]

    variables: dict[str, Any] = {}
    for source, lines in zip(sources, shown, strict=True):
        printed = run_cell(source, variables)
        said = "\n".join([source, *printed, "(python tools/examples.py rewrites the page)"])
        assert lines is None or matches(printed, lines), said
    for picture in pictures_of(text):
        assert Path(picture).stat().st_size > 1_000
        assert page.with_name(picture).exists()
