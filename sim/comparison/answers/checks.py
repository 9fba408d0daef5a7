"""Which observable would tell, which assumption matters, and whether probabilities hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sim.comparison.analysis import Analysis
from sim.comparison.answers.columns import added_words, known_words, number, text, title_of
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.sections.design import Expected
from sim.comparison.sections.sensitivity import COUNT, ODDS_ALL
from sim.comparison.tables import Row, Table, short_number

_SHOWN = ("count", "+ accounts", "+ item_repetition", "+ shared_instruments")
_LEAST_INDEX, _LEAST_BAR = 0.1, 0.3
DESIGN_NOTES = (
    "`wrong`: how often the likelier of the two is the wrong one, each being true half of the "
    "time. The other columns are medians over clusters that the one or the other made.",
    "An observable tells as much as the priors of the explanations let it: what is assumed to "
    "differ differs.",
)


SOBOL_NOTES = (
    "S1: share of the variance that a dial explains alone; ST: with all that it does together with "
    "others. Intervals of 95 %. Log odds are cut off at a hundred to one, and are those of all "
    "clusters, published or not.",
)


TORNADO_NOTES = (
    "Mean of log10 of the reported count where a dial is in its lowest and highest tenth; for a "
    "choice, the options with the smallest and the largest mean.",
)


def beside_table(a: Analysis) -> Table:
    return _expected(a, "beside-the-count", a.beside, say_beside(a))


def growing_table(a: Analysis) -> Table:
    table = _expected(a, "growing", a.growing, say_growing(a))
    shown = tuple(row for row in table.rows if row[1] in _SHOWN)
    return replace(table, shown=shown)


def _expected(a: Analysis, id_: str, of: Sequence[Expected], finding: str) -> Table:
    columns = (
        text("against", f"{a.settings.accused} :"),
        text("known", "known"),
        number("wrong", "wrong", "", "share"),
        number("if_accused", f"if {a.settings.accused}", "log10", "odds"),
        number("if_accused_p05", "5 %", "log10", "odds"),
        number("if_accused_p95", "95 %", "log10", "odds"),
        number("if_accused_low", "sets from", "log10", "odds"),
        number("if_accused_high", "to", "log10", "odds"),
        number("if_other", "if the other", "log10", "odds"),
        number("if_other_p05", "5 %", "log10", "odds"),
        number("if_other_p95", "95 %", "log10", "odds"),
        number("if_other_low", "sets from", "log10", "odds"),
        number("if_other_high", "to", "log10", "odds"),
    )
    rows = tuple(
        (
            x.against,
            added_words(x.known),
            x.wrong,
            *(x.if_accused.median, x.if_accused.p05, x.if_accused.p95),
            *(x.median_if_accused.low, x.median_if_accused.high),
            *(x.if_other.median, x.if_other.p05, x.if_other.p95),
            *(x.median_if_other.low, x.median_if_other.high),
        )
        for x in sorted(of, key=lambda x: x.against)
    )
    wide = tuple(
        f"if_{who}_{end}" for who in ("accused", "other") for end in ("p05", "p95", "low", "high")
    )
    return Table(id_, "design", finding, columns, rows, DESIGN_NOTES, wide)


def confusion_table(a: Analysis) -> Table:
    ids = a.settings.hypotheses
    columns = (
        text("known", "known"),
        text("true", "true explanation"),
        *(number(x, x, "", "share") for x in ids),
    )
    rows: tuple[Row, ...] = tuple(
        (known_words(x.known), true, *map(float, line))
        for x in a.confusions
        for true, line in zip(x.ids, x.mean, strict=True)
    )
    return Table("confusion", "design", say_confusions(a), columns, rows)


def sobol_table(a: Analysis) -> Table:
    columns = (
        text("explanation", "explanation"),
        text("quantity", "quantity"),
        text("dial", "dial"),
        number("first", "S1", "", "number"),
        number("first_error", "+-", "", "number"),
        number("total", "ST", "", "number"),
        number("total_error", "+-", "", "number"),
    )
    rows = tuple(
        (x.hypothesis, x.quantity, x.dial, x.first, x.first_error, x.total, x.total_error)
        for x in sorted(a.indices, key=lambda x: (x.hypothesis, x.quantity, -x.total))
        if x.total >= 0.02
    )
    return Table("sobol", "sensitivity", say_sensitivity(a), columns, rows, SOBOL_NOTES)


def tornado_table(a: Analysis) -> Table:
    columns = (
        text("explanation", "explanation"),
        text("dial", "dial"),
        number("low", "mean count, lowest", "log10", "number"),
        text("low_at", "at"),
        number("high", "highest", "log10", "number"),
        text("high_at", "at"),
        number("middle", "all", "log10", "number"),
    )
    rows = tuple(
        (x.hypothesis, x.dial, x.low, x.low_at, x.high, x.high_at, x.middle) for x in a.bars
    )
    shown = tuple(row for row in rows if float(row[4] or 0) - float(row[2] or 0) >= _LEAST_BAR)
    said = say_tornado(a)
    return Table("tornado", "sensitivity", said, columns, rows, TORNADO_NOTES, (), shown)


def reliability_table(a: Analysis) -> Table:
    columns = (
        text("known", "known"),
        number("stated", "probability said", "", "share"),
        number("true", "came true", "", "share"),
        number("cases", "cases", "", "id"),
    )
    rows = tuple(
        (known_words(x.known), b.stated, b.true, b.cases) for x in a.reliabilities for b in x.bins
    )
    return Table("reliability", "calibration", say_reliability(a), columns, rows)


def scores_table(a: Analysis) -> Table:
    columns = (
        text("known", "known"),
        number("log_score", "log score", "bits", "number"),
        number("ignorance", "knowing nothing", "bits", "number"),
        number("right", "likeliest is right", "", "share"),
    )
    rows = tuple((known_words(x.known), x.log_score, x.ignorance, x.right) for x in a.reliabilities)
    return Table("scores", "calibration", say_scores(a), columns, rows)


def coverage_table(a: Analysis) -> Table:
    columns = (
        text("explanation", "explanation"),
        text("quantity", "range of"),
        number("share", "held the truth", "", "share"),
        number("clusters", "clusters", "", "id"),
    )
    rows = tuple((x.hypothesis, x.quantity, x.share, x.clusters) for x in a.coverages)
    return Table("coverage", "calibration", say_coverage(a), columns, rows)


def say_beside(a: Analysis) -> str:
    """Which observable would tell most beside the count."""
    if not a.beside:
        return ""
    wrong: dict[str, list[float]] = {}
    for x in a.beside:
        wrong.setdefault(x.known[-1], []).append(x.wrong)
    mean = {name: sum(values) / len(values) for name, values in wrong.items()}
    best = sorted(mean, key=mean.__getitem__)[:2]
    alone = [x.wrong for x in a.growing if len(x.known) == 1]
    first = f"{100 * sum(alone) / len(alone):.0f} %" if alone else "about half"
    named = " or ".join(
        f"{name.replace('_', ' ')} ({100 * mean[name]:.0f} % wrong)" for name in best
    )
    return (
        f"On the count alone the likelier of two explanations is the wrong one in {first} of cases "
        f"(guessing: 50 %). One further observable that would help most: {named}"
    )


def say_growing(a: Analysis) -> str:
    """What everything together would do."""
    alone = [x.wrong for x in a.growing if len(x.known) == 1]
    everything = [x.wrong for x in a.growing if len(x.known) == len(OBSERVABLES)]
    if not everything:
        return ""
    return (
        f"With all {len(OBSERVABLES)} observables the likelier of two is wrong in "
        f"{100 * min(everything):.0f} to {100 * max(everything):.0f} % of cases, on the count "
        f"alone in {100 * min(alone):.0f} to {100 * max(alone):.0f} %"
    )


def say_confusions(a: Analysis) -> str:
    """How much probability the true explanation gets."""
    parts = []
    for x in a.confusions:
        own = [float(x.mean[k, k]) for k in range(len(x.ids))]
        parts.append(f"{100 * sum(own) / len(own):.0f} % with {known_words(x.known)}")
    equal = 100 / len(a.settings.hypotheses)
    return (
        f"Mean probability that the true explanation of {len(a.settings.hypotheses)} gets: "
        f"{', '.join(parts)} (knowing nothing: {equal:.3g} %)"
    )


def say_sensitivity(a: Analysis) -> str:
    """Which dial matters most."""
    counts = [x for x in a.indices if x.quantity == COUNT]
    if not counts:
        return ""
    of = {x.hypothesis: x.total for x in counts if x.dial == "convention"}
    convention = [of.get(id_, 0.0) for id_ in a.settings.hypotheses] if of else []
    by: dict[str, list[float]] = {}
    for x in (x for x in a.indices if x.quantity == ODDS_ALL):
        by.setdefault(x.dial, []).append(x.total)
    top = max(by, key=lambda dial: sum(by[dial])) if by else ""
    said = (
        f"What is counted as an exchange explains {100 * min(convention):.0f} to "
        f"{100 * max(convention):.0f} % of the variance of the count (total Sobol index, over the "
        "explanations)"
        if convention
        else f"The count depends most on {max(counts, key=lambda x: x.total).dial}"
    )
    return f"{said}; the odds with everything known depend most on {top}" if top else said


def say_tornado(a: Analysis) -> str:
    """The widest bar."""
    if not a.bars:
        return ""
    bar = max(a.bars, key=lambda x: x.high - x.low)
    return (
        f"The widest bar: {bar.dial} moves the count of {title_of(a, bar.hypothesis)} by a factor "
        f"of {short_number(10 ** (bar.high - bar.low))}"
    )


def say_reliability(a: Analysis) -> str:
    """How far probabilities are off."""
    errors = [
        (abs(b.stated - b.true), b.cases) for x in a.reliabilities for b in x.bins if b.cases >= 100
    ]
    if not errors:
        return ""
    worst = max(error for error, _ in errors)
    mean = sum(error * n for error, n in errors) / sum(n for _, n in errors)
    return (
        f"Probabilities are off by {100 * mean:.1f} points on average and by {100 * worst:.0f} at "
        "most, in bins of at least 100 cases"
    )


def say_scores(a: Analysis) -> str:
    """What knowing more is worth."""
    parts = [f"{x.log_score:.2f} bits with {known_words(x.known)}" for x in a.reliabilities]
    if not parts:
        return ""
    nothing = a.reliabilities[0].ignorance
    return f"Surprise at the truth: {', '.join(parts)}; {nothing:.2f} knowing nothing"


def say_coverage(a: Analysis) -> str:
    """How ranges hold."""
    if not a.coverages:
        return ""
    shares = [x.share for x in a.coverages]
    return (
        "Ranges of 90 % of a predicted count, and of the lever and the true count behind a "
        f"reported one, held the truth in {100 * min(shares):.0f} to {100 * max(shares):.0f} % of "
        f"simulated cases, over {len(shares)} combinations of explanation and quantity"
    )
