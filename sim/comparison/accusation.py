"""Who says what of whom: the claims that are compared, as sentences before everything else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sim.catalog import Claim, claims
from sim.comparison.plain_words import plain_number
from sim.comparison.section import Comparison
from sim.comparison.wording import actor_words, and_list, plural

WHAT_IT_IS = "Extraction means training a model on another's answers."
_UNDEFINED = "what an exchange is"
_MEANT = "The source does not say {}; here it mostly means one answered request."
_MOST_NAMED = 4
# A report is called by who made it, and when.
_MONTH = re.compile(r" [A-Z][a-z]{2} \d{4}\b")
_BEFORE = {"over": "over ", "nearly": "nearly ", "approximately": "about "}


def accusation(comparison: Comparison) -> str:
    """Say who reports which counts of whom, and what an exchange and extraction are.

    Sums are left out where something else is compared. Of runs it is said that they are simulated.
    """
    if comparison.runs:
        n = plural(len(comparison.runs), "count")
        return f"Looked at here: {n} of simulated traffic whose cause is known. {WHAT_IT_IS}"
    cases = [x for x in comparison.cases if not x.is_sum] or list(comparison.cases)
    counts = [x.claims["count"] for x in cases]
    reports = list(dict.fromkeys(x.report for x in counts))
    said = [_said([x for x in counts if x.report == report]) for report in reports[:_MOST_NAMED]]
    if len(reports) > _MOST_NAMED:
        said.append(f"{plural(len(reports) - _MOST_NAMED, 'further report')} are looked at too.")

    is_undefined = any(_UNDEFINED in x.not_said for x in counts)
    return " ".join((*said, *([_MEANT.format(_UNDEFINED)] if is_undefined else ()), WHAT_IT_IS))


def _said(counts: Sequence[Claim]) -> str:
    """Return the sentence of one report: when, who, of whom, and how many."""
    listed = []
    for k, claim in enumerate(counts):
        unit = claim.unit if k == 0 or claim.unit != counts[k - 1].unit else ""
        listed.append(f"{actor_words(claim.actor)} ({f'{_number(claim)} {unit}'.strip()})")
    if len(listed) > _MOST_NAMED:
        listed[_MOST_NAMED - 1 :] = [f"{len(listed) - _MOST_NAMED + 1} others"]
    named = and_list(listed)

    first = counts[0]
    if first.id not in claims():
        return f"Given for this comparison: {named}."
    when = f"On {first.date.day} {first.date:%B %Y} " if first.date else ""
    return f"{when}{_MONTH.sub('', first.report)} said that {named} had extracted its model."


def _number(claim: Claim) -> str:
    """Return the count of a claim as a newspaper has it: `over 3.4 million`."""
    if claim.low is not None and claim.high is not None:
        return f"{plain_number(claim.low)} to {plain_number(claim.high)}"
    return f"{_BEFORE.get(claim.bound or '', '')}{plain_number(claim.value or 0)}"
