"""What `sim dataset` prints: what a pack holds, or what it would take."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sim.cli.printing import print_columns, print_json
from sim.cli.run_output import rounded, size, time_words
from sim.documents.printable import printable
from sim.packs.files import table_of

if TYPE_CHECKING:
    from sim.packs.build import PackSummary
    from sim.packs.plan import PackPlan
    from sim.packs.recipe import Recipe


def print_pack(summary: PackSummary, archive: str | None, as_json: bool) -> None:
    """Print the tables of a finished pack on stdout, what its audit says, and whose values it has.

    A failed audit is said on stderr; the pack is whole all the same.

    Parameters
    ----------
    summary
        What was made.
    archive
        File that holds the whole pack; None for none.
    as_json
        Whether to print JSON.
    """
    rows = rows_of(summary)
    if as_json:
        print_json(_record(summary, rows, archive))
    else:
        members = "1 simulation" if summary.members == 1 else f"{summary.members:,} simulations"
        click.echo(
            f"{printable(summary.path)}: {summary.exchanges:,} exchanges of "
            f"{summary.accounts:,} accounts, from {members}"
        )
        print_columns([[name, f"{count:,}"] for name, count in rows.items()], indent="  ")
        click.echo(f"values: {printable(summary.values.to_text())}")
        if summary.audit is not None:
            click.echo(f"audit: {printable(summary.audit.headline)}")
        if archive is not None:
            click.echo(f"archive: {printable(archive)}")

    if summary.audit is not None and not summary.audit.ok:
        text = f"warning: {summary.path}: an audit failed; `sim audit {summary.path}` shows which"
        click.echo(printable(text), err=True)


def rows_of(summary: PackSummary) -> dict[str, int]:
    """Return the rows of each table of a pack by its name, in the order of its files."""
    rows: dict[str, int] = {}
    for record in summary.files:
        if record.path.endswith(".parquet"):
            table = table_of(record.path)
            rows[table] = rows.get(table, 0) + record.rows
    return rows


def _record(summary: PackSummary, rows: dict[str, int], archive: str | None) -> dict[str, Any]:
    """Return a finished pack as one JSON-ready mapping; sizes are in bytes."""
    audit = summary.audit
    return {
        "pack": summary.path,
        "name": summary.name,
        "simulations": summary.members,
        "exchanges": summary.exchanges,
        "accounts": summary.accounts,
        "rows": rows,
        "bytes": sum(record.bytes for record in summary.files),
        "values": summary.values.to_text(),
        "audit": None if audit is None else {"ok": audit.ok, "headline": audit.headline},
        "archive": archive,
        "peak_memory_bytes": summary.peak_bytes,
        "seconds": summary.seconds,
    }


def print_pack_plan(plan: PackPlan, recipe: Recipe, place: str, as_json: bool) -> None:
    """Print what the pack of a recipe at `place` is expected to take; nothing was written there.

    Parameters
    ----------
    plan
        Estimates, which text shows with two figures and JSON in full.
    recipe
        What would be made.
    place
        Where it would go.
    as_json
        Whether to print JSON.
    """
    if as_json:
        print_json({"pack": place, "name": recipe.name, **asdict(plan)})
        return

    click.echo(f"{printable(place)}: would hold {recipe.summary()}")
    each = "" if plan.workers == 1 else f" for each of {plan.workers} processes"
    rows = [
        ["exchanges", f"about {rounded(plan.exchanges):,} (C1)"],
        ["disk", f"about {size(plan.disk_bytes)} of log and truth; twice that while it is made"],
        ["memory", f"about {size(plan.memory_bytes)}{each}, to simulate"],
        ["time", f"about {time_words(plan.seconds)} to simulate"],
    ]
    print_columns(rows, indent="  ")
