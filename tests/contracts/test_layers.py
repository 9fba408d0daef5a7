"""Imports point downwards: a room knows those below it, and no circle joins modules."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from tests.support.paths import ROOT

# From the lowest room to the highest; a room may import from those before it.
ROOMS = (
    "_version",
    "errors",
    "picture_formats",
    "arrays",
    "streams",
    "compiled_streams",
    "distributions",
    "documents",
    "catalog",
    "traces",
    "calibration",
    "scenario",
    "tables",
    "entities",
    "world",
    "scaffold",
    "enforcement",
    "actors",
    "population",
    "output",
    "reference",
    "engine",
    "exports",
    "replay",
    "summaries",
    "counting",
    "replicates",
    "invariants",
    "features",
    "labelling",
    "splits",
    "detectors",
    "audits",
    "packs",
    "predictions",
    "scoring",
    "comparison",
    "scorecard",
    "reporting",
    "_results",
    "_run",
    "_inputs",
    "_listing",
    "_front",
    "__init__",
    "cli",
    "__main__",
)


def module_of(path: Path) -> str:
    """Return the dotted name of a file of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in (ROOT / "sim").rglob("*.py")}


def room_of(module: str) -> str:
    """Return the part of a module's name below `sim`."""
    return module.split(".")[1] if "." in module else "__init__"


@cache
def imports_of(module: str) -> set[str]:
    """Return the modules of the package that a module imports, now or within a function."""
    names = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                names.add(inner if inner in MODULES else node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return (names & MODULES.keys()) - {module}


def test_every_room_has_its_place() -> None:
    assert {room_of(module) for module in MODULES} == set(ROOMS)


def test_imports_point_downwards() -> None:
    place = {room: number for number, room in enumerate(ROOMS)}
    upwards = [
        f"{module} imports {other}"
        for module in sorted(MODULES)
        for other in sorted(imports_of(module))
        if place[room_of(other)] > place[room_of(module)]
    ]
    assert not upwards


def test_no_circle_joins_modules() -> None:
    list(TopologicalSorter({module: imports_of(module) for module in MODULES}).static_order())


def test_no_room_bears_the_name_of_a_verb() -> None:
    """A package `sim.compare` would hide the function once it is imported."""
    from sim.cli.main import cli

    verbs = {name.replace("-", "_") for name in cli.commands}
    assert not verbs & set(ROOMS)


def test_contributing_lists_the_rooms_in_their_order() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = text.partition("| room of `sim/` |")[2].partition("\n\n")[0].splitlines()
    listed = [room for row in rows for room in re.findall(r"`(\w+)/?`", row.split("|")[1])]
    folders = {room for room in ROOMS if (ROOT / "sim" / room).is_dir()}
    assert listed == [room for room in ROOMS if room in listed]
    assert folders <= set(listed)
