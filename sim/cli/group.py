"""The group of verbs: every error becomes one message on stderr and an exit code."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any, NoReturn

import click

from sim.cli.likely_words import WORDS, no_such_verb
from sim.cli.process import drop_what_waits, interrupted_by, interruption
from sim.documents.printable import printable
from sim.errors import DISK_FULL, SimError

OUT_OF_MEMORY = (
    "out of memory; lower accounts, rates or scale, shorten the clock, or give fewer workers (-j)"
)


class SimGroup(click.Group):
    """A group that turns every error into one message on stderr and its exit code."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run and exit: 0 done, 1 failed, 2 invalid input, 3 check failed, 128 + signal.

        Options may come from variables of the environment that begin with `SIM_`. With `--debug` or
        SIM_DEBUG an error keeps its traceback, but for errors of usage.

        Parameters
        ----------
        *args, **extra
            As for `click.Group.main`; what is given here stands in place of these defaults. It is
            never click that ends the process.
        """
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

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb by its name; `help` and `version` are found too, but not listed."""
        return super().get_command(ctx, cmd_name) or WORDS.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that the first word names, and the words behind it.

        Raises
        ------
        click.UsageError
            If it names none; the message says what to write instead.
        """
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise click.UsageError(no_such_verb(printable(args[0]), self.commands), ctx)
        return super().resolve_command(ctx, args)


def _is_worth_a_traceback(error: BaseException) -> bool:
    """Tell whether --debug shows the traceback: not of an exit, and not of an error of usage."""
    return not isinstance(error, SystemExit | click.exceptions.Exit | click.UsageError)


def report_error(error: BaseException) -> int:
    """Print what an error means to the user on stderr, and return the exit code.

    Parameters
    ----------
    error
        What ended the verb. An error that was raised in consequence of a signal, such as one in
        the tidying up, counts as the signal.

    Returns
    -------
    int
        1, 2 or 3 as in `sim.errors`, or 128 and the number of the signal.
    """
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, click.Abort) and isinstance(error.__cause__, EOFError):
        error = error.__cause__  # click takes the end of a file for one of the keyboard

    if (stopped := interrupted_by(error)) is not None:
        message, code = interruption(stopped)
    elif isinstance(error, OSError):
        message, code = _message_of_os_error(error), 1
    else:
        message, code = _message_and_code(error)

    with contextlib.suppress(OSError, ValueError):  # nobody is there to read it
        click.echo(message, err=True, nl=bool(message))
    drop_what_waits()
    return code


def _message_and_code(error: BaseException) -> tuple[str, int]:
    """Return what is printed of an error that is no signal and none of the system.

    Errors of usage and of this package have codes of their own. Anything else is a fault of this
    program: code 1, with a hint to --debug.
    """
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


def _message_of_os_error(error: OSError) -> str:
    """Return one line with the file and the remedy; nothing for a pipe that nobody reads."""
    if isinstance(error, BrokenPipeError):
        return ""  # the reader has seen enough, as `head` has
    reason = error.strerror or str(error)
    where = f"{error.filename}: " if error.filename else ""
    remedy = "; free some space or choose another folder" if error.errno in DISK_FULL else ""
    return printable(f"{where}{reason}{remedy}")
