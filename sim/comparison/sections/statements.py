"""Section `critique`: every statement of the two discussed documents, and what comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from sim.catalog import (
    Outcome,
    Statement,
    StepDistribution,
    sources,
    statement_runs,
    statements,
    step_distributions,
)
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.sections.statement_checks import found
from sim.comparison.tables import Column, Table, text_column
from sim.comparison.wording import and_list

# Who says it, by the source of the statement.
CRITIQUE = "the critique"
SPEAKERS = {
    "critique": CRITIQUE,
    "timeline": "the timeline",
    "anthropic-feb-2026": "the report",
}
NOT_OF_COUNTS: Outcome = "not a question of counts"
NOTES = (
    "The report is the provider's of February 2026; critique and timeline discuss it. Statements "
    "are shortened. No outcome says what any company did.",
    "Measured calls are answered requests (C2). The report does not say what its exchanges are.",
    "Numbers of simulated runs rest on assumptions about who sends what; they show what can be, "
    "not what was.",
)


@dataclass(frozen=True)
class Judged:
    """One statement of a document, and what comes out when it is tested.

    Attributes
    ----------
    id
        Id of the statement in the catalog.
    statement
        What is said, shortened.
    speaker
        Who says it: the report, the critique or the timeline.
    outcome
        What comes out.
    why
        The reason, with numbers.
    command
        What to run to see it, empty if there is nothing to run.
    source
        The document, in words, and where the numbers of the check come from if elsewhere.
    """

    id: str
    statement: str
    speaker: str
    outcome: Outcome
    why: str
    command: str
    source: str


def judged(measured: Sequence[StepDistribution]) -> tuple[Judged, ...]:
    """Judge every statement of the catalog, in its order.

    Parameters
    ----------
    measured
        Steps of all measured models; see `statement_checks.found`.
    """
    return tuple(_judged(x, measured) for x in statements().values())


def _judged(line: Statement, measured: Sequence[StepDistribution]) -> Judged:
    """Judge one statement: by the check of its kind, or as the catalog says."""
    outcome, numbers = found(line, measured)
    outcome = outcome or line.outcome
    if outcome is None:
        raise ValueError(f"statement {line.id!r} has no outcome")
    of_run: Mapping[str, Mapping[str, float]] = statement_runs().get(line.id, {})
    return Judged(
        id=line.id,
        statement=line.statement,
        speaker=SPEAKERS[line.source],
        outcome=outcome,
        why=line.why.format_map({**numbers, **of_run}),
        command=" && ".join(line.command),
        source="; ".join(sources()[x].text for x in (line.source, line.values_source) if x),
    )


def compute(_: Inputs) -> tuple[Judged, ...]:
    """Judge every statement by the catalog alone, without draws."""
    return judged(tuple(step_distributions().values()))


def critique_table(comparison: Comparison, rows: tuple[Judged, ...]) -> Table:
    """Return a row for each statement; text shows it as a list."""
    columns = (
        Column("id", "id", form="id"),
        text_column("statement", "what is said"),
        text_column("speaker", "who says it"),
        text_column("outcome", "what comes out"),
        text_column("why", "why"),
        text_column("command", "how to see it"),
        text_column("source", "source"),
    )

    return Table(
        "critique",
        "critique",
        say_critique(comparison, rows),
        columns,
        tuple(astuple(x) for x in rows),
        NOTES,
        wide=("id", "source"),
    )


def say_critique(_: Comparison, rows: tuple[Judged, ...]) -> str:
    """Say how many statements of the critique hold, and how many counts cannot test."""
    outcomes = Counter(x.outcome for x in rows if x.speaker == CRITIQUE)
    tested = {
        "hold": outcomes["holds"],
        "hold in part": outcomes["in part"],
        _are(outcomes["contradicted"], "contradicted"): outcomes["contradicted"],
    }
    if not sum(tested.values()):
        return ""

    parts = and_list(f"{n} {words}" for words, n in tested.items())
    untold = outcomes["cannot be told from counts"]
    return (
        f"Of the critique's {sum(tested.values())} statements that counts can test, {parts}; "
        f"{untold} more cannot be told from counts, and {outcomes[NOT_OF_COUNTS]} are not "
        "questions of counts"
    )


def _are(n: int, words: str) -> str:
    """Return `is` or `are` before words."""
    return f"{'is' if n == 1 else 'are'} {words}"


SECTION = Section(
    id="critique",
    question="the critique, statement by statement",
    tables=(critique_table,),
    compute=compute,
    findings=(say_critique,),
    importance=1,
)
