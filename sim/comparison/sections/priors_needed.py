"""Section `priors-needed`: how suspicious one must already be to end at odds of 10 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

from sim.comparison.inference.beliefs import MovedFits, PoolShare, Reach, pool_shares, reach
from sim.comparison.inference.odds import DECISIVE, Odds
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.sections import odds
from sim.comparison.sections.odds import against_column, cap_note, cluster_column
from sim.comparison.strength import about
from sim.comparison.tables import (
    Row,
    Table,
    number_column,
    ranged_cells,
    ranged_columns,
    text_column,
)
from sim.comparison.wording import and_list

VOLUME_NOTES = (
    "Volumes are moved from a thousandth to a thousand times the stated ones, one explanation at a "
    "time, and the count alone is weighed.",
)
POOL_NOTES = (
    "How likely the work of the other explanation goes through pooled accounts cannot be seen in "
    "the figures. Where a region is barred it may be likely.",
)
_ALWAYS = (0.0, 1.0)
_FEATURED_CASE = "A4"
_MOST_LISTED = 3
# Log10 of the largest odds that a finding says.
_MOST_SAID = 2.0


@dataclass(frozen=True)
class PriorsNeeded:
    """The result of the section.

    Attributes
    ----------
    odds
        The odds of every claim or run, with the prior odds that each needs for 10 to 1.
    reach
        Which typical volumes would make the count alone decisive.
    pools
        What the share of pooled accounts does to the odds with every figure that is given.
    """

    odds: tuple[Odds, ...]
    reach: tuple[Reach, ...]
    pools: tuple[PoolShare, ...]


def compute(inputs: Inputs) -> PriorsNeeded:
    """Move volumes and shares of pooled accounts, one at a time."""
    model, accused = inputs.model, inputs.settings.accused
    evidence = odds.evidence_of(inputs.comparison)
    kept: MovedFits = {}
    return PriorsNeeded(
        odds=inputs.shared(odds.weigh),
        reach=tuple(reached for x in evidence for reached in reach(model, x, accused, kept)),
        pools=tuple(share for x in evidence for share in pool_shares(model, x, accused)),
    )


# Tables


def prior_odds_table(comparison: Comparison, result: PriorsNeeded) -> Table:
    """Return the prior odds that each cluster needs against each other hypothesis."""
    columns = (
        cluster_column(comparison),
        text_column("known", "known"),
        against_column(comparison),
        *ranged_columns("needed", "prior odds for 10 : 1"),
        number_column("needed_error", "+-", "", "share"),
    )
    rows = tuple(
        (x.evidence.id, _all_known(x), other, *ranged_cells(needed), needed.relative_error)
        for x in result.odds
        for other, needed in x.prior_needed.items()
    )
    finding, notes = say_prior_odds(comparison, result), (cap_note(comparison),)
    return Table("prior-odds", "priors-needed", finding, columns, rows, notes)


def _all_known(odds: Odds) -> str:
    """Return which observables a report or run gives, in few words."""
    known = odds.steps[-1].known
    return " + ".join(known) if len(known) <= _MOST_LISTED else f"{len(known)} observables"


def volumes_table(comparison: Comparison, result: PriorsNeeded) -> Table:
    """Return the best ratio over volumes of the accused, and the decisive ones of the others.

    Empty cells mean that no volume from a thousandth to a thousand times the stated one is
    decisive.
    """
    columns = (
        cluster_column(comparison),
        against_column(comparison),
        number_column("best", "best ratio", "", "number"),
        number_column("centre", "at volume x", "", "number"),
        number_column("other_below", "10 : 1 if the other's volume x at most", "", "number"),
        number_column("other_above", "or at least", "", "number"),
    )
    rows = tuple(
        (x.case, x.against, x.best, x.centre, x.other_below, x.other_above) for x in result.reach
    )
    finding, notes = say_reach(comparison, result), (*VOLUME_NOTES, cap_note(comparison))
    return Table("volumes", "priors-needed", finding, columns, rows, notes)


def pools_table(comparison: Comparison, result: PriorsNeeded) -> Table:
    """Return the ratio by the share of the other hypothesis' accounts that are pooled.

    There is no row for a hypothesis whose accounts are never, or always, pooled.
    """
    shares = sorted({share for x in result.pools for share in x.ratios})
    columns = (
        cluster_column(comparison),
        against_column(comparison),
        *(number_column(f"pooled_{w:g}", f"pooled {100 * w:g} %", "", "number") for w in shares),
        number_column("decisive_from", "10 : 1 from", "", "share"),
        number_column("decisive_to", "to", "", "share"),
    )
    rows: tuple[Row, ...] = tuple(
        (x.case, x.against, *(x.ratios[w] for w in shares), *(x.decisive or (None, None)))
        for x in result.pools
    )
    finding, notes = say_pools(comparison, result), (*POOL_NOTES, cap_note(comparison))
    return Table("pooled", "priors-needed", finding, columns, rows, notes)


# Findings


def say_prior_odds(_: Comparison, result: PriorsNeeded) -> str:
    """Say which prior odds would be needed, over all claims, hypotheses and prior sets."""
    if not result.odds:
        return ""
    needed = [x for odds in result.odds for x in odds.prior_needed.values()]
    return (
        "To end at 10 : 1 with every figure that a report gives, one must begin at odds of "
        f"{about(min(x.stated for x in needed))} to {about(max(x.stated for x in needed))}, "
        "depending on claim and other explanation"
    )


def say_reach(comparison: Comparison, result: PriorsNeeded) -> str:
    """Say against which explanations some typical volume makes the count alone decisive."""
    if not result.reach:
        return ""
    accused = comparison.lowered_title(comparison.settings.accused)
    enough = dict.fromkeys(x.against for x in result.reach if x.best >= DECISIVE)
    against = "no other explanation"
    if len(enough) == len(comparison.settings.others) > 1:
        against = "every other explanation"
    elif enough:
        against = and_list(comparison.lowered_title(x) for x in enough)
    only = "only " if 0 < len(enough) < len(comparison.settings.others) else ""
    return (
        f"Even with the most favourable typical volume of {accused}, the count alone reaches "
        f"10 to 1 {only}against {against}"
    )


def say_pools(comparison: Comparison, result: PriorsNeeded) -> str:
    """Say what the share of pooled accounts does, of the comparison where most hangs on it.

    That is case A4 where it is compared, against the hypothesis of the settings if possible.
    """
    undecided = [x for x in result.pools if x.decisive not in (None, _ALWAYS)]
    if not result.pools:
        return ""
    if not undecided:
        return (
            "How likely the accounts of another explanation are pooled never decides whether the "
            "figures make 10 to 1"
        )

    against = comparison.settings.against
    x = max(undecided, key=lambda x: (x.case == _FEATURED_CASE, x.against == against))
    least, most = (log10(x.ratios[share]) for share in (min(x.ratios), max(x.ratios)))
    return (
        f"Whether {x.case} reaches 10 to 1 against {comparison.lowered_title(x.against)} rests on "
        "how much of such work you think goes through pooled accounts: the odds are "
        f"{_beyond(least)} if hardly any does, and {_beyond(most)} if nearly all does"
    )


def _beyond(log10_ratio: float) -> str:
    """Return odds in words; beyond 100 to 1, which rests on few draws, only that they are."""
    if abs(log10_ratio) <= _MOST_SAID:
        return about(log10_ratio)
    return "over 100 : 1" if log10_ratio > 0 else "over 1 : 100"


SECTION = Section(
    id="priors-needed",
    question="how suspicious you must already be",
    tables=(prior_odds_table, volumes_table, pools_table),
    compute=compute,
    findings=(say_reach, say_pools),
    importance=3,
    charts=("sim.reporting.charts.prior_odds:priors_needed",),
)
