"""Words that the charts share: names, numbers, what the priors are and who claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import get_args

from sim.catalog import Status
from sim.comparison.analysis import Analysis
from sim.comparison.claims.cases import Case
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.sections.benchmark_runs import CONVENTION
from sim.comparison.tables import odds_words, short_number
from sim.counting import CONVENTIONS

__all__ = ["odds_words", "short_number"]

SHORT = {
    "count": "count",
    "accounts": "accounts",
    "exchanges_per_account": "exchanges per account",
    "concentration": "concentration",
    "exchanges_per_task": "exchanges per task",
    "item_repetition": "item repetition",
    "moved_24h": "moved in 24 h",
    "synchrony": "synchrony",
    "shared_instruments": "shared payment",
}
_QUALIFIERS = {"over": "> ", "nearly": "< ", "approximately": "~ ", "exact": ""}
_STATUS_WORDS = {"measured": "measured", "reported": "reported", "prior": "assumed"}


def observable_name(id_: str) -> str:
    """Return a short name of an observable."""
    return SHORT.get(id_, id_.replace("_", " "))


def title_of(analysis: Analysis, hypothesis: str) -> str:
    """Return the title of an explanation."""
    return analysis.library.hypotheses[hypothesis].title


def inline(analysis: Analysis, hypothesis: str) -> str:
    """Return the title of an explanation as it stands inside a sentence."""
    title = title_of(analysis, hypothesis)
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def others(analysis: Analysis) -> tuple[str, ...]:
    """Return all explanations but the accused one."""
    return tuple(x for x in analysis.settings.hypotheses if x != analysis.settings.accused)


def priors_words(analysis: Analysis) -> str:
    """Say how many priors there are of each status; one that explanations share counts once."""
    priors = {
        (name, prior.model_dump_json()): prior.status
        for h in analysis.library.hypotheses.values()
        for name, prior in h.priors.items()
    }
    counts = Counter(priors.values())
    parts = (f"{counts[x]} {_STATUS_WORDS[x]}" for x in reversed(get_args(Status)))
    return f"Priors by status, {len(priors)} in all: {', '.join(parts)}."


def claims_words(analysis: Analysis) -> str:
    """Say whose claims these are, and which runs are weighed in their place."""
    reports = and_list(dict.fromkeys(x.report for x in analysis.cases))
    text = f"Claims are allegations by one party, reported and not verified: {reports}."
    return f"{text} Odds are those of simulated runs." if analysis.runs else text


def counted_words(analysis: Analysis) -> str:
    """Say how the counts that are weighed may have been counted."""
    if analysis.runs:
        return f"Runs are counted whole, as {convention_words(CONVENTION)}."
    return "Counts under every convention (C1 to C6) that the report leaves possible."


def source(analysis: Analysis, *more: str) -> str:
    """Return the source line: status of the priors, whose claims, and what else there is."""
    return " ".join((priors_words(analysis), claims_words(analysis), *more))


def drawn(analysis: Analysis, per: str = "explanation and prior set") -> str:
    """Say how many draws an answer is made of."""
    return f"{analysis.settings.draws:,} draws per {per}, seed {analysis.settings.seed}."


def convention_words(convention: str) -> str:
    """Return a convention with what it counts."""
    return f"{convention} ({CONVENTIONS[convention]})"


def figure_words(case: Case, observable: str = "count") -> str:
    """Return a claimed figure as it was qualified: `> 3.4 M`."""
    claim = case.claims[observable]
    if claim.low is not None and claim.high is not None:
        return f"{short_number(claim.low)} to {short_number(claim.high)}"
    return _QUALIFIERS.get(claim.bound or "", "") + short_number(claim.value or 0)


def evidence_name(analysis: Analysis, id_: str) -> str:
    """Return a case as `A4 Moonshot`; a run by what its name has beside those of the others."""
    if analysis.runs:
        one_run = len({x.run for x in analysis.runs}) == 1
        return id_.rpartition(":")[2] if one_run else PurePath(id_).name
    found = {x.id: f"{x.id} {x.actor}" for x in analysis.cases}
    return found.get(id_, id_)


def kind_of_evidence(analysis: Analysis) -> str:
    """Return what is weighed, in the plural."""
    return "runs" if analysis.runs else "cases"


def number_range(low: float, high: float) -> str:
    """Return two whole numbers as `5 to 10`, or one if they are the same."""
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def percent(share: float) -> str:
    """Return 0.055 as `5.5 %`."""
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"


def share_range(low: float, high: float) -> str:
    """Return two shares as `5.5 to 55 %`, or one if both are written alike."""
    first, last = percent(low), percent(high)
    return last if first == last else f"{first.removesuffix(' %')} to {last}"


def odds_range(values: Sequence[float]) -> str:
    """Return log10 ratios as `1 : 2 to 5 : 1`."""
    low, high = odds_words(min(values)), odds_words(max(values))
    return low if low == high else f"{low} to {high}"


def tight_odds(log10: int) -> str:
    """Return a power of ten for the ticks of an axis of odds: `1:10`."""
    power = 10 ** abs(log10)
    return f"1:{power}" if log10 < 0 else f"{power}:1"


def and_list(names: Iterable[str]) -> str:
    """Return `a, b and c`."""
    known = list(names)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"


def known_words(known: Sequence[str]) -> str:
    """Return a set of observables in words."""
    if len(known) == len(OBSERVABLES):
        return f"all {len(known)} observables"
    return and_list(observable_name(x) for x in known) + (" alone" if len(known) == 1 else "")
