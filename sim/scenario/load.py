"""Finding, reading and loading scenarios."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from sim.errors import InvalidInputError
from sim.scenario.checks import validate
from sim.scenario.overrides import apply_override, set_value
from sim.scenario.parse import parse
from sim.scenario.problems import Place, raise_problems, refusal, suggest
from sim.scenario.resolve import resolve
from sim.scenario.resolved import Scenario
from sim.scenario.strict_yaml import Document, parse_yaml

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def load_scenario(
    path_or_name: str | Path,
    *,
    overrides: Iterable[str] = (),
    seed: int | None = None,
    scale: float | None = None,
) -> Scenario:
    """Read, check and resolve a scenario.

    path_or_name: a file, `-` for standard input, or the name of a shipped scenario.
    overrides: texts such as `actors.coders.accounts=5`, applied in order before checking.
    seed: instead of the one in the file, 0 to 2^64 - 1; left out in both, it is drawn.
    scale: instead of the one in the file, > 0.

    Raises `InvalidInputError` that lists every fault with its place, a line each.
    """
    document = read_document(path_or_name)
    for text in overrides:
        apply_override(document, text)
    for key, value in (("seed", seed), ("scale", scale)):
        if value is not None and (document.data is None or isinstance(document.data, dict)):
            set_value(document, [key], value, Place.option(f"--{key} {value}"))
    return scenario_of(document)


def scenario_of(document: Document) -> Scenario:
    """Parse, validate and resolve a document; raises `InvalidInputError` with every fault."""
    parsed = parse(document)
    raise_problems(validate(parsed, document))
    if parsed.form is None:
        raise AssertionError("a document without problems has a form")
    return resolve(parsed.form)


def read_document(path_or_name: str | Path) -> Document:
    """Return the parsed YAML of a file, of standard input (`-`) or of a shipped scenario."""
    name = str(path_or_name)
    if name == "-":
        return parse_yaml(_decoded(sys.stdin.buffer.read(), "<stdin>"), "<stdin>")
    path = Path(path_or_name)
    if not path.exists() and name in (shipped := shipped_scenarios()):
        path = shipped[name]
    try:
        return parse_yaml(_decoded(path.read_bytes(), str(path)), str(path))
    except FileNotFoundError:
        raise InvalidInputError(_missing(name)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInputError(f"{name}: cannot be read: {reason}") from None


def shipped_scenarios() -> dict[str, Path]:
    """Return the scenarios that come with the package by name, sorted."""
    package = Path(__file__).resolve().parents[1]
    folder = next(filter(Path.is_dir, (package / "_scenarios", package.parent / "scenarios")), None)
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder else {}


def _missing(name: str) -> str:
    if not _NAME.fullmatch(name):
        return f"{name}: no such file"
    shipped = shipped_scenarios()
    hint = suggest(name, shipped) if shipped else ""
    return f"{name}: no such file, and no shipped scenario of this name{hint}"


def _decoded(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_start = content.rfind(b"\n", 0, error.start) + 1
        column = len(content[line_start : error.start].decode("utf-8")) + 1
        place = Place.in_file(source, content.count(b"\n", 0, error.start) + 1, column)
        message = f"not UTF-8: byte 0x{content[error.start]:02x}; save the file as UTF-8"
        raise refusal(place, "", message) from None
