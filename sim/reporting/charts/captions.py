"""Texts that the frames of several charts share: where figures come from, how many draws."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import get_args

from sim.catalog import Status
from sim.comparison.inference.run_totals import CONVENTION
from sim.comparison.section import Comparison
from sim.comparison.wording import and_list
from sim.tables.conventions import CONVENTIONS

_STATUS_WORDS = {"measured": "measured", "reported": "reported", "prior": "assumed"}


def source(comparison: Comparison, *more: str) -> str:
    """Return the source line: status of the priors, whose claims, and what else there is.

    Parameters
    ----------
    comparison
        What is compared.
    *more
        Sentences that this chart adds.
    """
    return " ".join((_priors_words(comparison), _claims_words(comparison), *more))


def _priors_words(comparison: Comparison) -> str:
    """Say how many priors there are of each status; one that hypotheses share counts once."""
    statuses = {
        (name, prior.model_dump_json()): prior.status
        for hypothesis in comparison.library.hypotheses.values()
        for name, prior in hypothesis.priors.items()
    }
    counts = Counter(statuses.values())
    parts = (f"{counts[x]} {_STATUS_WORDS[x]}" for x in reversed(get_args(Status)))
    return f"Priors by status, {len(statuses)} in all: {', '.join(parts)}."


def _claims_words(comparison: Comparison) -> str:
    """Say whose claims these are, and whether runs are weighed in their place."""
    reports = and_list(dict.fromkeys(x.report for x in comparison.cases))
    text = f"Claims are allegations by one party, reported and not verified: {reports}."
    return f"{text} Odds are those of simulated runs." if comparison.runs else text


def counted_words(comparison: Comparison) -> str:
    """Say how the counts that are weighed may have been counted.

    Runs are counted by this program, so their convention is known; that of a report is not.
    """
    if comparison.runs:
        return f"Runs are counted whole, as {convention_words(CONVENTION)}."
    return "Counts under every convention (C1 to C6) that the report leaves possible."


def convention_words(convention: str) -> str:
    """Return a convention with what it counts, as `C2 (answered requests)`."""
    return f"{convention} ({CONVENTIONS[convention]})"


def drawn(comparison: Comparison, per: str = "explanation and prior set") -> str:
    """Say how many draws an answer is made of, `per` what."""
    return f"{comparison.settings.draws:,} draws per {per}, seed {comparison.settings.seed}."


def evidence_name(comparison: Comparison, id_: str) -> str:
    """Return a case as `A4 Moonshot`; a run by what its name has beside those of the others.

    Parameters
    ----------
    comparison
        With runs, evidence is runs or actors of runs; else it is cases.
    id_
        Id of a case, path of a run, or `run:actor`. An unknown one is returned as it is.
    """
    if comparison.runs:
        one_run = len({x.run for x in comparison.runs}) == 1
        return id_.rpartition(":")[2] if one_run else PurePath(id_).name
    names = {x.id: f"{x.id} {x.actor}" for x in comparison.cases}
    return names.get(id_, id_)


def kind_of_evidence(comparison: Comparison) -> str:
    """Return what is weighed, in the plural."""
    return "runs" if comparison.runs else "cases"
