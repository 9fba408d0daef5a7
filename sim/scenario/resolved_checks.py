"""Check a resolved scenario that was read from a file by the rules that the human form has.

Only a file of a run holds one. What wrote that file had checked the scenario; what reads it cannot
know who changed it since. So the human form is made of what was resolved, and checked as usual;
what the human form cannot say is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

import sim.catalog as catalog
from sim.documents.problems import Place, Problem
from sim.documents.quantities import format_duration
from sim.documents.strict_yaml import Document
from sim.scenario.actor_forms import ACTOR_FORMS
from sim.scenario.actor_parts import OperatorForm
from sim.scenario.checks import validate
from sim.scenario.parse import parse
from sim.scenario.resolved import Actor, Event, Scenario, World, fields_of, fields_of_event
from sim.scenario.size import scaled
from sim.scenario.values import AgentShares, ModelShares

_PREFIX = "scenario."
_SHARES = {"models": TypeAdapter[Any](ModelShares), "agents": TypeAdapter[Any](AgentShares)}


def problems_of(scenario: Scenario, source: str) -> list[Problem]:
    """Return what no checked file of a scenario can have led to.

    Parameters
    ----------
    scenario
        As a file of a run has it. Its types and ranges were checked when it was made.
    source
        What messages call the file; the problems have no lines.

    Returns
    -------
    list of Problem
        With paths from `scenario` on, such as `scenario.actors.coders.models`. An unknown typology
        is the only problem that is said, because all else depends on it.
    """
    place = Place.whole(source)
    typologies = catalog.typologies()
    for actor in scenario.actors:
        if actor.typology not in typologies:  # then nothing else can be said
            where = f"{_PREFIX}actors.{actor.id}.typology"
            return [Problem(place, where, f"unknown typology '{actor.typology}'")]

    document = Document(source, _human_form(scenario))
    findings = [(p.where, p.message) for p in validate(parse(document), document)]
    for actor in scenario.actors:
        for key, message in _actor_problems(actor):
            findings.append((f"actors.{actor.id}.{key}", message))
    for number, event in enumerate(scenario.world.events):
        for key, message in _event_problems(event):
            findings.append((f"world.events[{number}].{key}", message))
    return [Problem(place, _PREFIX + where, message) for where, message in findings]


def _actor_problems(actor: Actor) -> Iterator[tuple[str, str]]:
    """Yield key and message of what the human form does not say, but the typology does."""
    typology = catalog.typologies()[actor.typology]
    source = typology.defaults.get("source")
    if (actor.arrival, actor.source) != (typology.arrival, source):
        yield "arrival", f"should be {typology.arrival} of {source}, as {actor.typology} is"

    for key, shares in _SHARES.items():
        try:
            shares.validate_python(getattr(actor, key), strict=True)
        except ValidationError as error:
            yield key, error.errors()[0]["msg"].removeprefix("Value error, ")
    yield from _fields_that_do_not_count(actor, fields_of(actor.arrival, actor.source))

    is_of_a_file = actor.calibration is not None and "#" in (actor.library or "")
    if actor.library not in (None, catalog.NO_LIBRARY, *catalog.libraries()) and not is_of_a_file:
        yield "library", f"unknown library '{actor.library}'"
    benchmark = catalog.benchmarks().get(actor.benchmark or "")
    most = benchmark.items if benchmark else 0
    least = 1 if actor.source == "benchmark" else 0
    if not least <= actor.items <= most:
        yield "items", f"should be {least} to {most}, found {actor.items}"


def _event_problems(event: Event) -> Iterator[tuple[str, str]]:
    """Yield key and message of what an event says beyond its kind, or if it ends too early."""
    yield from _fields_that_do_not_count(event, fields_of_event(event.kind))
    if event.until_us is not None and event.until_us <= event.at_us:
        yield "until_us", f"should be after at_us, {event.at_us}; found {event.until_us}"


def _fields_that_do_not_count(
    part: Actor | Event, counting: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Yield fields that have another value than the default, and do not count here.

    Parameters
    ----------
    part
        An actor or an event.
    counting
        Names of the fields that count for its kind.
    """
    for key, field in type(part).model_fields.items():
        if key not in counting and getattr(part, key) != field.default:
            yield key, "does not count here, and should be left out"


# --- the human form of what was resolved; `scale` is said, and not applied again


def _human_form(scenario: Scenario) -> dict[str, Any]:
    """Return the mapping that a file of this scenario would hold, with the sizes as scaled."""
    values = scenario.to_dict()
    actors = zip(scenario.actors, values["actors"], strict=True)
    return {
        **values,
        "clock": {
            "start": values["clock"]["start"],
            "duration": format_duration(scenario.clock.duration_us),
        },
        "world": _world(scenario.world, values["world"]),
        "actors": [_actor(actor, fields, scenario.scale) for actor, fields in actors],
    }


def _world(world: World, values: dict[str, Any]) -> dict[str, Any]:
    """Return the provider in the human form: durations with units, events that last.

    `values` are those of `to_dict`, and are changed.
    """
    values["timeout"] = format_duration(values.pop("timeout_us"))
    events = zip(world.events, values["events"], strict=True)
    values["events"] = [_event(event, fields) for event, fields in events]
    return values


def _event(event: Event, fields: dict[str, Any]) -> dict[str, Any]:
    """Return an event in the human form: how long it lasts, not when it ends."""
    form = {key: fields[key] for key in fields_of_event(event.kind) if key in fields}
    at_us, until_us = form.pop("at_us"), form.pop("until_us", None)
    form["at"] = format_duration(at_us)
    if until_us is not None and until_us > at_us:
        form["lasts"] = format_duration(until_us - at_us)
    return form


def _actor(actor: Actor, fields: dict[str, Any], scale: float) -> dict[str, Any]:
    """Return an actor in the human form.

    Parameters
    ----------
    actor, fields
        The actor, and its values in `to_dict`.
    scale
        That of the scenario, to tell what the typology fills in.
    """
    values = dict(fields)
    values.pop("calibration", None)  # its values are those of the actor

    # times, which the human form has with units
    for key in ("starts", "lasts"):
        if f"{key}_us" in values:
            values[key] = format_duration(values[f"{key}_us"])
    uptake = {key: value for key, value in values["uptake"].items() if key != "over_us"}
    values["uptake"] = {**uptake, "over": format_duration(actor.uptake.over_us)}

    # every dial has a value here, also where recorded sessions decide
    values.pop("library", None)

    # what the typology fills in; its organisations may be more than the accounts of the actor
    if actor.organisations == _organisations_of_typology(actor, scale):
        values.pop("organisations", None)
    if "operator" in values:
        values["operator"] = _of_form(OperatorForm, values["operator"])

    # a form that takes but one agent or model; a typology may have several
    form = ACTOR_FORMS[actor.typology]
    for key in ("agent", "model"):
        if f"{key}s" not in form.model_fields and len(values[f"{key}s"]) == 1:
            [values[key]] = values[f"{key}s"]
    return _of_form(form, {k: v for k, v in values.items() if not _is_neutral(actor, k)})


def _organisations_of_typology(actor: Actor, scale: float) -> int | None:
    """Return how many organisations the typology gives an actor, scaled, or None."""
    number = catalog.typologies()[actor.typology].defaults.get("organisations")
    return None if number is None else scaled(number, scale)


def _of_form(form: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a form has keys for, in its order."""
    return {key: values[key] for key in form.model_fields if key in values}


def _is_neutral(actor: Actor, key: str) -> bool:
    """Tell whether a value stands for a parameter that the typology does not have."""
    field = Actor.model_fields.get(key)
    parameters = catalog.typologies()[actor.typology].defaults
    return field is not None and key not in parameters and getattr(actor, key) == field.default
