"""Write a run in a format that other tools read."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sim.engine.executors import InProcess, Workers, in_process, map_in_order
from sim.engine.progress import Observer, Progress
from sim.engine.run_context import peak_bytes
from sim.errors import InvalidInputError
from sim.exports.format import AnyFormat, Context, Encoded, FolderFormat, Format, Source
from sim.exports.line_order import by_time
from sim.exports.places import Target, Written, target_of
from sim.exports.rows import BATCH_ROWS, LogRows
from sim.exports.selection import Selection
from sim.tables.reading import Run

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes
    ----------
    run, format, place
        What was exported, in which format, and where it lies; `-` for standard output.
    exchanges
        Rows of the log that were selected.
    sessions
        Their sessions; None for a format that does not go by sessions.
    records, of
        How many records were written, and what they are: `lines`, `sessions`.
    left_out
        How many of `exchanges` are in no record, by the reason in words.
    files, bytes, sha256
        The file; of a folder, the SHA-256 is that of what `sha256sum` prints of its files, by name.
    """

    run: str
    format: str
    place: str
    exchanges: int
    sessions: int | None
    records: int
    of: str
    left_out: dict[str, int]
    files: int
    bytes: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as `sim export --json` prints it."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return it as `sim export` prints it."""
        lines = [
            f"{self.place}: {_counted(self.records, self.of)} of "
            f"{_counted(self.exchanges, 'exchanges')} (C1), as {self.format}",
            f"  {self.bytes:,} bytes, SHA-256 {self.sha256}",
        ]
        if self.left_out:
            lines.append(f"  left out: {_by_reason(self.left_out)}")
        return lines


def export(
    run: Run,
    form: AnyFormat,
    place: str,
    selection: Selection,
    *,
    workers: Workers | None = None,
    observe: Observer | None = None,
    force: bool = False,
) -> Export:
    """Write the rows of a run that are meant; the bytes do not depend on the workers.

    Parameters
    ----------
    run
        A finished run.
    form
        The format. Where truth was taken away, the form of it that needs none.
    place
        Path or URL of a file or folder; `-` for standard output.
    selection
        Which rows.
    workers
        Who encodes; this process if left out.
    observe
        Is told how far it is.
    force
        Whether a file that is there is replaced.

    Raises
    ------
    InvalidInputError
        If the run lacks what the format is made of, if nothing is selected or nothing of it can be
        written, or if the place cannot be written to. Nothing was written.
    SimError
        If a disk is full, or a worker died. There is nothing under the name of the export.
    """
    target = target_of(place, form, run.store, force=force)
    form = usable(form, run)
    batch_rows = form.batch_rows if isinstance(form, Format) else BATCH_ROWS
    log = LogRows(run, form.columns, form.truth, selection, batch_rows)
    work = _Export(log, form, target, observe or (lambda _: None))
    with contextlib.ExitStack() as stack:
        ready = workers or stack.enter_context(in_process())
        if run.summary["exchanges"] < ready.worthwhile:
            ready = Workers(InProcess(), 1)
        written = work.write(ready)

    return Export(
        run=str(run.store),
        format=form.id,
        place=target.place,
        exchanges=work.rows,
        sessions=work.sessions if form.order == "session" else None,
        records=work.records,
        of=form.records,
        left_out=dict(sorted(work.left_out.items())),
        **asdict(written),
    )


def usable(form: AnyFormat, run: Run) -> AnyFormat:
    """Return the form of a format that this run can be written in.

    Raises
    ------
    InvalidInputError
        If the format is made of truth, and that was taken away.
    """
    if not form.truth or run.has("truth/exchanges"):
        return form
    if isinstance(form, Format) and form.without_truth is not None:
        return form.without_truth
    raise InvalidInputError(
        f"{run.store}: its truth was taken away, and {form.id} is made of it "
        f"({', '.join(form.truth)}); `sim list exports` says which formats need none"
    )


@dataclass
class _Export:
    """One export, and what it has counted so far."""

    log: LogRows
    form: AnyFormat
    target: Target
    observe: Observer
    rows: int = 0
    sessions: int = 0
    records: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def write(self, workers: Workers) -> Written:
        """Write all of it; raise InvalidInputError if there is nothing to write."""
        if isinstance(self.form, FolderFormat):
            return self._write_tables(self.form)
        with contextlib.closing(self._pieces(self.form, workers)) as pieces:
            if self.target.is_folder:
                return self._write_lines(self.form, pieces)
            return self._write_file(self.form, pieces)

    def _write_file(self, form: Format, pieces: Iterator[bytes]) -> Written:
        """Write one file; its head waits for the first bytes, so that errors come before it."""
        with self.target.file() as file:
            for data in pieces:
                file.write(data if file.bytes else form.head + data)
            self._expect_records()
            file.write(form.tail)
        return Written(1, file.bytes, file.sha256)

    def _write_lines(self, form: Format, pieces: Iterator[bytes]) -> Written:
        """Write each line as a file of its own, numbered from 0."""
        with self.target.folder() as folder:
            lines = (line for data in pieces for line in data.splitlines(keepends=True))
            for number, line in enumerate(lines):
                with folder.writing(f"{number:08}{form.each_line}") as file:
                    file.write(line)
            self._expect_records()
        return folder.written

    def _write_tables(self, form: FolderFormat) -> Written:
        """Have a format write its tables itself."""
        run = self.log.run
        source = Source(
            self._by_time, lambda name: run.table(name, run.columns(name)), self._context
        )
        with self.target.folder() as folder:
            self._add(form.write(source, folder))
            self._expect_records()
        return folder.written

    @property
    def _context(self) -> Context:
        return Context(self.log.run.scenario.clock.opening_us)

    def _by_time(self) -> Iterator[pa.Table]:
        """Yield the rows by time, and count them from the first."""
        self.rows = 0
        for batch in self.log.by_time(self._share):
            self.rows += batch.num_rows
            yield batch

    def _pieces(self, form: Format, workers: Workers) -> Generator[bytes, None, None]:
        """Yield the bytes of the export, but for head and tail, in pieces that are not empty."""
        encoded = map_in_order(workers, _encode, self._todo(form))
        with contextlib.closing(encoded):
            counted = map(self._add, encoded)
            if form.lines_by_time:
                data = by_time(counted, f"{self.log.run.store}: its lines")
            else:
                data = (piece.data for piece in counted)
            yield from filter(None, data)

    def _todo(self, form: Format) -> Iterator[tuple[Any, ...]]:
        """Yield the arguments of `_encode` for batch after batch."""
        by_session = form.order == "session"
        batches = self.log.by_session(self._share) if by_session else self._by_time()
        context = self._context
        for batch in batches:
            if by_session:
                self.rows += batch.num_rows
                self.sessions += len(batch.column("session_uid").unique())
            yield form.encode, _packed(batch), context
            if form.numbers is not None:
                taken = form.numbers(batch)
                context = context._replace(first_number=context.first_number + taken)

    def _add(self, piece: Encoded) -> Encoded:
        """Count what became of rows."""
        self.records += piece.records
        self.left_out.update(piece.left_out)
        return piece

    def _share(self, share: float) -> None:
        self.observe(Progress("exports", share, self.rows, peak_bytes()))

    def _expect_records(self) -> None:
        """Raise InvalidInputError if nothing was selected, or nothing of it can be written."""
        if self.records:
            return
        place = self.log.run.store
        if not self.left_out:
            raise InvalidInputError(f"{place}: {self.log.selection.finds_nothing}")
        raise InvalidInputError(
            f"{place}: {self.form.id} has nothing of what was selected, "
            f"{_counted(self.rows, 'exchanges')}: {_by_reason(self.left_out)}; select more"
        )


def _counted(number: int, words: str) -> str:
    """Return a number of things that take an s, `1 line` or `2 lines`."""
    return f"{number:,} {words.removesuffix('s') if number == 1 else words}"


def _by_reason(left_out: Mapping[str, int]) -> str:
    """Return how many rows are left out for each reason."""
    return ", ".join(f"{why} ({rows:,})" for why, rows in sorted(left_out.items()))


def _packed(batch: pa.Table) -> bytes:
    """Return a table as bytes, without the rows around a slice of it, which pickle would keep."""
    import pyarrow as pa

    whole = batch.unify_dictionaries().combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, whole.schema) as stream:
        stream.write_table(whole)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _encode(
    encode: Callable[[pa.Table, Context], Encoded], packed: bytes, context: Context
) -> Encoded:
    """Encode a batch; workers call it."""
    import pyarrow as pa

    with pa.ipc.open_stream(packed) as stream:
        return encode(stream.read_all(), context)
