"""Vectors and hashes of prompts against sums and products of whole arrays."""

from __future__ import annotations

import numpy as np

from sim.entities.prompt_vectors import HASH_BITS, PromptParts, add_parts, write_hashes
from sim.streams import mixed
from sim.tables.exchange_schema import DIMENSIONS

PROMPTS, TEMPLATES, TOPICS = 300, 7, 11
RNG = np.random.default_rng(4)
PARTS = PromptParts(
    RNG.standard_normal((TEMPLATES, DIMENSIONS)).astype(np.float32),
    RNG.standard_normal((TOPICS, DIMENSIONS)).astype(np.float32),
    RNG.integers(0, 2**63, DIMENSIONS // 8).astype(np.uint64),
    np.float32(0.01),
    np.float32(0.7),
)
TEMPLATE, TOPIC = RNG.integers(0, TEMPLATES, PROMPTS), RNG.integers(0, TOPICS, PROMPTS)
CONTENT, REWORDING = RNG.integers(1, 2**63, (2, PROMPTS)).astype(np.uint64)
AMOUNT = np.where(np.arange(PROMPTS) % 3, RNG.random(PROMPTS), 0).astype(np.float32)


def vectors() -> np.ndarray:
    made = np.empty((PROMPTS, DIMENSIONS), np.float32)
    add_parts(PARTS, TEMPLATE, TOPIC, CONTENT, REWORDING, AMOUNT, made)
    return made


def noise(content: np.ndarray) -> np.ndarray:
    """Bytes of eight-byte words, the lowest first, as signed numbers."""
    words = np.stack([mixed(int(key), content) for key in PARTS.noise_keys], axis=1)
    return words.astype("<u8").view(np.int8) * 0.01


def test_a_vector_is_the_sum_of_its_parts_at_unit_length() -> None:
    total = PARTS.templates[TEMPLATE].astype(np.float64) + PARTS.topics[TOPIC]
    total += noise(CONTENT) * 0.7 + noise(REWORDING) * AMOUNT[:, None]
    expected = total / np.sqrt((total**2).sum(axis=1, keepdims=True))
    assert np.abs(vectors() - expected).max() < 1e-6


def test_a_bit_of_a_hash_is_the_side_of_its_plane() -> None:
    planes = np.where(RNG.random((DIMENSIONS, HASH_BITS)) < 0.5, -1, 1).astype(np.float32)
    made, hashes = vectors(), np.empty(PROMPTS, np.int64)
    write_hashes(made, planes, hashes)
    above = np.rint(made * np.float32(1024)).astype(np.int64) @ planes.astype(np.int64) > 0
    expected = [sum(1 << k for k in np.flatnonzero(row).tolist()) for row in above]
    assert hashes.tolist() == expected


def test_no_hash_is_that_of_a_missing_identifier() -> None:
    planes, hashes = np.ones((DIMENSIONS, HASH_BITS), np.float32), np.empty(1, np.int64)
    write_hashes(np.full((1, DIMENSIONS), -1, np.float32), planes, hashes)
    assert hashes.tolist() == [1]
