"""Where something in a file stands, and what is wrong there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from sim.documents.printable import printable
from sim.errors import InvalidInputError

Path = tuple[str | int, ...]
# Faults that are shown at once; whoever mends these sees the next.
MOST_SHOWN = 20
# Names so long are nobody's slip of the pen.
_LONGEST_NAME = 100


@dataclass(frozen=True, order=True)
class Place:
    """A position in a file, or an option of the command line.

    Places order as messages do: by `rank`, which puts options behind files, then by position.

    Attributes
    ----------
    rank
        0 for files, 1 for options.
    source
        What messages call the file, or the option.
    line, column
        From 1; 0 for an option, and for a file as a whole.
    """

    rank: int
    source: str
    line: int = 0
    column: int = 0

    @classmethod
    def in_file(cls, source: str, line: int, column: int) -> Place:
        """Return a position in the file that messages call `source`; both numbers count from 1."""
        return cls(0, source, line, column)

    @classmethod
    def whole(cls, source: str) -> Place:
        """Return the file as a whole, for a fault that has no line."""
        return cls(0, source)

    @classmethod
    def option(cls, text: str) -> Place:
        """Return a command-line option, sorted behind every position in the file."""
        return cls(1, text)

    def __str__(self) -> str:
        """Return `file:line:column`, or the source alone where there is no line."""
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True, order=True)
class Problem:
    """One fault in a document, shown as one line `place: where: message`.

    Attributes
    ----------
    place
        Where the writer has to look.
    where
        The path of the value, as `actors.coders.models`; empty for the document as a whole.
    message
        What is wrong, and what would be right.
    """

    place: Place
    where: str
    message: str

    def __str__(self) -> str:
        """Return one line in which nothing but printable characters is left."""
        return printable(": ".join(filter(None, (str(self.place), self.where, self.message))))


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise one error that lists the problems by position, a line each, if there are any.

    Equal problems count once. Of more than `MOST_SHOWN` the last line says how many more there are.

    Raises
    ------
    InvalidInputError
        If there is a problem.
    """
    in_order = sorted(set(problems))
    lines = [str(problem) for problem in in_order[:MOST_SHOWN]]
    if len(in_order) > MOST_SHOWN:
        lines.append(f"and {len(in_order) - MOST_SHOWN:,} more")
    if lines:
        raise InvalidInputError("\n".join(lines))


def refusal(place: Place, where: str, message: str) -> InvalidInputError:
    """Return the error of one problem, to raise where nothing that follows can be read."""
    return InvalidInputError(str(Problem(place, where, message)))


def suggest(name: str, allowed: Iterable[str]) -> str:
    """Return "; did you mean 'x'?", or the allowed names when none is near.

    Near is a name that differs in few letters, or that begins with `name`; case does not matter.

    Parameters
    ----------
    name
        What was written. A very long one is nobody's slip, and is not compared.
    allowed
        The names that there are, in any order.

    Returns
    -------
    str
        It goes behind a message, so it begins with a semicolon.
    """
    names = sorted(allowed)
    folded = {each.casefold(): each for each in names}
    wanted = name.casefold()
    is_long = len(wanted) > _LONGEST_NAME
    near = [] if is_long else difflib.get_close_matches(wanted, folded, n=1, cutoff=0.7)
    if not near and len(wanted) > 2:
        near = [each for each in folded if each.startswith(wanted)]

    if near:
        return f"; did you mean '{folded[near[0]]}'?"
    return f"; allowed: {', '.join(names)}" if names else "; nothing is allowed here"
