"""The generated blocks of docs/reference/exports.md: the formats, and the fields of each."""

from __future__ import annotations

from collections.abc import Callable

Table = Callable[..., str]


def blocks(table: Table) -> dict[str, Callable[[], str]]:
    """The blocks by name, made with a function that writes Markdown tables."""
    return {"exports": lambda: _formats(table), "fields of exports": lambda: _fields(table)}


def _formats(table: Table) -> str:
    """A row a format: what it is, who reads it, and what it needs."""
    from sim._listing import entries

    rows = []
    for entry in entries("exports"):
        form = entry.record
        rows.append(
            [
                f"[`{form['id']}`](#{form['id']})",
                _cell(form["title"]),
                _cell(", ".join(form["readers"])),
                "yes" if form["needs_truth"] else "no",
                f"one file, `{form['suffix']}`" if form["suffix"] else "a folder",
            ]
        )
    return table(["format", "what it has", "for", "needs truth", "form"], rows)


def _fields(table: Table) -> str:
    """A section a format: every field that its readers know, and what stands behind it."""
    from sim._listing import entries

    parts = []
    for entry in entries("exports"):
        form = entry.record
        rows = [[f"`{x['name']}`", x["kind"], _cell(x["of"])] for x in form["fields"]]
        parts.append(
            f"### {form['id']}\n\n{form['title']}. Defined by {form['source']}\n\n"
            + table(["field", "kind", "of"], rows)
        )
    return "\n" + "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")
