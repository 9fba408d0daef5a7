"""What must hold between the simulations of a recipe, and between them and its other keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import sim.catalog as catalog
from sim.documents.problems import Path, Problem
from sim.documents.quantities import format_duration
from sim.documents.strict_yaml import Document, dotted
from sim.documents.value_types import check_adds_up_to_1
from sim.packs.recipe_form import RecipeForm
from sim.packs.simulations import Simulations
from sim.scenario.resolved import Scenario
from sim.splits.possible import impossible

Finding = tuple[Path, str]


def problems_of_pack(
    form: RecipeForm | None, simulations: Simulations, document: Document
) -> list[Problem]:
    """Return what is wrong with a pack of these simulations.

    Parameters
    ----------
    form
        Of the recipe; None if it is faulty, and then only the simulations are looked at.
    simulations
        Without problems of their own.
    document
        The recipe, for places.
    """
    findings = [*_unlike(simulations), *_formats(simulations), *_positives(simulations)]
    if form is not None and not findings:
        findings = [*_population(form, simulations), *_prevalence(form, simulations)]
        wrong = impossible(form.splits, simulations.scenarios)
        findings += [(("splits", *path), message) for path, message in wrong]
    return [
        Problem(document.place(path), dotted(path), message)
        for path, message in dict.fromkeys(findings)
    ]


def _unlike(simulations: Simulations) -> Iterator[Finding]:
    """Yield a finding for each simulation whose clock or columns are not those of the first."""
    first = simulations.scenarios[0]
    for scenario, path in zip(simulations.scenarios, simulations.places, strict=True):
        if scenario.clock != first.clock:
            yield (
                path,
                f"the log has one clock: {scenario.name} covers {_clock(scenario)}, "
                f"{first.name} {_clock(first)}; set clock.start and clock.duration alike",
            )
        ours, theirs = scenario.tables, first.tables
        if (ours.columns, ours.vectors) != (theirs.columns, theirs.vectors):
            yield (
                path,
                f"the log has one set of columns: {scenario.name} and {first.name} differ in "
                "tables.columns or tables.vectors",
            )


def _clock(scenario: Scenario) -> str:
    clock = scenario.clock
    return f"{format_duration(clock.duration_us)} from {clock.start:%Y-%m-%dT%H:%M}"


def _formats(simulations: Simulations) -> Iterator[Finding]:
    """Yield a finding for each scenario that is not written as Parquet, or has too few columns."""
    for scenario, path in zip(simulations.scenarios, simulations.places, strict=True):
        if scenario.tables.format != "parquet":
            yield (
                path,
                f"{scenario.name} has tables.format {scenario.tables.format}; packs are made of "
                "parquet",
            )
        if scenario.tables.columns == "lean":
            yield (
                path,
                f"{scenario.name} has tables.columns lean; packs are made of core or full columns",
            )


def _positives(simulations: Simulations) -> Iterator[Finding]:
    """Yield a finding if no simulation has an abusive typology, or none a harmless one."""
    accounts = accounts_of(simulations.scenarios)
    abusive = _abusive()
    if not accounts.keys() & abusive:
        names = ", ".join(sorted(abusive))
        yield (), f"no positives: no scenario has an actor of an abusive typology ({names})"
    if not accounts.keys() - abusive:
        yield (), "no negatives: every actor of every scenario is of an abusive typology"


def accounts_of(scenarios: list[Scenario]) -> Counter[str]:
    """Return the accounts of each typology in all scenarios; those of replacements not counted."""
    counted: Counter[str] = Counter()
    for scenario in scenarios:
        for actor in scenario.actors:
            counted[actor.typology] += actor.accounts
    return counted


def _abusive() -> set[str]:
    return {item.id for item in catalog.typologies().values() if item.is_extraction}


def _population(form: RecipeForm, simulations: Simulations) -> Iterator[Finding]:
    """Yield a finding for each typology of the population that the pack cannot stand for."""
    if form.population is None:
        return

    there = accounts_of(simulations.scenarios)
    for typology in form.population:
        if typology in _abusive():
            yield (
                ("population", typology),
                "is abusive; the population is that of legitimate accounts, and `prevalence` says "
                "how many abusive ones come to them",
            )
        elif typology not in there:
            yield ("population", typology), "no scenario has an actor of this typology"

    try:
        check_adds_up_to_1(form.population)
    except ValueError as error:
        yield ("population",), str(error)


def _prevalence(form: RecipeForm, simulations: Simulations) -> Iterator[Finding]:
    """Yield a finding for each prevalence above what the sample has, as rare abuse is the point.

    Whether weights can make it is known when the log is there: see `sim.features.weights`.
    """
    accounts = accounts_of(simulations.scenarios)
    abusive = sum(accounts[typology] for typology in _abusive())
    share = abusive / accounts.total()
    for number, wanted in enumerate(form.prevalence):
        if wanted > share:
            yield (
                ("prevalence", number),
                f"should be at most {share:.4g}, the share of abusive accounts in the sample, as "
                f"weights make abuse rarer, found {wanted:g}; lower it, or add abusive accounts",
            )
        if wanted in form.prevalence[:number]:
            yield ("prevalence", number), f"{wanted:g} is named twice"
