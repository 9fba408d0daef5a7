"""Check a resolved scenario that was read from a file by the rules that the human form has.

Only a file of a run holds one. What wrote that file had checked the scenario; what reads it cannot
know who changed it since.
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
    """Return what no checked file of a scenario can have led to, with paths from `scenario` on."""
    place = Place.whole(source)
    known = catalog.typologies()
    strange = [a for a in scenario.actors if a.typology not in known]
    if strange:
        message = f"unknown typology '{strange[0].typology}'"
        return [Problem(place, f"{_PREFIX}actors.{strange[0].id}.typology", message)]
    document = Document(source, _human(scenario))
    found = [(p.where, p.message) for p in validate(parse(document), document)]
    for actor in scenario.actors:
        found += [(f"actors.{actor.id}.{key}", said) for key, said in _actor_problems(actor)]
    for number, event in enumerate(scenario.world.events):
        found += [(f"world.events[{number}].{key}", said) for key, said in _event_problems(event)]
    return [Problem(place, _PREFIX + where, message) for where, message in found]


def _actor_problems(actor: Actor) -> Iterator[tuple[str, str]]:
    """What the human form does not say, because it follows from the typology."""
    typology = catalog.typologies()[actor.typology]
    source = typology.defaults.get("source")
    if (actor.arrival, actor.source) != (typology.arrival, source):
        yield "arrival", f"should be {typology.arrival} of {source}, as {actor.typology} is"
    for key, shares in _SHARES.items():
        try:
            shares.validate_python(getattr(actor, key), strict=True)
        except ValidationError as error:
            yield key, error.errors()[0]["msg"].removeprefix("Value error, ")
    counting = fields_of(actor.arrival, actor.source)
    yield from _not_counting(actor, counting)
    benchmark = catalog.benchmarks().get(actor.benchmark or "")
    most = benchmark.items if benchmark else 0
    least = 1 if actor.source == "benchmark" else 0
    if not least <= actor.items <= most:
        yield "items", f"should be {least} to {most}, found {actor.items}"


def _event_problems(event: Event) -> Iterator[tuple[str, str]]:
    yield from _not_counting(event, fields_of_event(event.kind))
    if event.until_us is not None and event.until_us <= event.at_us:
        yield "until_us", f"should be after at_us, {event.at_us}; found {event.until_us}"


def _not_counting(part: Actor | Event, counting: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for key, field in type(part).model_fields.items():
        if key not in counting and getattr(part, key) != field.default:
            yield key, "does not count here, and should be left out"


# --- the human form of what was resolved; `scale` is told, and not applied again


def _human(scenario: Scenario) -> dict[str, Any]:
    values = scenario.to_dict()
    start, duration_us = values["clock"]["start"], scenario.clock.duration_us
    return {
        **values,
        "clock": {"start": start, "duration": format_duration(duration_us)},
        "world": _world(scenario.world, values["world"]),
        "actors": [
            _actor(actor, made, scenario.scale)
            for actor, made in zip(scenario.actors, values["actors"], strict=True)
        ],
    }


def _world(world: World, values: dict[str, Any]) -> dict[str, Any]:
    values["timeout"] = format_duration(values.pop("timeout_us"))
    values["events"] = [_event(*both) for both in zip(world.events, values["events"], strict=True)]
    return values


def _event(event: Event, values: dict[str, Any]) -> dict[str, Any]:
    made = {key: values[key] for key in fields_of_event(event.kind) if key in values}
    at_us, until_us = made.pop("at_us"), made.pop("until_us", None)
    made["at"] = format_duration(at_us)
    if until_us is not None and until_us > at_us:
        made["lasts"] = format_duration(until_us - at_us)
    return made


def _actor(actor: Actor, values: dict[str, Any], scale: float) -> dict[str, Any]:
    form = ACTOR_FORMS[actor.typology]
    made = dict(values)
    for key in ("starts", "lasts"):
        if f"{key}_us" in made:
            made[key] = format_duration(made[f"{key}_us"])
    made["uptake"] = {**made["uptake"], "over": format_duration(actor.uptake.over_us)}
    del made["uptake"]["over_us"]
    if actor.organisations == _organisations_of_typology(actor, scale):
        made.pop("organisations", None)  # they may be more than the accounts that the actor has
    if "operator" in made:
        made["operator"] = _of_form(OperatorForm, made["operator"])
    for key in ("agent", "model"):
        # a form that takes but one of them; a typology may have several
        if f"{key}s" not in form.model_fields and len(values[f"{key}s"]) == 1:
            [made[key]] = values[f"{key}s"]
    return _of_form(form, {k: v for k, v in made.items() if not _is_neutral(actor, k)})


def _organisations_of_typology(actor: Actor, scale: float) -> int | None:
    number = catalog.typologies()[actor.typology].defaults.get("organisations")
    return None if number is None else scaled(number, scale)


def _of_form(form: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values[key] for key in form.model_fields if key in values}


def _is_neutral(actor: Actor, key: str) -> bool:
    """Whether a value stands for a dial that the typology does not have."""
    field = Actor.model_fields.get(key)
    dials = catalog.typologies()[actor.typology].defaults
    return field is not None and key not in dials and getattr(actor, key) == field.default
