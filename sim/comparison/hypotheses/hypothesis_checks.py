"""What the form of hypotheses cannot say: names that must exist, and what a prior may be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from sim.catalog import typologies
from sim.comparison.hypotheses.hypothesis_forms import Calls, HypothesisForm, LibraryForm, Work
from sim.comparison.hypotheses.parameters import (
    ACCESS_PARAMETERS,
    COMMON_PARAMETERS,
    MODELS_OF_SUITE,
    PARAMETERS,
    TASK_FACTOR,
    Parameter,
    parameter_of_factor,
)
from sim.comparison.hypotheses.priors import Prior
from sim.documents.problems import Path, Problem, suggest
from sim.documents.strict_yaml import Document, dotted
from sim.tables.conventions import CONVENTIONS

SECTIONS = ("works", "hypotheses", "access", "uptake", "calls", "suites")
# Names that tables and --set use already: of sections, of common parameters, of columns.
_NO_ID = (*LibraryForm.model_fields, *COMMON_PARAMETERS)
_NO_FACTOR = (*Work.model_fields, *HypothesisForm.model_fields, "model", "calls_too")

Fault = tuple[Path, str]


def problems_of_library(form: LibraryForm, document: Document) -> list[Problem]:
    """Return every fault of a form, each at its place in the document.

    Parameters
    ----------
    form:
        A library that is right key by key.
    document:
        What it was read from; it gives the places.

    Returns
    -------
    list
        Empty for a library that can be resolved. A fault that follows from another one is not said
        beside it where that can be told.
    """
    faults = [*_ids(form), *_common(form)]
    for key, calls in form.calls.items():
        faults += _calls(key, calls)
    for key, work in form.works.items():
        faults += _work(key, work, form)
    for key, hypothesis in form.hypotheses.items():
        faults += _hypothesis(key, hypothesis, form)
    faults += [*_access_and_uptake(form), *_number_of_hypotheses(form)]

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
    """Yield names that would mean two things in tables and for --set."""
    for section in SECTIONS:
        for key in getattr(form, section):
            if key in _NO_ID:
                yield (section, key), f"'{key}' has a meaning of its own; choose another id"

    for key, work in form.works.items():
        # a work may have the id of an access mode or uptake, and then not the names of its keys
        section_of = dict.fromkeys(ACCESS_PARAMETERS if key in form.access else (), "access")
        section_of |= {"moved": "uptake"} if key in form.uptake else {}
        for factor in work.tasks:
            path = ("works", key, "tasks", factor)
            if factor in _NO_FACTOR:
                yield path, f"'{factor}' has a meaning of its own; choose another name"
            elif factor in section_of:
                section = section_of[factor]
                yield path, f"'{key}.{factor}' is a dial of {section} too; choose another name"


def _number_of_hypotheses(form: LibraryForm) -> Iterator[Fault]:
    """Yield a second accused hypothesis, and say so where there are fewer than two hypotheses."""
    accused = [key for key, hypothesis in form.hypotheses.items() if hypothesis.accused]
    for key in accused[1:]:
        message = f"'{accused[0]}' is accused already; at most one explanation is"
        yield ("hypotheses", key, "accused"), message
    if len(form.hypotheses) < 2:
        yield ("hypotheses",), "should hold at least two explanations"


# --- priors


def _common(form: LibraryForm) -> Iterator[Fault]:
    """Yield what is wrong with the priors that all hypotheses share; each of them is needed."""
    for name in COMMON_PARAMETERS:
        prior = getattr(form.common, name)
        if prior is None:
            yield ("common",), f"missing key '{name}'"
        else:
            yield from _common_prior(("common", name), name, prior)


def _common_prior(path: Path, name: str, prior: Prior) -> Iterator[Fault]:
    """Check one of the common priors, of all hypotheses or of a single one.

    A convention is a choice among C1 to C6. A foreign share that is always 1 would leave no accused
    account in the cluster.
    """
    if name == "convention":
        yield from _names(path, prior, "convention", CONVENTIONS)
        return
    yield from _values(path, PARAMETERS[name], prior)
    if name == "foreign_share" and not prior.names and prior.support[0] == 1:
        yield path, "should be below 1; else no accused account is of the cluster"


def _names(path: Path, prior: Prior, noun: str, allowed: Iterable[str]) -> Iterator[Fault]:
    """Check that a prior is a choice among names that exist."""
    if prior.choice is None:
        yield path, f"should be a choice among {', '.join(allowed) or 'nothing: none is defined'}"
        return
    for name in prior.names:
        if name not in allowed:
            yield (*path, "choice", name), f"unknown {noun} '{name}'{suggest(name, allowed)}"


def _values(path: Path, parameter: Parameter, prior: Prior) -> Iterator[Fault]:
    """Check the numbers that a prior can draw against the range of its parameter.

    The support counts, not what is likely: a normal prior without bounds is refused where the
    parameter has a least value.
    """
    try:
        low, high = prior.support
    except ValueError:
        yield path, f"should draw numbers, found a choice among {', '.join(prior.names)}"
        return
    if low < parameter.least or high > parameter.most:
        yield path, _out_of_range(parameter, low, high)


def _out_of_range(parameter: Parameter, low: float, high: float) -> str:
    """Return what to say of values from `low` to `high`, and how to mend it."""
    least, most = parameter.least, parameter.most
    one_value = low == high
    values = f"{low:g}" if one_value else f"{low:g} to {high:g}"

    if most == 1:
        hint = "" if one_value else "; give min and max, or a beta"
        return f"should stay within {least:g} and {most:g}, found {values}{hint}"
    if high > most and low >= least:
        hint = "" if one_value else f"; give max: {most:g}"
        return f"should be at most {most:g}, found {values}{hint}"
    if one_value:
        return f"should be at least {least:g}, found {values}"
    if least:
        return f"should be at least {least:g}, found {values}; give min: {least:g}"
    down = f", down to {low:g}" if math.isfinite(low) else ""
    return f"allows negative values{down}; give min: 0, or a lognormal"


def _not_always_0(path: Path, parameter: Parameter, prior: Prior) -> Iterator[Fault]:
    """Check a factor of the tasks, or a number of accounts: in range, and not always 0 either."""
    faults = list(_values(path, parameter, prior))
    yield from faults
    if not faults and prior.support[1] == 0:
        yield path, "is always 0; nothing would be counted"


# --- entries by section


def _calls(key: str, calls: Calls) -> Iterator[Fault]:
    """Check that tasks which use tools say how many tool steps they take."""
    if calls.tools_share > 0 and calls.more is None:
        yield ("calls", key), "missing key 'more': the tool steps of tasks that use tools"


def _work(key: str, work: Work, form: LibraryForm) -> Iterator[Fault]:
    """Check the factors of a work, those that repeat prompts, and where its calls come from."""
    path: Path = ("works", key)
    for factor, prior in work.tasks.items():
        parameter = parameter_of_factor(factor, work.suites is not None)
        yield from _not_always_0((*path, "tasks", factor), parameter, prior)
    for number, name in enumerate(work.repeated_by):
        if name not in work.tasks:
            hint = suggest(name, work.tasks)
            yield (*path, "repeated_by", number), f"unknown factor '{name}'{hint}"

    # the calls of its tasks come from suites or from kinds of calls
    if (work.suites is None) == (work.calls is None):
        both = "both" if work.calls else "neither"
        yield path, f"give either suites or calls, found {both}"
    if work.suites is not None:
        yield from _names((*path, "suites"), work.suites, "suite", form.suites)
    if work.calls is not None:
        yield from _names((*path, "calls"), work.calls, "kind of calls", form.calls)
    if work.calls is None and "mixed" in work.model_fields_set:
        yield (*path, "mixed"), "mixes kinds of calls; the work has suites"
    yield from _values((*path, "mixed"), PARAMETERS["mixed"], work.mixed)


def _hypothesis(key: str, hypothesis: HypothesisForm, form: LibraryForm) -> Iterator[Fault]:
    """Check the names that a hypothesis gives, its driver, and its own common priors."""
    path: Path = ("hypotheses", key)
    for number, name in enumerate(hypothesis.work):
        if name not in form.works:
            yield (*path, "work", number), f"unknown work '{name}'{suggest(name, form.works)}"
        elif name in hypothesis.work[:number]:
            yield (*path, "work", number), f"work '{name}' twice"
    yield from _driver((*path, "lever"), hypothesis, form)

    yield from _names((*path, "access"), hypothesis.access, "access", form.access)
    yield from _names((*path, "uptake"), hypothesis.uptake, "uptake", form.uptake)
    for number, name in enumerate(hypothesis.typologies):
        if name not in typologies():
            hint = suggest(name, typologies())
            yield (*path, "typologies", number), f"unknown typology '{name}'{hint}"

    for name in COMMON_PARAMETERS:
        if (prior := getattr(hypothesis, name)) is not None:
            yield from _common_prior((*path, name), name, prior)


def _driver(path: Path, hypothesis: HypothesisForm, form: LibraryForm) -> Iterator[Fault]:
    """Check that the driver is a factor of one of the works, and one that can be multiplied.

    Prior sets multiply the driver, so it is neither a choice nor a beta, nor the whole number of
    models of a suite. Faults that are said elsewhere are not said again here.
    """
    factors = [
        f"{name}.{factor}"
        for name in hypothesis.work
        if name in form.works
        for factor in form.works[name].tasks
    ]
    driver = hypothesis.lever
    key, _, factor = driver.partition(".")
    if driver not in factors:
        # of a work that does not exist, that is said where the work is named
        if factors and not (key in hypothesis.work and key not in form.works):
            yield path, f"unknown factor '{driver}'{suggest(driver, factors)}"
        return

    work = form.works[key]
    prior = work.tasks[factor]
    if list(_values(path, TASK_FACTOR, prior)):
        return  # said where the factor stands
    if prior.choice is not None or prior.beta is not None:
        yield path, f"'{driver}' cannot be multiplied; a lever is no choice and no beta"
    elif parameter_of_factor(factor, work.suites is not None) is MODELS_OF_SUITE:
        yield path, f"'{driver}' cannot be multiplied; the models of a suite are whole"


def _access_and_uptake(form: LibraryForm) -> Iterator[Fault]:
    """Check the priors of all access modes and uptakes, those too that no hypothesis uses."""
    for key, mode in form.access.items():
        for name in ACCESS_PARAMETERS:
            check = _not_always_0 if name == "accounts" else _values
            yield from check(("access", key, name), PARAMETERS[name], getattr(mode, name))
    for key, uptake in form.uptake.items():
        for name in ("moved", "hours"):
            yield from _values(("uptake", key, name), PARAMETERS[name], getattr(uptake, name))
