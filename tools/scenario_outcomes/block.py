"""The lines of a scenario's comment that hold what was measured; the tool owns them.

    # Measured without look-alikes:
    #   with seed 529, scale 1
    #   coders: 85.9 k exchanges (C1), ...

They stand below the prose and end where the comment ends.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

HEAD = "# Measured without look-alikes:"
_WIDTH = 100
_LINE, _MORE = "#   ", "#     "
_KEPT = "\N{NO-BREAK SPACE}"  # between a number and its unit


def settings_of(seed: int, scale: float, changes: Sequence[str]) -> str:
    """Return the first line of a block, which says what was run."""
    return ", ".join((f"with seed {seed}", f"scale {scale:g}", *changes))


def block(settings: str, lines: Sequence[str]) -> list[str]:
    """Return the lines of a file: what was run, and what was measured in it."""
    made = [HEAD]
    for one in (settings, *lines):
        made += textwrap.wrap(
            re.sub(r"(?<=\d) (?=[kM%])", _KEPT, one),
            _WIDTH,
            initial_indent=_LINE,
            subsequent_indent=_MORE,
            break_on_hyphens=False,
            break_long_words=False,
        )
    return [one.replace(_KEPT, " ") for one in made]


def with_block(text: str, made: Sequence[str]) -> str:
    """Return the text of a scenario with this block in place of the one that it had, if any."""
    lines = text.splitlines()
    begin, end = _place(lines)
    return "\n".join([*lines[:begin], *made, *lines[end:]]) + "\n"


def block_of(text: str) -> list[str]:
    """Return the lines of the block of a scenario; empty if there is none."""
    lines = text.splitlines()
    begin, end = _place(lines)
    return lines[begin:end]


def measured_of(text: str) -> list[str]:
    """Return what was run (`with seed 529, scale 1`) and what was measured, a text a line.

    Empty if the scenario has no block.
    """
    measured: list[str] = []
    for one in block_of(text)[1:]:
        if one.startswith(_MORE):
            measured[-1] += f" {one.removeprefix(_MORE)}"
        else:
            measured.append(one.removeprefix(_LINE))
    return measured


def is_of(words: str, measured: str) -> bool:
    """Tell whether a line was made from these words, whatever the values are."""
    parts = (re.escape(part) for part in words.split("{}"))
    return re.fullmatch("[0-9.,]+(?: [kM%])?".join(parts), measured) is not None


def _place(lines: Sequence[str]) -> tuple[int, int]:
    """Return where the block begins and ends, both at the end of the comment if there is none."""
    comment = next(n for n, one in enumerate(lines) if not one.startswith("#"))
    heads = [n for n in range(comment) if lines[n].startswith(HEAD)]
    return (heads[0] if heads else comment), comment
