"""Change the code at random, one small change at a time, and see whether a fast test notices.

    python -m tools.mutations map                     # which test runs which line; once
    python -m tools.mutations try --count 100 --seed 1

`map` runs the fast suite under coverage and keeps the result in `runs/mutations`. `try` draws
mutations: rooms (the folders of `sim/`) in turn, in each a random place where one of `CHANGES`
can be made. Each is made in a copy of the repository, and the tests that run its line are
started, those of the room first and then from the quickest on, until one fails. A mutation that
all of them pass, or for which `--patience` seconds of tests are not enough, counts as survived.

Needs `pytest-cov`. With `--record` the result goes to `docs/background/mutations.json`, and from
there into the docs.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "runs" / "mutations"
COPIED: tuple[str, ...] = (
    "sim",
    "scenarios",
    "tests",
    "tools",
    "docs",
    "reports",
    "pyproject.toml",
    "README.md",
)
COPIED += ("CONTRIBUTING.md", "CITATION.cff", ".github", ".pre-commit-config.yaml")

# What replaces what: one operator or name for another that is nearly right.
CHANGES: dict[str, tuple[str, ...]] = {
    "Lt": ("<=", ">"),
    "LtE": ("<", ">="),
    "Gt": (">=", "<"),
    "GtE": (">", "<="),
    "Eq": ("!=",),
    "NotEq": ("==",),
    "Is": ("is not",),
    "IsNot": ("is",),
    "In": ("not in",),
    "NotIn": ("in",),
    "Add": ("-",),
    "Sub": ("+",),
    "Mult": ("/",),
    "Div": ("*",),
    "FloorDiv": ("*",),
    "Mod": ("+",),
    "And": ("or",),
    "Or": ("and",),
    "BitAnd": ("|",),
    "BitOr": ("&",),
    "minimum": ("maximum",),
    "maximum": ("minimum",),
    "min": ("max",),
    "max": ("min",),
    "any": ("all",),
    "all": ("any",),
    "True": ("False",),
    "False": ("True",),
}
_OPERATORS = {"+", "-", "*", "/", "//", "%", "<", "<=", ">", ">=", "==", "!=", "is", "is not"}
_OPERATORS |= {"in", "not in", "and", "or", "|", "&"}


@dataclass(frozen=True)
class Mutation:
    """Characters `start` to `end` of the source of a file become `new`."""

    file: str
    line: int
    start: int
    end: int
    old: str
    new: str

    @property
    def room(self) -> str:
        """Folder of the file below sim/, or the module where there is none."""
        return Path(self.file).parts[1].removesuffix(".py")

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.old!r} -> {self.new!r}"


# Drawing


def mutations_of(path: Path) -> list[Mutation]:
    """Return every mutation of a file that can be made."""
    source = path.read_text(encoding="utf-8")
    offsets = [0]
    for text in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(text))
    lines = source.splitlines()

    def offset(line: int, column: int) -> int:
        return offsets[line - 1] + len(lines[line - 1].encode()[:column].decode())

    file = path.relative_to(ROOT).as_posix()
    found = []
    for node in nodes_in_functions(ast.parse(source)):
        for start_node, end_node, kind in operators(node):
            start = offset(start_node.end_lineno or 0, start_node.end_col_offset or 0)
            end = offset(end_node.lineno, end_node.col_offset)
            between = source[start:end]
            old = between.replace("(", " ").replace(")", " ").strip()
            if old not in _OPERATORS:
                continue
            at = start + between.index(old)
            line = source.count("\n", 0, at) + 1
            found += [Mutation(file, line, at, at + len(old), old, n) for n in CHANGES[kind]]
        for row, first, last, word, new in words(node):
            start, end = offset(row, first), offset(row, last)
            found.append(Mutation(file, row, start, end, word, new))
    return found


def nodes_in_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when a function is called; no types, defaults or docstrings."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                yield from without_annotations(statement)


def without_annotations(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below, except annotations, errors and inner functions."""
    if isinstance(node, ast.FunctionDef | ast.Raise | ast.Assert):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from without_annotations(child)


def operators(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr, str]]:
    """Yield (expression before, expression after, kind) of every operator of a node."""
    if isinstance(node, ast.Compare):
        left = [node.left, *node.comparators]
        for before, after, op in zip(left, node.comparators, node.ops, strict=False):
            if type(op).__name__ in CHANGES:
                yield before, after, type(op).__name__
    elif isinstance(node, ast.BinOp) and type(node.op).__name__ in CHANGES:
        yield node.left, node.right, type(node.op).__name__
    elif isinstance(node, ast.BoolOp):
        for before, after in zip(node.values, node.values[1:], strict=False):
            yield before, after, type(node.op).__name__


def words(node: ast.AST) -> Iterator[tuple[int, int, int, str, str]]:
    """Yield (line, columns, old, new) of names, flags and numbers that can be another."""
    line, last = getattr(node, "lineno", 0), getattr(node, "end_col_offset", 0)
    if line != getattr(node, "end_lineno", 0):
        return
    if isinstance(node, ast.Attribute) and node.attr in CHANGES:
        yield line, last - len(node.attr), last, node.attr, CHANGES[node.attr][0]
    elif isinstance(node, ast.Name) and node.id in CHANGES and isinstance(node.ctx, ast.Load):
        yield line, node.col_offset, last, node.id, CHANGES[node.id][0]
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        old = str(node.value)
        yield line, node.col_offset, last, old, CHANGES[old][0]
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield line, node.col_offset, last, "number", str(node.value + 1)


def drawn(count: int, seed: int) -> list[Mutation]:
    """Draw `count` mutations, rooms in turn."""
    by_room: dict[str, list[Mutation]] = defaultdict(list)
    for path in sorted((ROOT / "sim").rglob("*.py")):
        for mutation in mutations_of(path):
            by_room[mutation.room].append(mutation)

    rng = random.Random(seed)
    for mutations in by_room.values():
        rng.shuffle(mutations)
    rooms = sorted(by_room)
    rng.shuffle(rooms)

    chosen: list[Mutation] = []
    while len(chosen) < count and any(by_room.values()):
        chosen += [by_room[room].pop() for room in rooms if by_room[room]]
    return chosen[:count]


# Which test runs which line


def make_map() -> None:
    """Run the fast suite under coverage, with the test as context."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadfile"]
    command += ["--cov=sim", "--cov-context=test", "--cov-report=", "-p", "no:cacheprovider"]
    command += [f"--junitxml={FOLDER / 'durations.xml'}", "-o", "junit_family=xunit1"]
    environment = os.environ | {"COVERAGE_FILE": str(FOLDER / "coverage"), "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=environment, check=False)


def seconds_of_tests() -> dict[str, float]:
    """Return how long each test took, by its name in coverage."""
    tests = {}
    for case in ElementTree.parse(FOLDER / "durations.xml").iter("testcase"):
        name = f"{case.get('file')}::{case.get('name')}"
        tests[name] = float(case.get("time") or 0)
    return tests


def tests_by_line(file: str) -> dict[int, list[str]]:
    """Return the tests that run each line of a file."""
    from coverage import CoverageData

    data = CoverageData(basename=str(FOLDER / "coverage"))
    data.read()
    contexts = data.contexts_by_lineno(str(ROOT / file))
    return {
        line: sorted({name.rpartition("|")[0] for name in names if name})
        for line, names in contexts.items()
    }


def tests_for(mutation: Mutation, seconds: dict[str, float], patience: float) -> list[str]:
    """Return tests that run the line, those of its room first, within `patience` seconds."""
    lines = tests_by_line(mutation.file)
    near = min(lines, key=lambda line: abs(line - mutation.line), default=0)
    names = lines.get(mutation.line) or lines.get(near, [])
    room = f"tests/unit/{mutation.room}"
    ordered = sorted(names, key=lambda name: (not name.startswith(room), seconds.get(name, 0.0)))

    chosen: list[str] = []
    total = 0.0
    for name in ordered:
        total += seconds.get(name, 0.0)
        if chosen and total > patience:
            break
        chosen.append(name)
    return chosen


# Trying


def caught(mutation: Mutation, copy: Path, tests: list[str], patience: float) -> str:
    """Return how the mutation was noticed in `copy`, or an empty text if it was not."""
    path = copy / mutation.file
    source = path.read_text(encoding="utf-8")
    path.write_text(
        source[: mutation.start] + mutation.new + source[mutation.end :], encoding="utf-8"
    )
    names = copy / "tests.txt"
    names.write_text("".join(f"{name}\n" for name in tests), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"@{names}"]
    try:
        result = subprocess.run(
            command,
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            timeout=3 * patience + 60,
        )
    except subprocess.TimeoutExpired:
        return "no end"
    finally:
        path.write_text(source, encoding="utf-8")
    failed = [line for line in result.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if result.returncode == 1 or failed:
        return failed[0].split(" - ")[0] if failed else "failed"
    return "" if result.returncode == 0 else f"exit code {result.returncode}"


def try_all(mutations: list[Mutation], patience: float, workers: int) -> list[str]:
    """Try all mutations, each worker in a copy of its own; return how each was noticed."""
    seconds = seconds_of_tests()
    copies: SimpleQueue[Path] = SimpleQueue()

    def attempt(mutation: Mutation) -> str:
        tests = tests_for(mutation, seconds, patience)
        copy = copies.get()
        try:
            how = caught(mutation, copy, tests, patience) if tests else ""
        finally:
            copies.put(copy)
        sys.stdout.write(f"{how or 'SURVIVED'} ({len(tests)} tests): {mutation}\n")
        sys.stdout.flush()
        return how

    with tempfile.TemporaryDirectory() as name:
        for number in range(workers):
            copy = Path(name) / str(number)
            for part in COPIED:
                if (ROOT / part).is_dir():
                    shutil.copytree(ROOT / part, copy / part)
                else:
                    copy.mkdir(exist_ok=True)
                    shutil.copy(ROOT / part, copy / part)
            copies.put(copy)
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(attempt, mutations))


def main() -> None:
    """Carry out `map` or `try`."""
    parser = argparse.ArgumentParser(description="Mutate the code and run the fast tests.")
    parser.add_argument("what", choices=["map", "try"])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds of tests for each")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--record", action="store_true", help="write the result for the docs")
    options = parser.parse_args()
    if options.what == "map":
        make_map()
        return

    mutations = drawn(options.count, options.seed)
    noticed = try_all(mutations, options.patience, options.workers)
    survived = [str(m) for m, how in zip(mutations, noticed, strict=True) if not how]
    total = len(mutations)
    sys.stdout.write(f"{total - len(survived)} of {total} mutations were noticed\n")
    if options.record:
        result: dict[str, Any] = {
            "seed": options.seed,
            "tried": total,
            "noticed": total - len(survived),
            "survived": survived,
        }
        from tests.support.records import record

        record("mutations", {"fast suite": result})


if __name__ == "__main__":
    main()
