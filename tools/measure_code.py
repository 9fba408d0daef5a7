"""Measure how readable the code is, and write the table into docs/: `python -m tools.measure_code`.

The measures are those that style reviews of other simulators give: paragraphs in long functions,
shares of comments and docstrings, tests per line of library, names of modules that occur twice,
and hard dependencies. `--list` prints what falls short instead.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# A function is long from so many lines of body on, its docstring not counted.
LONG = 15

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Measures:
    """Counts over all files of a package.

    `walls` are long functions without a blank line or a comment in their body, as
    `file:line name`.
    """

    lines: int
    comment_lines: int
    docstring_lines: int
    long_functions: int
    walls: list[str]
    repeated_names: list[str]


def measure(package: Path) -> Measures:
    """Measure all Python files below `package`."""
    files = sorted(package.rglob("*.py"))
    lines = comments = docstrings = long_functions = 0
    walls: list[str] = []

    for path in files:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        source = text.splitlines()
        lines += len(source)
        commented = comment_lines(text)
        comments += len(commented)
        docstrings += sum(last - first + 1 for first, last in docstring_spans(tree))

        for function in functions(tree):
            first, last = body_span(function)
            if last - first + 1 < LONG:
                continue
            long_functions += 1
            body = range(first, last + 1)
            if not any(n in commented or not source[n - 1].strip() for n in body):
                walls.append(f"{path.relative_to(ROOT)}:{function.lineno} {function.name}")

    names = Counter(path.stem for path in files if path.stem not in ("__init__", "__main__"))
    repeated = sorted(name for name, count in names.items() if count > 1)
    return Measures(lines, comments, docstrings, long_functions, walls, repeated)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function and method, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def body_span(function: Function) -> tuple[int, int]:
    """Return the first and last line of a function's body, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 1, 0
    last = body[-1].end_lineno
    assert last is not None
    return body[0].lineno, last


def docstring_spans(tree: ast.AST) -> Iterator[tuple[int, int]]:
    """Yield the first and last line of every docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function) and node.body:
            first = node.body[0]
            if ast.get_docstring(node) is not None and first.end_lineno is not None:
                yield first.lineno, first.end_lineno


def comment_lines(text: str) -> set[int]:
    """Return the numbers of the lines that hold nothing but a comment."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    source = text.splitlines()
    return {
        token.start[0]
        for token in tokens
        if token.type == tokenize.COMMENT and source[token.start[0] - 1].lstrip().startswith("#")
    }


def hard_dependencies() -> int:
    """Return how many packages an installation without extras brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return len(project["dependencies"])


def table(sim: Measures, tests: Measures) -> str:
    """Return the measures as a Markdown table, beside those of other libraries."""
    paragraphs = 1 - len(sim.walls) / sim.long_functions
    rows = [
        ("long functions with a blank line or a comment", f"{paragraphs:.0%}", "51 to 100 %"),
        ("comments, share of lines", f"{sim.comment_lines / sim.lines:.1%}", "0.5 to 14 %"),
        ("docstrings, share of lines", f"{sim.docstring_lines / sim.lines:.1%}", "15 to 46 %"),
        ("lines of tests per line of library", f"{tests.lines / sim.lines:.2f}", "1.1 to 2.1"),
        ("names of modules that occur again", f"{len(sim.repeated_names)}", "few"),
        ("hard dependencies", f"{hard_dependencies()}", "0 to 7"),
        ("lines of library", f"{sim.lines:,}", "2,142 to 12,233"),
    ]
    head = ["| measure | sim | SimPy, msprime, attrs, Ciw, Mesa |", "| --- | --- | --- |"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def main(words: list[str]) -> None:
    """Print the table, or with `--list` what falls short."""
    sim, tests = measure(ROOT / "sim"), measure(ROOT / "tests")
    if words == ["--list"]:
        sys.stdout.write("".join(f"{line}\n" for line in [*sim.walls, *sim.repeated_names]))
    else:
        sys.stdout.write(table(sim, tests))


if __name__ == "__main__":
    main(sys.argv[1:])
