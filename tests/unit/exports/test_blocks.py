"""Numbers of blocks against inputs whose tokens are really made."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.exports.blocks import Blocks, Input, NumberTexts, number_blocks

BLOCK = 4


def drawn(seed: int) -> tuple[list[Input], list[list[int]]]:
    """The inputs of a session with their tokens: each goes on from some earlier one."""
    rng = random.Random(seed)
    fresh = iter(range(1, 100_000))
    inputs: list[Input] = []
    tokens: list[list[int]] = []
    for call in range(1, rng.randint(2, 30)):
        earlier = rng.randrange(call - 1) if call > 1 else -1
        begins = tokens[earlier] if earlier >= 0 else []
        shared = rng.choice([len(begins), rng.randint(0, len(begins))])
        new = rng.choice([0, rng.randint(0, 3 * BLOCK)])
        tokens.append([*begins[:shared], *(next(fresh) for _ in range(new))])
        inputs.append(Input(call, 7, earlier + 1, shared, len(tokens[-1])))
    return inputs, tokens


def blocks_of(tokens: list[int]) -> Iterator[tuple[int, ...]]:
    """What the blocks of an input hold, each with all that comes before it."""
    for end in range(BLOCK, len(tokens) + BLOCK, BLOCK):
        yield tuple(tokens[:end])


def numbers_of(blocks: Blocks) -> list[int]:
    """The numbers of the blocks of an input, one by one."""
    full = [number for run in blocks.full for number in run]
    return full if blocks.partial < 0 else [*full, blocks.partial]


@given(st.integers(0, 2**32))
def test_blocks_have_one_number_where_they_hold_the_same_after_the_same(seed: int) -> None:
    inputs, tokens = drawn(seed)
    room = sum(one.tokens // BLOCK for one in inputs)

    numbered = number_blocks(inputs, BLOCK, 100, 100 + room)

    number_of: dict[tuple[int, ...], int] = {}
    for blocks, of_input in zip(numbered, tokens, strict=True):
        numbers = numbers_of(blocks)
        assert len(numbers) == -(-len(of_input) // BLOCK)
        for block, number in zip(blocks_of(of_input), numbers, strict=True):
            assert number_of.setdefault(block, number) == number
    assert len(set(number_of.values())) == len(number_of)
    assert all(100 <= number < 100 + room + len(inputs) for number in number_of.values())


@given(st.integers(0, 2**32), st.sampled_from([0, 1, 5, 95, 9_990]))
def test_their_text_is_that_of_the_numbers(seed: int, first: int) -> None:
    inputs, _ = drawn(seed)
    numbered = number_blocks(inputs, BLOCK, first, 100_000)

    texts = NumberTexts(numbered)

    for blocks in numbered:
        assert texts.of(blocks) == ",".join(map(str, numbers_of(blocks)))
        full = [number for run in blocks.full for number in run]
        assert texts.of(blocks, with_partial=False) == ",".join(map(str, full))


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        pytest.param(7, [0, 1, 4], id="the last call of the agent"),
        pytest.param(9, [0, 2, 4], id="another agent has none, so the call before"),
    ],
)
def test_another_call_stands_in_for_one_that_is_not_there(agent: int, expected: list[int]) -> None:
    inputs = [
        Input(1, 7, 0, 0, 2 * BLOCK),
        Input(2, 8, 1, BLOCK, 3 * BLOCK),
        Input(4, agent, 3, 2 * BLOCK, 3 * BLOCK),
    ]
    numbered = number_blocks(inputs, BLOCK, 0, 50)
    assert [numbers_of(one) for one in numbered[:2]] == [[0, 1], [0, 2, 3]]
    assert numbers_of(numbered[2]) == expected


def test_a_session_cut_at_its_beginning_shares_nothing_before_it() -> None:
    (blocks,) = number_blocks([Input(5, 7, 4, 100, 110)], BLOCK, 0, 50)
    assert numbers_of(blocks) == [*range(27), 50]
