"""`sim stream`: replay the log of a run, paced by its clock, for what works online."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sim.cli.completion import folders
from sim.cli.options import SelectionOptions, quiet_option, selection_options

if TYPE_CHECKING:
    from sim.replay.addresses import Address
    from sim.replay.form import FormName
    from sim.replay.order import Order
    from sim.replay.pace import Pace
    from sim.replay.reader import Reader
    from sim.replay.stream import Stream

# A replay that is less late than this has kept its pace.
_WORTH_SAYING_S = 0.5


@click.command()
@click.argument("place", metavar="RUN", shell_complete=folders)
@click.option(
    "--speed",
    metavar="FACTOR|max",
    default="max",
    show_default=True,
    help="Times faster than the log, such as 60x or 0.5x; max: as fast as it is read.",
)
@click.option(
    "--to",
    "form_name",
    type=click.Choice(["jsonl", "otlp"]),
    default="jsonl",
    show_default=True,
    help="What a line is: the row of the log, or an OTLP request with the span of the attempt.",
)
@click.option(
    "--order",
    type=click.Choice(["start", "end"]),
    default="start",
    show_default=True,
    help="By arrival, as in the log; or by the end of the answer, as a provider learns of it.",
)
@click.option(
    "--offset",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Leave out the first N rows, which the reader has.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="End after N rows.")
@selection_options
@click.option(
    "--listen",
    metavar="ADDRESS",
    help="Wait for one reader at an address of this machine: 127.0.0.1:9000 (port 0: any that is "
    "free), [::1]:9000 or unix:PATH.",
)
@click.option("--connect", metavar="ADDRESS", help="Write to a reader that listens at an address.")
@quiet_option
def stream(
    place: str,
    speed: str,
    form_name: FormName,
    order: Order,
    offset: int,
    limit: int | None,
    selected: SelectionOptions,
    listen: str | None,
    connect: str | None,
    quiet: bool,
) -> None:
    """Replay the log of RUN, a line an attempt, in order and at the pace of its clock.

    For detectors and pipelines that work online. Lines go to stdout, or to one reader at a socket
    of this machine. A slow reader holds up the replay, which then catches up with its clock. At the
    end, or when the reader goes, it says on stderr how many rows were written, and with which
    --offset the rest comes.
    """
    from sim.replay.addresses import parse_address
    from sim.replay.form import form_named
    from sim.replay.pace import Pace, parse_speed
    from sim.replay.stream import Stream
    from sim.tables.reading import open_run

    if listen and connect:
        raise click.UsageError("--listen and --connect exclude each other; give one of them")
    factor = parse_speed(speed)
    run = open_run(place)
    form = form_named(form_name)
    rows = Stream(run, selected.of(run), form.columns, order, offset, limit)

    with _reader(parse_address("--listen", listen), parse_address("--connect", connect)) as reader:
        pace = Pace(factor, sleep=reader.sleep)
        try:
            for lines in rows.paced(pace, form.lines):
                reader.write(lines)
        except ConnectionError as error:
            _say(f"the reader has gone; {_written(reader, rows, pace)}", quiet)
            raise BrokenPipeError from error  # of a pipe and of a socket alike
        except BaseException:
            _say(_written(reader, rows, pace), quiet or not reader.lines)
            raise
        _say(_written(reader, rows, pace, ended=reader.lines != limit), quiet)


@contextlib.contextmanager
def _reader(listen: Address | None, connect: Address | None) -> Iterator[Reader]:
    """Find the reader: at an address, or of stdout if none is given."""
    from sim.replay.reader import Reader
    from sim.replay.sockets import reader_at, reader_that_comes

    if listen:
        with reader_that_comes(listen, lambda where: click.echo(f"listening at {where}")) as reader:
            yield reader
    elif connect:
        with reader_at(connect) as reader:
            yield reader
    else:
        yield Reader.of_stdout()


def _written(reader: Reader, rows: Stream, pace: Pace, ended: bool = False) -> str:
    """Return how many rows were written, what writes the rest, and how late they were."""
    rest = ", to the end" if ended else f"; `--offset {rows.offset + reader.lines}` goes on"
    late = f"up to {pace.most_behind_s:,.1f} s behind the clock, {pace.behind_s:,.1f} s at the end"
    shown = f"; {late}" if pace.most_behind_s >= _WORTH_SAYING_S else ""
    return f"{reader.lines:,} {'row' if reader.lines == 1 else 'rows'} written{rest}{shown}"


def _say(words: str, quiet: bool) -> None:
    """Print words on stderr, unless `quiet`, or nobody reads them."""
    if not quiet:
        with contextlib.suppress(OSError, ValueError):
            click.echo(words, err=True)
