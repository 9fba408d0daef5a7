"""The answers of an analysis as tables and as sentences, one file for each kind of question."""

from __future__ import annotations

from collections.abc import Callable

from sim.catalog import claims
from sim.comparison.analysis import SECTIONS, Analysis
from sim.comparison.answer import Answer
from sim.comparison.answers import adoption, checks, clusters, counts, odds, priors, truth
from sim.comparison.tables import Table

__all__ = ["answer_of", "findings", "first", "tables"]

NO_INTENT = (
    "A count of exchanges does not identify an intent: the same count follows from very different "
    "work, and nothing in it says what the answers were used for."
)

_TABLES: dict[str, tuple[Callable[[Analysis], Table], ...]] = {
    "claims": (counts.claims_table,),
    "documents": (counts.documents_table,),
    "benchmark-runs": (counts.models_table,),
    "needed": (counts.needed_table, counts.inferred_table),
    "predictions": (counts.predictions_table,),
    "odds": (odds.odds_table, odds.posterior_table),
    "priors-needed": (odds.prior_odds_table, odds.volumes_table, odds.pools_table),
    "design": (checks.beside_table, checks.growing_table, checks.confusion_table),
    "pivot": (adoption.adoption_table, adoption.switches_table),
    "sensitivity": (checks.sobol_table, checks.tornado_table),
    "calibration": (checks.scores_table, checks.reliability_table, checks.coverage_table),
    "priors": (priors.priors_table,),
}
_FINDINGS: dict[str, tuple[Callable[[Analysis], str], ...]] = {
    "odds": (truth.say_truth, odds.say_odds, odds.say_with_more),
    "priors-needed": (odds.say_reach, odds.say_pools),
    "needed": (counts.say_needed,),
    "documents": (counts.say_documents,),
    "design": (checks.say_beside,),
    "pivot": (adoption.say_switches, adoption.say_pivot),
    "sensitivity": (checks.say_sensitivity,),
    "calibration": (checks.say_coverage,),
    "priors": (priors.say_priors,),
}


def first(analysis: Analysis) -> tuple[str, ...]:
    """Return what is said before all findings, whatever they are."""
    if any(claim.id in claims() for claim in analysis.claims):
        return NO_INTENT, counts.ALLEGATIONS
    return NO_INTENT, counts.OWN_CLAIMS


def tables(analysis: Analysis) -> tuple[Table, ...]:
    """Return the tables of the sections that were asked for, those of runs first."""
    of_runs = (clusters.runs_table, truth.truth_table, clusters.run_counts_table)
    made = [build(analysis) for build in of_runs] if analysis.runs else []
    for section in analysis.settings.sections:
        made += [build(analysis) for build in _TABLES[section]]
    return tuple(x for x in made if x.rows)


def findings(analysis: Analysis) -> tuple[str, ...]:
    """Return the findings of the sections that were asked for, the most important first."""
    said: list[str] = []
    for section, sentences in _FINDINGS.items():
        if section in analysis.settings.sections:
            said += [x for x in (sentence(analysis) for sentence in sentences) if x]
    return tuple(dict.fromkeys(said))


def answer_of(analysis: Analysis, section: str) -> Answer:
    """Return the tables and findings of one section that was asked for."""
    built = (build(analysis) for build in _TABLES[section])
    sentences = (sentence(analysis) for sentence in _FINDINGS.get(section, ()))
    return Answer(
        section,
        SECTIONS[section],
        tuple(table for table in built if table.rows),
        tuple(dict.fromkeys(finding for finding in sentences if finding)),
    )
