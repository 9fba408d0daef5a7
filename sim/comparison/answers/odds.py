"""How figures move odds, and what would have to be believed before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sim.comparison.analysis import Analysis
from sim.comparison.answers.columns import (
    added_words,
    number,
    ranged_cells,
    ranged_columns,
    text,
    title_of,
)
from sim.comparison.inference.odds import Odds
from sim.comparison.inference.quantiles import Ranged
from sim.comparison.tables import Cell, Row, Table, odds_words, short_number

_NAMED, _FEW, _SLIGHT = 6, 3, 1.05
REACH_NOTES = (
    "Volumes are moved from a thousandth to a thousand times the stated ones, one explanation at a "
    "time, and the count alone is weighed.",
)


POOL_NOTES = (
    "How likely the work of the other explanation goes through pooled accounts cannot be seen in "
    "the figures. Where a region is barred it may be likely.",
)


def odds_table(a: Analysis) -> Table:
    columns = (
        text("cluster", "claim" if not a.runs else "run"),
        text("known", "known"),
        text("against", f"{a.settings.accused} :"),
        *ranged_columns("ratio", "ratio"),
        text("adds", ""),
    )
    rows = tuple(
        (
            x.evidence.id,
            added_words(step.known),
            other,
            *ranged_cells(ratio),
            None if step.adds else "implied by what is known",
        )
        for x in a.odds
        for step in x.steps
        for other, ratio in step.ratios.items()
    )
    shown = tuple(row for row in rows if row[-1] is None and _is_shown(a, str(row[0]), row[1]))
    return Table("odds", "odds", say_odds(a), columns, rows, odds_notes(a), (), shown)


def _is_shown(a: Analysis, cluster: str, known: Cell) -> bool:
    """Of clusters of which much is known, text has the count alone and all that is known."""
    steps = next(x.steps for x in a.odds if x.evidence.id == cluster)
    few = len(steps) <= _FEW
    return few or known in (added_words(steps[0].known), added_words(steps[-1].known))


def posterior_table(a: Analysis) -> Table:
    columns = (
        text("cluster", "claim" if not a.runs else "run"),
        text("explanation", "explanation"),
        number("prior", "prior odds", "", "number"),
        *ranged_columns("posterior", "probability", "share"),
    )
    given = a.settings.prior_odds or {}
    rows = tuple(
        (x.evidence.id, id_, given.get(id_, 1.0), *ranged_cells(p))
        for x in a.odds
        for id_, p in (x.posterior or {}).items()
    )
    notes = ("Probabilities follow from the prior odds that were given, and from these alone.",)
    finding = "Probabilities for the prior odds that were given"
    return Table("posterior", "odds", finding, columns, rows, notes)


def prior_odds_table(a: Analysis) -> Table:
    columns = (
        text("cluster", "claim" if not a.runs else "run"),
        text("known", "known"),
        text("against", f"{a.settings.accused} :"),
        *ranged_columns("needed", "prior odds for 10 : 1"),
    )
    rows = tuple(
        (x.evidence.id, _all_known(x), other, *ranged_cells(ranged))
        for x in a.odds
        for other, ranged in x.prior_needed.items()
    )
    return Table("prior-odds", "priors-needed", say_prior_odds(a), columns, rows, (cap_note(a),))


def volumes_table(a: Analysis) -> Table:
    columns = (
        text("cluster", "claim" if not a.runs else "run"),
        text("against", f"{a.settings.accused} :"),
        number("best", "best ratio", "", "number"),
        number("centre", "at volume x", "", "number"),
        number("other_below", "10 : 1 if the other's volume x at most", "", "number"),
        number("other_above", "or at least", "", "number"),
    )
    rows = tuple(
        (x.case, x.against, x.best, x.centre, x.other_below, x.other_above) for x in a.reach
    )
    return Table(
        "volumes", "priors-needed", say_reach(a), columns, rows, (*REACH_NOTES, cap_note(a))
    )


def pools_table(a: Analysis) -> Table:
    shares = sorted({w for x in a.pools for w in x.ratios})
    columns = (
        text("cluster", "claim" if not a.runs else "run"),
        text("against", f"{a.settings.accused} :"),
        *(number(f"pooled_{w:g}", f"pooled {100 * w:g} %", "", "number") for w in shares),
        number("decisive_from", "10 : 1 from", "", "share"),
        number("decisive_to", "to", "", "share"),
    )
    rows: tuple[Row, ...] = tuple(
        (x.case, x.against, *(x.ratios[w] for w in shares), *(x.decisive or (None, None)))
        for x in a.pools
    )
    return Table("pooled", "priors-needed", say_pools(a), columns, rows, (*POOL_NOTES, cap_note(a)))


def _extremes(ratios: Iterable[Ranged]) -> tuple[float, float, float, float]:
    """Smallest and largest stated ratio, and smallest and largest over all prior sets."""
    rows = list(ratios)
    stated = [x.stated for x in rows]
    return min(stated), max(stated), min(x.low for x in rows), max(x.high for x in rows)


def _clusters(a: Analysis) -> str:
    what = "run" if a.runs else "claim"
    return what if len(a.odds) == 1 else f"{len(a.odds)} {what}s"


def _all_known(x: Odds) -> str:
    """Return all that is known of a cluster, in few words."""
    known = x.steps[-1].known
    return " + ".join(known) if len(known) <= 3 else f"{len(known)} observables"


def say_odds(a: Analysis) -> str:
    """What the count alone does."""
    if not a.odds:
        return ""
    kept = [
        r
        for x in a.odds
        for other, r in x.steps[0].ratios.items()
        if not {other, x.accused} & set(x.outside)
    ]
    whole = sum(len(x.steps[0].ratios) for x in a.odds)
    left_out = (
        f"; {whole - len(kept)} of {whole} comparisons are left out here, of a count that one "
    )
    left_out += "of the two hardly ever makes"
    if not kept:
        return f"No count is one that two explanations make{left_out}"
    low, high, least, most = _extremes(kept)
    return (
        f"The count alone makes {title_of(a, a.settings.accused)} {_change(low, high)} against "
        f"another explanation, with the priors as stated; over all prior sets "
        f"{_change(least, most)} ({_clusters(a)}{left_out if whole > len(kept) else ''})"
    )


def _change(low: float, high: float) -> str:
    """Return what ratios from 10^low to 10^high make of odds, at most and at least."""
    more, less = 10 ** max(high, 0.0), 10 ** max(-low, 0.0)
    parts = [f"up to {short_number(more)} times likelier"] if more >= _SLIGHT else []
    parts += [f"up to {short_number(less)} times less likely"] if less >= _SLIGHT else []
    return " or ".join(parts) or "as likely as before"


def say_with_more(a: Analysis) -> str:
    """What else is known does."""
    more = [x for x in a.odds if len(x.steps) > 1]
    if not more:
        return ""
    low, high, least, most = _extremes(r for x in more for r in x.steps[-1].ratios.values())
    known = sorted({name for x in more for name in x.steps[-1].known if name != "count"})
    names = ", ".join(x.replace("_", " ") for x in known)
    who = ", ".join(x.evidence.id for x in more) if len(more) <= _NAMED else f"{len(more)} of them"
    return (
        f"With {names} where they are known as well ({who}) the odds move by {odds_words(low)} to "
        f"{odds_words(high)} with the priors as stated, and by {odds_words(least)} to "
        f"{odds_words(most)} over all prior sets"
    )


def odds_notes(a: Analysis) -> tuple[str, ...]:
    """What the ratios do not say."""
    windows = sum(x.window_days is not None for x in a.cases)
    unused = (
        "A window of time is shown and not used: days of use come from their prior. To use it: "
        "--set product.days=17 --set relay.days=17, for example.",
    )
    return (
        *(unused if windows and not a.runs else ()),
        f"A ratio multiplies whatever odds one had before. `from` and `to` are its ends over "
        f"{len(a.settings.sets)} prior sets of the one and as many of the other explanation.",
        cap_note(a),
        "Runs are weighed whole: nobody had to find and publish them."
        if a.runs
        else "The ratios hold among published cases: that a count was published is taken as given.",
        "`+ x`: with x and all before it, in the order of the observables.",
    )


def cap_note(a: Analysis) -> str:
    """Where ratios end."""
    n = f"{a.settings.draws:,}"
    return (
        f"{n} draws cannot tell more than {n} to 1: a ratio that stands there is at least so large."
    )


def say_prior_odds(a: Analysis) -> str:
    """Which prior odds would be needed."""
    if not a.odds:
        return ""
    worst = _ends(a.odds)
    return (
        f"For 10 : 1 with all that is known one needs prior odds of {odds_words(worst[0])} to "
        f"{odds_words(worst[1])}, depending on claim, other explanation and prior set"
    )


def _ends(found: Sequence[Odds]) -> tuple[float, float]:
    rows = [x for o in found for x in o.prior_needed.values()]
    return min(x.low for x in rows), max(x.high for x in rows)


def say_reach(a: Analysis) -> str:
    """Whether a typical volume makes the count decisive."""
    if not a.reach:
        return ""
    best = max(a.reach, key=lambda x: x.best)
    enough = sum(x.best >= 10 for x in a.reach)
    accused = title_of(a, a.settings.accused)
    if enough:
        return (
            f"In {enough} of {len(a.reach)} comparisons some typical volume of {accused} makes the "
            f"count alone favour it by 10 to 1; at most by {short_number(best.best)} "
            f"({best.case} against {title_of(a, best.against)})"
        )
    return (
        f"No typical volume of {accused}, from a thousandth to a thousand times the stated one, "
        f"makes the count alone favour it by 10 to 1: at most by {best.best:.2g} ({best.case} "
        f"against {title_of(a, best.against)})"
    )


def say_pools(a: Analysis) -> str:
    """What the share of pooled accounts does, where much hangs on it."""
    if not a.pools:
        return ""
    moved = [x for x in a.pools if x.decisive not in (None, (0.0, 1.0))]
    if not moved:
        always = sum(x.decisive is not None for x in a.pools)
        return (
            "How likely the accounts of another explanation are pooled never decides whether all "
            f"that is known makes 10 : 1; it does in {always} of {len(a.pools)} comparisons"
        )
    x = max(moved, key=lambda x: (x.case == "A4", x.against == a.settings.against))
    least, most = min(x.ratios), max(x.ratios)
    return (
        f"In {len(moved)} of {len(a.pools)} comparisons it depends on one's belief in pools "
        f"whether all that is known makes 10 : 1. For {x.case} against {title_of(a, x.against)} "
        f"the ratio is {short_number(x.ratios[least])} if {100 * least:g} % of such work goes "
        f"through pooled accounts and {short_number(x.ratios[most])} if {100 * most:g} % does"
    )
