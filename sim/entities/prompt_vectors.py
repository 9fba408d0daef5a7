"""Vectors of prompts and near-duplicate hashes of them, prompt by prompt."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.compiled import compiled
from sim.arrays.types import Ints
from sim.compiled_streams import mixed_number
from sim.streams import U64, Ids
from sim.tables.exchange_schema import DIMENSIONS

Vectors = NDArray[np.float32]

HASH_BITS = 63

# Coordinates are rounded to so many parts of one before they are hashed.
_GRAIN = np.float32(1024)
_BYTE, _BITS_OF_BYTE = np.uint64(255), np.uint64(8)
_BYTES_OF_WORD, _LEAST_NEGATIVE, _VALUES_OF_BYTE = 8, 128, 256


class PromptParts(NamedTuple):
    """What the vectors of prompts are made of.

    Attributes
    ----------
    templates, topics : shape (templates, DIMENSIONS), (topics, DIMENSIONS)
        Directions of the templates and topics that there are.
    noise_keys : shape (DIMENSIONS / 8,)
        Keys of the noise of a content: eight of its coordinates are the bytes of one number.
    noise_scale, content_weight
        What brings noise to unit length on average, and what contents weigh.
    """

    templates: Vectors
    topics: Vectors
    noise_keys: U64
    noise_scale: np.float32
    content_weight: np.float32


@compiled
def add_parts(
    parts: PromptParts,
    template: Ints,
    topic: Ints,
    content: U64,
    rewording: U64,
    amount: Vectors,
    vectors: Vectors,
) -> None:
    """Write the vectors of prompts: directions of template, topic, content and rewording.

    A rewording of amount 0 changes nothing. Each sum is brought to length 1.
    """
    squares = np.empty(DIMENSIONS, np.float32)
    for row in range(len(vectors)):
        vector = vectors[row]
        of_template, of_topic = parts.templates[template[row]], parts.topics[topic[row]]
        for k in range(DIMENSIONS):
            vector[k] = of_template[k] + of_topic[k]
        _add_noise(parts, content[row], parts.content_weight, vector)
        if amount[row] > 0:
            _add_noise(parts, rewording[row], amount[row], vector)

        # squares are added half to half, in an order of our own: alike on all machines
        for k in range(DIMENSIONS):
            squares[k] = vector[k] * vector[k]
        half = DIMENSIONS // 2
        while half > 0:
            for k in range(half):
                squares[k] += squares[k + half]
            half //= 2
        length = np.sqrt(squares[0])
        for k in range(DIMENSIONS):
            vector[k] /= length


@compiled
def _add_noise(parts: PromptParts, content: np.uint64, amount: np.float32, vector: Vectors) -> None:
    """Add an amount of the direction of a content, of unit length on average.

    Its coordinates are the bytes of `mixed` numbers, as signed numbers, which are spread evenly.
    """
    for word in range(len(parts.noise_keys)):
        number = mixed_number(parts.noise_keys[word], content)
        for k in range(_BYTES_OF_WORD):
            byte = np.int64(number & _BYTE)
            signed = byte - _VALUES_OF_BYTE if byte >= _LEAST_NEGATIVE else byte
            vector[_BYTES_OF_WORD * word + k] += np.float32(signed) * parts.noise_scale * amount
            number >>= _BITS_OF_BYTE


@compiled
def write_hashes(vectors: Vectors, planes: Vectors, hashes: Ids) -> None:
    """Write SimHashes of vectors (Charikar 2002): near for near ones.

    Bit k says on which side of plane k a vector lies. Coordinates are rounded to whole numbers and
    planes, shape (DIMENSIONS, HASH_BITS), have coordinates of 1 and -1, so that sums are exact. At
    least one bit is set, as 0 stands for a missing identifier.
    """
    above = np.empty(HASH_BITS, np.float32)
    for row in range(len(vectors)):
        above[:] = 0
        for k in range(DIMENSIONS):
            rounded = np.rint(vectors[row, k] * _GRAIN)
            for plane in range(HASH_BITS):
                above[plane] += rounded * planes[k, plane]

        bits = 0
        for plane in range(HASH_BITS):
            if above[plane] > 0:
                bits |= 1 << plane
        hashes[row] = max(bits, 1)
