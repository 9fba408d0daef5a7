"""What the verbs of the command line share: error handling, option groups, printing."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, NoReturn, TypeVar

import click

from sim.cli.process import drop_what_waits, interrupted_by, interruption
from sim.documents.printable import printable, printable_json
from sim.errors import DISK_FULL, SimError

F = TypeVar("F", bound=Callable[..., Any])
OUT_OF_MEMORY = (
    "out of memory; lower accounts, rates or scale, shorten the clock, or give fewer workers (-j)"
)


class SimGroup(click.Group):
    """A group that turns every error into one message on stderr and its exit code."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run and exit: 0 done, 1 failed, 2 invalid input, 3 check failed, 128 + signal."""
        extra |= {"standalone_mode": False}
        extra.setdefault("prog_name", "sim")
        extra.setdefault("auto_envvar_prefix", "SIM")
        extra.setdefault("color", False if os.environ.get("NO_COLOR") else None)
        extra.setdefault("obj", {"debug": bool(os.environ.get("SIM_DEBUG"))})
        try:
            result = super().main(*args, **extra)
            sys.stdout.flush()
        except BaseException as error:
            if extra["obj"]["debug"] and _is_worth_a_traceback(error):
                raise
            sys.exit(report_error(error))
        sys.exit(result if isinstance(result, int) else 0)


def _is_worth_a_traceback(error: BaseException) -> bool:
    return not isinstance(error, SystemExit | click.exceptions.Exit | click.UsageError)


def report_error(error: BaseException) -> int:
    """Print what `error` means to the user on stderr and return the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, click.Abort) and isinstance(error.__cause__, EOFError):
        error = error.__cause__  # click takes the end of a file for one of the keyboard
    if (stopped := interrupted_by(error)) is not None:
        message, code = interruption(stopped)
    elif isinstance(error, OSError):
        message, code = _of_os_error(error), 1
    else:
        message, code = _meaning(error)
    with contextlib.suppress(OSError, ValueError):  # nobody is there to read it
        click.echo(message, err=True, nl=bool(message))
    drop_what_waits()
    return code


def _meaning(error: BaseException) -> tuple[str, int]:
    if isinstance(error, click.ClickException):
        shown = io.StringIO()
        error.show(shown)
        return shown.getvalue().rstrip("\n"), error.exit_code
    if isinstance(error, SimError):
        return "\n".join(map(printable, str(error).split("\n"))), error.exit_code
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY, 1
    name = type(error).__name__
    text = f"internal error: {name}: {error}; run with --debug for the traceback"
    return printable(text), 1


def _of_os_error(error: OSError) -> str:
    if isinstance(error, BrokenPipeError):
        return ""  # the reader has seen enough, as `head` has
    reason = error.strerror or str(error)
    where = f"{error.filename}: " if error.filename else ""
    remedy = "; free some space or choose another folder" if error.errno in DISK_FULL else ""
    return printable(f"{where}{reason}{remedy}")


def scenario_options(function: F) -> F:
    """Add `--set`, `--seed`, `--scale`; they arrive as `changes`, keywords of `load_scenario`."""

    @wraps(function)
    def wrapper(
        *args: Any,
        overrides: Sequence[str],
        seed: int | None,
        scale: float | None,
        **options: Any,
    ) -> Any:
        changes = {"overrides": overrides, "seed": seed, "scale": scale}
        return function(*args, changes=changes, **options)

    decorated: Any = wrapper
    for option in (
        click.option(
            "--scale",
            type=float,
            envvar="SIM_SCALE",
            help="Multiply populations and targets by this instead of the scenario's scale.",
        ),
        click.option(
            "--seed",
            type=int,
            envvar="SIM_SEED",
            help="Seed instead of the scenario's; drawn if neither names one.",
        ),
        click.option(
            "--set",
            "overrides",
            metavar="KEY=VALUE",
            multiple=True,
            help="Change a key of the scenario, e.g. actors.coders.accounts=5; repeatable.",
        ),
    ):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def workers_options(function: F) -> F:
    """Add `--workers` and `--dask`; they arrive as `count` and `dask`, and exclude each other."""
    decorated: Any = function
    for option in (
        click.option(
            "--dask",
            metavar="ADDRESS",
            envvar="SIM_DASK",
            help="Work on a Dask cluster: tcp://host:8786, or `local` for one on this machine.",
        ),
        click.option(
            "-j",
            "--workers",
            "count",
            metavar="N",
            type=click.IntRange(1, 1_024),
            envvar="SIM_WORKERS",
            help="Processes that share the work; one a core if left out.",
        ),
    ):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


quiet_option = click.option(
    "-q", "--quiet", is_flag=True, envvar="SIM_QUIET", help="Print results and errors only."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
spreadsheet_option = click.option(
    "--csv-for-spreadsheets",
    "for_spreadsheets",
    is_flag=True,
    help="Print CSV in which an apostrophe goes before texts that begin with = + - @, a tab or a "
    "carriage return, so that no spreadsheet computes them.",
)


def expect_one_form(as_json: bool, *as_csv: bool) -> None:
    """Raise a usage error if both JSON and CSV are asked for."""
    if as_json and any(as_csv):
        raise click.UsageError("--json and --csv exclude each other; give one of them")


def print_json(value: Any) -> None:
    """Print `value` as JSON with a fixed form; dates as ISO 8601 text."""
    click.echo(printable_json(value))


def print_columns(rows: Iterable[Sequence[str]], indent: str = "") -> None:
    """Print rows of text with all columns but the last padded to the same width."""
    table = [list(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        click.echo((indent + "  ".join(cells)).rstrip())
