"""What must hold between the keys of a scenario, and between them and the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sim.catalog as catalog
from sim.documents.problems import Path, Problem
from sim.documents.quantities import format_duration, parse_duration
from sim.documents.strict_yaml import Document, dotted
from sim.errors import InvalidInputError
from sim.scenario.actor_forms import AnyActorForm, BenchmarkForm, PromptsForm, QueueKeys
from sim.scenario.parse import Parsed, path_name
from sim.scenario.size import scale_of, too_large, too_many

Finding = tuple[str, str]  # key of the actor, message


def validate(parsed: Parsed, document: Document) -> list[Problem]:
    """Return every problem, those of `parsed` included; raises nothing."""
    problems = [
        *parsed.problems,
        *_twice(document),
        *_names(parsed, document),
        *_vectors(document),
        *_answers_to_alerts(document),
    ]
    scale = scale_of(document.data)
    problems += [
        Problem(document.place(("actors",)), "actors", message)
        for message in too_many(parsed.actors, scale)
    ]
    duration_us = _duration_us(document)
    problems += _events(document, duration_us)
    for number, actor in parsed.actors.items():
        findings = [
            *too_large(actor, scale),
            *_organisations(actor),
            *_starts(actor, duration_us),
            *_benchmark(actor),
            *_cover(actor),
            *_through(actor, parsed.actors),
        ]
        for key, message in findings:
            path: Path = ("actors", number, key)
            where = path_name(document.data, path)
            problems.append(Problem(document.place(path), where, message))
    return problems


def _twice(document: Document) -> Iterator[Problem]:
    actors = document.data.get("actors") if isinstance(document.data, dict) else None
    seen: dict[str, int] = {}
    for number, actor in enumerate(actors if isinstance(actors, list) else ()):
        name = actor.get("id") if isinstance(actor, dict) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            first = document.place(("actors", seen[name], "id"))
            message = f"id '{name}' twice; first in line {first.line}"
            yield Problem(document.place(("actors", number, "id")), f"actors[{number}]", message)
        seen.setdefault(name, number)


def _vectors(document: Document) -> Iterator[Problem]:
    tables = document.data.get("tables") if isinstance(document.data, dict) else None
    if isinstance(tables, dict) and tables.get("vectors") is True and tables.get("format") == "csv":
        message = "csv has no column for vectors; choose the format parquet or jsonl"
        yield Problem(document.place(("tables", "vectors")), "tables.vectors", message)


def _answers_to_alerts(document: Document) -> Iterator[Problem]:
    """An alert is answered by a limit, a verification or a review: the shares are of one whole."""
    world = document.data.get("world") if isinstance(document.data, dict) else None
    given = world.get("enforcement") if isinstance(world, dict) else None
    if not isinstance(given, dict):
        return
    usual = catalog.enforcement()
    shares = {key: given.get(key, usual[key]) for key in ("rate_limit_share", "step_up_share")}
    if not all(_is_share(share) for share in shares.values()) or sum(shares.values()) <= 1:
        return
    key, other = sorted(shares, key=lambda name: name not in given)
    default = "" if other in given else " (its default)"
    path: Path = ("world", "enforcement", key)
    message = (
        f"should add up to at most 1 with {other}, which is {shares[other]:g}{default}; "
        f"found {shares[key]:g}"
    )
    yield Problem(document.place(path), dotted(path), message)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _names(parsed: Parsed, document: Document) -> Iterator[Problem]:
    """Names that copies and look-alikes would have, and some actor has already."""
    given = {actor.id for actor in parsed.actors.values()}
    added: dict[str, str] = {}
    if isinstance(document.data, dict) and document.data.get("look_alikes") is True:
        added |= dict.fromkeys(catalog.look_alikes(), "look_alikes")
    for number, actor in parsed.actors.items():
        made = [] if actor.copies == 1 else [f"{actor.id}-{k + 1}" for k in range(actor.copies)]
        for name in (actor.id, *made):
            if name in added or (name in made and name in given):
                place = document.place(("actors", number, "id"))
                message = f"the name '{name}' is taken by {added.get(name, 'another actor')}"
                yield Problem(place, f"actors.{actor.id}", f"{message}; choose another id")
        added |= dict.fromkeys(made, f"the copies of '{actor.id}'")


def _duration_us(document: Document) -> int | None:
    clock = document.data.get("clock") if isinstance(document.data, dict) else None
    return _duration_of(clock, "duration")


def _duration_of(mapping: Any, key: str) -> int | None:
    """The duration in microseconds under a key of the document, None if it is none."""
    try:
        return parse_duration(mapping.get(key)) if isinstance(mapping, dict) else None
    except ValueError:
        return None


def _events(document: Document, duration_us: int | None) -> Iterator[Problem]:
    """Events that begin when the log is over; what cannot be read is a fault anyway."""
    world = document.data.get("world") if isinstance(document.data, dict) else None
    events = world.get("events") if isinstance(world, dict) else None
    for number, event in enumerate(events if isinstance(events, list) else ()):
        at_us = _duration_of(event, "at")
        if duration_us and at_us is not None and at_us >= duration_us:
            path: Path = ("world", "events", number, "at")
            yield Problem(document.place(path), dotted(path), _too_late(at_us, duration_us))


def _too_late(at_us: int, duration_us: int) -> str:
    return (
        f"should be before the end of the clock, {format_duration(duration_us)}; "
        f"found '{format_duration(at_us)}'"
    )


def _organisations(actor: AnyActorForm) -> Iterator[Finding]:
    if actor.organisations is not None and actor.organisations > actor.accounts:
        yield (
            "organisations",
            f"should be at most the number of accounts, {actor.accounts}; "
            f"found {actor.organisations}",
        )


def _starts(actor: AnyActorForm, duration_us: int | None) -> Iterator[Finding]:
    starts_us = actor.starts if isinstance(actor, QueueKeys) else None
    if starts_us is not None and duration_us and starts_us >= duration_us:
        yield "starts", _too_late(starts_us, duration_us)
    elif isinstance(actor, PromptsForm) and actor.lasts is not None and duration_us:
        left_us = duration_us - (starts_us or 0)
        if actor.lasts > left_us:
            found = format_duration(actor.lasts)
            yield (
                "lasts",
                f"should end within the clock, at most {format_duration(left_us)} after the start "
                f"of the work; found '{found}'",
            )


def _benchmark(actor: AnyActorForm) -> Iterator[Finding]:
    """Check that steps were measured, up to the limit that is asked for."""
    if not isinstance(actor, BenchmarkForm):
        return
    agent, model, benchmark = benchmark_of(actor)
    if agent not in benchmark.agents:
        yield "agent", f"'{agent}' cannot run '{benchmark.id}'; allowed: {_list(benchmark.agents)}"
    elif benchmark.calls_per_item is None:
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
    """A benchmark that is named as cover, where the cover is something else."""
    if isinstance(actor, BenchmarkForm) or actor.benchmark is None:
        return
    cover = actor.cover or catalog.typologies()[actor.typology].defaults.get("cover")
    if cover != "benchmark":
        yield (
            "benchmark",
            f"has no effect while cover is '{cover}'; add 'cover: benchmark', or leave it out",
        )


def _through(actor: AnyActorForm, actors: Mapping[int, AnyActorForm]) -> Iterator[Finding]:
    """An actor that sends through accounts of another: limits and lifetimes stay with those."""
    if actor.through is None:
        return
    hosts = {host.id: host for host in actors.values() if host is not actor}
    host = hosts.get(actor.through)
    if host is not None and host.copies > 1:
        yield "through", f"'{host.id}' stands for {host.copies} actors; name a single one"
        return
    if host is None:
        yield "through", f"should be the id of another actor; found '{actor.through}'"
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
