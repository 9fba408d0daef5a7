"""From the human form to the resolved scenario: defaults, then scale."""

from __future__ import annotations

import math
import secrets
from typing import Any

from sim import catalog
from sim.scenario.checks import benchmark_of
from sim.scenario.models import (
    AnyActorForm,
    AnyEventForm,
    L04Form,
    RhythmForm,
    ScenarioForm,
    TurnsForm,
    UptakeForm,
    WorldForm,
)
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

_SCALED = ("accounts", "organisations", "target_exchanges", "workers")


def resolve(form: ScenarioForm) -> Scenario:
    """Return the resolved scenario of a checked form; a missing seed is drawn here."""
    return Scenario(
        version=1,
        name=form.name,
        title=form.title,
        about=form.about,
        seed=secrets.randbits(32) if form.seed is None else form.seed,
        scale=form.scale,
        clock=Clock(start=form.clock.start, duration_us=form.clock.duration),
        world=_world(form.world),
        actors=tuple(_actor(actor, form.scale) for actor in form.actors),
        tables=Tables(**form.tables.model_dump()),
    )


def _world(form: WorldForm) -> World:
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
        timeout_us=form.timeout or round(known["timeout_s"] * 1e6),
        burst=form.burst or known["burst"],
        events=tuple(map(_event, sorted(form.events, key=lambda e: (e.at, e.kind)))),
    )


def _event(form: AnyEventForm) -> Event:
    given = form.model_dump(exclude_none=True)
    at_us, lasts_us = given.pop("at"), given.pop("lasts", None)
    until_us = None if lasts_us is None else at_us + lasts_us
    return Event(at_us=at_us, until_us=until_us, **given)


def scaled(number: int, scale: float) -> int:
    """Return `number` x `scale`, rounded half up, at least 1."""
    return max(1, math.floor(number * scale + 0.5)) if scale != 1 else number


def _actor(form: AnyActorForm, scale: float) -> Actor:
    typology = catalog.typologies()[form.typology]
    dials = {
        **typology.defaults,
        **_given(form, typology.defaults),
        "arrival": typology.arrival,
    }
    if isinstance(form, L04Form):
        dials |= _benchmark_dials(form)
    elif (agent := getattr(form, "agent", None)) is not None:
        dials["agents"] = {agent: 1.0}
    for key in _scaled_dials(form, scale):
        if dials.get(key) is not None:
            dials[key] = scaled(dials[key], scale)
    dials["models"] = dict(sorted(dials["models"].items()))
    dials["agents"] = dict(sorted(dials["agents"].items()))
    counting = fields_of(dials["arrival"], dials.get("source"))
    return Actor.model_validate({key: dials[key] for key in counting if key in dials})


def _scaled_dials(form: AnyActorForm, scale: float) -> tuple[str, ...]:
    """A benchmark has no more items than it has, so a scale above 1 multiplies its runs."""
    if isinstance(form, L04Form):
        return ("items" if scale < 1 else "runs", "workers")
    return _SCALED


def _given(form: AnyActorForm, defaults: Any) -> dict[str, Any]:
    """Return the keys that the file gives, partial mappings filled from `defaults`."""
    single = {"agent", "model"}
    given = {key: getattr(form, key) for key in form.model_fields_set - single}
    for key, value in given.items():
        if isinstance(value, UptakeForm):
            own = value.model_dump(exclude_none=True)
            own = {{"over": "over_us"}.get(name, name): item for name, item in own.items()}
            given[key] = {**defaults[key], **own}
        elif isinstance(value, RhythmForm | TurnsForm):
            own = {name: getattr(value, name) for name in value.model_fields_set}
            given[key] = {**defaults[key], **own}
    for key in ("starts", "lasts"):
        if key in given:
            given[f"{key}_us"] = given.pop(key)
    return given


def _benchmark_dials(form: L04Form) -> dict[str, Any]:
    agent, model, benchmark = benchmark_of(form)
    return {
        "benchmark": benchmark.id,
        "items": benchmark.items,
        "agents": {agent: 1.0},
        "models": {model: 1.0},
    }
