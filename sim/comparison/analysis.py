"""Everything that `sim compare` answers, section by section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any

from sim.catalog import Claim, claims, nearest
from sim.comparison.claims.cases import Case, case_with, cases
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

NO_INTENT = (
    "A count of exchanges does not identify an intent: the same count follows from very different "
    "work, and nothing in it says what the answers were used for."
)
OWN_CLAIMS = "Claims are taken as their source states them; nobody here has checked them."
# Nobody is surer than that before the evidence; sums and quotients of such odds stay exact.
_MOST_ODDS = 1e9


@dataclass(frozen=True, repr=False)
class Analysis(Comparison):
    """A comparison with its results.

    `analysis["needed"]` is the answer of a section: tables, findings, a data frame.

    Attributes
    ----------
    results
        What `Section.compute` returned, by the ids of the sections that were asked for.
    """

    results: Mapping[str, Any]

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
    asked = _known_sections(SECTIONS if sections is None else sections)
    if draws < FEWEST_DRAWS:
        raise InvalidInputError(f"at least {FEWEST_DRAWS} draws are needed, found {draws}")
    compared_cases = _cases({**claims(), **(own_claims or {})}, claim_ids)
    compared = chosen(library or load_library(), hypotheses, accused)
    _check_prior_odds(prior_odds, compared)

    places = dict.fromkeys(map(str, runs))
    compared_runs = tuple(x for place in places for x in clusters(place, by_actor=by_actor))
    model = EvidenceModel(compared, draws, seed, observer)
    settings = Settings(
        accused=compared.accused,
        against=_against(against, compared),
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
    results = {section: inputs.shared(SECTIONS[section].compute) for section in asked}
    return Analysis(
        settings=settings,
        library=compared,
        claims=comparison.claims,
        cases=compared_cases,
        runs=compared_runs,
        results=results,
    )


# What is asked for


def _known_sections(names: Iterable[str]) -> tuple[str, ...]:
    """Return the asked sections in the order in which they are shown, each once.

    Raises InvalidInputError for an unknown name.
    """
    names = tuple(names)
    for name in names:
        if name not in SECTIONS:
            raise InvalidInputError(f"unknown section {name!r}: {nearest(name, SECTIONS)}")
    return tuple(x for x in SECTIONS if x in names)


def _cases(known: Mapping[str, Claim], ids: Sequence[str]) -> tuple[Case, ...]:
    """Return the cases whose counts the claims give; of `all`, without figures of a derivation.

    Parameters
    ----------
    known
        Claims of the catalog and the user's own, by id.
    ids
        Ids of claims that give a count, or of claims in words, which are weighed beside the count
        of their actor; each case is taken once in the order given, or `all`.

    Raises
    ------
    InvalidInputError
        For an unknown claim, and for one that gives no count.
    """
    by_id = cases(known, ids)
    if "all" in ids:
        return tuple(x for x in by_id.values() if x.claims["count"].figure != "derived")
    for id_ in ids:
        if id_ not in known:
            raise InvalidInputError(f"unknown claim {id_!r}: {nearest(id_, by_id)}")
        if id_ not in by_id and not _adds_words(known[id_], by_id):
            metric = known[id_].metric
            gives = f"{metric}, not a count" if known[id_].value is not None else "no figure"
            raise InvalidInputError(f"claim {id_!r} gives {gives}; counts: {', '.join(by_id)}")
    wanted = dict.fromkeys(case_with(by_id, x) for x in ids)
    return tuple(by_id[x] for x in wanted if x is not None)


def _adds_words(claim: Claim, by_id: Mapping[str, Case]) -> bool:
    """Whether a claim in words is weighed in one of the cases."""
    return claim.figure == "words" and case_with(by_id, claim.id) is not None


def _against(against: str | None, library: Library) -> str:
    """Return the hypothesis whose odds are taken apart: by default the first that is not accused.

    Raises InvalidInputError where the named one is accused itself or unknown.
    """
    others = [x for x in library.hypotheses if x != library.accused]
    if against is not None and against not in others:
        raise InvalidInputError(f"nothing to hold against {against!r}: {nearest(against, others)}")
    return against or others[0]


def _check_prior_odds(prior_odds: Mapping[str, float] | None, library: Library) -> None:
    """Refuse prior odds of unknown hypotheses, and odds outside of 1e-9 to 1e9."""
    for id_, weight in (prior_odds or {}).items():
        if id_ not in library.hypotheses:
            raise InvalidInputError(
                f"unknown explanation {id_!r}: {nearest(id_, library.hypotheses)}"
            )
        if not 0 < weight < inf:
            raise InvalidInputError(
                f"prior odds should be a finite number above 0, found {id_}={weight:g}"
            )
        if not 1 / _MOST_ODDS <= weight <= _MOST_ODDS:
            raise InvalidInputError(
                f"prior odds should be a number from 1e-09 to 1e+09, found {id_}={weight:g}"
            )


# What is shown


def caveats(analysis: Analysis) -> tuple[str, ...]:
    """Return what is said before all findings, whatever they are."""
    of_the_catalog = any(claim.id in claims() for claim in analysis.claims)
    return NO_INTENT, reported.ALLEGATIONS if of_the_catalog else OWN_CLAIMS


def tables(analysis: Analysis) -> tuple[Table, ...]:
    """Return the tables of the sections that were asked for, those of runs first.

    Tables of runs are there whichever sections were asked for. Tables without rows are left out.
    """
    of_runs = truth.tables_of_runs(analysis, _weighed(analysis)) if analysis.runs else ()
    return (*of_runs, *(t for answer in analysis.answers.values() for t in answer.tables))


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
