"""What must hold between the keys of a scenario, and between them and the catalog.

Checks of the whole document read its plain data, since there may be no form; checks of an actor
read its form, which is there if the actor is right on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sim.catalog as catalog
from sim.calibration.form import read_calibration
from sim.documents.problems import Path, Problem
from sim.documents.quantities import format_duration, parse_duration
from sim.documents.strict_yaml import Document, dotted
from sim.errors import InvalidInputError
from sim.scenario.actor_forms import (
    AnyActorForm,
    BenchmarkForm,
    PromptsForm,
    QueueKeys,
    SessionsForm,
)
from sim.scenario.parse import Parsed, path_name
from sim.scenario.resolved import DECIDED_BY_LIBRARY
from sim.scenario.size import scale_of, too_large, too_many

Finding = tuple[str, str]  # key of the actor, message


def validate(parsed: Parsed, document: Document) -> list[Problem]:
    """Return every problem of a document, those of `parsed` included; raises nothing.

    Parameters
    ----------
    parsed
        What became of the form. Actors that are right on their own are checked even if something
        else is wrong.
    document
        The same document, for places and for what has no form.
    """
    scale = scale_of(document.data)
    duration_us = _duration_us(document)
    problems = [
        *parsed.problems,
        *_ids_used_twice(document),
        *_names_of_copies(parsed, document),
        *_levels(document),
        *_vectors(document),
        *_answers_to_alerts(document),
        *_shares_of_reports(document),
        *_number_of_accounts(parsed, document, scale),
        *_events(document, duration_us),
    ]

    for number, actor in parsed.actors.items():
        findings = [
            *too_large(actor, scale),
            *_organisations(actor),
            *_times_of_work(actor, duration_us),
            *_benchmark(actor),
            *_cover(actor),
            *_library(actor),
            *_calibration(actor),
            *_through(actor, parsed.actors),
        ]
        for key, message in findings:
            path: Path = ("actors", number, key)
            where = path_name(document.data, path)
            problems.append(Problem(document.place(path), where, message))
    return problems


def _part_of(data: Any, key: str) -> Any:
    """Return what stands under a key, None if there is no such thing."""
    return data.get(key) if isinstance(data, dict) else None


# --- the whole document


def _ids_used_twice(document: Document) -> Iterator[Problem]:
    """Yield each actor whose id an earlier actor has, with the line of that one."""
    actors = _part_of(document.data, "actors")
    first_of: dict[str, int] = {}
    for number, actor in enumerate(actors if isinstance(actors, list) else ()):
        name = _part_of(actor, "id")
        if not isinstance(name, str):
            continue
        if name in first_of:
            first = document.place(("actors", first_of[name], "id"))
            message = f"id '{name}' twice; first in line {first.line}"
            yield Problem(document.place(("actors", number, "id")), f"actors[{number}]", message)
        first_of.setdefault(name, number)


def _names_of_copies(parsed: Parsed, document: Document) -> Iterator[Problem]:
    """Yield names that copies and look-alikes would have, and some actor has already.

    Copies of `x` are named `x-1`, `x-2` and so on; look-alikes have the ids of the catalog.
    """
    ids = {actor.id for actor in parsed.actors.values()}
    added: dict[str, str] = {}
    if _part_of(document.data, "look_alikes") is True:
        added |= dict.fromkeys(catalog.look_alikes(), "look_alikes")

    for number, actor in parsed.actors.items():
        copies = [] if actor.copies == 1 else [f"{actor.id}-{k + 1}" for k in range(actor.copies)]
        for name in (actor.id, *copies):
            if name in added or (name in copies and name in ids):
                place = document.place(("actors", number, "id"))
                message = f"the name '{name}' is taken by {added.get(name, 'another actor')}"
                yield Problem(place, f"actors.{actor.id}", f"{message}; choose another id")
        added |= dict.fromkeys(copies, f"the copies of '{actor.id}'")


def _levels(document: Document) -> Iterator[Problem]:
    """Yield it if both a level and a separability are said, of which one sets the other."""
    level, separability = (_part_of(document.data, key) for key in ("level", "separability"))
    if level is not None and separability is not None:
        message = f"sets separability, which is given as {separability}; leave one of the two out"
        yield Problem(document.place(("level",)), "level", message)


def _vectors(document: Document) -> Iterator[Problem]:
    """Yield it if vectors are asked for in a format that has no column for them."""
    tables = _part_of(document.data, "tables")
    if _part_of(tables, "vectors") is True and _part_of(tables, "format") == "csv":
        message = "csv has no column for vectors; choose the format parquet or jsonl"
        yield Problem(document.place(("tables", "vectors")), "tables.vectors", message)


def _answers_to_alerts(document: Document) -> Iterator[Problem]:
    """Check that alerts are not answered by limits and verifications more often than always.

    The rest is answered by a review, so the shares of the two add up to 1 at most.
    """
    shares = _shares_of_enforcement(document, "rate_limit_share", "step_up_share")
    if sum(shares.values()) > 1:
        yield _against(document, shares, "rate_limit_share", "should add up to at most 1 with")


def _shares_of_reports(document: Document) -> Iterator[Problem]:
    """Check that the share of an operator's accounts that a report names has its ends in order."""
    shares = _shares_of_enforcement(document, "sweep_share_most", "sweep_share_least")
    if shares and shares["sweep_share_least"] > shares["sweep_share_most"]:
        if "sweep_share_most" in _written_of_enforcement(document):
            yield _against(document, shares, "sweep_share_most", "should be at least")
        else:
            yield _against(document, shares, "sweep_share_least", "should be at most")


def _written_of_enforcement(document: Document) -> dict[str, Any]:
    """Return the keys of `world.enforcement` as they are written; none if it is no mapping."""
    written = _part_of(_part_of(document.data, "world"), "enforcement")
    return written if isinstance(written, dict) else {}


def _shares_of_enforcement(document: Document, *keys: str) -> dict[str, float]:
    """Return two shares of `world.enforcement`; none unless one is written and both are shares.

    Those that are not written have the value of the catalog. One that is written stands first.
    """
    written, usual = _written_of_enforcement(document), catalog.enforcement()
    order = sorted(keys, key=lambda key: key not in written)
    shares = {key: written.get(key, usual[key]) for key in order}
    is_checked = order[0] in written and all(_is_share(share) for share in shares.values())
    return shares if is_checked else {}


def _against(document: Document, shares: dict[str, float], wanted: str, should: str) -> Problem:
    """Return what is wrong with a share beside another, at the one of the two that is written."""
    key = wanted if wanted in _written_of_enforcement(document) else next(iter(shares))
    (other,) = (name for name in shares if name != key)
    default = "" if other in _written_of_enforcement(document) else " (its default)"
    path: Path = ("world", "enforcement", key)
    message = f"{should} {other}, which is {shares[other]:g}{default}; found {shares[key]:g}"
    return Problem(document.place(path), dotted(path), message)


def _is_share(value: Any) -> bool:
    """Tell whether a value of a document is a number from 0 to 1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _number_of_accounts(parsed: Parsed, document: Document, scale: float) -> Iterator[Problem]:
    """Yield it if all actors together have more accounts than can be numbered."""
    for message in too_many(parsed.actors, scale):
        yield Problem(document.place(("actors",)), "actors", message)


def _duration_us(document: Document) -> int | None:
    """Return the length of the clock of a document, None if it has none that can be read."""
    return _duration_of(_part_of(document.data, "clock"), "duration")


def _duration_of(mapping: Any, key: str) -> int | None:
    """Return the duration in microseconds under a key of the document, None if it is none."""
    try:
        return parse_duration(mapping.get(key)) if isinstance(mapping, dict) else None
    except ValueError:
        return None


def _events(document: Document, duration_us: int | None) -> Iterator[Problem]:
    """Yield events that begin when the log is over; what cannot be read is a fault anyway."""
    events = _part_of(_part_of(document.data, "world"), "events")
    for number, event in enumerate(events if isinstance(events, list) else ()):
        at_us = _duration_of(event, "at")
        if duration_us and at_us is not None and at_us >= duration_us:
            path: Path = ("world", "events", number, "at")
            yield Problem(document.place(path), dotted(path), _too_late(at_us, duration_us))


def _too_late(at_us: int, duration_us: int) -> str:
    """Say that something at `at_us` is not before the end of a clock of `duration_us`."""
    return (
        f"should be before the end of the clock, {format_duration(duration_us)}; "
        f"found '{format_duration(at_us)}'"
    )


# --- an actor


def _organisations(actor: AnyActorForm) -> Iterator[Finding]:
    """Check that an actor has no more organisations than accounts, before either is scaled."""
    if actor.organisations is not None and actor.organisations > actor.accounts:
        yield (
            "organisations",
            f"should be at most the number of accounts, {actor.accounts}; "
            f"found {actor.organisations}",
        )


def _times_of_work(actor: AnyActorForm, duration_us: int | None) -> Iterator[Finding]:
    """Check that the work of a queue begins, and is planned to end, within the clock.

    Parameters
    ----------
    actor
        One of a population has no such times.
    duration_us
        Length of the clock; None if it is not known, and then nothing is checked.
    """
    starts_us = actor.starts if isinstance(actor, QueueKeys) else None
    if starts_us is not None and duration_us and starts_us >= duration_us:
        yield "starts", _too_late(starts_us, duration_us)
    elif isinstance(actor, PromptsForm) and actor.lasts is not None and duration_us:
        left_us = duration_us - (starts_us or 0)
        if actor.lasts > left_us:
            yield (
                "lasts",
                f"should end within the clock, at most {format_duration(left_us)} after the start "
                f"of the work; found '{format_duration(actor.lasts)}'",
            )


def _benchmark(actor: AnyActorForm) -> Iterator[Finding]:
    """Check that steps were measured, up to the limit that is asked for."""
    if not isinstance(actor, BenchmarkForm):
        return
    agent, model, benchmark = benchmark_of(actor)
    if agent not in benchmark.agents:
        yield "agent", f"'{agent}' cannot run '{benchmark.id}'; allowed: {_list(benchmark.agents)}"
        return
    if benchmark.calls_per_item is not None:
        return  # its calls are a distribution, of any agent and model

    try:
        measured = catalog.steps_for(agent, model)
    except InvalidInputError as error:
        yield "model", str(error)
        return
    if actor.step_limit is not None and actor.step_limit > measured.step_limit:
        yield (
            "step_limit",
            f"should be at most {measured.step_limit}, the limit of the measurement; "
            f"found {actor.step_limit}",
        )


def _cover(actor: AnyActorForm) -> Iterator[Finding]:
    """Check that a benchmark is named as cover only where the cover is one."""
    if isinstance(actor, BenchmarkForm) or actor.benchmark is None:
        return
    cover = actor.cover or catalog.typologies()[actor.typology].defaults.get("cover")
    if cover != "benchmark":
        yield (
            "benchmark",
            f"has no effect while cover is '{cover}'; add 'cover: benchmark', or leave it out",
        )


def _library(actor: AnyActorForm) -> Iterator[Finding]:
    """Check that recorded sessions, and dials that they decide, are not both asked for."""
    library = getattr(actor, "library", None)
    said = [key for key in DECIDED_BY_LIBRARY if getattr(actor, key, None) is not None]
    if library not in (None, catalog.NO_LIBRARY) and said:
        yield (
            "library",
            f"the sessions of '{library}' decide {', '.join(said)}; leave out either the library "
            "or these",
        )


def _calibration(actor: AnyActorForm) -> Iterator[Finding]:
    """Check that a library that was fitted is of use, and that no dial is said that it decides."""
    file = read_calibration(actor.calibration) if actor.calibration else None
    if file is None or file.library is None:
        return
    if not isinstance(actor, SessionsForm):
        yield (
            "calibration",
            f"holds a library of sessions, and the work of {actor.typology} comes off a queue; fit "
            "dials, by `sim calibrate --as dials`",
        )
        return

    said = [key for key in DECIDED_BY_LIBRARY if getattr(actor, key, None) is not None]
    if said and actor.library is None:
        yield (
            "calibration",
            f"its recorded sessions decide {', '.join(said)}; leave these out, or fit dials, by "
            "`sim calibrate --as dials`",
        )


def _through(actor: AnyActorForm, actors: Mapping[int, AnyActorForm]) -> Iterator[Finding]:
    """Check the host of an actor that sends through accounts of another.

    Limits and lifetimes are kept by actor, so the host has accounts of its own and no limits.

    Parameters
    ----------
    actor
        Without `through` it has no host.
    actors
        All actors by position, among which the host is looked for.
    """
    if actor.through is None:
        return
    hosts = {other.id: other for other in actors.values() if other is not actor}
    host = hosts.get(actor.through)
    if host is None:
        yield "through", f"should be the id of another actor; found '{actor.through}'"
        return
    if host.copies > 1:
        yield "through", f"'{host.id}' stands for {host.copies} actors; name a single one"
        return

    if host.through is not None:
        yield "through", f"'{host.id}' has no accounts of its own; name one that has"
    defaults = catalog.typologies()[host.typology].defaults
    if (host.tier or defaults["tier"]) != catalog.NO_LIMITS:
        yield "through", f"the tier of '{host.id}' should be none, because limits are kept by actor"


def benchmark_of(actor: BenchmarkForm) -> tuple[str, str, catalog.Benchmark]:
    """Return agent id, model id and benchmark, from the actor or else its typology."""
    defaults = catalog.typologies()[actor.typology].defaults
    agent = actor.agent or next(iter(defaults["agents"]))
    model = actor.model or next(iter(defaults["models"]))
    return agent, model, catalog.benchmarks()[actor.benchmark or defaults["benchmark"]]


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "none"
