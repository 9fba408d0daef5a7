"""Section `claims`: what was reported, and what the reports do not say."""

from __future__ import annotations

from sim.catalog import Claim, claims
from sim.comparison.claims.cases import Case, cases
from sim.comparison.claims.observables import observable_of
from sim.comparison.plain_words import observable_words
from sim.comparison.section import Comparison, Section, no_result
from sim.comparison.tables import Row, Table, number_column, text_column
from sim.comparison.wording import (
    IN_WORDS,
    actor_words,
    and_list,
    figure_words,
    metric_words,
    plural,
    range_words,
)

ALLEGATIONS = (
    "The claims are allegations by an interested party, each from a single source. They are data "
    "to compare with, not facts that anybody here has checked."
)
_STATUS_IN_WORDS = "words reported, range assumed"
BY_NAME = (
    "A claim in words is weighed only where it is named, as in `sim compare A12`: what it stands "
    "for is then a reading of this project, more than unrelated customers show."
)


def claims_table(comparison: Comparison, _: None) -> Table:
    """Return a row for each claim with everything that is known of its source.

    All claims of the compared cases are there, those too that give no count.
    """
    columns = (
        text_column("claim", "claim"),
        text_column("report", "report"),
        text_column("date", "date"),
        text_column("actor", "actor"),
        text_column("metric", "metric"),
        text_column("figure", "figure"),
        number_column("value", "value", "", "id"),
        number_column("window_days", "window", "days", "number"),
        text_column("status", "status"),
        text_column("reading", "how it was read"),
        text_column("not_said", "what the source does not say"),
        text_column("source", "source"),
    )

    rows = tuple(
        (
            x.id,
            x.report,
            str(x.date or ""),
            actor_words(x.actor),
            metric_words(x.metric),
            figure_words(x),
            None if x.figure in IN_WORDS else x.value,
            x.window_days,
            _STATUS_IN_WORDS if x.figure in IN_WORDS else x.status,
            x.reading,
            x.not_said,
            x.source,
        )
        for x in comparison.claims
    )

    return Table(
        "claims",
        "claims",
        say_claims(comparison),
        columns,
        rows,
        notes=(ALLEGATIONS,),
        wide=("date", "metric", "value", "reading", "not_said", "source"),
    )


def say_claims(comparison: Comparison) -> str:
    """Say how many figures there are, how many in words, and how many name a window of time."""
    claims = comparison.claims
    words = sum(x.figure in IN_WORDS for x in claims)
    windows = sum(x.window_days is not None for x in claims)
    figures = (
        f"{plural(len(claims), 'figure')} of {plural(len({x.report for x in claims}), 'report')}"
    )
    in_words = f", {words} of them in words only" if words else ""
    with_time = f"{windows} with a window of time" if windows else "none with a window of time"
    return f"{figures}{in_words}; {with_time}, none with a definition of an exchange"


def not_weighed_table(comparison: Comparison, _: None) -> Table:
    """Return a row for each claim of the compared reports that plays no part in the odds.

    Claims of actors with a case of their own that is not compared are left out.
    """
    columns = (
        text_column("claim", "claim"),
        text_column("actor", "actor"),
        text_column("metric", "metric"),
        text_column("said", "what is said"),
        text_column("why", "why it is not weighed"),
    )
    rows: tuple[Row, ...] = tuple(
        (x.id, actor_words(x.actor), metric_words(x.metric), _said(x), why)
        for x, why in not_weighed(comparison)
    )
    finding = say_not_weighed(comparison, None)
    return Table("not-weighed", "claims", finding, columns, rows, (BY_NAME,), wide=("metric",))


def not_weighed(comparison: Comparison) -> list[tuple[Claim, str]]:
    """Return the claims of the catalog that are not weighed, each with the reason.

    They are of the reports of the compared cases, and of their actors or of actors without a count.
    Where runs are weighed in place of claims there is none.
    """
    if comparison.runs:
        return []
    compared = {(x.report, x.actor): x for x in comparison.cases}
    reports = {report for report, _ in compared}
    elsewhere = {(x.report, x.actor) for x in cases(claims()).values()} - set(compared)

    weighed = {x.id for x in comparison.claims}
    rest = []
    for claim in claims().values():
        subject = (claim.report, claim.actor)
        if claim.report in reports and claim.id not in weighed and subject not in elsewhere:
            rest.append((claim, _why_not(claim, compared.get(subject))))
    return rest


def _why_not(claim: Claim, case: Case | None) -> str:
    """Return why a claim is not weighed, whose actor has a compared case or no count at all."""
    observable = observable_of(claim.metric)
    if claim.value is None:
        return "no figure"
    if observable is None:
        return "no explanation gives such a figure"
    if case is None:
        return "no count goes with it"
    if observable in case.claims:
        return f"{case.claims[observable].id} gives the {observable_words(observable)}"
    return f"words, no figure: weighed only if named, as {range_words(claim)}"


def _said(claim: Claim) -> str:
    """Return what a claim says: its words, or its figure and the words around it."""
    if claim.figure in ("words", "placeholder"):
        return claim.qualifier
    return figure_words(claim) if claim.value is not None else claim.qualifier


def say_not_weighed(comparison: Comparison, _: None) -> str:
    """Say on which figures the odds rest, and how many claims play no part in them."""
    rest = not_weighed(comparison)
    if not rest:
        return ""
    named = dict.fromkeys(
        observable_words(name) for case in comparison.cases for name in case.claims
    )
    verb = "claim of these reports is" if len(rest) == 1 else "claims of these reports are"
    return (
        f"The odds rest on {and_list(named)}, as far as a report gives them; {len(rest)} further "
        f"{verb} not weighed"
    )


SECTION = Section(
    id="claims",
    question="what was reported, and what was not said",
    tables=(claims_table, not_weighed_table),
    compute=no_result,
    findings=(say_not_weighed,),
)
