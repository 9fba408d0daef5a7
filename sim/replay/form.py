"""The forms in which a stream gives a row: a line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from sim.exports.format import Context

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.tables.reading import Run

FormName: TypeAlias = Literal["jsonl", "otlp"]


class Form(NamedTuple):
    """How rows become lines.

    Attributes
    ----------
    columns
        Columns of `log/exchanges` that lines are made of; all if empty.
    lines
        Returns a line for each row of a table with these columns.
    """

    columns: tuple[str, ...]
    lines: Callable[[pa.Table], list[bytes]]


def form_named(name: FormName, run: Run) -> Form:
    """Return a form by its name.

    Parameters
    ----------
    name
        `jsonl`: the row of the log, as `sim run --format jsonl` writes it. `otlp`: a request of
        OTLP/JSON with the span of the attempt.
    run
        Whose rows they are.
    """
    if name == "otlp":
        from sim.exports.otlp import ATTEMPT_COLUMNS, attempt_lines

        clock = run.scenario.clock
        context = Context(clock.opening_us, clock.opening_us + clock.duration_us)
        return Form(ATTEMPT_COLUMNS, lambda rows: attempt_lines(rows, context))
    from sim.tables.formats import json_lines

    return Form((), json_lines)
