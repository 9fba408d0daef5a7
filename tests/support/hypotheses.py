"""Explanations for tests: the shipped ones, and the same with little work."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from sim.comparison.hypotheses.hypothesis_forms import Access, Suite, Work
from sim.comparison.hypotheses.load_hypotheses import load_library
from sim.comparison.hypotheses.model import Hypothesis, Library
from sim.comparison.hypotheses.priors import Prior
from sim.errors import InvalidInputError

# About 80 to 250 tasks, and up to three rounds of small benchmarks with up to three models.
_SMALLER = {
    "evaluations": {"runs": 0.15},
    "product": {"users": 0.01, "days": 0.1},
    "generation": {"prompts": 0.0005},
    "relay": {"customers": 0.005, "days": 0.05},
    "extraction": {"prompts": 0.0005},
    "hidden-extraction": {"prompts": 0.001},
    "assignments": {"students": 0.05, "days": 0.1},
    "grading": {"answers": 0.0005},
    "sharing": {"people": 0.1, "days": 0.03},
    "probing": {"behaviours": 0.02, "attacks": 0.3},
    "stolen-use": {"buyers": 0.03, "days": 0.1},
}
_SUITES = {
    "measured": Suite(title="Measured steps", benchmarks=("swe-bench-lite",)),
    "mixed": Suite(title="Two small ones", benchmarks=("terminal-bench-2", "humaneval")),
}
_NARROWER = 0.3


@cache
def shipped() -> Library:
    """Return the explanations of the catalog."""
    return load_library()


def with_little_work(x: Hypothesis) -> Hypothesis:
    """Return the explanation with the same shapes, some hundred tasks and fewer accounts."""
    common = {**x.common, "published_over": x.common["published_over"].times(0.02)}
    return replace(
        x,
        work={key: _little(key, work) for key, work in x.work.items()},
        suites=_SUITES,
        access_modes={key: _few(mode) for key, mode in x.access_modes.items()},
        common=common,
    )


def _little(key: str, work: Work) -> Work:
    tasks = dict(work.tasks)
    for factor, by in _SMALLER[key].items():
        tasks[factor] = tasks[factor].times(by)
    tasks = {factor: prior.widened(_NARROWER) for factor, prior in tasks.items()}
    if work.suites is None:
        return work.model_copy(update={"tasks": tasks})
    tasks |= {"repeats": Prior(choice={"1": 2, "2": 1}), "models": Prior(choice={"1": 2, "3": 1})}
    suites = Prior(choice={"measured": 1, "mixed": 1})
    return work.model_copy(update={"tasks": tasks, "suites": suites})


def _few(mode: Access) -> Access:
    largest = mode.accounts.support[1]
    few = mode.accounts if largest < 1e4 else mode.accounts.times(0.02)
    return mode.model_copy(update={"accounts": few})


def with_constants(x: Hypothesis, **values: float) -> Hypothesis:
    """Return the explanation with factors of its works, by name, that are always the same."""
    work = {
        key: each.model_copy(
            update={
                "tasks": {
                    k: Prior(constant=values[k]) if k in values else prior
                    for k, prior in each.tasks.items()
                }
            }
        )
        for key, each in x.work.items()
    }
    return replace(x, work=work)


def priors(library: Library) -> dict[str, Prior]:
    """Every prior by its name; two explanations never show different ones under one name."""
    found: dict[str, Prior] = {}
    for hypothesis in library.hypotheses.values():
        for name, prior in hypothesis.priors.items():
            assert found.setdefault(name, prior) == prior, name
    return found


def refused(*changes: str, path: Path | None = None) -> str:
    """What loading says of a file and changes that are refused."""
    with pytest.raises(InvalidInputError) as caught:
        load_library(path, changes)
    return str(caught.value)


def marked(library: Library) -> list[str]:
    """The explanations that are marked as accused."""
    return [x.id for x in library.hypotheses.values() if x.accused]
