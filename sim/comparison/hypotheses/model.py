"""Explanations of a count as generative models: their form in YAML and their resolved form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field

from sim.catalog import Status
from sim.catalog.ids import BenchmarkId
from sim.comparison.hypotheses.parameters import DIALS, described, dial_of_factor
from sim.comparison.hypotheses.prior_shapes import Strict
from sim.comparison.hypotheses.priors import USER, Prior
from sim.distributions import Distribution
from sim.documents.values import Factor, Share, Slug, Version

COMMON = (
    "convention",
    "retries_per_answer",
    "empty_share",
    "refusal_share",
    "more_choices",
    "found_share",
    "foreign_share",
    "published_over",
    "repeat_share",
)
OF_ACCESS = ("accounts", "volume_sigma", "synchrony", "shared_instruments")


Title = Annotated[str, Field(description="a few words that tables show")]


def _by_id(meaning: str) -> Any:
    return Field(default_factory=dict, description=f"{meaning}, by id")


class CommonForm(Strict):
    """What every explanation has: what is counted, and how the accuser errs."""

    convention: Annotated[Prior | None, described("convention")] = None
    retries_per_answer: Annotated[Prior | None, described("retries_per_answer")] = None
    empty_share: Annotated[Prior | None, described("empty_share")] = None
    refusal_share: Annotated[Prior | None, described("refusal_share")] = None
    more_choices: Annotated[Prior | None, described("more_choices")] = None
    found_share: Annotated[Prior | None, described("found_share")] = None
    foreign_share: Annotated[Prior | None, described("foreign_share")] = None
    published_over: Annotated[Prior | None, described("published_over")] = None
    repeat_share: Annotated[Prior | None, described("repeat_share")] = None


class Access(Strict):
    """How a cluster of accounts looks."""

    title: Title
    accounts: Annotated[Prior, described("accounts")]
    volume_sigma: Annotated[Prior, described("volume_sigma")]
    synchrony: Annotated[Prior, described("synchrony")]
    shared_instruments: Annotated[Prior, described("shared_instruments")]


class Uptake(Strict):
    """What a release moves."""

    title: Title
    moved: Annotated[Prior, described("moved")]


class Calls(Strict):
    """Model calls of a task: 1, and with `tools_share` max(1, round(`more`)) tool steps more."""

    title: Title
    tools_share: Annotated[Share, Field(description="tasks that use tools (share of tasks)")]
    more: Annotated[
        Distribution | None,
        Field(description="tool steps of such a task; needed unless tools_share is 0"),
    ] = None
    status: Annotated[Status, Field(description="how the figures are known")] = "prior"
    source: Annotated[str, Field(description="a source of the catalog, or words")] = USER
    note: Annotated[str, Field(description="what else is to be said")] = ""


class Suite(Strict):
    """Benchmarks that are run together."""

    title: Title
    benchmarks: Annotated[
        tuple[BenchmarkId, ...],
        Field(min_length=1, description="ids of the catalog; calls of a task are theirs"),
    ]


class Work(Strict):
    """What is done; tasks are the product of the factors `tasks`.

    With `calls`, tasks are of a kind that is drawn once, but for the share `mixed` of them, which
    is of another drawn kind.
    """

    title: Title
    tasks: Annotated[
        dict[Slug, Prior],
        Field(min_length=1, description="factors by name; their product is the number of tasks"),
    ]
    repeated_by: Annotated[
        tuple[str, ...], Field(description="factors that ask the same prompts again")
    ] = ()
    suites: Annotated[
        Prior | None, Field(description="choice among suites; this or `calls` is required")
    ] = None
    calls: Annotated[Prior | None, Field(description="choice among kinds of calls")] = None
    mixed: Annotated[Prior, described("mixed")] = Prior(constant=0)


class HypothesisForm(CommonForm):
    """One explanation; a dial of `common` may be given here, for this explanation alone."""

    title: Title
    about: Annotated[str, Field(description="a sentence about it")] = ""
    work: Annotated[
        tuple[str, ...], Field(min_length=1, description="works that one cluster does; they add up")
    ]
    lever: Annotated[
        str, Field(description="factor, as `work.factor`, that grows to reach a reported count")
    ]
    typologies: Annotated[
        tuple[str, ...], Field(description="typologies of the catalog that do such work")
    ] = ()
    accused: Annotated[
        bool,
        Field(description="whether it is what the accusation says; others are held against it"),
    ] = False
    access: Annotated[Prior, Field(description="choice among the entries of `access`")]
    uptake: Annotated[Prior, Field(description="choice among the entries of `uptake`")]


class Families(Strict):
    """Prior sets: every `centre` of the lever with every `width` of all priors."""

    centre: Annotated[
        tuple[Factor, ...],
        Field(min_length=1, description="factors by which the lever is multiplied"),
    ] = (1.0,)
    width: Annotated[
        tuple[Factor, ...],
        Field(min_length=1, description="factors by which every spread is multiplied"),
    ] = (1.0,)


class LibraryForm(Strict):
    """A file of explanations."""

    version: Annotated[Version, Field(description="version of the format: 1")]
    common: Annotated[CommonForm, Field(description="dials that every explanation has")] = (
        CommonForm()
    )
    access: Annotated[dict[Slug, Access], _by_id("how a cluster of accounts looks")]
    uptake: Annotated[dict[Slug, Uptake], _by_id("what a release moves")]
    calls: Annotated[dict[Slug, Calls], _by_id("model calls of a task")]
    suites: Annotated[dict[Slug, Suite], _by_id("benchmarks that are run together")]
    works: Annotated[dict[Slug, Work], _by_id("what is done")]
    hypotheses: Annotated[dict[Slug, HypothesisForm], _by_id("explanations")]
    families: Annotated[Families, Field(description="prior sets")] = Families()


@dataclass(frozen=True)
class Hypothesis:
    """One explanation with all that it refers to.

    `lever` is `work.factor`; `own` names the dials of `common` that this explanation has a prior of
    its own for.
    """

    id: str
    title: str
    about: str
    lever: str
    typologies: tuple[str, ...]
    accused: bool
    work: Mapping[str, Work]
    access: Prior
    uptake: Prior
    common: Mapping[str, Prior]
    modes: Mapping[str, Access]
    uptakes: Mapping[str, Uptake]
    calls: Mapping[str, Calls]
    suites: Mapping[str, Suite]
    own: frozenset[str] = frozenset()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the uniform numbers that one draw takes, in order."""
        names: list[str] = []
        for key, work in self.work.items():
            names += [f"{key}.{factor}" for factor in work.tasks]
            of_calls = ("calls", "calls_too", "mixed")
            names += [f"{key}.{x}" for x in (("suites", "model") if work.suites else of_calls)]
        names += ["access", *(f"access.{x}" for x in OF_ACCESS), "uptake", "uptake.moved"]
        return (*names, *COMMON)

    @cached_property
    def priors(self) -> Mapping[str, Prior]:
        """Every prior by the name under which tables show it and `--set` changes it."""
        found: dict[str, Prior] = {}
        for key, work in self.work.items():
            found |= {f"{key}.{factor}": prior for factor, prior in work.tasks.items()}
            choice = "suites" if work.suites else "calls"
            found[f"{key}.{choice}"] = getattr(work, choice)
            if work.calls:
                found[f"{key}.mixed"] = work.mixed
        found[f"{self.id}.access"] = self.access
        for name in self.access.names:
            found |= {f"{name}.{x}": getattr(self.modes[name], x) for x in OF_ACCESS}
        found[f"{self.id}.uptake"] = self.uptake
        found |= {f"{name}.moved": self.uptakes[name].moved for name in self.uptake.names}
        for name, prior in self.common.items():
            found[f"{self.id}.{name}" if name in self.own else name] = prior
        return found

    def only_access(self, name: str) -> Hypothesis:
        """Return the explanation with accounts of one access mode only, at its old place."""
        weights = {x: float(x == name) for x in self.access.names}
        return replace(self, access=self.access.model_copy(update={"choice": weights}))

    def with_prior(self, centre: float, width: float) -> Hypothesis:
        """Return the explanation with its lever times `centre` and every spread times `width`."""
        own, factor = self.lever.split(".")
        work = {key: _work_widened(x, width) for key, x in self.work.items()}
        lever = work[own].tasks[factor].times(centre)
        work[own] = work[own].model_copy(update={"tasks": {**work[own].tasks, factor: lever}})
        return replace(
            self,
            work=work,
            common={k: _dial_widened(k, v, width) for k, v in self.common.items()},
            modes={k: _widened(v, OF_ACCESS, width) for k, v in self.modes.items()},
            uptakes={k: _widened(v, ("moved",), width) for k, v in self.uptakes.items()},
        )


@dataclass(frozen=True)
class Library:
    """Explanations by id, in the order of their file, and the prior sets."""

    hypotheses: Mapping[str, Hypothesis]
    families: Families

    @property
    def accused(self) -> str:
        """The explanation that the accusation gives: the one marked so, or else the last."""
        marked = [x.id for x in self.hypotheses.values() if x.accused]
        return marked[0] if marked else list(self.hypotheses)[-1]


def resolve(form: LibraryForm) -> Library:
    """Fill in what the explanations of a form share; the form has been checked."""
    made = {key: _resolved(key, x, form) for key, x in form.hypotheses.items()}
    return Library(made, form.families)


def _resolved(key: str, x: HypothesisForm, form: LibraryForm) -> Hypothesis:
    common = {name: getattr(x, name) or getattr(form.common, name) for name in COMMON}
    return Hypothesis(
        id=key,
        title=x.title,
        about=x.about,
        lever=x.lever,
        typologies=x.typologies,
        accused=x.accused,
        work={name: form.works[name] for name in x.work},
        access=x.access,
        uptake=x.uptake,
        common=common,
        modes={name: form.access[name] for name in x.access.names},
        uptakes={name: form.uptake[name] for name in x.uptake.names},
        calls=form.calls,
        suites=form.suites,
        own=frozenset(name for name in COMMON if getattr(x, name) is not None),
    )


def _work_widened(work: Work, width: float) -> Any:
    tasks = {}
    for factor, prior in work.tasks.items():
        dial = dial_of_factor(factor, work.suites is not None)
        tasks[factor] = prior.widened(width, dial.least, dial.most)
    return _widened(work, ("mixed",), width).model_copy(update={"tasks": tasks})


def _widened(form: Any, names: tuple[str, ...], width: float) -> Any:
    return form.model_copy(update={x: _dial_widened(x, getattr(form, x), width) for x in names})


def _dial_widened(name: str, prior: Prior, width: float) -> Prior:
    return prior.widened(width, DIALS[name].least, DIALS[name].most)
