"""The catalog's entries, read once and kept; all are immutable."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from sim.catalog.data_files import lookup, read_csv, read_yaml, unit_of
from sim.catalog.records import (
    Agent,
    Benchmark,
    Cited,
    Claim,
    Family,
    Limit,
    Model,
    OutputRule,
    Parameter,
    PaymentKind,
    Source,
    Statement,
    Status,
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
    "level": "levels",
    "world": "world",
    "amplification": "amplification",
    "payment": "payments",
    "label": "labelling",
    "population": "population",
}

_Dated = TypeVar("_Dated", Limit, OutputRule)

_MAY_BE_EMPTY = ("value", "bound", "low", "high", "window_days")


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an entry by key, without their sources and notes."""
    return {key: cell["value"] for key, cell in entry.items()}


@cache
def models() -> Mapping[str, Model]:
    """Return the served models by id, in the order of the file, as all entries are."""
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
    """Return the typologies by id; their defaults include those that all typologies share."""
    by_id = {}
    for key, entry in read_yaml("typologies")["typologies"].items():
        labels = {k: v for k, v in entry.items() if k != "dials"}
        defaults = _plain(_parameters_of(entry))
        by_id[key] = Typology.model_validate({"id": key, "defaults": defaults, **labels})
    return MappingProxyType(by_id)


def _parameters_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return every parameter of a typology, those that it shares with others included.

    Its own stand in place of shared ones of the same name. Values are cells with source and status.
    """
    return {**read_yaml("typologies")["common"], **entry["dials"]}


@cache
def modes() -> Mapping[str, Variant]:
    """Return the modes of behaviour by id, each with the parameters that it replaces."""
    return _variants("modes")


@cache
def sharing_groups() -> Mapping[str, Variant]:
    """Return by id the ways in which accounts share addresses and cards (`circles` in the data)."""
    return _variants("circles")


@cache
def levels() -> Mapping[str, Variant]:
    """Return the levels of difficulty by id; parameters are the separability by typology."""
    return _variants("levels")


def _variants(name: str) -> Mapping[str, Variant]:
    """Return the entries of a file as variants by id: a title, and parameters of any name."""
    by_id = {}
    for key, entry in read_yaml(name).items():
        parameters = _plain(entry)
        title = parameters.pop("title")
        by_id[key] = Variant(id=key, title=title, parameters=parameters)
    return MappingProxyType(by_id)


@cache
def look_alikes() -> Mapping[str, Mapping[str, Any]]:
    """Return by id the actors that look like a ring and are harmless, as a scenario has them.

    They are mappings of the human form, not yet checked.
    """
    entries = read_yaml("look_alikes").items()
    return MappingProxyType({k: MappingProxyType({"id": k, **v["actor"]}) for k, v in entries})


@cache
def families() -> Mapping[str, Family]:
    """Return the families of prompt templates by id."""
    entries = read_yaml("families").items()
    return MappingProxyType({k: Family.model_validate({"id": k, **_plain(v)}) for k, v in entries})


@cache
def claims() -> Mapping[str, Claim]:
    """Return the reported figures by id; cells that are empty are None where they may be."""
    by_id = {}
    for row in read_csv("claims"):
        optional = {key: row[key] or None for key in _MAY_BE_EMPTY}
        parts = {"sum_of": tuple(row["sum_of"].split())}
        by_id[row["id"]] = Claim.model_validate({**row, **optional, **parts})
    return MappingProxyType(by_id)


@cache
def limits() -> tuple[Limit, ...]:
    """Return the rate limits, in the order of the file."""
    return tuple(Limit.model_validate({"since": x.pop("from"), **x}) for x in read_csv("limits"))


@cache
def output_rules() -> tuple[OutputRule, ...]:
    """Return how output counts against its limit, in the order of the file."""
    rows = read_csv("output_rules")
    return tuple(OutputRule.model_validate({"since": x.pop("from"), **x}) for x in rows)


NO_LIMITS = "none"


@cache
def tiers() -> Mapping[str, Mapping[str, tuple[Limit, ...]]]:
    """Return the tiers by id, each with its limits of all times by class of model.

    The id is the name in lower case with hyphens. The tier `NO_LIMITS` has no limits at all, and a
    class that a tier does not name has none in it. Limits are in order of time.
    """
    by_tier: dict[str, dict[str, tuple[Limit, ...]]] = {NO_LIMITS: {}}
    for limit in sorted(limits(), key=lambda limit: limit.since):
        classes = by_tier.setdefault(limit.tier.lower().replace(" ", "-"), {})
        classes[limit.model_class] = (*classes.get(limit.model_class, ()), limit)
    return MappingProxyType({k: MappingProxyType(v) for k, v in by_tier.items()})


def limits_of(tier: str, day: date) -> Mapping[str, Limit]:
    """Return the limits of a tier on a day by class of model.

    Those are the newest that no later day than `day` is known for; before the first, the first.
    """
    return {name: newest(tuple(over_time), day) for name, over_time in tiers()[tier].items()}


def output_rule(day: date) -> OutputRule:
    """Return how output counts on a day: the newest first reading of no later day, or the first."""
    return newest(tuple(rule for rule in output_rules() if rule.reading == "first"), day)


def newest(dated: tuple[_Dated, ...], day: date) -> _Dated:
    """Return the newest of what holds since a day of at most `day`; before the first, the first."""
    return next((entry for entry in reversed(dated) if entry.since <= day), dated[0])


@cache
def provider() -> Mapping[str, float]:
    """Return the values of the provider in ordinary conditions, without any event."""
    return MappingProxyType(_plain(read_yaml("world")["provider"]))


@cache
def pools() -> Mapping[str, Any]:
    """Return what the pools of the world that strangers share are like."""
    return MappingProxyType(_plain(read_yaml("world")["pools"]))


@cache
def enforcement() -> Mapping[str, Any]:
    """Return what a provider does about accounts, unless a scenario says otherwise."""
    return MappingProxyType(_plain(read_yaml("world")["enforcement"]))


@cache
def operator() -> Mapping[str, Any]:
    """Return what an operator can spend and do, unless a scenario says otherwise."""
    return MappingProxyType(_plain(read_yaml("world")["operator"]))


@cache
def population() -> Mapping[str, float]:
    """Return the share of each typology in the accounts of a provider that do not extract."""
    return MappingProxyType(_plain(read_yaml("population")["accounts"]))


PAYMENT_TIMING = "timing"


@cache
def payment_kinds() -> Mapping[str, PaymentKind]:
    """Return how payments go by kind of access: types of instruments, and cards that are stolen."""
    entries = read_yaml("payments").items()
    return MappingProxyType(
        {
            k: PaymentKind.model_validate({"id": k, **_plain(v)})
            for k, v in entries
            if k != PAYMENT_TIMING
        }
    )


@cache
def payment_timing() -> Mapping[str, float]:
    """Return when payments are made, disputed and refunded, whatever pays."""
    return MappingProxyType(_plain(read_yaml("payments")[PAYMENT_TIMING]))


@cache
def labelling() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Return how labels come to be: by channel and dial a cell with value, source and note."""
    return MappingProxyType(read_yaml("labelling"))


@cache
def amplification() -> Mapping[str, Mapping[str, float]]:
    """Return what one request, and one session, was measured to come to, by quantity."""
    entries = read_yaml("amplification").items()
    return MappingProxyType({k: MappingProxyType(_plain(v)) for k, v in entries})


@cache
def statements() -> Mapping[str, Statement]:
    """Return what the discussed documents say, by id."""
    entries = read_yaml("document").items()
    return MappingProxyType({k: Statement.model_validate({"id": k, **v}) for k, v in entries})


@cache
def statement_runs() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Return what the runs of statements came to, by statement, actor and quantity."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in read_csv("statement_runs"):
        of_actor = found.setdefault(row["statement"], {}).setdefault(row["actor"], {})
        of_actor[row["quantity"]] = float(row["value"])
    return MappingProxyType(found)


@cache
def sources() -> Mapping[str, Source]:
    """Return the sources by key."""
    entries = read_yaml("sources").items()
    return MappingProxyType({k: Source.model_validate({"key": k, **v}) for k, v in entries})


def cited(kind: str, wanted: str) -> tuple[Cited, ...]:
    """Return every value of one entry with unit, status and source, in the order of the file.

    Parameters
    ----------
    kind
        model, agent, benchmark, typology, mode, circle, level, family, world, amplification,
        payment, label or population.
    wanted
        Id of the entry.

    Raises
    ------
    InvalidInputError
        If there is no such kind or entry; the message names the nearest.
    """
    entries = read_yaml(lookup(_CITED_FILES, "kind", kind))
    if kind == "typology":
        cells = _parameters_of(lookup(entries["typologies"], kind, wanted))
    else:
        cells = lookup(entries, kind, wanted)
    return tuple(
        Cited.model_validate({"key": key, "unit": unit_of(key), **cell})
        for key, cell in cells.items()
    )


@cache
def parameters() -> tuple[Parameter, ...]:
    """Return the parameters of the world, in the order of the file."""
    return tuple(_parameter(key, entry) for key, entry in read_yaml("parameters").items())


def _parameter(key: str, entry: Mapping[str, Any]) -> Parameter:
    """Return a parameter with the cells behind it: one of the world, or one of each entry.

    Parameters
    ----------
    key
        Its name.
    entry
        Of the data file; `default` names the cell as `provider.burst`, `typology.tier` or
        `model.ttft_s`.
    """
    kind, _, name = entry["default"].partition(".")
    owners = {"typology": typologies, "model": models}
    if kind in owners:
        values = {owner: _cell(kind, owner, name) for owner in owners[kind]()}
    else:
        values = {kind: _cell("world", kind, name)}

    first, *others = values.values()
    differs = any(cell.value != first.value for cell in others)
    statuses = {cell.status for cell in values.values()}
    return Parameter(
        key=key,
        unit=entry["unit"],
        acts_on=entry["acts_on"],
        default=f"by {kind}" if differs else first.value,
        statuses=tuple(status for status in get_args(Status) if status in statuses),
        sources=tuple(dict.fromkeys(cell.source for cell in values.values())),
        note=entry.get("note", "" if others else first.note),
        values=values,
    )


def _cell(kind: str, owner: str, name: str) -> Cited:
    """Return one value of an entry; StopIteration for a name that it does not have."""
    return next(cell for cell in cited(kind, owner) if cell.key == name)


def resolve_model(wanted: str) -> Model:
    """Return the model with an id or an alias; an alias is tried first.

    Raises
    ------
    InvalidInputError
        If there is no such model; the message names the nearest ids.
    """
    for model in models().values():
        if wanted in model.aliases:
            return model
    return lookup(models(), "model", wanted)


def claim_value(wanted: str) -> float:
    """Return the figure of a claim; InvalidInputError where it has none."""
    value = lookup(claims(), "claim", wanted).value
    if value is None:
        raise InvalidInputError(f"claim {wanted!r} names no figure")
    return value
