"""What `sim dataset` prints: what a pack holds, or what it would take."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sim.cli.printing import print_columns, print_json
from sim.cli.run_output import rounded, size, time_words
from sim.documents.printable import printable

if TYPE_CHECKING:
    from sim.packs.build import PackSummary
    from sim.packs.plan import PackPlan
    from sim.packs.recipe import Recipe


def print_pack(summary: PackSummary, archive: str | None, as_json: bool) -> None:
    """Print the tables of a finished pack, what its audit says, whose values it has, what is next.

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
    audit = summary.audit
    if as_json:
        print_json(_record(summary, archive))
    else:
        click.echo(
            f"{printable(summary.place)}: {summary.recipe.summary(summary.rows['log/accounts'])}"
        )
        print_columns([[name, f"{rows:,}"] for name, rows in summary.rows.items()], indent="  ")
        for what, words in (
            ("values", summary.values),
            ("audit", None if audit is None else audit.headline),
            ("archive", archive),
            ("read it", f'README.md there says how; in Python sim.open_pack("{summary.place}")'),
        ):
            if words is not None:
                click.echo(f"{what}: {printable(words)}")

    if audit is not None and not audit.ok:
        text = f"warning: {summary.place}: an audit failed; `sim audit {summary.place}` shows why"
        click.echo(printable(text), err=True)


def _record(summary: PackSummary, archive: str | None) -> dict[str, Any]:
    """Return a finished pack as one JSON-ready mapping; sizes are in bytes."""
    audit = summary.audit
    return {
        "pack": summary.place,
        "name": summary.recipe.name,
        "simulations": len(summary.recipe.scenarios),
        "rows": summary.rows,
        "bytes": summary.bytes,
        "values": summary.values,
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
        ["time", f"about {time_words(plan.seconds)} to simulate; the rest and audits come to it"],
    ]
    print_columns(rows, indent="  ")
