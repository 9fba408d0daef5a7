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
    TRUTH,
    WHY_LICENCE,
    audit_words,
    purpose,
    remake,
    target_words,
    upkeep,
    what_it_holds,
)
from sim.packs.facts import PackFacts
from sim.tables.query import view_of
from sim.tables.table_meanings import TABLE_MEANINGS

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)


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
        purpose(facts),
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
        f"{remake(facts)} {upkeep(facts)}",
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
        yield f"| `{table}` | {rows:,} | {len(facts.schemas[table])} | {TABLE_MEANINGS[table]} |"
    yield from (
        "",
        "`log/` is what a provider sees; `truth/` is sealed (see below). Times are in "
        "UTC; identifiers are opaque whole numbers.",
        "",
    )


def _reading(facts: PackFacts) -> Iterator[str]:
    """Yield how each of the usual libraries reads it."""
    yield from (
        "## Reading it",
        "",
        "Every table is Parquet. In `datasets` a table is a configuration, and its split `train` "
        "is the whole table: folds are rows of `splits`.",
        "",
        "```python",
        "import duckdb, pandas, sim",
        "",
        'pandas.read_parquet("PACK/features/accounts.parquet")',
        f"duckdb.sql(\"SELECT count(*) FROM 'PACK/{glob_of(facts, 'log/exchanges')}'\")",
        'sim.open_pack("PACK").examples("campaign")  # features, labels and ids by fold',
        "",
        "import datasets, polars  # pip install datasets polars",
        "",
        'datasets.load_dataset("PACK", "features_accounts", split="train")',
        f'polars.read_parquet("PACK/{glob_of(facts, "log/exchanges")}")',
        "```",
        "",
    )


def _use(facts: PackFacts) -> Iterator[str]:
    """Yield what to learn from, what to predict, and what to leave alone."""
    prevalence = " or ".join(format(each, "g") for each in facts.recipe.prevalence)
    yield from (
        "## Using it",
        "",
        "- **Learn from** `features/` or `log/`, and from rows of `labels_observed/labels` with "
        "`created_at` up to the moment of training. An account without a label is taken as "
        "harmless, though some extract; methods for positive and unlabelled data may do better.",
        f"- **Predict** {target_words(facts)} Train on observed labels, and compare "
        "the scores with `target`.",
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
    yield (
        "Folds of accounts hold all accounts of the log. Features, and so examples and scores, are "
        "of those that sent something in it: `sim score` asks about fewer than `test` has here."
    )
    yield ""
    if popular := facts.splits.get("campaign", {}).get("popular"):
        counts = ", ".join(f"{kind} {count:,}" for kind, count in popular.items())
        yield (
            "Accounts or examples that would stand on both sides of a split are `dropped`. What "
            "more owners have than the recipe allows (`most_owners`), such as a common mail "
            "provider, may be on both sides; `truth/split_cuts` lists it. In `campaign` these are "
            f"so many: {counts}."
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
