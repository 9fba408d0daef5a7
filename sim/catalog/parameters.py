"""The parameters of the world: what each acts on, and what it is where nothing is said."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from sim.catalog.files import read_yaml
from sim.catalog.loading import cited, models, typologies
from sim.catalog.records import Cited, Parameter, Status


@cache
def parameters() -> tuple[Parameter, ...]:
    """Return the parameters of the world, in the order of the file."""
    return tuple(_parameter(key, entry) for key, entry in read_yaml("parameters").items())


def _parameter(key: str, entry: Mapping[str, Any]) -> Parameter:
    kind, _, name = entry["default"].partition(".")
    owners = {"typology": typologies, "model": models}
    if kind in owners:
        return _made(key, entry, kind, {x: _cell(kind, x, name) for x in owners[kind]()})
    return _made(key, entry, "world", {kind: _cell("world", kind, name)})


def _cell(kind: str, owner: str, name: str) -> Cited:
    return next(cell for cell in cited(kind, owner) if cell.key == name)


def _made(key: str, entry: Mapping[str, Any], kind: str, values: dict[str, Cited]) -> Parameter:
    first, *others = values.values()
    differs = any(cell.value != first.value for cell in others)
    return Parameter(
        key=key,
        unit=entry["unit"],
        acts_on=entry["acts_on"],
        default=f"by {kind}" if differs else first.value,
        statuses=tuple(x for x in get_args(Status) if x in {c.status for c in values.values()}),
        sources=tuple(dict.fromkeys(cell.source for cell in values.values())),
        note=entry.get("note", "" if others else first.note),
        values=values,
    )
