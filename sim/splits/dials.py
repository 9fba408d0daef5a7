"""The dials of splits: which schemes a pack has, and how each shares out accounts or examples."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from sim.documents.forms import Form
from sim.documents.value_types import Duration, PositiveDuration
from sim.scenario.keys import optional_key

Scheme = Literal[
    "time",
    "campaign",
    "typology-held-out",
    "adaptation-held-out",
    "world-held-out",
    "regime",
    "random-rows",
]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)

ShareOfAll = Annotated[float, Field(gt=0, lt=1)]
Owners = Annotated[int, Field(ge=1, le=1_000_000)]
Adaptation = Annotated[str, Field(pattern=r"^AD[0-9]{1,2}$")]


class TimeDials(Form):
    """When training ends, and how long labels have to come in before the test begins."""

    cut_off: PositiveDuration | None = optional_key(
        "End of what is trained on, from the opening of the log, such as 18 d; excluded.",
        "Default: half of what the gap leaves.",
    )
    gap: Duration | None = optional_key(
        "Wait for labels from there to the training, at which the test begins, such as 14 d.",
        "Default: the median delay of the labels `extraction` of accounts of this pack.",
    )


class CampaignDials(Form):
    """How accounts are shared out so that operators and what they use do not meet again."""

    test_share: Annotated[
        ShareOfAll, Field(description="Share of the accounts of each typology. Default: 0.3.")
    ] = 0.3
    validation_share: Annotated[
        float, Field(ge=0, lt=1, description="Share for validation; may be 0. Default: 0.1.")
    ] = 0.1
    most_owners: Annotated[
        Owners,
        Field(
            description="A card, address, mail domain or template that more owners have (operators "
            "or organisations) is popular, keeps nobody apart, and is cut. Default: 5."
        ),
    ] = 5
    largest_component: Annotated[
        ShareOfAll,
        Field(
            description="Accounts that hang together are kept together up to this share of all; "
            "larger components are broken at what most owners have. Default: 0.02."
        ),
    ] = 0.02

    @model_validator(mode="after")
    def _leaves_something(self) -> Self:
        """Refuse shares that leave nothing to train on."""
        if self.test_share + self.validation_share >= 1:
            raise ValueError(
                "test_share and validation_share leave nothing to train on: they should add up to "
                f"less than 1, found {self.test_share + self.validation_share:g}"
            )
        return self


class AdaptationDials(Form):
    """Which campaigns are held out as adaptive ones."""

    operators: Annotated[
        tuple[Adaptation, ...],
        Field(
            min_length=1,
            description="Campaigns that do any of these are tested on, the others trained on, such "
            "as [AD2, AD12]. Default: [AD12], what reacts to the provider.",
        ),
    ] = ("AD12",)


class RegimeDials(Form):
    """The moment between two regimes."""

    at: PositiveDuration | None = optional_key(
        "From the opening of the log, such as 28 d.",
        "Default: the first release of a model in the log.",
    )


class RandomDials(Form):
    """The warning example."""

    test_share: Annotated[ShareOfAll, Field(description="Share of the accounts. Default: 0.3.")] = (
        0.3
    )


class SplitDials(Form):
    """The splits of a pack.

    Attributes
    ----------
    schemes
        Which are made; each must be possible. None for all that are possible.
    time, campaign, adaptation_held_out, regime, random_rows
        Dials of one scheme each. The campaigns that hold out a typology or an adaptation hang
        together as those of `campaign` do; a world is held out as it is.
    """

    schemes: tuple[Scheme, ...] | None = optional_key(
        f"Which splits are made: {', '.join(SCHEMES)}. One that the pack cannot have is an error.",
        "Default: all that it can have.",
    )
    time: Annotated[TimeDials, Field(description="Earlier and later.")] = TimeDials()
    campaign: Annotated[CampaignDials, Field(description="Operators that do not meet again.")] = (
        CampaignDials()
    )
    adaptation_held_out: Annotated[
        AdaptationDials, Field(description="Campaigns that adapt more than those trained on.")
    ] = AdaptationDials()
    regime: Annotated[RegimeDials, Field(description="Before and after a release.")] = RegimeDials()
    random_rows: Annotated[
        RandomDials, Field(description="Accounts at random: a warning, not a split to use.")
    ] = RandomDials()

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        """Refuse a scheme that is named twice."""
        twice = {s for s in self.schemes or () if (self.schemes or ()).count(s) > 1}
        if twice:
            raise ValueError(f"each scheme should be named once, found twice: {', '.join(twice)}")
        return self

    def asks_for(self, scheme: Scheme) -> bool:
        """Whether a scheme is named, or its dials are given: then it must be possible."""
        section = getattr(self, scheme.replace("-", "_"), None)
        return scheme in (self.schemes or ()) or bool(section and section.model_fields_set)
