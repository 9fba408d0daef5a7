"""A comparison as aligned text, JSON, or CSV with one fact a row."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sim.catalog import Claim
from sim.compare.comparison import Comparison
from sim.compare.predict import Range

_WIDTH = 100
_CSV_COLUMNS = ("section", "subject", "claim", "convention", "quantity", "value")


def short_number(value: float) -> str:
    """Return 150 k, 3.4 M and the like."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.4g}{unit}"
    return f"{value:.4g}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """First column to the left, the others to the right; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _span(x: Range) -> str:
    return f"{x.median:,.0f}" if x.low_95 == x.high_95 else f"{x.low_95:,.0f}-{x.high_95:,.0f}"


def _heading(x: Claim) -> str:
    return f"{x.id}: {short_number(x.value or 0)}"


def _models(c: Comparison) -> list[str]:
    rows = [["model", "steps/task", "exchanges/run", "95 % range", *map(_heading, c.claims)]]
    for m in c.models:
        cells = [m.model, f"{m.mean_steps:.1f}", f"{m.exchanges.mean:,.0f}", _span(m.exchanges)]
        rows.append([*cells, *(_span(x.runs) for x in m.runs_needed)])
    title = (
        f"Whole runs of {c.benchmark} ({c.items:,} items) by {c.agent}, exchanges under C2, "
        f"and runs needed to reach each claim (95 % range)"
    )
    return [title, "", *_table(rows)]


def _document(c: Comparison) -> list[str]:
    lines = ["The arithmetic of the documents", ""]
    for x in c.document:
        lines += textwrap.wrap(f"[{x.finding}] {x.statement}", _WIDTH, subsequent_indent="    ")
        note = [f"note: {x.note}"] if x.note else []
        for text in (f"{x.verdict} [{x.convention}]", *note, f"source: {x.source}"):
            lines += textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ")
    return lines


def _counts(c: Comparison) -> list[str]:
    rows = [["convention", "exchanges", *(f"/ {_heading(x)}" for x in c.claims)]]
    for count in c.counts:
        ratios = [f"{count.ratio[x.id]:.3g}" for x in c.claims]
        rows.append([count.convention, f"{count.exchanges:,}", *ratios])
    scale = "" if c.run_scale == 1 else f" (scale {c.run_scale:g})"
    title = f"Run {c.run}{scale}, counted under each convention, as a multiple of each claim"
    return [title, "", *_table(rows)]


def _claims(c: Comparison) -> list[str]:
    rows = [["claim", "figure", "qualifier", "status"]]
    rows += [
        [f"{x.id}  {x.report}, {x.actor}", f"{x.value:,.0f} {x.unit}", x.qualifier, x.status]
        for x in c.claims
    ]
    places = dict.fromkeys(x.source for x in c.claims)
    return ["Claims", "", *_table(rows), *(f"source: {x}" for x in places)]


def _caveats(c: Comparison) -> list[str]:
    lines = ["Caveats", ""]
    for x in c.caveats:
        lines += textwrap.wrap(x, _WIDTH, initial_indent="- ", subsequent_indent="  ")
    return lines


def render_text(comparison: Comparison) -> str:
    """Return the comparison as text, ending in a line break."""
    parts = [_claims(comparison), _models(comparison), _document(comparison)]
    if comparison.run is not None:
        parts.insert(1, _counts(comparison))
    parts.append(_caveats(comparison))
    return "\n\n".join("\n".join(x) for x in parts) + "\n"


def to_json(comparison: Comparison) -> str:
    """Return the comparison as JSON, keys as the fields are named, ending in a line break."""
    plain = {**asdict(comparison), "claims": [x.model_dump() for x in comparison.claims]}
    return json.dumps(plain, indent=2, ensure_ascii=False, default=str) + "\n"


def to_csv(comparison: Comparison) -> str:
    """Return the comparison as CSV, one fact a row.

    Columns: section (claim, model, run, document), subject, claim, convention, quantity, value.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    writer.writerows(_facts(comparison))
    return out.getvalue()


def _facts(c: Comparison) -> Iterator[tuple[Any, ...]]:
    for x in c.claims:
        yield "claim", x.actor, x.id, "", x.metric, f"{x.value:.0f}"
    for m in c.models:
        yield "model", m.model, "", m.convention, "measured_mean_steps", f"{m.mean_steps:.3f}"
        for name, value in asdict(m.exchanges).items():
            yield "model", m.model, "", m.convention, f"exchanges_per_run_{name}", f"{value:.1f}"
        for needed in m.runs_needed:
            for name, value in asdict(needed.runs).items():
                quantity = f"runs_needed_{name}"
                yield "model", m.model, needed.claim, m.convention, quantity, f"{value:.2f}"
    for count in c.counts:
        yield "run", c.run, "", count.convention, "exchanges", count.exchanges
        for claim, ratio in count.ratio.items():
            yield "run", c.run, claim, count.convention, "ratio_to_claim", f"{ratio:.6g}"
    for v in c.document:
        yield "document", v.id, "", v.convention, "finding", v.finding
        yield "document", v.id, "", v.convention, "verdict", v.verdict
