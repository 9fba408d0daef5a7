"""The human form of a scenario, version 1: what a whole file may say.

Descriptions end up in the JSON Schema, where editors show them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.catalog.ids import LevelId
from sim.documents.bounds import MOST_SCALE
from sim.documents.forms import Form
from sim.documents.value_types import (
    Instant,
    PositiveDuration,
    PositiveShare,
    Share,
    Slug,
    Version,
)
from sim.scenario.actor_forms import AnyActorForm
from sim.scenario.keys import optional_key
from sim.scenario.resolved import Columns, Format
from sim.scenario.values import PartRows, PositiveDailyRate, Seed
from sim.scenario.world_forms import WorldForm


class ClockForm(Form):
    """The time that the log covers: from `start`, included, to `start` + `duration`, excluded."""

    start: Annotated[
        Instant,
        Field(description="First moment, a date or time; UTC unless it names an offset."),
    ]
    duration: Annotated[
        PositiveDuration,
        Field(
            description="Length with its unit (ms, s, min, h, d, w), such as 28 d or 1h30m, "
            "above 0 to 3660 d."
        ),
    ]


class TablesForm(Form):
    """Format and columns of the tables of a run."""

    format: Format = Field(default="parquet", description="File format. Default: parquet.")
    columns: Columns = Field(
        default="full",
        description="All columns of the log, the core ones, or lean: the least that counting and "
        "summaries need, of the truth too. Default: full.",
    )
    vectors: bool = Field(
        default=False, description="Add prompt_emb, a vector of 32 numbers a row. Default: false."
    )
    part_rows: PartRows = Field(
        default=1_000_000,
        description="Exchanges in a part, about, 100 to 10^12. Default: 1_000_000.",
    )


class ScenarioForm(Form):
    """A scenario: who sends traffic to the provider, when, and how it is logged."""

    version: Annotated[Version, Field(description="Version of this format: 1.")]
    name: Annotated[Slug, Field(description="Short name: lower-case words joined by - or _.")]
    title: Annotated[
        str, Field(default="", max_length=200, description="One line for people. Default: none.")
    ]
    about: Annotated[
        str, Field(default="", max_length=10_000, description="What it shows. Default: none.")
    ]
    seed: Seed | None = optional_key(
        "Seed of all random draws, 0 to 2^64 - 1.", "Default: drawn, shown."
    )
    scale: Annotated[
        float,
        Field(
            default=1.0,
            gt=0,
            le=MOST_SCALE,
            description=(
                "Multiplies populations and targets, above 0 to 10^6: accounts and organisations, "
                "target_exchanges, budgets, workers, and for L04 the items of each run below 1 or "
                "the runs above 1; results are rounded, at least 1. Accounts of L04 stay. "
                "Default: 1."
            ),
        ),
    ]
    separability: Share | None = optional_key(
        "How many accounts follow the dials of their typology; the others follow modes of "
        "behaviour that all typologies share. 0 hard to tell apart, 1 easy.",
        "Default: that of the level, else 1.",
    )
    level: LevelId | None = optional_key(
        "How hard typologies are to tell apart, in place of `separability`: each has the "
        "separability that the catalog gives it at that level.",
        "Default: none.",
    )
    volume: PositiveShare | None = optional_key(
        "Multiplies what every account wants to send, above 0 to 1: exchanges a day and their "
        "caps, target_exchanges, and for L04 the items of each run. Accounts, budgets and what "
        "the provider acts on stay.",
        "Default: 1.",
    )
    most_exchanges_per_account_day: PositiveDailyRate | None = optional_key(
        "Cap on the mean daily exchanges of every account, whatever its typology, above 0 to "
        "10^7. Work off a queue with a target or with runs is done all the same.",
        "Default: none.",
    )
    look_alikes: Annotated[
        bool,
        Field(
            default=False,
            description=(
                "Add harmless actors that look like a ring: tenant-of-two-keys, "
                "course-on-one-network, small-gateway. Not scaled. Default: false."
            ),
        ),
    ]
    clock: Annotated[ClockForm, Field(description="The time that the log covers.")]
    world: Annotated[
        WorldForm,
        Field(default=WorldForm(), description="The provider; may be left out."),
    ]
    actors: Annotated[
        tuple[Annotated[AnyActorForm, Field(discriminator="typology")], ...],
        Field(min_length=1, description="Who sends traffic; at least one."),
    ]
    tables: Annotated[
        TablesForm,
        Field(default=TablesForm(), description="How the tables are written."),
    ]
