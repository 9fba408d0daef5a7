"""The human form of hypotheses: what a file of them may say.

Docstrings and descriptions here end up in the JSON Schema, where editors show them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sim.catalog import Status
from sim.catalog.ids import BenchmarkId
from sim.comparison.hypotheses.parameters import prior_field
from sim.comparison.hypotheses.priors import USER, Prior
from sim.distributions import Distribution
from sim.documents.forms import Form
from sim.documents.value_types import Factor, Share, Slug, Version

# What odds of groups add up: any extraction is held against any legitimate use.
Group = Literal["extraction", "legitimate", "access"]
Title = Annotated[str, Field(description="a few words that tables show")]


def _by_id(meaning: str) -> Any:
    return Field(default_factory=dict, description=f"{meaning}, by id")


class CommonForm(Form):
    """What every explanation has: what is counted, and how the accuser errs."""

    convention: Annotated[Prior | None, prior_field("convention")] = None
    retries_per_answer: Annotated[Prior | None, prior_field("retries_per_answer")] = None
    empty_share: Annotated[Prior | None, prior_field("empty_share")] = None
    refusal_share: Annotated[Prior | None, prior_field("refusal_share")] = None
    more_choices: Annotated[Prior | None, prior_field("more_choices")] = None
    found_share: Annotated[Prior | None, prior_field("found_share")] = None
    foreign_share: Annotated[Prior | None, prior_field("foreign_share")] = None
    published_over: Annotated[Prior | None, prior_field("published_over")] = None
    repeat_share: Annotated[Prior | None, prior_field("repeat_share")] = None


class Access(Form):
    """How a cluster of accounts looks."""

    title: Title
    accounts: Annotated[Prior, prior_field("accounts")]
    per_lever: Annotated[
        bool,
        Field(
            description="whether `accounts` are those of each unit of the lever, such as accounts "
            "of a person"
        ),
    ] = False
    volume_sigma: Annotated[Prior, prior_field("volume_sigma")]
    synchrony: Annotated[Prior, prior_field("synchrony")]
    shared_instruments: Annotated[Prior, prior_field("shared_instruments")]


class Uptake(Form):
    """What a release moves."""

    title: Title
    moved: Annotated[Prior, prior_field("moved")]
    hours: Annotated[Prior, prior_field("hours")] = Prior(constant=24)


class Calls(Form):
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


class Suite(Form):
    """Benchmarks that are run together."""

    title: Title
    benchmarks: Annotated[
        tuple[BenchmarkId, ...],
        Field(min_length=1, description="ids of the catalog; calls of a task are theirs"),
    ]


class Work(Form):
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
    mixed: Annotated[Prior, prior_field("mixed")] = Prior(constant=0)


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
    group: Annotated[
        Group | None,
        Field(
            description="`extraction`, `legitimate`, or `access`: against the terms of access, but "
            "no extraction. Default: extraction if accused, else legitimate"
        ),
    ] = None
    access: Annotated[Prior, Field(description="choice among the entries of `access`")]
    uptake: Annotated[Prior, Field(description="choice among the entries of `uptake`")]


class Families(Form):
    """Prior sets: every `centre` of the lever with every `width` of all priors, and `weights`."""

    centre: Annotated[
        tuple[Factor, ...],
        Field(min_length=1, description="factors by which the lever is multiplied"),
    ] = (1.0,)
    width: Annotated[
        tuple[Factor, ...],
        Field(min_length=1, description="factors by which every spread is multiplied"),
    ] = (1.0,)
    weights: Annotated[
        tuple[Literal["even", "access"], ...],
        Field(
            description="further sets: `even` moves the weights of every choice half way to even, "
            "`access` raises each access mode in turn to half"
        ),
    ] = ()


class LibraryForm(Form):
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
