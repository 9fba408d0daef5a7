"""The forms in which a stream gives a row: a line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

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


def form_named(name: FormName) -> Form:
    """Return a form by its name.

    Parameters
    ----------
    name
        `jsonl`: the row of the log, as `sim run --format jsonl` writes it. `otlp`: a request of
        OTLP/JSON with the span of the attempt.
    """
    if name == "otlp":
        from sim.exports.otlp import ATTEMPT_COLUMNS, attempt_lines

        return Form(ATTEMPT_COLUMNS, attempt_lines)
    from sim.tables.formats import json_lines

    return Form((), json_lines)
