"""Where something in a scenario stands, and what is wrong there."""

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
    """A position in a file, both numbers from 1, or an option of the command line (line 0)."""

    rank: int
    source: str
    line: int = 0
    column: int = 0

    @classmethod
    def in_file(cls, source: str, line: int, column: int) -> Place:
        return cls(0, source, line, column)

    @classmethod
    def whole(cls, source: str) -> Place:
        """The file as a whole, for a fault that has no line."""
        return cls(0, source)

    @classmethod
    def option(cls, text: str) -> Place:
        """A command-line option, sorted behind every position in the file."""
        return cls(1, text)

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True, order=True)
class Problem:
    """One fault: one line `place: where: message`; `where` is a dotted path, may be empty."""

    place: Place
    where: str
    message: str

    def __str__(self) -> str:
        return printable(": ".join(filter(None, (str(self.place), self.where, self.message))))


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise one `InvalidInputError` that lists the problems by position, a line each, if any."""
    found = sorted(set(problems))
    lines = [str(problem) for problem in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        lines.append(f"and {len(found) - MOST_SHOWN:,} more")
    if lines:
        raise InvalidInputError("\n".join(lines))


def refusal(place: Place, where: str, message: str) -> InvalidInputError:
    """Return the error of one problem, to raise where nothing that follows can be read."""
    return InvalidInputError(str(Problem(place, where, message)))


def suggest(found: str, allowed: Iterable[str]) -> str:
    """Return "; did you mean 'x'?", or the allowed names when nothing is near."""
    names = sorted(allowed)
    folded = {name.casefold(): name for name in names}
    wanted = found.casefold()
    is_long = len(wanted) > _LONGEST_NAME
    near = [] if is_long else difflib.get_close_matches(wanted, folded, n=1, cutoff=0.7)
    if not near and len(wanted) > 2:
        near = [name for name in folded if name.startswith(wanted)]
    if near:
        return f"; did you mean '{folded[near[0]]}'?"
    return f"; allowed: {', '.join(names)}" if names else "; nothing is allowed here"
