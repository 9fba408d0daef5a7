"""What the verbs of the command line share: error handling, option groups, printing."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, NoReturn, TypeVar

import click

from sim.errors import SimError

F = TypeVar("F", bound=Callable[..., Any])
INTERRUPTED = 130


class SimGroup(click.Group):
    """A group that turns every error into one message on stderr and its exit code."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run and exit: 0 done, 1 failed, 2 usage or invalid input, 3 check failed, 130."""
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
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, SimError):
        click.echo(str(error), err=True)
        return error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, OSError):
        return _report_os_error(error)
    name = type(error).__name__
    click.echo(f"internal error: {name}: {error}; run with --debug for the traceback", err=True)
    return 1


def _report_os_error(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        # What is still buffered would raise once more when the interpreter shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    reason = error.strerror or str(error)
    where = f"{error.filename}: " if error.filename else ""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = "; free some space or choose another folder" if full else ""
    click.echo(f"{where}{reason}{remedy}", err=True)
    return 1


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
            type=click.IntRange(1),
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


def print_json(value: Any) -> None:
    """Print `value` as JSON with a fixed form; dates as ISO 8601 text."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_columns(rows: Iterable[Sequence[str]], indent: str = "") -> None:
    """Print rows of text with all columns but the last padded to the same width."""
    table = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        click.echo((indent + "  ".join(cells)).rstrip())
