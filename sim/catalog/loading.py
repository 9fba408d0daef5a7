"""The catalog's entries, read once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from sim.catalog.files import lookup, read_csv, read_yaml, unit_of
from sim.catalog.records import (
    Agent,
    Benchmark,
    Cited,
    Claim,
    Family,
    Limit,
    Model,
    Source,
    Statement,
    Typology,
    Variant,
)
from sim.errors import InvalidInputError

_CITED_FILES = {
    "model": "models",
    "agent": "agents",
    "benchmark": "benchmarks",
    "typology": "typologies",
    "mode": "modes",
    "family": "families",
    "circle": "circles",
    "world": "world",
    "amplification": "amplification",
}

_MAY_BE_EMPTY = ("value", "bound", "low", "high", "window_days")


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: cell["value"] for key, cell in entry.items()}


@cache
def models() -> Mapping[str, Model]:
    """Return the served models by id."""
    entries = read_yaml("models").items()
    return MappingProxyType({k: Model.model_validate({"id": k, **_plain(v)}) for k, v in entries})


@cache
def agents() -> Mapping[str, Agent]:
    """Return the scaffolds by id."""
    entries = read_yaml("agents").items()
    return MappingProxyType({k: Agent.model_validate({"id": k, **_plain(v)}) for k, v in entries})


@cache
def benchmarks() -> Mapping[str, Benchmark]:
    """Return the benchmarks by id; source and status are those of the number of items."""
    return MappingProxyType(
        {
            k: Benchmark.model_validate(
                {
                    "id": k,
                    "source": v["items"]["source"],
                    "status": v["items"]["status"],
                    **_plain(v),
                }
            )
            for k, v in read_yaml("benchmarks").items()
        }
    )


@cache
def typologies() -> Mapping[str, Typology]:
    """Return the typologies by id."""
    made = {}
    for key, entry in read_yaml("typologies")["typologies"].items():
        fields = {k: v for k, v in entry.items() if k != "dials"}
        defaults = _plain(_dials(entry))
        made[key] = Typology.model_validate({"id": key, "defaults": defaults, **fields})
    return MappingProxyType(made)


def _dials(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every dial of a typology, those that it shares with others included."""
    return {**read_yaml("typologies")["common"], **entry["dials"]}


@cache
def modes() -> Mapping[str, Variant]:
    """Return the modes of behaviour by id."""
    return _variants("modes")


@cache
def sharing_groups() -> Mapping[str, Variant]:
    """Return by id whom accounts share what with."""
    return _variants("circles")


def _variants(name: str) -> Mapping[str, Variant]:
    made = {}
    for key, entry in read_yaml(name).items():
        dials = _plain(entry)
        title = dials.pop("title")
        made[key] = Variant(id=key, title=title, parameters=dials)
    return MappingProxyType(made)


@cache
def look_alikes() -> Mapping[str, Mapping[str, Any]]:
    """Return by id the actors that look like a ring and are harmless, as a scenario has them."""
    entries = read_yaml("look_alikes").items()
    return MappingProxyType({k: MappingProxyType({"id": k, **v["actor"]}) for k, v in entries})


@cache
def families() -> Mapping[str, Family]:
    """Return the families of prompt templates by id."""
    entries = read_yaml("families").items()
    return MappingProxyType({k: Family.model_validate({"id": k, **_plain(v)}) for k, v in entries})


@cache
def claims() -> Mapping[str, Claim]:
    """Return the reported figures by id."""
    made = (
        Claim.model_validate({**x, **{key: x[key] or None for key in _MAY_BE_EMPTY}})
        for x in read_csv("claims")
    )
    return MappingProxyType({x.id: x for x in made})


@cache
def limits() -> tuple[Limit, ...]:
    """Return the rate limits, in the order of the file."""
    return tuple(Limit.model_validate(x) for x in read_csv("limits"))


TIER_PERIOD = "late 2025 - mid 2026"
NO_LIMITS = "none"


@cache
def tiers() -> Mapping[str, Mapping[str, Limit]]:
    """Return the tiers of one period by id, each with its limits by class of model."""
    made: dict[str, dict[str, Limit]] = {NO_LIMITS: {}}
    for limit in limits():
        if limit.period == TIER_PERIOD:
            tier = limit.tier.lower().replace(" ", "-")
            made.setdefault(tier, {})[limit.model_class] = limit
    return MappingProxyType({k: MappingProxyType(v) for k, v in made.items()})


@cache
def provider() -> Mapping[str, float]:
    """Return the values of the provider in ordinary weather."""
    return MappingProxyType(_plain(read_yaml("world")["provider"]))


@cache
def enforcement() -> Mapping[str, Any]:
    """Return what a provider does about accounts, unless a scenario says otherwise."""
    return MappingProxyType(_plain(read_yaml("world")["enforcement"]))


@cache
def operator() -> Mapping[str, Any]:
    """Return what an operator can spend and do, unless a scenario says otherwise."""
    return MappingProxyType(_plain(read_yaml("world")["operator"]))


@cache
def amplification() -> Mapping[str, Mapping[str, float]]:
    """Return what one request, and one session, was measured to come to, by quantity."""
    entries = read_yaml("amplification").items()
    return MappingProxyType({k: MappingProxyType(_plain(v)) for k, v in entries})


@cache
def statements() -> Mapping[str, Statement]:
    """Return the arithmetic of the discussed documents by id."""
    entries = read_yaml("document").items()
    return MappingProxyType({k: Statement.model_validate({"id": k, **v}) for k, v in entries})


@cache
def sources() -> Mapping[str, Source]:
    """Return the sources by key."""
    entries = read_yaml("sources").items()
    return MappingProxyType({k: Source.model_validate({"key": k, **v}) for k, v in entries})


def cited(kind: str, wanted: str) -> tuple[Cited, ...]:
    """Return every value of one entry with unit, status and source.

    `kind` is model, agent, benchmark, typology, mode, circle, family, world or amplification; else
    InvalidInputError names the nearest.
    """
    entries = read_yaml(lookup(_CITED_FILES, "kind", kind))
    if kind == "typology":
        cells = _dials(lookup(entries["typologies"], kind, wanted))
    else:
        cells = lookup(entries, kind, wanted)
    return tuple(
        Cited.model_validate({"key": key, "unit": unit_of(key), **cell})
        for key, cell in cells.items()
    )


def resolve_model(wanted: str) -> Model:
    """Return the model with the id or alias `wanted`, or raise InvalidInputError."""
    for model in models().values():
        if wanted in model.aliases:
            return model
    return lookup(models(), "model", wanted)


def claim_value(wanted: str) -> float:
    """Return the figure of a claim, or raise InvalidInputError where it has none."""
    value = lookup(claims(), "claim", wanted).value
    if value is None:
        raise InvalidInputError(f"claim {wanted!r} names no figure")
    return value
