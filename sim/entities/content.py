"""What prompts are about, without text: templates, topics, vectors and near-duplicate hashes.

Every class draws from one universe. A prompt has a template (its system prompt), a topic, a content
(what is asked) and perhaps a rewording. Its vector is a weighted sum of one direction for each, and
its hash is the signs of that vector's projections (Charikar 2002, "Similarity estimation techniques
from rounding algorithms"): the share of differing bits of two prompts is their angle over pi. So
the same prompt has the same hash, a reworded one a near one, and prompts of one template are nearer
to each other than to others.
"""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

import sim.catalog as catalog
from sim.arrays.types import Floats, Ints
from sim.streams import U64, Ids, Streams, mixed, uniforms
from sim.tables.schema import DIMENSIONS

Vectors = NDArray[np.float32]

TOPICS = 1_000
_HASH_BITS = 63
_GRAIN, _FEW_ROWS = np.float32(1024), 64
_TEMPLATE_ZIPF, _TOPIC_ZIPF = 1.1, 1.0
# Weights of the parts of a vector: priors, chosen so that prompts of one template and topic differ
# in about a fifth of the bits of their hash, and unrelated ones in half.
_TOPIC_WEIGHT, _CONTENT_WEIGHT = 1.0, 0.7
# Standard deviation of a whole number spread evenly over a signed byte.
_BYTE_DEVIATION = 73.9
# Eight bytes of noise for each number.
_HASHES = DIMENSIONS // 8

# No rewording: the content as it is.
AS_IT_IS = np.uint64(0)


def _zipf(count: int, exponent: float) -> Floats:
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum())


class Universe:
    """The templates and topics of one seed."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        sizes = [family.templates for family in catalog.families().values()]
        firsts = [0, *accumulate(sizes)]
        self._family = {
            name: (first, _zipf(size, _TEMPLATE_ZIPF))
            for name, first, size in zip(catalog.families(), firsts, sizes, strict=False)
        }
        self.templates = firsts[-1]
        self._topic_edges = np.cumsum(_zipf(TOPICS, _TOPIC_ZIPF))
        self._topic_edges[-1] = 1.0

    def draw_templates(
        self, rng: np.random.Generator, n: int, families: dict[str, float], shared: int | None
    ) -> Ints:
        """`n` templates, a share from each family, by popularity.

        With `shared` they are picked evenly from that many common ones (fewer, if the families
        have fewer).
        """
        common = self.common_templates(rng, families, shared)
        return self.some_of(rng, common, n, families)

    def common_templates(
        self, rng: np.random.Generator, families: dict[str, float], shared: int | None
    ) -> Ints | None:
        """Some `shared` different templates; None if nothing is shared.

        Who hands out templates has made them for the purpose, so each of a family is as likely.
        """
        if shared is None:
            return None
        drawn = self._drawn(rng, _PICKS * shared, families, popular=False)
        return np.array(list(dict.fromkeys(drawn.tolist()))[:shared], np.int64)

    def some_of(
        self, rng: np.random.Generator, common: Ints | None, n: int, families: dict[str, float]
    ) -> Ints:
        """`n` picks from `common`, or from all where there are none in common."""
        if common is None:
            return self._drawn(rng, n, families, popular=True)
        return np.asarray(common[rng.integers(0, len(common), n)])

    def _drawn(
        self, rng: np.random.Generator, n: int, families: dict[str, float], *, popular: bool
    ) -> Ints:
        """A share from each family, by popularity or each with the same chance."""
        names = sorted(families)
        weights = np.array([families[name] for name in names])
        of = rng.choice(len(names), n, p=weights / weights.sum())
        drawn = np.empty(n, np.int64)
        for number, name in enumerate(names):
            mine = of == number
            first, popularity = self._family[name]
            chance = popularity if popular else None
            drawn[mine] = first + rng.choice(len(popularity), int(mine.sum()), p=chance)
        return drawn

    def family_of(self, name: str) -> range:
        """The numbers of the templates of a family."""
        first, popularity = self._family[name]
        return range(first, first + len(popularity))

    def topics(self, key: U64, pick: Ints) -> Ints:
        """Number `pick` of the topics that belong to each `key`, by popularity."""
        u = uniforms(mixed(key, pick))
        return np.asarray(np.searchsorted(self._topic_edges, u, side="right"), np.int64)

    def vectors(
        self, template: Ints, topic: Ints, content: U64, rewording: U64, sigma: Floats
    ) -> Vectors:
        """Vectors of prompts, shape (n, DIMENSIONS), about of length 1.7.

        `content` and `rewording` are identifiers; a rewording of `AS_IT_IS` changes nothing, any
        other adds `sigma` times the spread that contents have.
        """
        made = self._template_vectors.take(template, axis=0)
        made += self._topic_vectors.take(topic, axis=0)
        made += self._noise(content) * np.float32(_CONTENT_WEIGHT)
        reworded = np.flatnonzero((rewording != AS_IT_IS) & (sigma > 0))
        if len(reworded):
            amount = (sigma[reworded] * _CONTENT_WEIGHT).astype(np.float32)
            made[reworded] += self._noise(rewording[reworded]) * amount[:, None]
        return made

    def hashes(self, vectors: Vectors) -> Ids:
        """Hashes of vectors, near for near ones: 63 bits, of which one at least is set.

        Whole numbers and planes of signs add up without rounding, so that no machine differs. Few
        rows at a time keep the product from starting threads, which would cost more than they save.
        """
        whole = np.rint(vectors * _GRAIN)
        bits = np.zeros((len(vectors), 64), np.bool_)
        for low in range(0, len(vectors), _FEW_ROWS):
            part = slice(low, low + _FEW_ROWS)
            np.greater(whole[part] @ self._planes, 0, out=bits[part, :_HASH_BITS])
        packed = np.packbits(bits, axis=1, bitorder="little").view(np.int64).ravel()
        # 0 stands for a missing identifier
        return np.maximum(packed, 1)

    @cached_property
    def _template_vectors(self) -> Vectors:
        return self._directions("templates", self.templates)

    @cached_property
    def _topic_vectors(self) -> Vectors:
        return self._directions("topics", TOPICS) * np.float32(_TOPIC_WEIGHT)

    @cached_property
    def _planes(self) -> Vectors:
        return np.where(self._directions("planes", _HASH_BITS).T > 0, np.float32(1), np.float32(-1))

    @cached_property
    def _noise_keys(self) -> list[int]:
        return [self._streams.key("pool", "vectors", "noise", k) for k in range(_HASHES)]

    def _noise(self, content: U64) -> Vectors:
        """A direction for each content: whole numbers spread evenly, of unit length on average."""
        words = np.empty((len(content), _HASHES), np.uint64)
        for k, key in enumerate(self._noise_keys):
            words[:, k] = mixed(key, content)
        scale = 1 / (_BYTE_DEVIATION * np.sqrt(DIMENSIONS))
        made: Vectors = words.view(np.int8) * np.float32(scale)
        return made

    def _directions(self, name: str, count: int) -> Vectors:
        rng = self._streams.rng("pool", "vectors", name)
        drawn = rng.standard_normal((count, DIMENSIONS)) / np.sqrt(DIMENSIONS)
        return np.asarray(drawn, np.float32)


# So many picks hold as many different templates as are asked for, or nearly.
_PICKS = 12
