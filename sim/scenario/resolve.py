"""From the human form to the resolved scenario: defaults, then scale."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import sim.catalog as catalog
from sim.calibration.form import ScaffoldDials, read_calibration
from sim.catalog import NO_LIBRARY
from sim.documents.form_problems import plain_message
from sim.documents.problems import Path as Keys
from sim.scenario.actor_forms import ACTOR_FORMS, AnyActorForm, BenchmarkForm
from sim.scenario.actor_parts import OperatorForm, RhythmForm, TurnsForm, UptakeForm
from sim.scenario.checks import benchmark_of
from sim.scenario.enforcement_policy import Enforcement
from sim.scenario.resolved import (
    DECIDED_BY_LIBRARY,
    Actor,
    Clock,
    Event,
    Load,
    RateLimits,
    Scenario,
    Tables,
    World,
    fields_of,
)
from sim.scenario.scenario_form import ScenarioForm
from sim.scenario.size import scaled, scaled_budget, scaled_keys, sizes_of_copies
from sim.scenario.world_forms import AnyEventForm, TiersForm, WorldForm

# The benchmark that is cover where a scenario names none.
_COVER = "swe-bench-full"


class UnresolvedError(Exception):
    """The resolved form refuses something that the checks let pass.

    Attributes
    ----------
    faults
        A path of the human form and a message for each.
    """

    def __init__(self, faults: list[tuple[Keys, str]]) -> None:
        super().__init__("; ".join(message for _, message in faults))
        self.faults = faults


def resolve(form: ScenarioForm) -> Scenario:
    """Return the resolved scenario of a checked form; a missing seed is drawn here.

    Defaults come first, then the scale. Look-alikes of the catalog are added behind the actors, and
    a scale does not change them.

    Parameters
    ----------
    form
        A form without problems: `checks` has let it pass.

    Raises
    ------
    UnresolvedError
        With every fault and the path of the key, in the form, that it is about.
    """
    faults: list[tuple[Keys, str]] = []
    enforcement: Enforcement | None = None
    with _faults_of(("world", "enforcement"), faults):
        enforcement = _enforcement(form.world)
    with _faults_of(("world",), faults):
        world = _world(form.world, form.clock.start.date(), enforcement)
    actors: list[Actor] = []
    for number, actor in enumerate(form.actors):
        with _faults_of(("actors", number), faults):
            actors += _actors(actor, form)
    if faults:
        raise UnresolvedError(faults)

    look_alikes = [_actor(actor, form, 1.0) for actor in _look_alikes(form)]
    return Scenario(
        version=1,
        name=form.name,
        title=form.title,
        about=form.about,
        seed=secrets.randbits(32) if form.seed is None else form.seed,
        scale=form.scale,
        level=form.level,
        clock=Clock(start=form.clock.start, duration_us=form.clock.duration),
        world=world,
        actors=(*actors, *look_alikes),
        tables=Tables(**form.tables.model_dump()),
    )


@contextmanager
def _faults_of(path: Keys, faults: list[tuple[Keys, str]]) -> Iterator[None]:
    """Add what the resolved form refuses below `path`, under the keys of the form.

    Parameters
    ----------
    path
        Of the part that is resolved within the context.
    faults
        Grows by a path and a message for each fault; nothing is raised.
    """
    try:
        yield
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            keys = [k.removesuffix("_us") if isinstance(k, str) else k for k in detail["loc"]]
            faults.append(((*path, *keys), plain_message(dict(detail))))


# --- the world


def _world(form: WorldForm, starts: date, enforcement: Enforcement | None) -> World:
    """Return the provider: what the form says, else the catalog; events in order of time.

    Parameters
    ----------
    form
        Of the human form.
    starts
        Day on which the clock starts.
    enforcement
        Already resolved; None for a provider that does nothing about accounts.
    """
    usual = catalog.provider()
    load = {
        "peak_hour": usual["load_peak_hour"],
        "strength": usual["load_strength"],
        "weekend": usual["load_weekend"],
        "slowdown_at_peak": usual["slowdown_at_peak"],
    }
    if form.load:
        load |= form.load.model_dump(exclude_none=True)

    events = sorted(form.events, key=lambda event: (event.at, event.kind))
    return World(
        seed=int(usual["seed"]) if form.seed is None else form.seed,
        load=Load(**load),
        overload=usual["overload"] if form.overload is None else form.overload,
        server_error=usual["server_error"] if form.server_error is None else form.server_error,
        timeout_us=form.timeout or round(usual["timeout_s"] * 1e6),
        burst=form.burst or usual["burst"],
        limits=_limits(form.limits or TiersForm(), starts),
        events=tuple(map(_event, events)),
        enforcement=enforcement,
    )


def _limits(form: TiersForm, starts: date) -> RateLimits:
    """Return which limits hold: those of a day that is given, else of the clock's start."""
    as_of = form.as_of or starts
    return RateLimits(as_of=as_of, output=form.output or catalog.output_rule(as_of).output)


def _enforcement(form: WorldForm) -> Enforcement | None:
    """Return what the provider does about accounts, filled in from the catalog; None if nothing."""
    if form.enforcement is None:
        return None
    written = form.enforcement.model_dump(exclude_none=True)
    return Enforcement.model_validate({**catalog.enforcement(), **written})


def _event(form: AnyEventForm) -> Event:
    """Return an event with a time of end in place of how long it lasts; None for no end."""
    values = form.model_dump(exclude_none=True)
    at_us, lasts_us = values.pop("at"), values.pop("lasts", None)
    until_us = None if lasts_us is None else at_us + lasts_us
    return Event(at_us=at_us, until_us=until_us, **values)


# --- actors


def _look_alikes(form: ScenarioForm) -> list[AnyActorForm]:
    """Return the harmless actors of the catalog that look like a ring, if they are asked for."""
    if not form.look_alikes:
        return []
    actors = catalog.look_alikes().values()
    return [ACTOR_FORMS[a["typology"]].model_validate(dict(a), strict=True) for a in actors]


def _separability(actor: AnyActorForm, form: ScenarioForm) -> float:
    """Return what an actor says of itself, else what its scenario says of it, else 1."""
    if actor.separability is not None:
        return actor.separability
    if form.level is not None:
        separability: float = catalog.levels()[form.level].parameters[actor.typology]
        return separability
    return 1.0 if form.separability is None else form.separability


def _actors(form: AnyActorForm, scenario: ScenarioForm) -> list[Actor]:
    """Return an actor, or as many copies of it as are asked for and left, numbered from 1."""
    scale = scenario.scale
    actor = _actor(form, scenario, scale)
    if form.copies == 1:
        return [actor]
    ids = [f"{actor.id}-{number}" for number in range(1, form.copies + 1)]
    if isinstance(form, BenchmarkForm) or scale == 1:  # accounts stay, and so do all copies
        return [actor.model_copy(update={"id": id_}) for id_ in ids]

    whole = _actor(form, scenario, 1.0)
    numbers = {key: getattr(whole, key) for key in scaled_keys(form, scale)}
    sizes = sizes_of_copies(numbers, form.copies, scale)
    operator = whole.operator
    if operator and operator.budget_usd is not None:
        budget = scaled_budget(operator.budget_usd, scale * form.copies / len(sizes))
        operator = operator.model_copy(update={"budget_usd": budget})
    return [
        actor.model_copy(update={"id": id_, "operator": operator, **size})
        for id_, size in zip(ids, sizes, strict=False)
    ]


def _actor(form: AnyActorForm, scenario: ScenarioForm, scale: float) -> Actor:
    """Fill in what the file leaves out from the typology, then scale.

    Parameters
    ----------
    form
        An actor of the human form; copies are made by the caller.
    scenario
        Says what holds for all actors: separability, volume, a cap.
    scale
        Above 0. It multiplies the keys of `scaled_keys`, typology defaults too, and the budget.

    Returns
    -------
    Actor
        With the fields that count for its arrival and source; models and agents are in order of id.
    """
    typology = catalog.typologies()[form.typology]
    defaults = {**typology.defaults, **_calibrated(form)}
    values = {
        **defaults,
        **_written(form, defaults),
        "arrival": typology.arrival,
        "separability": _separability(form, scenario),
        "volume": scenario.volume,
        "most_of_everybody": scenario.most_exchanges_per_account_day,
    }

    # What is worked on, and by which agent.
    if isinstance(form, BenchmarkForm):
        values |= _benchmark_values(form)
    elif (agent := getattr(form, "agent", None)) is not None:
        values["agents"] = {agent: 1.0}
    if values["cover"] == "benchmark":
        values.setdefault("benchmark", _COVER)
        values["items"] = catalog.benchmarks()[values["benchmark"]].items
    elif not isinstance(form, BenchmarkForm):
        values.pop("benchmark", None)  # that of a typology whose cover is one

    if "operator" in values or typology.operated:
        values["operator"] = {**catalog.operator(), **values.get("operator", {})}

    values |= _scaled(values, scaled_keys(form, scale), scale)
    work = "items" if isinstance(form, BenchmarkForm) else "target_exchanges"
    if scenario.volume is not None and values.get(work) is not None:
        values[work] = scaled(values[work], scenario.volume)
    if form.model_fields_set.intersection(DECIDED_BY_LIBRARY):
        values.setdefault("library", NO_LIBRARY)
    values["models"] = dict(sorted(values["models"].items()))
    values["agents"] = dict(sorted(values["agents"].items()))
    counting = fields_of(values["arrival"], values.get("source"))
    return Actor.model_validate({key: values[key] for key in counting if key in values})


def _scaled(values: dict[str, Any], keys: Iterable[str], scale: float) -> dict[str, Any]:
    """Return the values that a scale changes: those of `keys` that there are, and the budget."""
    there = [key for key in keys if values.get(key) is not None]
    found: dict[str, Any] = {key: scaled(values[key], scale) for key in there}
    if (values.get("operator") or {}).get("budget_usd") is not None:
        budget = scaled_budget(values["operator"]["budget_usd"], scale)
        found["operator"] = {**values["operator"], "budget_usd": budget}
    return found


def _calibrated(form: AnyActorForm) -> dict[str, Any]:
    """Return the values of the calibration that an actor names, by names of the resolved form."""
    if form.calibration is None:
        return {}

    file = read_calibration(form.calibration)
    found = file.calibration
    dials = found.actor.model_dump(exclude_none=True)
    has_dials = not dials.keys().isdisjoint(DECIDED_BY_LIBRARY)

    return {
        **dials,
        "library": NO_LIBRARY if has_dials else file.library,
        "agents": {found.agent: 1.0},
        "scaffold": found.scaffold.model_dump(exclude_none=True),
        "calibration": {
            "file": Path(file.path).name,
            "sha256": file.sha256,
            "trace": found.trace.name,
            "trace_sha256": found.trace.sha256,
        },
    }


def _written(form: AnyActorForm, defaults: Any) -> dict[str, Any]:
    """Return the values that the file gives, by names of the resolved form.

    Parameters
    ----------
    form
        The actor. Keys that it leaves out are not in the result.
    defaults
        Of its typology and calibration; mappings of which the file gives some keys are filled from
        them.
    """
    keys = form.model_fields_set - {"agent", "model", "copies", "calibration"}
    values = {key: _filled(getattr(form, key), defaults.get(key)) for key in keys}

    # shares of 0 say nothing
    for key in ("modes", "circles", "families"):
        if key in values:
            values[key] = {name: share for name, share in sorted(values[key].items()) if share}
    for key in ("starts", "lasts"):
        if key in values:
            values[f"{key}_us"] = values.pop(key)
    return values


def _filled(value: Any, default: Any) -> Any:
    """Return a value of the form; the keys that a mapping leaves out are those of its default."""
    if isinstance(value, UptakeForm):
        parts = value.model_dump(exclude_none=True)
        if "over" in parts:
            parts["over_us"] = parts.pop("over")
        return {**default, **parts}
    if isinstance(value, RhythmForm | TurnsForm | ScaffoldDials):
        parts = {name: getattr(value, name) for name in value.model_fields_set}
        return {**(default or {}), **parts}
    if isinstance(value, OperatorForm):  # filled in later, from the catalog
        return value.model_dump(exclude_none=True)
    return value


def _benchmark_values(form: BenchmarkForm) -> dict[str, Any]:
    """Return what a benchmark run works on, and with which single agent and model."""
    agent, model, benchmark = benchmark_of(form)
    return {
        "benchmark": benchmark.id,
        "items": benchmark.items,
        "agents": {agent: 1.0},
        "models": {model: 1.0},
    }
