"""What is known of a column and of a table: the records from which everything else derives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Profile = Literal["lean", "core", "full", "vectors"]
Encoding = Literal["dictionary", "plain", "delta", "split"]
Compression = Literal["zstd", "lz4", "none"]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    The Arrow schema, the documentation, the writers and the checks of what is read all derive from
    this record. Columns of one name are alike in all tables, but for what they mean.

    Attributes
    ----------
    name
        Its name, in the table and in the documentation.
    type
        `id` (an opaque number), `time` (in UTC), `word` (text from a small set), `vector`, or the
        name of an Arrow type. With `?` the value may be missing: 0 of an identifier, else null.
    meaning
        What it says, in a sentence of Markdown.
    unit
        The unit of a quantity, such as `s` or `USD`; times are in microseconds.
    profile
        The smallest setting of `tables.columns` that includes the column; `vectors` for what
        `tables.vectors` adds. The truth of exchanges has all its columns unless that is `lean`.
        Other tables always have all of them.
    source
        The field that a column of a table of rows shows as it is: `row.output`, `task.prompt`,
        `account.org_id`, `client.os`. Empty if a function makes it (see `sim.output.row_tables`).
        Of a feature, the SQL that makes it of rows of the log (see `sim.features`).
    prefix
        What an identifier begins with in text formats, such as `req_`.
    encoding
        How Parquet writes the values: `dictionary` where they recur often, `delta` as differences
        of numbers in order, `split` byte by byte of numbers of some size, else `plain`. What is
        smaller and faster was measured column by column.
    compression
        How Parquet compresses the encoded values: `zstd` at level 1, `lz4` where that takes half of
        the time for nearly as few bytes, `none` where there is nothing to gain.
    ranges
        Whether Parquet notes the least and greatest value of each group of rows. Words and opaque
        identifiers have no order that anybody could ask for.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    profile: Profile = "full"
    source: str = ""
    prefix: str = ""
    encoding: Encoding = "dictionary"
    compression: Compression = "zstd"
    ranges: bool = False

    @property
    def is_identifier(self) -> bool:
        """Whether it holds opaque identifiers."""
        return self.type in ("id", "id?")

    @property
    def may_be_missing(self) -> bool:
        """Whether a row may be without a value."""
        return self.type.endswith("?")


class TableSchema(Mapping[str, str]):
    """The columns of a table in their order; as a mapping, the type of each by its name.

    `columns` are the records themselves. No two have the same name.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = list(columns)
        self._by_name = {column.name: column for column in self.columns}

    def __getitem__(self, name: str) -> str:
        return self.column(name).type

    def __iter__(self) -> Iterator[str]:
        return (column.name for column in self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def column(self, name: str) -> Column:
        """Return the column of this name.

        Raises
        ------
        KeyError
            If there is none.
        """
        return self._by_name[name]
