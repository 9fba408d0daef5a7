"""Templates, topics and hashes of prompts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.catalog import families
from sim.entities import pools
from sim.entities.content import AS_IT_IS, TOPICS, Universe, template_lengths
from sim.streams import Streams
from sim.tables.exchange_schema import DIMENSIONS

UNIVERSE = Universe(Streams(5))
POPULAR = {"popular": 1.0}


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_families_have_their_templates_one_after_the_other() -> None:
    ranges = [UNIVERSE.templates_of(name) for name in families()]
    assert [len(r) for r in ranges] == [family.templates for family in families().values()]
    assert [r.start for r in ranges[1:]] == [r.stop for r in ranges[:-1]]
    assert (ranges[0].start, ranges[-1].stop) == (0, UNIVERSE.templates)


def test_templates_are_drawn_in_shares_of_families_and_by_popularity() -> None:
    shares = {"popular": 0.75, "rubric": 0.25}
    drawn = UNIVERSE.draw_templates(rng(), 20_000, shares, None)
    for name, share in shares.items():
        within = UNIVERSE.templates_of(name)
        of_family = (drawn >= within.start) & (drawn < within.stop)
        assert of_family.mean() == pytest.approx(share, abs=0.02)
        counts = np.bincount(drawn[of_family] - within.start, minlength=len(within))
        zipf = np.arange(1, len(within) + 1) ** -0.8
        assert counts[0] / counts.sum() == pytest.approx(zipf[0] / zipf.sum(), abs=0.03)


def test_common_templates_are_different_and_by_popularity() -> None:
    assert UNIVERSE.common_templates(rng(), POPULAR, None) is None
    common = UNIVERSE.common_templates(rng(), POPULAR, 30)
    assert common is not None
    assert len(set(common.tolist())) == len(common) == 30
    first = np.array(
        [UNIVERSE.common_templates(np.random.default_rng(k), POPULAR, 1) for k in range(300)]
    )
    count = len(UNIVERSE.templates_of("popular"))
    zipf = np.arange(1, count + 1) ** -0.8
    middle = np.searchsorted(np.cumsum(zipf) / zipf.sum(), 0.5)
    assert (first < middle).mean() == pytest.approx(0.5, abs=0.1)
    picks = UNIVERSE.pick_templates(rng(), common, 9_000, POPULAR)
    counts = np.unique(picks, return_counts=True)[1]
    assert len(counts) == 30
    assert abs(counts - 300).max() < 90
    assert set(UNIVERSE.draw_templates(rng(), 500, POPULAR, 3).tolist()) < set(
        UNIVERSE.templates_of("popular")
    )


def test_topics_come_by_popularity() -> None:
    edges, zipf = UNIVERSE.topic_edges, np.arange(1, TOPICS + 1) ** -0.6
    assert np.diff(edges, prepend=0) == pytest.approx(zipf / zipf.sum())
    # no uniform number in [0, 1) lies behind the last one
    assert edges[-1] == 1.0


def bits(template: int, topic: int, content: int, rewording: int = 0, sigma: float = 1.0) -> int:
    vectors = UNIVERSE.vectors(
        np.array([template]),
        np.array([topic]),
        np.array([content], np.uint64),
        np.array([rewording], np.uint64),
        np.array([sigma]),
    )
    return int(UNIVERSE.hashes(vectors)[0])


def differing(first: list[int], second: list[int]) -> float:
    return float(np.mean([(a ^ b).bit_count() for a, b in zip(first, second, strict=True)])) / 63


def test_the_same_prompt_has_the_same_hash_and_a_nearer_one_a_nearer_hash() -> None:
    n = range(60)
    plain = [bits(1, 2, 100 + k) for k in n]
    assert plain == [bits(1, 2, 100 + k) for k in n]
    assert [bits(1, 2, 100 + k, 9, 0.0) for k in n] == plain
    little = differing(plain, [bits(1, 2, 100 + k, 700 + k, 0.3) for k in n])
    much = differing(plain, [bits(1, 2, 100 + k, 700 + k, 3.0) for k in n])
    content = differing(plain, [bits(1, 2, 500 + k) for k in n])
    topic = differing(plain, [bits(1, 3 + k, 100 + k) for k in n])
    apart = differing(plain, [bits(9 + k, 3 + k, 500 + k) for k in n])
    assert 0 < little < content < topic < apart
    assert content < much
    assert content == pytest.approx(0.2, abs=0.04)
    assert apart == pytest.approx(0.5, abs=0.04)
    assert min(plain) > 0
    assert max(bits(1, 2, k) for k in range(200)) < 2**63


def vectors_of(template: Any, topic: Any, content: Any, reworded: Any, sigma: float = 1.0) -> Any:
    """Vectors of prompts whose parts are numbers or arrays, in double precision."""
    parts = np.broadcast_arrays(template, topic, content, reworded)
    template, topic, content, reworded = (np.array(part).ravel() for part in parts)
    keys = content.astype(np.uint64), reworded.astype(np.uint64)
    n = len(template)
    return UNIVERSE.vectors(template, topic, *keys, np.full(n, sigma)).astype(np.float64)


def test_vectors_have_unit_length_whether_or_not_they_are_reworded() -> None:
    number = np.arange(2_000)
    templates, topics = number % UNIVERSE.templates, number % TOPICS
    for reworded in (np.full(2_000, int(AS_IT_IS)), 1 + number):
        vectors = vectors_of(templates, topics, number, reworded, 3.0)
        assert vectors.shape == (2_000, DIMENSIONS)
        assert np.abs(np.sqrt((vectors**2).sum(axis=1)) - 1).max() < 1e-6


def test_parts_of_vectors_have_their_weights() -> None:
    """The mean cosine of two that have some parts in common is the share of these."""
    n, whole = 4_000, 1 + 1 + 0.7**2
    one, two = np.arange(n), 4_001 + np.arange(n)
    for in_common, share in (((0, 1), 2), ((0,), 1), ((1,), 1), ((2,), 0.7**2)):
        parts = [(one, one if k in in_common else two) for k in range(3)]
        bounds = UNIVERSE.templates_of("popular").stop, TOPICS, 1 << 40
        first, second = (
            vectors_of(parts[0][k] % bounds[0], parts[1][k] % bounds[1], parts[2][k] % bounds[2], 0)
            for k in (0, 1)
        )
        assert (first * second).sum(axis=1).mean() == pytest.approx(share / whole, abs=0.05)


def test_templates_of_a_family_are_nearer_to_each_other_than_to_others() -> None:
    vectors = {
        name: vectors_of(np.resize(UNIVERSE.templates_of(name), 500), 0, np.arange(500), 0)
        for name in families()
    }
    means = {name: of.mean(axis=0) for name, of in vectors.items()}
    for name, mine in means.items():
        for other, theirs in means.items():
            if other != name:
                assert mine @ mine > mine @ theirs + 0.01, (name, other)
    likeness = [family.likeness for family in families().values()]
    assert min(likeness) > 0


def test_client_software_is_all_that_exists_and_newer_versions_come_more_often() -> None:
    clients = pools.clients(Streams(5))
    assert len(clients.weights) == 4 * 12 * (3 + 3 + 2 + 2 + 1)
    assert clients.weights.sum() == pytest.approx(1)
    python = [k for k, lang in enumerate(clients.sdk_lang) if lang == "python"]
    first = [k for k in python if clients.runtime[k] == "CPython 3.11"][:12]
    assert clients.sdk_version[first[0]] == "0.60.0"
    assert clients.sdk_version[first[-1]] == "0.71.0"
    assert clients.weights[first[-1]] / clients.weights[first[0]] == pytest.approx(12**1.5)
    by_stack = {(clients.sdk_lang[k], clients.runtime[k]): clients.ja4[k] for k in range(528)}
    assert len(set(by_stack.values())) == len(by_stack) == 11
    assert clients.user_agent[0] == "llm-sdk-python/0.60.0"
    assert all(len(x) == len("t13d1516h2_8daaf6152771_b186095e22b6") for x in clients.ja4)


def test_addresses_are_of_networks_that_all_share() -> None:
    n = 40_000
    share = np.where(np.arange(n) < n // 2, 0.0, 0.6)
    addresses = pools.draw_addresses(rng(), n, share)
    hosting = addresses.asn_type == 0
    assert hosting[: n // 2].sum() == 0
    assert hosting[n // 2 :].mean() == pytest.approx(0.6, abs=0.02)
    others = np.bincount(addresses.asn_type[: n // 2], minlength=5)[1:] / (n // 2)
    assert others == pytest.approx([0.62, 0.20, 0.06, 0.12], abs=0.02)
    network = addresses.asn - 64_512
    assert (network == addresses.ip >> 16).all()
    assert (network // 40 == addresses.asn_type).all()
    popularity = np.bincount(network % 40) / n
    expected = 1 / np.arange(1, 41)
    assert popularity == pytest.approx(expected / expected.sum(), abs=0.01)
    low = addresses.ip & 0xFFFF
    assert low.max() == 0xFFFF or low.max() > 0xFFF0
    assert low.min() < 16
    countries = np.bincount(addresses.country, minlength=len(pools.COUNTRIES)) / n
    assert countries == pytest.approx(pools.COUNTRY_WEIGHTS, abs=0.012)
    one = addresses.pick(np.array([5]))
    assert (one.ip[0], one.country[0]) == (addresses.ip[5], addresses.country[5])


def test_countries_have_a_language_and_a_clock() -> None:
    assert len(pools.COUNTRIES) == 12
    assert pools.COUNTRY_WEIGHTS.sum() == pytest.approx(1)
    of = {c: k for k, c in enumerate(pools.COUNTRIES)}
    assert pools.LANGUAGES[pools.COUNTRY_LANGUAGE[of["BR"]]] == "pt"
    assert pools.COUNTRY_UTC_OFFSET_H[of["JP"]] == 9
    assert pools.COUNTRY_UTC_OFFSET_H[of["US"]] == pools.PROVIDER_UTC_OFFSET_H == -6


def test_templates_are_as_long_in_every_world_and_spread_around_the_usual_length() -> None:
    length = template_lengths(np.arange(UNIVERSE.templates))
    assert len(np.unique(length)) == UNIVERSE.templates
    assert length.min() >= 2 / 3
    assert length.max() <= 1.5
    assert np.median(length) == pytest.approx(1, abs=0.04)
    assert template_lengths(np.array([5, 7])).tolist() == length[[5, 7]].tolist()
