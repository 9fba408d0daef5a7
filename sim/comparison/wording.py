"""Words for numbers, titles and observables: every sentence, table and chart takes them from here.

Text and charts write some things differently; the two forms of a thing stand beside each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sim.catalog import Claim
from sim.comparison.claims.observables import OBSERVABLES

OBSERVABLE_NAMES = {
    "count": "count",
    "accounts": "accounts",
    "exchanges_per_account": "exchanges per account",
    "concentration": "concentration",
    "exchanges_per_task": "exchanges per task",
    "item_repetition": "item repetition",
    "moved_24h": "moved within a day",
    "synchrony": "synchrony",
    "shared_instruments": "shared payment",
}
# Figures of which a report gives no more than words.
IN_WORDS = ("placeholder", "words")
_PERCENT = 100
_METRICS = {
    "pivot_share_of_traffic": "share that moved to a new model",
    "pivot_hours_to_new_model": "time in which traffic moved to a new model",
    "prompt_variants_repeat": "how often a prompt came back in variants",
    "rl_tasks_generated": "tasks made for training",
    "exchanges_through_CoT_cleaner": "exchanges to clean chains of thought",
    "shared_instruments": "share of accounts with a shared payment",
    "peak_exchanges_per_day": "exchanges on the busiest day",
    "accounts_at_peak": "accounts at the peak",
    "first_pool_accounts": "accounts of the first pool",
}


# Numbers


def short_number(value: float) -> str:
    """Return a number with three digits, and a prefix from a thousand on, such as 3.4 M."""
    rounded = float(f"{value:.3g}")  # first, or 999,999 would be 1e+03 k
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(rounded) >= size:
            return f"{rounded / size:.3g}{unit}"
    return f"{rounded:.3g}"


def number_range(low: float, high: float) -> str:
    """Return two whole numbers as `5 to 10`, or one if they are the same."""
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def percent(share: float) -> str:
    """Return a share in percent with two digits, 0.055 as `5.5 %`; whole from 99.5 % on."""
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"


def share_range(low: float, high: float) -> str:
    """Return two shares as `5.5 to 55 %`, or one if both are written alike."""
    first, last = percent(low), percent(high)
    return last if first == last else f"{first.removesuffix(' %')} to {last}"


def odds_words(log10: float) -> str:
    """Return the odds whose log10 is given as people say them: `3 : 1`, `1 : 20`.

    Two digits, for draws give no more. Odds that round to one are `1 : 1`, never `1 : 1.0`.
    """
    ratio = 10 ** abs(log10)
    text = f"{float(f'{ratio:.2g}'):,.0f}" if ratio >= 9.95 else f"{ratio:.1f}".removesuffix(".0")
    return f"1 : {text}" if log10 < 0 and text != "1" else f"{text} : 1"


def odds_range(log10_values: Sequence[float]) -> str:
    """Return the smallest and the largest odds as `1 : 2 to 5 : 1`."""
    low, high = odds_words(min(log10_values)), odds_words(max(log10_values))
    return low if low == high else f"{low} to {high}"


def tight_odds(log10: int) -> str:
    """Return a power of ten for the ticks of an axis of odds: `1:10`."""
    power = 10 ** abs(log10)
    return f"1:{power}" if log10 < 0 else f"{power}:1"


# Lists


def plural(n: int, word: str) -> str:
    """Return a number with its noun, `1 report` or `2 reports`; only nouns that take an s."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def and_list(names: Iterable[str]) -> str:
    """Return names as a list in words, `a, b and c`; at least one name."""
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def or_list(names: Iterable[str]) -> str:
    """Return names as alternatives in words, `a, b or c`; at least one name."""
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} or {listed[-1]}"


def counted(counts: Counter[str]) -> str:
    """Return how often each name occurs, `55 prior, 3 measured`, the most frequent first."""
    return ", ".join(f"{n} {name}" for name, n in counts.most_common())


# Titles of hypotheses


def inline(title: str) -> str:
    """Return a title inside a sentence of a chart; a first word in capitals stays as it is."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def lowered(title: str) -> str:
    """Return a title inside a finding: the first letter is small, of an abbreviation too."""
    return title[0].lower() + title[1:]


# Observables


def observable_name(observable: str) -> str:
    """Return the name of an observable as charts write it; underscores of others become spaces."""
    return OBSERVABLE_NAMES.get(observable, observable.replace("_", " "))


def known_names(known: Sequence[str]) -> str:
    """Return a set of observables as charts write it: `count and accounts`, `count alone`."""
    if len(known) == len(OBSERVABLES):
        return f"all {len(known)} observables"
    return and_list(observable_name(x) for x in known) + (" alone" if len(known) == 1 else "")


def known_sum(known: Sequence[str]) -> str:
    """Return a set of observables as tables write it: `count + accounts`, or `all`."""
    return "all" if len(known) == len(OBSERVABLES) else " + ".join(map(observable_name, known))


def added_observable(known: Sequence[str]) -> str:
    """Return what the last of a growing set of observables adds: `count`, then `+ accounts`."""
    name = observable_name(known[-1])
    return name if len(known) == 1 else f"+ {name}"


# Figures of claims


def figure_words(claim: Claim) -> str:
    """Return a figure as it was reported, such as `over 3,400,000 exchanges`.

    A claim without a figure gives `no figure`, one in words alone its words and how this project
    reads them, or without words its range. Numbers are written with up to 15 digits, none rounded;
    fractions as percentages.
    """
    if claim.value is None:
        return "no figure"
    if claim.figure in IN_WORDS and claim.qualifier:
        return f"{claim.qualifier} (read as {range_words(claim)})"
    if claim.bound == "between":
        within = claim.low == 0 and claim.qualifier == "within"
        return (
            f"within {_amount(claim.high or 0, claim)}"
            if within
            else (f"between {range_words(claim, ' and ')}")
        )
    qualifier = "" if claim.bound in (None, "exact") else f"{claim.bound} "
    figure = f"{qualifier}{_amount(claim.value, claim)}"
    in_words = claim.unit == "fraction" and claim.qualifier.startswith(qualifier.strip() + " ")
    return f'"{claim.qualifier}" ({figure})' if qualifier and in_words else figure


def range_words(claim: Claim, between: str = " to ") -> str:
    """Return what a figure in words may stand for, such as `200 to 1,000 accounts`."""
    is_share = claim.unit == "fraction"
    ends = ((x or 0) * (_PERCENT if is_share else 1) for x in (claim.low, claim.high))
    return f"{between.join(f'{x:,.15g}' for x in ends)} {'%' if is_share else claim.unit}"


def _amount(value: float, claim: Claim) -> str:
    """Return a number with its unit; a fraction in percent."""
    if claim.unit == "fraction":
        return f"{_PERCENT * value:.15g} %"
    return f"{value:,.15g} {claim.unit}"


def metric_words(metric: str) -> str:
    """Return what a claim gives, in words: `share that moved to a new model`."""
    return _METRICS.get(metric, metric.replace("_", " "))


def actor_words(actor: str) -> str:
    """Return of whom a claim is, in words: a sum is of all together, some are of nobody named."""
    if actor.split()[0] == "ALL":
        return f"all{actor.removeprefix('ALL')} together"
    return "somebody unnamed" if actor in ("generic", "unnamed") else actor
