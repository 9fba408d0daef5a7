"""The card of a pack: what it is, how it is read, and how it is meant to be used."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sim.documents.printable import printable
from sim.documents.quantities import format_duration
from sim.packs.cards.wording import (
    LICENCE,
    LICENCE_URL,
    LIMITS,
    MUST_NOT,
    PURPOSE,
    TRUTH,
    WHY_LICENCE,
    audit_words,
    remake,
    target_words,
    what_it_holds,
)
from sim.packs.facts import PackFacts
from sim.tables.query import view_of

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)
_WHAT = {
    "log": "what a provider sees",
    "labels_observed": "what it comes to know, and when",
    "splits": "which entity is in which fold",
    "features": "ready for a detector",
    "truth": "sealed: for evaluation only",
}


def readme(facts: PackFacts) -> str:
    """Return the card, with the front matter that Hugging Face reads."""
    recipe = facts.recipe
    about = [printable(recipe.about), ""] if recipe.about else []
    status = f" Version of the values: `{recipe.status}`." if recipe.status else ""
    lines = [
        *_front_matter(facts),
        "",
        f"# {printable(recipe.title)}",
        "",
        *about,
        f"{what_it_holds(facts)}; difficulty `{recipe.difficulty}`.{status} All is simulated.",
        "",
        PURPOSE,
        "",
        *_tables(facts),
        *_reading(facts),
        *_use(facts),
        *_splits(facts),
        "## Audits",
        "",
        audit_words(facts),
        "",
        "## What it must not be used for",
        "",
        *(f"- {each}" for each in MUST_NOT),
        "",
        "## Limits",
        "",
        *(f"- {each}" for each in LIMITS),
        "",
        "`datasheet.md` answers the questions of Gebru et al. (2021); `croissant.json` describes "
        "tables and columns for programs.",
        "",
        "## Licence, and how it was made",
        "",
        f"[{LICENCE}]({LICENCE_URL}), whose text is in `LICENSE`. {WHY_LICENCE}",
        "",
        f"`{remake(facts)}` makes the same values again with the versions in `manifest.json`, "
        "where the whole recipe stands.",
        "",
    ]
    return "\n".join(lines)


def _front_matter(facts: PackFacts) -> Iterator[str]:
    """Yield the lines of the front matter: licence, size, tags, and a configuration a table."""
    rows = facts.rows.get("log/exchanges", 0)
    size = next((word for most, word in _SIZES if rows < most), "n>1B")
    yield from (
        "---",
        f"pretty_name: {json.dumps(printable(facts.recipe.title))}",
        f"license: {LICENCE.lower()}",
        "annotations_creators: [machine-generated]",
        "source_datasets: [original]",
        "task_categories: [tabular-classification]",
        f"size_categories: [{size}]",
        "tags: [synthetic, simulation, abuse-detection, llm-api-traffic, positive-unlabeled]",
        "configs:",
    )
    for table in facts.schemas:
        yield f"- config_name: {view_of(table)}"
        yield "  data_files:"
        yield "  - split: train"
        yield f"    path: {glob_of(facts, table)}"
        if table == "features/accounts":
            yield "  default: true"
    yield "---"


def glob_of(facts: PackFacts, table: str) -> str:
    """Return the files of a table as a pattern, relative to the pack."""
    paths = [record.path for record in facts.files_of(table)]
    return f"{table}/*.parquet" if paths[0].startswith(f"{table}/") else paths[0]


def _tables(facts: PackFacts) -> Iterator[str]:
    """Yield the list of tables with rows, and what their folders are."""
    yield from (
        "## Tables",
        "",
        "| table | rows | columns | what it is |",
        "| --- | --: | --: | --- |",
    )
    for table, rows in facts.rows.items():
        what = _WHAT[table.partition("/")[0]]
        yield f"| `{table}` | {rows:,} | {len(facts.schemas[table])} | {what} |"
    yield from ("", "Times are in UTC; identifiers are opaque whole numbers.", "")


def _reading(facts: PackFacts) -> Iterator[str]:
    """Yield how each of the usual libraries reads it."""
    yield from (
        "## Reading it",
        "",
        "Every table is Parquet. In `datasets` a table is a configuration, and its split `train` "
        "is the whole table: folds are rows of `splits`.",
        "",
        "```python",
        "import datasets, duckdb, pandas, polars, sim",
        "",
        'datasets.load_dataset("PACK", "features_accounts", split="train")',
        'pandas.read_parquet("PACK/features/accounts.parquet")',
        f'polars.read_parquet("PACK/{glob_of(facts, "log/exchanges")}")',
        f"duckdb.sql(\"SELECT count(*) FROM 'PACK/{glob_of(facts, 'log/exchanges')}'\")",
        'sim.open_pack("PACK").examples("campaign")  # features, labels and ids by fold',
        "```",
        "",
    )


def _use(facts: PackFacts) -> Iterator[str]:
    """Yield what to learn from, what to predict, and what to leave alone."""
    prevalence = " and ".join(format(each, "g") for each in facts.recipe.prevalence)
    yield from (
        "## Using it",
        "",
        "- **Learn from** `features/` or `log/`, and from rows of `labels_observed/labels` with "
        "`created_at` up to the moment of training. Accounts without a label count as negative "
        "unless the method knows better: some of them are positive.",
        f"- **Predict** {target_words(facts)}",
        f"- **Leave alone** what is sealed. {TRUTH}",
        "- **Score** with weights: `truth/sample_weights` gives each account the weight that makes "
        f"a prevalence of {prevalence}. Accounts of one campaign are alike: draw campaigns, not "
        "accounts, for intervals.",
        "",
    )


def _splits(facts: PackFacts) -> Iterator[str]:
    """Yield a table of the schemes with the entities in each fold, and what is known of time."""
    if not facts.splits:
        return
    yield from ("## Splits", "", "| scheme | of | folds |", "| --- | --- | --- |")
    for scheme, known in facts.splits.items():
        if known.get("left_out"):
            yield f"| `{scheme}` | | left out: {printable(known['left_out'])} |"
            continue
        folds = ", ".join(f"{fold} {count:,}" for fold, count in known.get("folds", {}).items())
        yield f"| `{scheme}` | {known.get('entity_type', '')}s | {folds} |"

    yield ""
    if popular := facts.splits.get("campaign", {}).get("popular"):
        counts = ", ".join(f"{kind} {count:,}" for kind, count in popular.items())
        yield (
            "Entities that would stand on both sides of a scheme are dropped. What many owners "
            f"have keeps nobody apart, and is cut (`truth/split_cuts`); in `campaign`: {counts}."
        )
        yield ""
    time = facts.splits.get("time", {})
    if time.get("gap_us") is not None:
        missing = time.get("labels_missing_share")
        share = "" if missing is None else f"; {missing:.0%} of the labels to come are missing then"
        yield (
            f"`time` waits {format_duration(round(time['gap_us']))} from its cut-off for labels"
            f"{share}. `random-rows` is a warning, not a split to use."
        )
        yield ""
