"""Reading a file of strict YAML, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from sim.documents.problems import Place, refusal
from sim.documents.strict_yaml import Document, parse_yaml
from sim.errors import InvalidInputError

# Characters of a name that are shown.
_LONGEST = 200


def read_file(path: Path) -> Document:
    """Return the parsed YAML of a file, or of standard input for `-`.

    Parameters
    ----------
    path
        Of the file. Messages name it as it is given here.

    Returns
    -------
    Document
        Its `problems` hold what was refused while reading on; they are not raised here.

    Raises
    ------
    FileNotFoundError
        For a file that is not there.
    InvalidInputError
        For one that cannot be read, is not UTF-8 or is no YAML.
    """
    if str(path) == "-":
        return parse_yaml(decoded(sys.stdin.buffer.read(), "<stdin>"), "<stdin>")
    try:
        return parse_yaml(decoded(path.read_bytes(), str(path)), str(path))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        name = str(path)
        shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
        raise InvalidInputError(f"{shown}: cannot be read: {reason}") from None


def decoded(content: bytes, source: str) -> str:
    """Return the text of a file in UTF-8, without a byte order mark.

    Raises
    ------
    InvalidInputError
        With line, column and value of the first byte that is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_start = content.rfind(b"\n", 0, error.start) + 1
        column = len(content[line_start : error.start].decode("utf-8")) + 1
        place = Place.in_file(source, content.count(b"\n", 0, error.start) + 1, column)
        message = f"not UTF-8: byte 0x{content[error.start]:02x}; save the file as UTF-8"
        raise refusal(place, "", message) from None
