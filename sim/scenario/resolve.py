"""From the human form to the resolved scenario: defaults, then scale."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

import sim.catalog as catalog
from sim.arrays.time import SECOND_US
from sim.documents.form_problems import plain_message
from sim.documents.problems import Path
from sim.scenario.actor_forms import ACTOR_FORMS, AnyActorForm, BenchmarkForm
from sim.scenario.actor_parts import OperatorForm, RhythmForm, TurnsForm, UptakeForm
from sim.scenario.checks import benchmark_of
from sim.scenario.enforcement_policy import Enforcement
from sim.scenario.resolved import (
    Actor,
    Clock,
    Event,
    Load,
    Scenario,
    Tables,
    World,
    fields_of,
)
from sim.scenario.scenario_form import ScenarioForm
from sim.scenario.size import scaled, scaled_dials
from sim.scenario.world_forms import AnyEventForm, WorldForm

_COVER = "swe-bench-full"


class UnresolvedError(Exception):
    """The resolved form refuses something that the checks let pass: paths and messages of it."""

    def __init__(self, faults: list[tuple[Path, str]]) -> None:
        super().__init__("; ".join(message for _, message in faults))
        self.faults = faults


def resolve(form: ScenarioForm) -> Scenario:
    """Return the resolved scenario of a checked form; a missing seed is drawn here.

    Raises UnresolvedError with every fault and the path of the key, in the form, that it is about.
    """
    faults: list[tuple[Path, str]] = []
    enforcement: Enforcement | None = None
    with _faults_of(("world", "enforcement"), faults):
        enforcement = _enforcement(form.world)
    with _faults_of(("world",), faults):
        world = _world(form.world, enforcement)
    actors: list[Actor] = []
    for number, actor in enumerate(form.actors):
        with _faults_of(("actors", number), faults):
            actors += _actors(actor, form.scale)
    if faults:
        raise UnresolvedError(faults)
    return Scenario(
        version=1,
        name=form.name,
        title=form.title,
        about=form.about,
        seed=secrets.randbits(32) if form.seed is None else form.seed,
        scale=form.scale,
        separability=form.separability,
        clock=Clock(start=form.clock.start, duration_us=form.clock.duration),
        world=world,
        actors=(*actors, *(_actor(actor, 1.0) for actor in _look_alikes(form))),
        tables=Tables(**form.tables.model_dump()),
    )


@contextmanager
def _faults_of(path: Path, faults: list[tuple[Path, str]]) -> Iterator[None]:
    """Add what the resolved form refuses below `path`, under the keys of the form."""
    try:
        yield
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            keys = [k.removesuffix("_us") if isinstance(k, str) else k for k in detail["loc"]]
            faults.append(((*path, *keys), plain_message(dict(detail))))


def _look_alikes(form: ScenarioForm) -> list[AnyActorForm]:
    if not form.look_alikes:
        return []
    actors = catalog.look_alikes().values()
    return [ACTOR_FORMS[a["typology"]].model_validate(dict(a), strict=True) for a in actors]


def _world(form: WorldForm, enforcement: Enforcement | None) -> World:
    known = catalog.provider()
    load = form.load.model_dump(exclude_none=True) if form.load else {}
    defaults = {
        "peak_hour": known["load_peak_hour"],
        "strength": known["load_strength"],
        "weekend": known["load_weekend"],
        "slowdown_at_peak": known["slowdown_at_peak"],
    }
    return World(
        load=Load(**(defaults | load)),
        overload=known["overload"] if form.overload is None else form.overload,
        server_error=known["server_error"] if form.server_error is None else form.server_error,
        timeout_us=form.timeout or round(known["timeout_s"] * SECOND_US),
        burst=form.burst or known["burst"],
        events=tuple(map(_event, sorted(form.events, key=lambda e: (e.at, e.kind)))),
        enforcement=enforcement,
    )


def _enforcement(form: WorldForm) -> Enforcement | None:
    if form.enforcement is None:
        return None
    given = form.enforcement.model_dump(exclude_none=True)
    return Enforcement.model_validate({**catalog.enforcement(), **given})


def _event(form: AnyEventForm) -> Event:
    given = form.model_dump(exclude_none=True)
    at_us, lasts_us = given.pop("at"), given.pop("lasts", None)
    until_us = None if lasts_us is None else at_us + lasts_us
    return Event(at_us=at_us, until_us=until_us, **given)


def _actors(form: AnyActorForm, scale: float) -> list[Actor]:
    """An actor, or as many copies of it as are asked for."""
    actor = _actor(form, scale)
    if form.copies == 1:
        return [actor]
    return [
        actor.model_copy(update={"id": f"{actor.id}-{number}"})
        for number in range(1, form.copies + 1)
    ]


def _actor(form: AnyActorForm, scale: float) -> Actor:
    typology = catalog.typologies()[form.typology]
    dials = {
        **typology.defaults,
        **_given(form, typology.defaults),
        "arrival": typology.arrival,
    }
    if isinstance(form, BenchmarkForm):
        dials |= _benchmark_dials(form)
    elif (agent := getattr(form, "agent", None)) is not None:
        dials["agents"] = {agent: 1.0}
    if dials["cover"] == "benchmark":
        dials.setdefault("benchmark", _COVER)
        dials["items"] = catalog.benchmarks()[dials["benchmark"]].items
    elif not isinstance(form, BenchmarkForm):
        dials.pop("benchmark", None)  # that of a typology whose cover is one
    if "operator" in dials or typology.operated:
        dials["operator"] = {**catalog.operator(), **dials.get("operator", {})}
    for key in scaled_dials(form, scale):
        if dials.get(key) is not None:
            dials[key] = scaled(dials[key], scale)
    dials["models"] = dict(sorted(dials["models"].items()))
    dials["agents"] = dict(sorted(dials["agents"].items()))
    counting = fields_of(dials["arrival"], dials.get("source"))
    return Actor.model_validate({key: dials[key] for key in counting if key in dials})


def _given(form: AnyActorForm, defaults: Any) -> dict[str, Any]:
    """Return the keys that the file gives, partial mappings filled from `defaults`."""
    single = {"agent", "model", "copies"}
    given = {key: getattr(form, key) for key in form.model_fields_set - single}
    for key, value in given.items():
        if isinstance(value, UptakeForm):
            own = value.model_dump(exclude_none=True)
            own = {{"over": "over_us"}.get(name, name): item for name, item in own.items()}
            given[key] = {**defaults[key], **own}
        elif isinstance(value, OperatorForm):
            given[key] = value.model_dump(exclude_none=True)
        elif isinstance(value, RhythmForm | TurnsForm):
            own = {name: getattr(value, name) for name in value.model_fields_set}
            given[key] = {**defaults[key], **own}
    for key in ("modes", "circles", "families"):
        if key in given:
            given[key] = {name: share for name, share in sorted(given[key].items()) if share}
    for key in ("starts", "lasts"):
        if key in given:
            given[f"{key}_us"] = given.pop(key)
    return given


def _benchmark_dials(form: BenchmarkForm) -> dict[str, Any]:
    agent, model, benchmark = benchmark_of(form)
    return {
        "benchmark": benchmark.id,
        "items": benchmark.items,
        "agents": {agent: 1.0},
        "models": {model: 1.0},
    }
