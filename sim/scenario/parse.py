"""From a document to the human form: every fault at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sim.distributions import SHAPE_NAMES, Distribution
from sim.documents.form_problems import Layout, Union, problems_of_form
from sim.documents.problems import Path, Problem
from sim.documents.strict_yaml import Document, dotted
from sim.scenario.actor_forms import ACTOR_FORMS, AnyActorForm
from sim.scenario.actor_parts import RhythmForm
from sim.scenario.scenario_form import ScenarioForm
from sim.scenario.world_forms import EVENT_FORMS


@dataclass(frozen=True)
class Parsed:
    """What became of a document.

    Attributes
    ----------
    form:
        The human form; None if there are problems.
    actors:
        By position those that are right on their own, even if something else is wrong, so that
        they can be checked further in the same round.
    problems:
        Every problem that a form can have.
    """

    form: ScenarioForm | None
    actors: Mapping[int, AnyActorForm]
    problems: tuple[Problem, ...]


def parse(document: Document) -> Parsed:
    """Check types, ranges and keys of the human form; raises nothing.

    What holds between keys, and between keys and the catalog, is not checked here but by `checks`.

    Parameters
    ----------
    document
        What was read. Problems of reading are among those of the result.
    """
    form, data, problems = problems_of_form(_LAYOUT, document)
    if isinstance(form, ScenarioForm) and not problems:
        return Parsed(form, dict(enumerate(form.actors)), ())
    return Parsed(None, {} if data is None else _sound_actors(data), tuple(problems))


def path_name(data: Any, path: Path) -> str:
    """Return `path` as messages show it, an actor by its id where the id is text.

    Parameters
    ----------
    data
        Of the document, in which the id is looked up; it need not be right.
    path
        Into these data, such as ("actors", 0, "models").

    Returns
    -------
    str
        `actors.coders.models`, or `actors[0].models` where the actor has no id.
    """
    if len(path) < 2 or path[0] != "actors" or not isinstance(path[1], int):
        return dotted(path)
    actor = data["actors"][path[1]]
    name = actor.get("id") if isinstance(actor, dict) else None
    return dotted(("actors", name, *path[2:]) if isinstance(name, str) and name else path)


def _sound_actors(data: dict[str, Any]) -> dict[int, AnyActorForm]:
    """Return by position the actors that fit their form, whatever is wrong with the others."""
    actors = data.get("actors")
    sound: dict[int, AnyActorForm] = {}
    for number, raw in enumerate(actors if isinstance(actors, tuple) else ()):
        form = _form_of_actor(raw)
        if form is None:
            continue
        try:
            sound[number] = TypeAdapter(form).validate_python(raw, strict=True)
        except ValidationError:
            continue
    return sound


def _form_of_actor(raw: Any) -> type[AnyActorForm] | None:
    """Return the form that the typology of an actor asks for, None without a known typology."""
    typology = raw.get("typology") if isinstance(raw, dict) else None
    return ACTOR_FORMS.get(typology) if isinstance(typology, str) else None


_LAYOUT = Layout(
    root=ScenarioForm,
    title="a scenario",
    item="actor",
    unions=(
        Union(("actors",), "typology", ACTOR_FORMS),
        Union(("world", "events"), "kind", EVENT_FORMS),
    ),
    path_name=path_name,
    mappings={
        Distribution: f"a number, or a mapping with one of {SHAPE_NAMES}",
        RhythmForm: "a mapping or the word none",
    },
)
