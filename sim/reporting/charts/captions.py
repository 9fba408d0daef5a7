"""Texts that the frames of several charts share: where figures come from, how many draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, get_args

from sim.catalog import Status
from sim.comparison.inference.run_totals import CONVENTION
from sim.comparison.plain_words import claim_names
from sim.comparison.section import Comparison
from sim.comparison.wording import and_list
from sim.reporting.charts.primitives import colours
from sim.tables.conventions import CONVENTIONS

# Kinds of use in the order in which they are drawn: what they are called, which colour they have.
_GROUPS = {
    "legitimate": ("ordinary use", 0),
    "access": ("access against the terms", 3),
    "extraction": ("extraction", 2),
}
_STATUS_WORDS = {"measured": "measured", "reported": "reported", "prior": "assumed"}


def source(comparison: Comparison, *more: str) -> str:
    """Return the source line: status of the priors, whose claims, and what else there is.

    `of_claims` is that without the priors, for what uses none of them.

    Parameters
    ----------
    comparison
        What is compared.
    *more
        Sentences that this chart adds.
    """
    return " ".join((_priors_words(comparison), of_claims(comparison), *more))


def _priors_words(comparison: Comparison) -> str:
    """Say how many ranges there are of each status; one that explanations share counts once."""
    statuses = {
        (name, prior.model_dump_json()): prior.status
        for hypothesis in comparison.library.hypotheses.values()
        for name, prior in hypothesis.priors.items()
    }
    counts = Counter(statuses.values())
    n = len(statuses)
    if set(counts) <= {"prior"}:
        return f"All {n} ranges that the explanations draw from are assumed."
    parts = [f"{counts[x]} {_STATUS_WORDS[x]}" for x in reversed(get_args(Status)) if counts[x]]
    return f"Of the {n} ranges that explanations draw from: {and_list(parts)}."


def of_claims(comparison: Comparison) -> str:
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


def drawn(comparison: Comparison, per: str = "explanation and set of assumptions") -> str:
    """Say how many draws an answer is made of, `per` what."""
    return f"{comparison.settings.draws:,} draws per {per}, seed {comparison.settings.seed}."


def evidence_name(comparison: Comparison, id_: str) -> str:
    """Return a case as `Moonshot, 3.4 million`; a run by what its name has beside the others'.

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
    return claim_names(comparison.cases).get(id_, id_)


def in_groups(comparison: Comparison, ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Return explanations by kind of use, in the order in which kinds are drawn."""
    ids = tuple(ids)
    hypotheses = comparison.library.hypotheses
    groups = {x: [id_ for id_ in ids if hypotheses[id_].group == x] for x in _GROUPS}
    return {group: members for group, members in groups.items() if members}


def group_words(group: str) -> str:
    """Return a kind of use in words, such as `ordinary use`."""
    return _GROUPS[group][0]


def group_colour(group: str) -> Any:
    """Return the colour that a kind of use has in every chart."""
    return colours()[_GROUPS[group][1]]


def colour_of(comparison: Comparison, hypothesis: str) -> Any:
    """Return the colour of the kind of use that an explanation is."""
    return group_colour(comparison.library.hypotheses[hypothesis].group)
