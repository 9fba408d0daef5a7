"""Numbers of the blocks of tokens that inputs are made of: equal where inputs begin alike.

A block is so many tokens of an input in a row. Two inputs have the same numbers as far as their
blocks hold the same tokens after the same beginning, which is what caches of prefixes ask. The
last block of an input may be partly filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Input(NamedTuple):
    """The input of an answered call of a session.

    Attributes
    ----------
    call, agent
        Who it is and who made it.
    shares_with
        The earlier call whose input begins alike.
    shared_tokens
        Length of that common beginning.
    tokens
        Length of the whole input.
    """

    call: int
    agent: int
    shares_with: int
    shared_tokens: int
    tokens: int


class Blocks(NamedTuple):
    """The numbers of the blocks of an input.

    Attributes
    ----------
    full
        Of the full blocks in their order, as ranges of numbers that follow one another.
    partial
        Of the partly filled block at the end, -1 if there is none.
    """

    full: list[range]
    partial: int


def number_blocks(
    inputs: Sequence[Input], block_tokens: int, first: int, first_partial: int
) -> list[Blocks]:
    """Return the numbers of the blocks of all inputs of a session.

    Where the call that an input shares a beginning with is not among them (it was never answered,
    or lies outside of what is exported), the last one of the same agent stands in for it, else the
    one just before: whatever of the history is known is shared as far as it reaches.

    Parameters
    ----------
    inputs
        Those of the session in order of time.
    block_tokens
        Tokens of a full block.
    first, first_partial
        From where on numbers are given to full blocks and to partly filled ones. They need at most
        as many as `tokens // block_tokens` of all inputs together, and one an input.
    """
    numbered: list[Blocks] = []
    place_of: dict[int, int] = {}
    last_of: dict[int, int] = {}
    # for each input, the earlier one that it begins like, and how far
    begins: list[tuple[int, int]] = []
    partials: dict[tuple[int, int], int] = {}
    next_full = first

    for i, (call, agent, shares_with, shared_tokens, tokens) in enumerate(inputs):
        earlier = place_of.get(shares_with, last_of.get(agent, i - 1))
        place_of[call] = last_of[agent] = i
        alike = min(shared_tokens, tokens, inputs[earlier].tokens) if earlier >= 0 else 0
        begins.append((earlier, alike))

        shared = alike // block_tokens
        full = _beginning(numbered[earlier].full, shared) if shared else []
        new = range(next_full, next_full + tokens // block_tokens - shared)
        _append(full, new)
        next_full = new.stop

        partial = -1
        if tokens % block_tokens:
            key = _owner(begins, i, tokens), tokens
            partial = partials.setdefault(key, first_partial + len(partials))
        numbered.append(Blocks(full, partial))

    return numbered


def _owner(begins: list[tuple[int, int]], i: int, tokens: int) -> int:
    """Return the first input that the last of so many tokens of an input was new in."""
    earlier, alike = begins[i]
    while earlier >= 0 and tokens <= alike:
        i = earlier
        earlier, alike = begins[i]
    return i


def _beginning(runs: list[range], count: int) -> list[range]:
    """Return the first `count` numbers of runs."""
    kept: list[range] = []
    for run in runs:
        if count <= 0:
            break
        kept.append(run[:count])
        count -= len(run)
    return kept


def _append(runs: list[range], run: range) -> None:
    """Add a run at the end, as one with the last if it goes on with it."""
    if not run:
        return
    if runs and runs[-1].stop == run.start:
        runs[-1] = range(runs[-1].start, run.stop)
    else:
        runs.append(run)


class NumberTexts:
    """The numbers of a session as text, made once and cut from then on.

    Inputs of a session repeat each other's numbers: a call has hundreds, most of them those of
    the call before it.
    """

    def __init__(self, blocks: Iterable[Blocks]) -> None:
        runs = [run for one in blocks for run in one.full]
        first = min((run.start for run in runs), default=0)
        after = max((run.stop for run in runs), default=0)
        self._text = ",".join(map(str, range(first, after)))

        # for each number of digits: the first number that has them, and where it stands
        self._starts: dict[int, tuple[int, int]] = {}
        number, place = first, 0
        while number < after:
            digits = len(str(number))
            self._starts[digits] = number, place
            place += (10**digits - number) * (digits + 1)
            number = 10**digits

    def of(self, blocks: Blocks, with_partial: bool = True) -> str:
        """Return the numbers of the blocks of an input, separated by commas."""
        parts = [self._text[self._at(run.start) : self._end(run.stop - 1)] for run in blocks.full]
        if with_partial and blocks.partial >= 0:
            parts.append(str(blocks.partial))
        return ",".join(parts)

    def _at(self, number: int) -> int:
        """Return where the digits of a number begin in the text."""
        digits = len(str(number))
        start, place = self._starts[digits]
        return place + (number - start) * (digits + 1)

    def _end(self, number: int) -> int:
        """Return where they end."""
        return self._at(number) + len(str(number))
