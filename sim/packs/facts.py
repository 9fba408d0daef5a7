"""What the cards of a pack tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.packs.load_recipe import ships
from sim.packs.manifest import rows_of, stem_of
from sim.packs.recipe import Recipe
from sim.tables.column import TableSchema
from sim.tables.formats import FileRecord
from sim.tables.pack_schema import PACK_TABLES
from sim.tables.schema import exchange_columns

if TYPE_CHECKING:
    from sim.audits.report import Audit

EXCHANGES = "log/exchanges"


@dataclass(frozen=True)
class PackFacts:
    """What the cards of a pack are written from.

    Attributes
    ----------
    recipe
        What it was made of.
    files
        All files that were written before the cards.
    schemas
        The columns of each table that is there, by its name, in the order of the names.
    splits
        What is known of each split, by scheme: the number of entities in each fold, and more.
    audit
        What was found in it; None if nothing was looked for.
    """

    recipe: Recipe
    files: tuple[FileRecord, ...]
    schemas: Mapping[str, TableSchema]
    splits: Mapping[str, Any]
    audit: Audit | None

    @property
    def is_shipped(self) -> bool:
        """Whether the recipe is one that ships, changed in nothing."""
        return ships(self.recipe)

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each table by its name, in order."""
        return rows_of(self.files)

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(record.bytes for record in self.files)

    def files_of(self, table: str) -> list[FileRecord]:
        """Return the files of a table, in order."""
        return [record for record in self.files if stem_of(record.path) == table]


def pack_facts(
    recipe: Recipe,
    files: Sequence[FileRecord],
    steps: Mapping[str, Mapping[str, Any]],
    audit: Audit | None,
) -> PackFacts:
    """Return what the cards of a pack are written from.

    Parameters
    ----------
    recipe
        What it was made of.
    files
        All files that were written so far.
    steps
        What each step of the building found out, by its name.
    audit
        What was found in it.
    """
    schemas = {table: _schema_of(table, recipe) for table in rows_of(files)}
    in_order = tuple(sorted(files, key=lambda record: record.path))
    return PackFacts(recipe, in_order, schemas, steps.get("splits", {}), audit)


def _schema_of(table: str, recipe: Recipe) -> TableSchema:
    """Return the columns of a table; those of exchanges depend on the scenarios."""
    if table != EXCHANGES:
        return PACK_TABLES[table]
    tables = recipe.scenarios[0].tables
    return exchange_columns(tables.columns, vectors=tables.vectors)
