"""Named streams: fixed values, and independence of everything but seed and name."""

from __future__ import annotations

import hashlib
import pickle

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from sim.streams import MISSING, Streams, mixed, opaque_ids

KEYS = st.integers(0, 2**64 - 1)


def test_a_stream_has_the_recorded_values() -> None:
    draws = Streams(7).rng("actor", 3, "steps").integers(0, 2**63, size=4)
    assert draws.tolist() == GOLDEN_DRAWS


def test_keys_and_ids_have_the_recorded_values() -> None:
    key = Streams(7).key("benchmark", "swe-bench-full")
    assert key == GOLDEN_KEY
    assert mixed(key, np.arange(3)).tolist() == GOLDEN_NUMBERS
    assert opaque_ids(key, np.arange(3)).tolist() == GOLDEN_IDS


def test_a_stream_always_starts_at_its_beginning() -> None:
    streams = Streams(1)
    first = streams.rng("a").random(5)
    streams.rng("b").random(100)
    assert streams.rng("a").random(5).tolist() == first.tolist()


def test_names_do_not_run_into_each_other() -> None:
    streams = Streams(1)
    names = [("ab", "c"), ("a", "bc"), ("abc",), ("a", "b", "c"), ("", "abc")]
    assert len({streams.key(*x) for x in names}) == len(names)
    assert len({Streams(seed).key("a") for seed in range(50)}) == 50
    assert Streams(1).key("1") != Streams(11).key("")


def test_streams_are_uncorrelated() -> None:
    draws = np.array([Streams(s).rng("x", n).standard_normal(4_000) for s, n in PAIRS])
    correlations = np.corrcoef(draws)[np.triu_indices(len(PAIRS), 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(4_000)


@given(KEYS)
def test_identifiers_never_collide_under_one_key(key: int) -> None:
    ids = opaque_ids(key, np.arange(2_000))
    assert len(np.unique(ids)) == 2_000


def undone(key: int, identifier: int) -> int:
    """The counter behind an identifier, for whoever has its key: every step backwards."""
    low = (1 << 62) - 1
    z = (identifier ^ key) & low
    for whitening in ((key >> 2), None):
        z = unshifted(z, 31)
        z = unshifted(z * pow(0x94D049BB133111EB, -1, 1 << 62) & low, 27)
        z = unshifted(z * pow(0xBF58476D1CE4E5B9, -1, 1 << 62) & low, 30)
        z ^= whitening or 0
    return (z - key) * pow(0x9E3779B97F4A7C15, -1, 1 << 62) & low


def unshifted(z: int, by: int) -> int:
    """The x of z = x ^ (x >> by)."""
    x = z
    for _ in range(62 // by + 1):
        x = z ^ (x >> by)
    return x


@given(KEYS, st.integers(0, 2**62 - 1))
@example(0, 0)
@example(2**64 - 1, 2**62 - 1)
def test_every_identifier_can_be_undone_with_its_key(key: int, counter: int) -> None:
    """So they cannot collide under one key. None is missing, none more than a signed number."""
    [identifier] = opaque_ids(key, np.array([counter])).tolist()
    assert MISSING < 2**62 <= identifier < 2**63
    assert undone(key, identifier) == counter


def test_the_code_alone_does_not_undo_identifiers() -> None:
    """With any other key, the numbers behind identifiers look like nothing: not even near."""
    ids = opaque_ids(Streams(3).key("x"), np.arange(500)).tolist()
    for key in (0, *(Streams(seed).key("x") for seed in (1, 2, 4))):
        found = np.sort([undone(key, identifier) for identifier in ids])
        assert np.diff(found).min() > 2**30


def test_identifiers_show_no_order() -> None:
    ids = opaque_ids(Streams(3).key("x"), np.arange(20_000)).astype(np.float64)
    assert abs(np.corrcoef(ids, np.arange(20_000))[0, 1]) < 0.035
    assert abs(np.corrcoef(ids[1:], ids[:-1])[0, 1]) < 0.035
    assert abs(np.mean(ids / 2**62 - 1) - 0.5) < 0.01


def test_counters_of_any_integer_type_give_the_same_identifier() -> None:
    small = opaque_ids(5, np.arange(4, dtype=np.int32))
    assert small.tolist() == opaque_ids(5, np.arange(4, dtype=np.uint64)).tolist()
    assert small.dtype == np.int64


PAIRS = [(seed, name) for seed in range(4) for name in range(4)]
GOLDEN_DRAWS = [57436445866629217, 7816483036580744103, 5203600438688545516, 6192218098665668091]
GOLDEN_KEY = 17811801153082812180
GOLDEN_NUMBERS = [5165321682830768256, 2391582025390552286, 2501296318432954615]
GOLDEN_IDS = [8846615937562334858, 5427669885930715433, 6154819291969225381]


def test_purposes_are_the_streams_of_their_names() -> None:
    rng, streams = Streams(7).purposes("coders", 3), Streams(7)
    for purpose in ("output", "append", "output"):
        found = rng(purpose)
        # an odd number of 32-bit numbers leaves half a word behind
        drawn = found.integers(0, 9, 3, np.int32).tolist(), found.standard_normal(5).tolist()
        asked = streams.rng("coders", 3, purpose)
        assert drawn == (
            asked.integers(0, 9, 3, np.int32).tolist(),
            asked.standard_normal(5).tolist(),
        )


def test_a_generator_has_the_key_of_its_name_and_can_be_sent_to_another_process() -> None:
    digest = hashlib.blake2b(b"7\x1fcoders\x1f3", digest_size=16).digest()
    keyed = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
    expected = keyed.random(4).tolist()
    assert Streams(7).rng("coders", 3).random(4).tolist() == expected
    assert pickle.loads(pickle.dumps(Streams(7).rng("coders", 3))).random(4).tolist() == expected
