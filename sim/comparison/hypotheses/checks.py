"""What the form of explanations cannot say: names that must exist, and what a prior may be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from sim.catalog import typologies
from sim.comparison.hypotheses.model import (
    COMMON,
    OF_ACCESS,
    Calls,
    HypothesisForm,
    LibraryForm,
    Work,
)
from sim.comparison.hypotheses.parameters import COUNT, DIALS, MODELS, Dial, dial_of_factor
from sim.comparison.hypotheses.priors import Prior
from sim.counting import CONVENTIONS
from sim.documents.problems import Path, Problem, suggest
from sim.documents.strict_yaml import Document, dotted

SECTIONS = ("works", "hypotheses", "access", "uptake", "calls", "suites")
# Names that tables and --set use already: of sections, of common dials, of columns.
_NO_ID = (*LibraryForm.model_fields, *COMMON)
_NO_FACTOR = (*Work.model_fields, *HypothesisForm.model_fields, "model", "calls_too")

Fault = tuple[Path, str]


def problems_of_library(form: LibraryForm, document: Document) -> list[Problem]:
    """Return every fault of a form, each at its place in the document."""
    faults = [
        *_ids(form),
        *_common(form),
        *(fault for key, x in form.calls.items() for fault in _calls(key, x)),
        *(fault for key, x in form.works.items() for fault in _work(key, x, form)),
        *(fault for key, x in form.hypotheses.items() for fault in _hypothesis(key, x, form)),
        *_dials(form),
    ]
    marked = [key for key, x in form.hypotheses.items() if x.accused]
    for key in marked[1:]:
        path = ("hypotheses", key, "accused")
        faults.append((path, f"'{marked[0]}' is accused already; at most one explanation is"))
    if len(form.hypotheses) < 2:
        faults.append((("hypotheses",), "should hold at least two explanations"))
    return [
        Problem(document.place(path), dotted(_written(path, document)), text)
        for path, text in faults
    ]


def _written(path: Path, document: Document) -> Path:
    """Return the path as far as it is written: the shape of a plain name is not."""
    while path and path not in document.values:
        path = path[:-1]
    return path


def _ids(form: LibraryForm) -> Iterator[Fault]:
    """Names that would mean two things in tables and for --set."""
    for section in SECTIONS:
        for key in getattr(form, section):
            if key in _NO_ID:
                yield (section, key), f"'{key}' has a meaning of its own; choose another id"
    for key, work in form.works.items():
        of = {**dict.fromkeys(OF_ACCESS if key in form.access else (), "access")}
        of |= {"moved": "uptake"} if key in form.uptake else {}
        for factor in work.tasks:
            path = ("works", key, "tasks", factor)
            if factor in _NO_FACTOR:
                yield path, f"'{factor}' has a meaning of its own; choose another name"
            elif factor in of:
                yield path, f"'{key}.{factor}' is a dial of {of[factor]} too; choose another name"


def _common(form: LibraryForm) -> Iterator[Fault]:
    for name in COMMON:
        prior = getattr(form.common, name)
        if prior is None:
            yield ("common",), f"missing key '{name}'"
        else:
            yield from _one_of_common(("common", name), name, prior)


def _one_of_common(path: Path, name: str, prior: Prior) -> Iterator[Fault]:
    if name == "convention":
        yield from _names(path, prior, "convention", CONVENTIONS)
    else:
        yield from _value(path, DIALS[name], prior)
        if name == "foreign_share" and not prior.names and prior.support[0] == 1:
            yield path, "should be below 1; else no accused account is of the cluster"


def _names(path: Path, prior: Prior, what: str, known: Iterable[str]) -> Iterator[Fault]:
    if prior.choice is None:
        yield path, f"should be a choice among {', '.join(known) or 'nothing: none is defined'}"
        return
    for name in prior.names:
        if name not in known:
            yield (*path, "choice", name), f"unknown {what} '{name}'{suggest(name, known)}"


def _value(path: Path, dial: Dial, prior: Prior) -> Iterator[Fault]:
    """Check the numbers that a prior can draw against what the dial may be."""
    try:
        low, high = prior.support
    except ValueError:
        yield path, f"should draw numbers, found a choice among {', '.join(prior.names)}"
        return
    if low >= dial.least and high <= dial.most:
        return
    found = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    if dial.most == 1:
        hint = "" if low == high else "; give min and max, or a beta"
        yield path, f"should stay within {dial.least:g} and {dial.most:g}, found {found}{hint}"
    elif high > dial.most and low >= dial.least:
        hint = "" if low == high else f"; give max: {dial.most:g}"
        yield path, f"should be at most {dial.most:g}, found {found}{hint}"
    elif low == high:
        yield path, f"should be at least {dial.least:g}, found {found}"
    elif dial.least:
        yield path, f"should be at least {dial.least:g}, found {found}; give min: {dial.least:g}"
    else:
        down = f", down to {low:g}" if math.isfinite(low) else ""
        yield path, f"allows negative values{down}; give min: 0, or a lognormal"


def _counted(path: Path, dial: Dial, prior: Prior) -> Iterator[Fault]:
    """Check a factor of the tasks, or a number of accounts: not always 0 either."""
    faults = list(_value(path, dial, prior))
    yield from faults
    if not faults and prior.support[1] == 0:
        yield path, "is always 0; nothing would be counted"


def _calls(key: str, calls: Calls) -> Iterator[Fault]:
    if calls.tools_share > 0 and calls.more is None:
        yield ("calls", key), "missing key 'more': the tool steps of tasks that use tools"


def _work(key: str, work: Work, form: LibraryForm) -> Iterator[Fault]:
    path: Path = ("works", key)
    for factor, prior in work.tasks.items():
        dial = dial_of_factor(factor, work.suites is not None)
        yield from _counted((*path, "tasks", factor), dial, prior)
    for k, name in enumerate(work.repeated_by):
        if name not in work.tasks:
            hint = suggest(name, work.tasks)
            yield (*path, "repeated_by", k), f"unknown factor '{name}'{hint}"
    if (work.suites is None) == (work.calls is None):
        both = "both" if work.calls else "neither"
        yield path, f"give either suites or calls, found {both}"
    if work.suites is not None:
        yield from _names((*path, "suites"), work.suites, "suite", form.suites)
    if work.calls is not None:
        yield from _names((*path, "calls"), work.calls, "kind of calls", form.calls)
    if work.calls is None and "mixed" in work.model_fields_set:
        yield (*path, "mixed"), "mixes kinds of calls; the work has suites"
    yield from _value((*path, "mixed"), DIALS["mixed"], work.mixed)


def _hypothesis(key: str, x: HypothesisForm, form: LibraryForm) -> Iterator[Fault]:
    path: Path = ("hypotheses", key)
    for k, name in enumerate(x.work):
        if name not in form.works:
            yield (*path, "work", k), f"unknown work '{name}'{suggest(name, form.works)}"
        elif name in x.work[:k]:
            yield (*path, "work", k), f"work '{name}' twice"
    yield from _lever((*path, "lever"), x, form)
    yield from _names((*path, "access"), x.access, "access", form.access)
    yield from _names((*path, "uptake"), x.uptake, "uptake", form.uptake)
    for k, name in enumerate(x.typologies):
        if name not in typologies():
            hint = suggest(name, typologies())
            yield (*path, "typologies", k), f"unknown typology '{name}'{hint}"
    for name in COMMON:
        if (own := getattr(x, name)) is not None:
            yield from _one_of_common((*path, name), name, own)


def _lever(path: Path, x: HypothesisForm, form: LibraryForm) -> Iterator[Fault]:
    known = [
        f"{name}.{factor}"
        for name in x.work
        if name in form.works
        for factor in form.works[name].tasks
    ]
    work, _, factor = x.lever.partition(".")
    if x.lever not in known:
        if known and not (work in x.work and work not in form.works):
            yield path, f"unknown factor '{x.lever}'{suggest(x.lever, known)}"
        return
    prior = form.works[work].tasks[factor]
    if list(_value(path, COUNT, prior)):
        return  # said where the factor stands
    if prior.choice is not None or prior.beta is not None:
        yield path, f"'{x.lever}' cannot be multiplied; a lever is no choice and no beta"
    elif dial_of_factor(factor, form.works[work].suites is not None) is MODELS:
        yield path, f"'{x.lever}' cannot be multiplied; the models of a suite are whole"


def _dials(form: LibraryForm) -> Iterator[Fault]:
    for key, mode in form.access.items():
        for name in OF_ACCESS:
            check = _counted if name == "accounts" else _value
            yield from check(("access", key, name), DIALS[name], getattr(mode, name))
    for key, uptake in form.uptake.items():
        yield from _value(("uptake", key, "moved"), DIALS["moved"], uptake.moved)
