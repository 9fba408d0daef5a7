"""The lines of an export in the order of their times, whatever the order in which they are made."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import IO, TYPE_CHECKING

from sim.documents.printable import printable
from sim.errors import SimError
from sim.exports.format import Encoded
from sim.exports.scratch import put, scratch

if TYPE_CHECKING:
    import pyarrow as pa

# Lines are given on in pieces of about this size.
_PIECE_BYTES = 4_000_000
_ROWS = 20_000


def by_time(pieces: Iterable[Encoded], what: str) -> Iterator[bytes]:
    """Yield lines by their times, many at once; those of one time in the order they come in.

    The text goes to a file as it comes. Where each line stands there is what is sorted, for a line
    may be long. Sessions come by their beginning, so that neighbours in time lie near each other
    in the file.

    Parameters
    ----------
    pieces
        Lines with times.
    what
        What is sorted, for messages.

    Raises
    ------
    SimError
        If there is no room for the lines.
    """
    with scratch(what) as database, tempfile.TemporaryFile("w+b", buffering=0) as text:
        size = 0
        for piece in pieces:
            if not piece.lines:
                continue
            put(database, "lines", _places(piece, size))
            size += _add(text, piece, what)
        if not size:
            return

        inorder = database.sql("SELECT place, length FROM lines ORDER BY time_us, place")
        for batch in inorder.to_arrow_reader(_ROWS):
            yield from _read(text, batch)


def _places(piece: Encoded, after: int) -> pa.Table:
    """Return when the lines of a piece are and where they stand in a file of that size so far."""
    import pyarrow as pa

    lengths = [len(line) for line in piece.lines]
    places = list(accumulate(lengths, initial=after))[:-1]
    columns = {"time_us": piece.times_us, "place": places, "length": lengths}
    return pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()})


def _add(text: IO[bytes], piece: Encoded, what: str) -> int:
    """Add the lines of a piece to a file; return how many bytes they are."""
    data = b"".join(piece.lines)
    left = memoryview(data)
    try:
        while left:
            left = left[text.write(left) :]
        return len(data)
    except OSError as error:
        raise SimError(
            f"{what} have no room in {printable(tempfile.gettempdir())}: {error.strerror}; free "
            "some space there, or set TMPDIR to another folder"
        ) from error


def _read(text: IO[bytes], batch: pa.RecordBatch) -> Iterator[bytes]:
    """Yield the lines at some places in a file, joined to pieces of a bounded size."""
    lines, size = [], 0
    places, lengths = batch.column(0).to_pylist(), batch.column(1).to_pylist()
    for place, length in zip(places, lengths, strict=True):
        lines.append(os.pread(text.fileno(), length, place))
        size += length
        if size >= _PIECE_BYTES:
            yield b"".join(lines)
            lines, size = [], 0
    yield b"".join(lines)
