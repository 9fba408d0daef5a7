"""A recipe in resolved form: what a pack is made of, with every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sim.documents.quantities import format_duration
from sim.features.dials import FeatureDials
from sim.labelling.dials import LabelDials
from sim.packs.recipe_form import RecipeForm
from sim.packs.recipe_parse import form_of
from sim.packs.simulations import with_seeds
from sim.scenario.resolved import Scenario
from sim.splits.dials import SplitDials


@dataclass(frozen=True)
class Recipe:
    """What a pack is made of, what is known about it, and how it is divided.

    Attributes
    ----------
    form
        The recipe as it was written, checked.
    written
        The same as plain values, changes included.
    scenarios
        The simulations, resolved, one a seed, in the order in which they are merged. Their clocks
        are alike, and so are the columns of their logs.
    """

    form: RecipeForm
    written: Mapping[str, Any]
    scenarios: tuple[Scenario, ...]

    @property
    def name(self) -> str:
        """The name of the pack."""
        return self.form.name

    @property
    def title(self) -> str:
        """One line for people; the name if the recipe has none."""
        return self.form.title or self.form.name

    @property
    def about(self) -> str:
        """What the pack is for; may be empty."""
        return self.form.about

    @property
    def status(self) -> str:
        """The version of the values, such as `v1-draft`; empty if none is said."""
        return self.form.status or ""

    @property
    def published(self) -> date | None:
        """The day on which the values were published, if it is said."""
        return self.form.published

    @property
    def difficulty(self) -> Literal["easy", "medium", "hard"]:
        """By which limits audits judge: as the recipe says, else its level, else hard."""
        if self.form.difficulty is not None:
            return self.form.difficulty
        levels = {scenario.level for scenario in self.scenarios}
        if levels == {"easy"}:
            return "easy"
        return "medium" if levels == {"medium"} else "hard"

    @property
    def seed(self) -> int:
        """The seed of labels and splits; the scenarios have seeds of their own."""
        return self.form.seed

    @property
    def prevalence(self) -> tuple[float, ...]:
        """Shares of accounts of the population whose target is true, for which weights are made."""
        return self.form.prevalence

    @property
    def population(self) -> Mapping[str, float] | None:
        """Shares of legitimate typologies in the population; None for those of the catalog."""
        return self.form.population

    @property
    def least_share(self) -> float:
        """Share of extraction in an account's exchanges from which it counts as positive."""
        return self.form.target.least_share

    @property
    def labels(self) -> LabelDials:
        """How a provider comes to know what accounts are."""
        return self.form.labels

    @property
    def splits(self) -> SplitDials:
        """How the pack is divided."""
        return self.form.splits

    @property
    def features(self) -> FeatureDials:
        """Which features are ready made."""
        return self.form.features

    @property
    def part_rows(self) -> int:
        """Exchanges in a part of the log, about."""
        return self.form.part_rows

    @property
    def opens_us(self) -> int:
        """When the log opens, in microseconds of Unix time."""
        return round(self.scenarios[0].clock.start.timestamp() * 1e6)

    @property
    def closes_us(self) -> int:
        """When the log closes, in microseconds of Unix time."""
        return self.opens_us + self.scenarios[0].clock.duration_us

    @property
    def worlds(self) -> tuple[int, ...]:
        """The seeds of the worlds, each once, in order."""
        return tuple(sorted({scenario.world.seed for scenario in self.scenarios}))

    def summary(self, accounts: int | None = None) -> str:
        """Return one line: simulations, accounts, worlds, clock and difficulty.

        `accounts` are those of the log, replacements included; if left out, those at the beginning.
        """
        clock = self.scenarios[0].clock
        if accounts is None:
            accounts = sum(scenario.accounts for scenario in self.scenarios)
        return (
            f"{_counted(len(self.scenarios), 'simulation')} in "
            f"{_counted(len(self.worlds), 'world')}, {_counted(accounts, 'account')}, "
            f"{format_duration(clock.duration_us)} from {clock.start:%Y-%m-%d}, {self.difficulty}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values from which `from_dict` makes an equal recipe.

        Scenarios that differ in nothing but their seeds stand there once. `dials` says what holds
        where the recipe is silent; it is for readers.
        """
        scenarios = [with_seeds(scenario, 0, 0) for scenario in self.scenarios]
        unlike = [x for number, x in enumerate(scenarios) if x not in scenarios[:number]]
        return {
            "written": dict(self.written),
            "simulations": [
                {"scenario": unlike.index(x), "seed": each.seed, "world_seed": each.world.seed}
                for x, each in zip(scenarios, self.scenarios, strict=True)
            ],
            "scenarios": [scenario.to_dict() for scenario in unlike],
            "dials": self.form.model_dump(mode="json", include={"labels", "splits", "features"}),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Return the recipe that `to_dict` described; no file is read.

        Raises
        ------
        InvalidInputError
            If the recipe is none that this version reads.
        pydantic.ValidationError
            If a scenario is none.
        """
        unlike = [Scenario.from_dict(each) for each in values["scenarios"]]
        scenarios = tuple(
            with_seeds(unlike[each["scenario"]], each["seed"], each["world_seed"])
            for each in values["simulations"]
        )
        return cls(form_of(values["written"]), values["written"], scenarios)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
