"""What a format of an export is: where it is from, which fields it has, and who encodes rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

Kind: TypeAlias = Literal["exact", "derived", "not there"]
KINDS: tuple[Kind, ...] = ("exact", "derived", "not there")


class Field(NamedTuple):
    """A field of a format, and what stands behind it.

    Attributes
    ----------
    name
        As in the file: `requests[].hash_ids`.
    kind
        `exact`: the value of a column, in the unit of the format. `derived`: computed from columns.
        `not there`: readers know the field, and the file does not have it.
    of
        The columns that it is made of, and how; or why it is not there.
    """

    name: str
    kind: Kind
    of: str


class Context(NamedTuple):
    """What an encoder knows beside its rows. It names no scenario: exports carry no label.

    Attributes
    ----------
    starts_us
        When the log of the run opens, in microseconds of Unix time.
    first_number
        The first of the numbers that these rows may use: so many took the rows before them.
    """

    starts_us: int
    first_number: int = 0


class Encoded(NamedTuple):
    """What became of rows.

    Attributes
    ----------
    data
        The bytes of the rows.
    lines, times_us
        The lines of a format with `lines_by_time`, and the time of each.
    records
        How many records these are: lines, sessions, spans, whatever the format counts.
    left_out
        How many of the rows are in no record, by the reason in words: `failed attempts`. The other
        rows are all in one.
    """

    data: bytes = b""
    lines: Sequence[bytes] = ()
    times_us: Sequence[int] = ()
    records: int = 0
    left_out: Mapping[str, int] = {}


@dataclass(frozen=True)
class Format:
    """A format that is written from rows of the log: one file.

    Attributes
    ----------
    id
        As in `--to`.
    title
        What it is, in a line.
    readers
        Tools that read it, with the version that it is held against: `aiperf 0.13`.
    source
        Where the format is defined.
    suffix
        Ending of its file, such as `.jsonl`.
    order
        `time`: rows come by time of arrival, cut anywhere. `session`: whole sessions come in the
        order of their first rows; the rows of a session stand together, by time of arrival. Rows of
        one microsecond stand by `exchange_id`, as in the log.
    columns, truth
        Columns of `log/exchanges` and of `truth/exchanges` that `encode` reads. A format without
        columns of the truth works on a run whose truth was taken away.
    fields
        Every field that its readers know, also those that are not there.
    encode
        Turns an Arrow table of rows with `columns` and `truth` into the bytes of these rows. A
        function of a module without state: workers call it. Identifiers are int64 (0 where
        missing), words are dictionaries, times are in microseconds.
    head, tail
        Bytes before the first rows and after the last, such as a header.
    records
        What its records are, in words: `sessions`.
    without_truth
        The form that is written instead where truth was taken away; None if there is none.
    lines_by_time
        Whether `encode`, which needs whole sessions, returns `lines` that stand in the file by
        their `times_us`; those of one time in the order of the sessions.
    numbers
        How many numbers the rows of a table may take, for a format that counts through its file;
        None for others.
    batch_rows
        About how many rows `encode` gets at once: fewer where a row becomes much text.
    each_line
        Ending of the files, one a line, that are written where a folder is asked for in place of a
        file with `suffix`; empty if there is no such form.
    """

    id: str
    title: str
    readers: tuple[str, ...]
    source: str
    suffix: str
    order: Literal["time", "session"]
    columns: tuple[str, ...]
    truth: tuple[str, ...]
    fields: tuple[Field, ...]
    encode: Callable[[pa.Table, Context], Encoded]
    head: bytes = b""
    tail: bytes = b""
    records: str = "lines"
    without_truth: Format | None = None
    lines_by_time: bool = False
    numbers: Callable[[pa.Table], int] | None = None
    batch_rows: int = 20_000
    each_line: str = ""


class Folder(Protocol):
    """A folder that is being written; it gets its name when all of it is there."""

    def writing(self, name: str) -> AbstractContextManager[Any]:
        """Open a binary file below the folder, such as `edges/used_ip.csv`, to write."""


@dataclass(frozen=True)
class Source:
    """What a format that is a folder of tables is made from.

    Attributes
    ----------
    rows
        Gives the selected rows of the log by time, with the columns that the format asks for, as
        Arrow tables. Each call of it begins at the first row.
    table
        Gives a table of the run whole, such as `log/accounts`, whatever is selected.
    context
        When the log opens.
    """

    rows: Callable[[], Iterator[pa.Table]]
    table: Callable[[str], pa.Table]
    context: Context


@dataclass(frozen=True)
class FolderFormat:
    """A format that is a folder of tables, written by a function of its own.

    Attributes
    ----------
    id, title, readers, source, columns, truth, fields
        As of `Format`.
    write
        Writes the files of the folder from the source; returns what `encode` does, without bytes.
    """

    id: str
    title: str
    readers: tuple[str, ...]
    source: str
    columns: tuple[str, ...]
    truth: tuple[str, ...]
    fields: tuple[Field, ...]
    write: Callable[[Source, Folder], Encoded]
    records: str = "rows"

    suffix: ClassVar[str] = ""
    order: ClassVar[Literal["time"]] = "time"


AnyFormat: TypeAlias = Format | FolderFormat
