"""Everything that `sim compare` answers, section by section."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from sim.catalog import Claim, claims
from sim.comparison.asked import asked_against, asked_cases, check_prior_odds, known_sections
from sim.comparison.claims.intervals import Reading
from sim.comparison.clusters.from_runs import clusters
from sim.comparison.hypotheses.load_hypotheses import chosen, load_library
from sim.comparison.hypotheses.model import Library
from sim.comparison.inference.evidence_model import EvidenceModel, Observer
from sim.comparison.inference.odds import Odds
from sim.comparison.section import Answer, Comparison, Inputs, Section, Settings
from sim.comparison.sections import (
    adoption,
    benchmark_runs,
    calibration,
    design,
    needed,
    odds,
    predictions,
    prior_list,
    priors_needed,
    reported,
    sensitivity,
    statements,
    truth,
)
from sim.comparison.tables import Table
from sim.errors import InvalidInputError

# The claims of February 2026 that give a count of exchanges.
FEBRUARY = ("A3", "A4", "A5", "A1")
DRAWS = 10_000
FEWEST_DRAWS = 200
# With fewer, numbers and the words for them may change with the seed.
_ROUGH_BELOW = 2_000

# In the order in which they are shown.
SECTIONS: dict[str, Section[Any]] = {
    section.id: section
    for section in (
        reported.SECTION,
        statements.SECTION,
        benchmark_runs.SECTION,
        needed.SECTION,
        predictions.SECTION,
        odds.SECTION,
        priors_needed.SECTION,
        design.SECTION,
        adoption.SECTION,
        sensitivity.SECTION,
        calibration.SECTION,
        prior_list.SECTION,
    )
}

# The sections that the short answer needs.
IN_SHORT = (predictions.SECTION.id, odds.SECTION.id, design.SECTION.id)

NO_INTENT = (
    "A count of exchanges does not identify an intent: the same count follows from very different "
    "work, and nothing in it says what the answers were used for."
)
OWN_CLAIMS = "Claims are taken as their source states them; nobody here has checked them."


@dataclass(frozen=True, repr=False)
class Analysis(Comparison):
    """A comparison with its results.

    `analysis["needed"]` is the answer of a section: tables, findings, a data frame.

    Attributes
    ----------
    results
        What `Section.compute` returned, by the ids of the sections that were asked for.
    foretold
        What `Section.foretell` returned, of sections that are not computed yet.
    """

    results: Mapping[str, Any]
    foretold: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, section: str) -> Answer:
        """Return the answer of one section that was asked for.

        Raises
        ------
        KeyError
            If the section is unknown or was not asked for.
        """
        if section not in self.answers:
            raise KeyError(f"no section {section!r}; there are {', '.join(self.answers)}")
        return self.answers[section]

    @cached_property
    def answers(self) -> Mapping[str, Answer]:
        """The answers of all sections that were asked for, by id, in their order."""
        return {
            section: SECTIONS[section].answer(self, result)
            for section, result in self.results.items()
        }

    def to_html(self, path: Path | str) -> None:
        """Write the page with every table and chart of the asked sections to `path`."""
        reporting = import_module("sim.reporting")
        reporting.write_page(self, reporting.charts_of(self), Path(path))

    def __repr__(self) -> str:
        compared = f"claims={[x.id for x in self.cases]}"
        if self.runs:
            compared = f"runs={[x.name for x in self.runs]}"
        return (
            f"Analysis({compared}, hypotheses={list(self.settings.hypotheses)}, "
            f"draws={self.settings.draws}, sections={list(self.results)})"
        )

    def _repr_html_(self) -> str:
        """Return all answers as HTML, as notebooks show them."""
        return "".join(answer._repr_html_() for answer in self.answers.values())


def analyse(
    runs: Sequence[Path | str] = (),
    *,
    claim_ids: Sequence[str] = FEBRUARY,
    own_claims: Mapping[str, Claim] | None = None,
    library: Library | None = None,
    hypotheses: Sequence[str] = (),
    accused: str | None = None,
    against: str | None = None,
    by_actor: bool = False,
    reading: Reading = "rounded",
    prior_odds: Mapping[str, float] | None = None,
    sections: Sequence[str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    observer: Observer | None = None,
    begins: Callable[[str, Analysis], None] | None = None,
) -> Analysis:
    """Hold reported counts, or the counts of runs, against hypotheses.

    Parameters
    ----------
    runs
        Folders or URLs of finished runs, weighed in place of claims.
    claim_ids
        Claims that give a count, or `all`. Where there are runs they only say what it would take.
    own_claims
        Further claims by id.
    library
        The hypotheses; those shipped by default.
    hypotheses
        Ids of some of them only.
    accused
        Id of the hypothesis that the accusation gives, if not the one that the library says.
    against
        Id of the one whose odds the sensitivity analysis takes apart; the first other by default.
    by_actor
        Whether runs are taken apart by the actors of their truth.
    reading
        What "over" means: `rounded` (up to the next printed digit) or `at-least`.
    prior_odds
        Relative odds before by hypothesis, 1 for others, each from 1e-9 to 1e9. Without them no
        probabilities are computed.
    sections
        Keys of `SECTIONS`; all by default.
    draws
        For each hypothesis and prior set, at least 200.
    seed
        The same seed gives the same analysis.
    observer
        Is told how many sets of draws are done, of how many.
    begins
        Is told which section is computed next, and given the analysis so far; once more where a
        part of its result is foretold. Those that a short answer needs are computed first, the
        others in their order.

    Returns
    -------
    Analysis
        The answers of the asked sections.

    Raises
    ------
    InvalidInputError
        For an unknown claim, hypothesis or section, for a run that is empty, and for one without
        truth where `by_actor` needs it.
    """
    asked = known_sections(SECTIONS if sections is None else sections, tuple(SECTIONS))
    if draws < FEWEST_DRAWS:
        raise InvalidInputError(f"at least {FEWEST_DRAWS} draws are needed, found {draws}")
    if by_actor and not runs:
        raise InvalidInputError("by actor means that a run is taken apart; name one")
    compared_cases = asked_cases({**claims(), **(own_claims or {})}, claim_ids)
    compared = chosen(library or load_library(), hypotheses, accused)
    check_prior_odds(prior_odds, compared)

    places = dict.fromkeys(map(str, runs))
    compared_runs = tuple(x for place in places for x in clusters(place, by_actor=by_actor))
    model = EvidenceModel(compared, draws, seed, observer)
    settings = Settings(
        accused=compared.accused,
        against=asked_against(against, compared),
        hypotheses=model.ids,
        sets=model.sets,
        draws=draws,
        seed=seed,
        reading=reading,
        prior_odds=prior_odds,
        sections=asked,
    )

    all_claims = dict.fromkeys(claim for x in compared_cases for claim in x.claims.values())
    comparison = Comparison(settings, compared, tuple(all_claims), compared_cases, compared_runs)
    inputs = Inputs(comparison, model)
    results: dict[str, Any] = {}
    for section in sorted(asked, key=lambda x: x not in IN_SHORT):
        if begins is not None:
            begins(section, _analysis(comparison, results))
            if (foretell := SECTIONS[section].foretell) is not None:
                foretold = {section: foretell(inputs)}
                begins(section, _analysis(comparison, results, foretold))
        results[section] = inputs.shared(SECTIONS[section].compute)
    return _analysis(comparison, results)


def _analysis(
    comparison: Comparison, results: Mapping[str, Any], foretold: Mapping[str, Any] | None = None
) -> Analysis:
    """Return the analysis with the results so far, in the order in which they are shown."""
    return Analysis(
        settings=comparison.settings,
        library=comparison.library,
        claims=comparison.claims,
        cases=comparison.cases,
        runs=comparison.runs,
        results={x: results[x] for x in comparison.settings.sections if x in results},
        foretold=foretold or {},
    )


# What is shown


def caveats(analysis: Analysis) -> tuple[str, ...]:
    """Return what is said before all findings, whatever they are."""
    of_the_catalog = any(claim.id in claims() for claim in analysis.claims)
    said = (NO_INTENT, reported.ALLEGATIONS if of_the_catalog else OWN_CLAIMS)
    draws = analysis.settings.draws
    if draws >= _ROUGH_BELOW:
        return said
    return (*said, f"{draws:,} draws: numbers are rough; the default is {DRAWS:,}.")


def tables(analysis: Analysis) -> tuple[Table, ...]:
    """Return the tables of the sections that were asked for, those of runs first.

    Tables of runs are there whichever sections were asked for. Tables without rows are left out.
    """
    return (*run_tables(analysis), *(t for x in analysis.answers.values() for t in x.tables))


def run_tables(analysis: Analysis) -> tuple[Table, ...]:
    """Return the tables of the compared runs, with what was weighed of them; none without runs."""
    return truth.tables_of_runs(analysis, _weighed(analysis)) if analysis.runs else ()


def _weighed(analysis: Analysis) -> tuple[Odds, ...]:
    """Return the odds of the runs, if an asked section has computed them, else nothing."""
    for section in (odds.SECTION.id, priors_needed.SECTION.id):
        if section in analysis.results:
            weighed: tuple[Odds, ...] = analysis.results[section].odds
            return weighed
    return ()


def findings(analysis: Analysis) -> tuple[str, ...]:
    """Return the findings of the sections that were asked for, the most important first.

    Sections of the same importance keep their order; a sentence that two sections say is there
    once.
    """
    answers = analysis.answers
    by_importance = sorted(answers, key=lambda section: -SECTIONS[section].importance)
    said = (finding for section in by_importance for finding in answers[section].findings)
    return tuple(dict.fromkeys(said))
