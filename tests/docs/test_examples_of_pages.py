"""Examples of all pages by their form alone: verbs, options, names and arguments are there.

That costs nothing, and is asked of those as well that are run by nobody, or by `make verify`.
"""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

from sim.cli.main import cli
from tests.docs.test_docs import PAGES, blocks
from tests.support.paths import ROOT
from tests.support.run_by_verify import RUN_BY_VERIFY

_BETWEEN = {"|", "||", "&&", ";", ">", ">>", "<", "&"}


def place_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands_of(page: Path) -> Iterator[list[str]]:
    """Words of each `sim ...` that a page gives, without the word `sim`."""
    for language, content in blocks(page):
        whole = content.replace("\\\n", " ")
        lines = whole.splitlines() if language == "sh" else re.findall(r"^\$ (.*)", whole, re.M)
        for line in lines if language in ("sh", "console", "sh-session") else []:
            command: list[str] = []
            for word in [*shlex.split(line, comments=True), ";"]:
                if word in _BETWEEN:
                    if command[:1] == ["sim"]:
                        yield command[1:]
                    command = []
                else:
                    command.append(word)


def parse(words: list[str]) -> None:
    """Raise what click says of a verb, an option or a value that is not there."""
    _, verb, rest = cli.resolve_command(click.Context(cli), words)
    assert verb is not None
    verb.make_context(verb.name, rest)


def assert_calls_fit(content: str) -> None:
    """What a block of Python imports from `sim` is there, and takes what it is called with."""
    known: dict[str, Any] = {}
    tree = ast.parse(content)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {x.asname or x.name: import_module(x.name) for x in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = import_module(node.module or "")
            known |= {x.asname or x.name: getattr(module, x.name) for x in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (called := called_of(node.func, known)) is not None:
            fits(called, node)


def called_of(function: ast.expr, known: dict[str, Any]) -> Any:
    """The function of `sim` that is called; None for those of others and for methods."""
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        module = known.get("sim") if function.value.id == "sim" else None
        return None if module is None else getattr(module, function.attr)
    called = known.get(function.id) if isinstance(function, ast.Name) else None
    return called if str(getattr(called, "__module__", "")).startswith("sim.") else None


def fits(called: Any, node: ast.Call) -> None:
    """Raise a TypeError if a function does not take the arguments of a call."""
    if any(isinstance(x, ast.Starred) for x in node.args) or None in {k.arg for k in node.keywords}:
        return
    given = {str(k.arg): None for k in node.keywords}
    inspect.signature(called).bind(*node.args, **given)


@pytest.mark.parametrize("page", PAGES, ids=place_of)
def test_commands_have_verbs_and_options_that_are_there(page: Path) -> None:
    for words in commands_of(page):
        parse(words)


@pytest.mark.parametrize("page", PAGES, ids=place_of)
def test_calls_from_python_have_functions_and_arguments_that_are_there(page: Path) -> None:
    for language, content in blocks(page):
        if language == "python":
            assert_calls_fit(content)


def test_what_is_not_there_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh-session\n$ true && sim run a.yaml -o x | cat\n$ sim rum\n```\n")
    first, second = commands_of(page)
    assert (first, second) == (["run", "a.yaml", "-o", "x"], ["rum"])
    parse(first)
    for wrong in (second, [*first, "--speeed", "2"], ["run", "a.yaml", "-j", "many"]):
        with pytest.raises(click.UsageError):
            parse(wrong)
    assert_calls_fit("import sim\nsim.run('worked_example', 'out')")
    with pytest.raises(AttributeError):
        assert_calls_fit("import sim\nsim.rum('worked_example', 'out')")
    for wrong_call in ("import sim\nsim.run('a', kolour=1)", "from sim import audit\naudit()"):
        with pytest.raises(TypeError):
            assert_calls_fit(wrong_call)


def test_pages_that_make_verify_runs_are_there() -> None:
    assert set(RUN_BY_VERIFY) <= {place_of(page) for page in PAGES}
    assert all((ROOT / tests).exists() for tests in RUN_BY_VERIFY.values())
