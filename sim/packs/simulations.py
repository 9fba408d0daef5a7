"""From the members of a recipe to the resolved scenarios of their simulations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from sim.documents.overrides import set_value, split_key
from sim.documents.problems import Path, Problem
from sim.documents.strict_yaml import Document, dotted
from sim.errors import InvalidInputError
from sim.packs.recipe_form import MembersForm, SimulationsForm
from sim.scenario.load import read_document, scenario_of
from sim.scenario.resolved import Scenario

# Keys of members that are keys of the scenario too.
_PLAIN = ("scale", "level")
# Keys of the scenario that a recipe gives by keys of its own, which come after `set`.
_OWN_WAYS = {
    "seed": "seeds",
    "world.seed": "worlds",
    "scale": "scale",
    "level": "level",
    "tables.part_rows": "part_rows",
}


@dataclass
class Simulations:
    """What became of the members of a recipe.

    Attributes
    ----------
    scenarios
        Resolved, one a seed, in the order of the recipe.
    places
        Of each of them the path of the member in the recipe; () for the top.
    problems
        Every fault that was found.
    """

    scenarios: list[Scenario] = field(default_factory=list)
    places: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def simulations_of(form: MembersForm, document: Document, folder: FilePath) -> Simulations:
    """Read the scenarios of all members, and resolve them with every seed and world.

    Parameters
    ----------
    form
        Of the members, right on its own.
    document
        The recipe, for places and for values of `set`.
    folder
        Where files of scenarios are looked for.

    Returns
    -------
    Simulations
        Complete if there are no problems.
    """
    found = Simulations()
    if form.members is not None and not form.members:
        found.problems.append(_problem(document, ("members",), "should hold at least one member"))
    if form.members is None:
        members: list[tuple[Path, SimulationsForm]] = [((), form)]
    else:
        members = [(("members", number), each) for number, each in enumerate(form.members)]

    for path, member in members:
        _Member(path, member, form, document, folder).add_to(found)
    found.problems.extend(_seeds_used_twice(found, document))
    return found


@dataclass(frozen=True)
class _Member:
    """One entry of `members`, or the keys at the top where there are none.

    Attributes
    ----------
    path
        Of the entry in the recipe.
    own, top
        Its keys, and those at the top, which hold where it has none.
    document, folder
        As of `simulations_of`.
    """

    path: Path
    own: SimulationsForm
    top: SimulationsForm
    document: Document
    folder: FilePath

    def key(self, name: str) -> tuple[Any, Path]:
        """Return the value of a key, its own or that at the top, and the path where it stands."""
        own = getattr(self.own, name)
        return (own, (*self.path, name)) if own is not None else (getattr(self.top, name), (name,))

    def add_to(self, found: Simulations) -> None:
        """Add the simulations of this member, and its problems."""
        missing = [name for name in ("scenario", "seeds") if not self.key(name)[0]]
        for name in missing:
            found.problems.append(
                _problem(self.document, self.path, f"missing key '{name}', here or at the top")
            )
        if missing:
            return

        seeds, seeds_path = self.key("seeds")
        worlds = self.key("worlds")[0] or (None,)
        if len(worlds) > len(seeds):
            message = f"{len(seeds)} of them for {len(worlds)} worlds; give each world at least one"
            found.problems.append(_problem(self.document, seeds_path, message))
            return

        try:
            scenario = self.scenario(seeds[0])
        except InvalidInputError as error:
            name, path = self.key("scenario")
            found.problems.extend(
                _problem(self.document, path, f"scenario {name}: {line}")
                for line in str(error).splitlines()
            )
            return
        for number, seed in enumerate(seeds):
            world = worlds[number % len(worlds)]
            world_seed = scenario.world.seed if world is None else world
            found.scenarios.append(with_seeds(scenario, seed, world_seed))
            found.places.append(self.path)

    def scenario(self, seed: int) -> Scenario:
        """Return the resolved scenario, in the world that it names itself.

        Raises
        ------
        InvalidInputError
            If there is no such scenario, or with every fault in it.
        """
        document = read_document(self.source())
        for (path, key), value in self.changes():
            parts = split_key(key)
            if not parts:
                raise InvalidInputError(f"{key!r}: should be a key such as clock.duration")
            if own := _OWN_WAYS.get(".".join(map(str, parts))):
                raise InvalidInputError(f"set.{key}: is given by the key {own} of the recipe")
            set_value(document, parts, value, self.document.place(path, key=True))

        set_value(document, ["seed"], seed, self.document.place(self.key("seeds")[1]))
        for name in _PLAIN:
            value, path = self.key(name)
            if value is not None:
                set_value(document, [name], value, self.document.place(path))
                if name == "level" and isinstance(document.data, dict):
                    document.data.pop("separability", None)
        return scenario_of(document)

    def source(self) -> str:
        """Return the file beside the recipe if there is one, else the name as it stands."""
        name = str(self.key("scenario")[0])
        beside = self.folder / FilePath(name).expanduser()
        is_path = "/" in name or name.endswith((".yaml", ".yml"))
        return str(beside) if is_path or beside.is_file() else name

    def changes(self) -> Iterator[tuple[tuple[Path, str], Any]]:
        """Yield the path of `set` with each key of it, and its value; those of the top first."""
        for path in dict.fromkeys([("set",), (*self.path, "set")]):
            written = _value_at(self.document.data, path)
            for key, value in (written or {}).items():
                yield ((*path, key), key), deepcopy(value)


def with_seeds(scenario: Scenario, seed: int, world_seed: int) -> Scenario:
    """Return a resolved scenario with other seeds of the run and of the world."""
    world = scenario.world.model_copy(update={"seed": world_seed})
    return scenario.model_copy(update={"seed": seed, "world": world})


def _value_at(data: Any, path: Path) -> Any:
    """Return what stands at a path of the document, None if nothing does."""
    for part in path:
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, Sequence) and isinstance(part, int):
            data = data[part]
    return data


def _seeds_used_twice(found: Simulations, document: Document) -> Iterator[Problem]:
    """Yield a problem for each seed that an earlier simulation has."""
    seen: set[int] = set()
    for scenario, path in zip(found.scenarios, found.places, strict=True):
        if scenario.seed in seen:
            message = f"seed {scenario.seed} is used twice; identifiers are made from it"
            yield _problem(document, (*path, "seeds"), message)
        seen.add(scenario.seed)


def _problem(document: Document, path: Path, message: str) -> Problem:
    return Problem(document.place(path), dotted(path), message)
