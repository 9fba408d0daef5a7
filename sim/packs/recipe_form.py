"""The human form of a recipe, version 1: what a file that describes a pack may say.

Descriptions end up in the JSON Schema, where editors show them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sim.catalog.ids import LevelId, TypologyId
from sim.distributions import Positive
from sim.documents.bounds import MOST_SCALE
from sim.documents.forms import Form
from sim.documents.value_types import Day, PositiveShare, Slug, Version
from sim.features.dials import FeatureDials
from sim.labelling.dials import LabelDials
from sim.scenario.keys import optional_key
from sim.scenario.values import PartRows, Seed
from sim.splits.dials import SplitDials

Difficulty = Literal["easy", "medium", "hard"]
Scale = Annotated[Positive, Field(le=MOST_SCALE)]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1)]
Prevalence = Annotated[Positive, Field(lt=1)]


class SimulationsForm(Form):
    """Simulations of one scenario, a seed each."""

    scenario: str | None = optional_key(
        "Name of a shipped scenario, or a file; paths are relative to the recipe.", ""
    )
    seeds: Seeds | None = optional_key(
        "Seeds of the simulations, one each. No seed occurs twice in a pack, because identifiers "
        "are made from it.",
        "",
    )
    worlds: Seeds | None = optional_key(
        "Values of world.seed, dealt to the seeds in turn: of two worlds the first gets the first, "
        "third, fifth ... seed.",
        "Default: that of the scenario.",
    )
    scale: Scale | None = optional_key(
        "Multiplies populations and targets, above 0 to 10^6.", "Default: that of the scenario."
    )
    level: LevelId | None = optional_key(
        "How hard typologies are to tell apart.", "Default: that of the scenario."
    )
    set: dict[str, Any] = Field(
        default_factory=dict,
        description="Changes of keys of the scenario, as --set has them: "
        "'clock.duration: 5 d'. Default: none.",
    )


class MembersForm(SimulationsForm):
    """What a pack is made of; keys at the top are the defaults of all members."""

    members: tuple[SimulationsForm, ...] | None = optional_key(
        "Simulations of several scenarios, in one log.",
        "Default: those that the keys at the top say.",
    )


class TargetForm(Form):
    """The recommended target of a detector."""

    least_share: PositiveShare = Field(
        default=0.05,
        description="Share of extraction among the exchanges of an account in a window from which "
        "the account counts as positive, above 0 to 1. Default: 0.05.",
    )


class RecipeForm(MembersForm):
    """A recipe: what a pack is made of, what is known about it, and how it is divided."""

    version: Annotated[Version, Field(description="Version of this format: 1.")]
    name: Annotated[Slug, Field(description="Short name: lower-case words joined by - or _.")]
    title: Annotated[
        str, Field(default="", max_length=200, description="One line for people. Default: none.")
    ]
    about: Annotated[
        str, Field(default="", max_length=10_000, description="What it is for. Default: none.")
    ]
    status: Annotated[
        Slug | None,
        Field(description="Version of the values, such as v1-draft. Default: none."),
    ] = None
    published: Day | None = optional_key(
        "Day on which these values were published, for the cards.", "Default: none."
    )
    difficulty: Difficulty | None = optional_key(
        "By which limits the audits judge the pack: easy, medium or hard.",
        "Default: `level`, where it is one of these, else hard.",
    )
    seed: Annotated[
        Seed, Field(default=0, description="Seed of labels and splits, 0 to 2^64 - 1. Default: 0.")
    ]
    prevalence: Annotated[
        tuple[Prevalence, ...],
        Field(
            default=(0.01, 0.001),
            min_length=1,
            description="Shares of accounts of the population whose target is true, for which "
            "sample weights are made. Default: 0.01 and 0.001.",
        ),
    ]
    population: dict[TypologyId, PositiveShare] | None = optional_key(
        "Share of each legitimate typology among the legitimate accounts of the population; adds "
        "up to 1.",
        "Default: that of the catalog.",
    )
    target: Annotated[
        TargetForm, Field(default=TargetForm(), description="What a detector is to find.")
    ]
    labels: Annotated[
        LabelDials,
        Field(default=LabelDials(), description="How a provider comes to know what accounts are."),
    ]
    splits: Annotated[
        SplitDials, Field(default=SplitDials(), description="How the pack is divided.")
    ]
    features: Annotated[
        FeatureDials, Field(default=FeatureDials(), description="Features that are ready made.")
    ]
    format: Literal["parquet"] = Field(
        default="parquet", description="Format of the tables: parquet."
    )
    part_rows: PartRows = Field(
        default=1_000_000,
        description="Exchanges in a part of the log, about, 100 to 10^12. Default: 1_000_000.",
    )
