"""What functions of the front take: scenarios, runs, workers and claims in every form.

A value of a type that names no such thing is a TypeError that says what can be given. A value of
the right type that leads to nothing is an InvalidInputError, as on the command line.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from sim.errors import InvalidInputError

if TYPE_CHECKING:
    from sim._run import Run
    from sim.catalog import Claim
    from sim.engine.executors import Workers
    from sim.packs.pack import Pack
    from sim.packs.recipe import Recipe
    from sim.scenario.resolved import Scenario
    from sim.scenario.rounding import Rounded
    from sim.traces import Trace

    RecipeLike: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | Recipe
    PackLike: TypeAlias = str | os.PathLike[str] | Pack
    ScenarioLike: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | Scenario | Run
    RunLike: TypeAlias = str | os.PathLike[str] | Run
    Overrides: TypeAlias = Iterable[str] | Mapping[str, Any]
    TargetLike: TypeAlias = str | float | os.PathLike[str] | Run
    WorkersLike: TypeAlias = int | str | Workers | None

_SCENARIO = "a file, the name of a shipped scenario, a mapping, a Scenario or a Run"
_RUN = "a folder, a URL such as s3://bucket/run, or a Run"
_RECIPE = "a file, the name of a shipped recipe, a mapping or a Recipe"
_PACK = "a folder, a URL such as s3://bucket/pack, or a Pack"
_TARGET = f"the id of a claim, the name of an actor, a number, or a run: {_RUN}"
_MOST_SEED = 2**64 - 1


# Scenarios


def scenario_from(
    source: ScenarioLike,
    *,
    overrides: Overrides = (),
    seed: int | None,
    scale: float | None,
    rounds: Callable[[Sequence[Rounded]], None] | None = None,
) -> Scenario:
    """Return the resolved scenario that `source` names.

    A Scenario, and that of a Run, are resolved already: they take another seed and nothing else.

    Parameters
    ----------
    source
        A file, a name, a mapping, a Scenario or a Run.
    overrides
        Changes of keys before the scenario is checked, as for `override_texts`.
    seed
        0 to 2^64 - 1; None for that of the source, or a drawn one if it names none.
    scale
        Above 0; None for that of the source.
    rounds
        Is told which numbers a scale rounds by more than a fifth, if any.

    Raises
    ------
    TypeError
        If `source` is no such thing, or the seed no whole number.
    InvalidInputError
        If there is no such scenario, if it is not valid, or if a resolved one is to be changed.
    """
    from sim.scenario import Scenario, load_scenario
    from sim.tables.reading import Run

    if isinstance(source, str | os.PathLike | Mapping):
        texts = override_texts(overrides)
        return load_scenario(source, overrides=texts, seed=seed, scale=scale, rounds=rounds)

    if isinstance(source, Run):
        source = source.scenario
    if not isinstance(source, Scenario):
        raise TypeError(f"a scenario is {_SCENARIO}; found {_type_of(source)}")
    if override_texts(overrides) or scale is not None:
        raise InvalidInputError(
            f"{source.name}: is resolved, so only its seed can be changed; give overrides and "
            "scale with the file, name or mapping that it was made of"
        )
    return source if seed is None else _with_seed(source, seed)


def _with_seed(scenario: Scenario, seed: int) -> Scenario:
    """Return a resolved scenario with another seed, 0 to 2^64 - 1."""
    expect_seed(seed)
    return scenario.model_copy(update={"seed": seed})


def expect_seed(seed: int) -> None:
    """Raise TypeError for what is no whole number, and InvalidInputError unless 0 to 2^64 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"a seed is a whole number; found {_type_of(seed)}")
    if not 0 <= seed <= _MOST_SEED:
        raise InvalidInputError(f"seed: should be 0 to {_MOST_SEED}, found {seed}")


def override_texts(overrides: Overrides) -> list[str]:
    """Return changes as the command line has them: `actors.coders.accounts=5`.

    Parameters
    ----------
    overrides
        Such texts, a single one of them, or a mapping from keys to values. JSON is YAML, so any
        value can be written.

    Returns
    -------
    list of str
        In the same order, in which they are applied.
    """
    if isinstance(overrides, Mapping):
        return [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
    return [overrides] if isinstance(overrides, str) else list(overrides)


# Runs


def place_from(source: RunLike) -> str:
    """Return the path or URL of a run that `source` names, without looking at it.

    Raises
    ------
    TypeError
        If `source` is no path, URL or Run.
    """
    from sim.tables.reading import Run

    if isinstance(source, Run):
        return source.store.url
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    raise TypeError(f"a run is {_RUN}; found {_type_of(source)}")


def run_from(source: RunLike) -> Run:
    """Return the finished run that `source` names; a Run is returned as it is.

    Raises
    ------
    InvalidInputError
        If there is no finished run.
    """
    from sim._run import Run

    return source if isinstance(source, Run) else Run(place_from(source))


def run_or_trace_from(source: RunLike) -> Run | Trace:
    """Return the finished run that `source` names, or the trace if it is a file or ships.

    Raises
    ------
    InvalidInputError
        If there is neither, or if the trace is not valid.
    """
    from sim.tables.reading import Run
    from sim.traces import read_trace, shipped_traces

    if isinstance(source, Run):
        return run_from(source)
    place = place_from(source)
    ships = place in shipped_traces() and not Path(place).exists()
    return read_trace(place) if ships or Path(place).is_file() else run_from(place)


# Recipes and packs


def recipe_from(
    source: RecipeLike, *, overrides: Overrides, seed: int | None, scale: float | None
) -> Recipe:
    """Return the resolved recipe that `source` names; a Recipe takes no changes.

    Parameters
    ----------
    source
        A file, a name, a mapping or a Recipe.
    overrides, seed, scale
        As for `load_recipe`; `overrides` may be a mapping.

    Raises
    ------
    TypeError
        If `source` is no such thing.
    InvalidInputError
        If there is no such recipe, if it is not valid, or if a resolved one is to be changed.
    """
    from sim.packs.load_recipe import load_recipe
    from sim.packs.recipe import Recipe

    texts = override_texts(overrides)
    if isinstance(source, str | os.PathLike | Mapping):
        return load_recipe(source, overrides=texts, seed=seed, scale=scale)
    if not isinstance(source, Recipe):
        raise TypeError(f"a recipe is {_RECIPE}; found {_type_of(source)}")
    if texts or seed is not None or scale is not None:
        raise InvalidInputError(
            f"{source.name}: is resolved; give overrides, seed and scale with the file, name or "
            "mapping that it was made of"
        )
    return source


def pack_place_from(source: PackLike) -> str:
    """Return the path or URL of a pack that `source` names, without looking at it.

    Raises
    ------
    TypeError
        If `source` is no path, URL or Pack.
    """
    from sim.packs.pack import Pack

    if isinstance(source, Pack):
        return source.store.url
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    raise TypeError(f"a pack is {_PACK}; found {_type_of(source)}")


# Workers


@contextmanager
def started(workers: WorkersLike) -> Iterator[Workers]:
    """Start what carries the work out, for as long as the context lasts.

    Parameters
    ----------
    workers
        Number of processes, 1 for this one, None for one a core where they are worthwhile; the
        address of a Dask cluster, or `local`; or workers that have been started, which stay.

    Raises
    ------
    TypeError
        If `workers` is of another type.
    InvalidInputError
        If it is a number below 1.
    """
    from sim.engine.executors import Workers
    from sim.engine.executors import workers as start

    if isinstance(workers, Workers):
        yield workers
        return

    if isinstance(workers, bool) or not isinstance(workers, int | str | None):
        raise TypeError(
            "workers is a number of processes, None for one a core, or the address of a Dask "
            f"cluster; found {_type_of(workers)}"
        )
    if isinstance(workers, int) and workers < 1:
        raise InvalidInputError(f"workers: should be at least 1, found {workers}")
    count, dask = (None, workers) if isinstance(workers, str) else (workers, None)
    with start(count, dask) as ready:
        yield ready


# Claims


def claims_to_compare(
    claim_ids: Iterable[str], own_claims: Mapping[str, Claim] | None
) -> tuple[str, ...]:
    """Return the ids of the claims to compare, each once, those that were named first.

    Parameters
    ----------
    claim_ids
        Those that were named. Without any, the claims of `own_claims` that give a count are
        compared, or without these the four of February 2026.
    own_claims
        Claims of a file by id. Those that give a count are compared in any case. None without a
        file.

    Raises
    ------
    InvalidInputError
        None is named, and none of the file gives a count.
    """
    from sim.comparison import cases
    from sim.comparison.analysis import FEBRUARY

    ids = tuple(claim_ids)
    if own_claims is None:
        return tuple(dict.fromkeys(ids or FEBRUARY))

    counts = tuple(cases(own_claims))
    if not counts and not ids:
        raise InvalidInputError(
            "none of these claims gives a count of exchanges or prompts; add one, or name one of "
            "the catalog, such as A4"
        )
    return tuple(dict.fromkeys([*ids, *counts]))


def target_text(source: TargetLike) -> str:
    """Return what to compare as the command line names it.

    Parameters
    ----------
    source
        A text, which is looked up; a number of exchanges; or a path or a Run, which is a run even
        where a claim has the same name.

    Raises
    ------
    TypeError
        If `source` is none of these.
    InvalidInputError
        If it is a number below 0, infinite or not a number.
    """
    from sim.tables.reading import Run

    if isinstance(source, str):
        return source
    if isinstance(source, int | float) and not isinstance(source, bool):
        if not 0 <= source < math.inf:
            raise InvalidInputError(f"exchanges: should be a finite number above 0, found {source}")
        is_whole = isinstance(source, int) or source.is_integer()
        return f"count:{int(source):,}" if is_whole else f"count:{source}"

    if isinstance(source, bool) or not isinstance(source, Run | os.PathLike):
        raise TypeError(f"what is compared is {_TARGET}; found {_type_of(source)}")
    place = place_from(source)
    return place if "/" in place else f"./{place}"


# Names and words


def names_from(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; a text is one of them, not its letters."""
    return (names,) if isinstance(names, str) else tuple(names)


def expect_number(what: str, value: object, *, whole: bool = False) -> None:
    """Raise TypeError, with the name of the argument, for what is no number, or no whole one."""
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real):
        kind = "whole number" if whole else "number"
        raise TypeError(f"{what} is a {kind}; found {_type_of(value)}")


def expect_text(what: str, value: object) -> None:
    """Raise TypeError, with the name of the argument, for what is no text."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a text; found {_type_of(value)}")


def expect_one_of(what: str, word: str, words: tuple[str, ...]) -> None:
    """Raise InvalidInputError that lists the words which are allowed if `word` is none of them.

    Parameters
    ----------
    what
        Name of the argument, such as `kind`.
    word
        What was given for it.
    words
        What is allowed, in the order in which the error lists it.
    """
    if word not in words:
        raise InvalidInputError(f"{what}: found {word!r}; allowed: {', '.join(words)}")


def _type_of(value: object) -> str:
    return type(value).__name__
