"""Numbers within compiled loops are those of the streams, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from sim.compiled_streams import ids_under, mixed_number, opaque_id, uniform_number
from sim.streams import mixed, opaque_ids, uniforms

UNSIGNED = st.integers(0, 2**64 - 1)
KEYS = st.lists(UNSIGNED, min_size=1, max_size=4)
COUNTERS = st.lists(st.integers(0, 2**62 - 1), max_size=20)


@given(UNSIGNED, UNSIGNED)
@example(2**64 - 1, 2**64 - 1)
@example(0, 0)
def test_mixed_and_uniform_numbers(key: int, counter: int) -> None:
    number = mixed_number(np.uint64(key), np.uint64(counter))
    whole = mixed(key, np.array([counter], np.uint64))
    assert int(number) == int(whole[0])
    assert uniform_number(whole[0]) == uniforms(whole)[0]


@given(UNSIGNED, st.integers(0, 2**62 - 1))
@example(2**64 - 1, 2**62 - 1)
@example(0, 0)
def test_opaque_identifiers(key: int, counter: int) -> None:
    [expected] = opaque_ids(key, np.array([counter])).tolist()
    assert int(opaque_id(np.uint64(key), np.uint64(counter))) == expected


@given(KEYS, COUNTERS, st.integers(0, 2**32))
def test_identifiers_under_keys_of_their_own(
    keys: list[int], counters: list[int], seed: int
) -> None:
    all_keys, numbers = np.array(keys, np.uint64), np.array(counters, np.int64)
    which = np.random.default_rng(seed).integers(0, len(keys), len(numbers))
    expected = opaque_ids(all_keys[which], numbers)
    assert ids_under(all_keys, which, numbers).tolist() == expected.tolist()
    assert ids_under(all_keys, which.astype(np.int32), numbers).tolist() == expected.tolist()
