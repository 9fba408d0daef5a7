"""What prompts are about, without text: templates, topics, vectors and near-duplicate hashes.

Every class draws from one universe. A prompt has a template (its system prompt), a topic, a content
(what is asked) and perhaps a rewording. Its vector is a weighted sum of one direction for each,
brought to unit length, and its hash is the signs of that vector's projections (Charikar 2002,
"Similarity estimation techniques from rounding algorithms"): the share of differing bits of two
prompts is their angle over pi. So the same prompt has the same hash, a reworded one a near one, and
prompts of one template, or of one family of templates, are nearer to each other than to others.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

import sim.catalog as catalog
from sim.arrays.types import Floats, Ints
from sim.entities.prompt_vectors import (
    HASH_BITS,
    PromptParts,
    Vectors,
    add_parts,
    write_hashes,
)
from sim.streams import U64, Ids, Streams, mixed, opaque_ids, uniforms
from sim.tables.schema import DIMENSIONS

TOPICS = 1_000
_TEMPLATE_ZIPF, _TOPIC_ZIPF = 0.8, 0.6
# Weights of the parts of a vector: priors, chosen so that prompts of one template and topic differ
# in about a fifth of the bits of their hash, and unrelated ones in half.
_TOPIC_WEIGHT, _CONTENT_WEIGHT = 1.0, 0.7
# Standard deviation of a whole number spread evenly over a signed byte.
_BYTE_DEVIATION = 73.9

# So many picks for each wanted template hold as many different ones, or nearly.
_PICKS_PER_TEMPLATE = 12

# The shortest and longest system prompt, as a part of the usual one of a scaffold; priors.
_SHORTEST, _LONGEST = 2 / 3, 1.5
_LENGTHS_KEY = 0x5F3759DF

AS_IT_IS = np.uint64(0)
"""No rewording: the content as it is."""


def _zipf(count: int, exponent: float) -> Floats:
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum())


def template_count() -> int:
    """Return how many templates there are, of all families together."""
    return sum(family.templates for family in catalog.families().values())


def template_ids(streams: Streams, templates: int) -> Ids:
    """Return the identifiers of templates in the world of `streams`, shape (templates,)."""
    return opaque_ids(streams.key("pool", "templates"), np.arange(templates))


def template_lengths(template: Ints) -> Floats:
    """Return how long templates are, as multiples of the static prefix that is usual.

    A template is as long in every world and whoever uses it: a loguniform number from 2/3 to 1.5.
    """
    uniform = uniforms(mixed(_LENGTHS_KEY, template))
    return np.asarray(_SHORTEST * (_LONGEST / _SHORTEST) ** uniform)


class Universe:
    """The templates, topics and vectors of one world, from which every class draws."""

    def __init__(self, streams: Streams) -> None:
        """Prepare the universe of a world from its random streams."""
        self.streams = streams
        # the templates of all families, numbered one family after the other
        self._likeness = [family.likeness for family in catalog.families().values()]
        self._families: dict[str, tuple[int, Floats]] = {}
        self.templates = 0
        for name, family in catalog.families().items():
            self._families[name] = (self.templates, _zipf(family.templates, _TEMPLATE_ZIPF))
            self.templates += family.templates
        # cumulated shares of topics, the most popular first
        self.topic_edges: Floats = np.cumsum(_zipf(TOPICS, _TOPIC_ZIPF))
        self.topic_edges[-1] = 1.0

    def draw_templates(
        self, rng: np.random.Generator, n: int, families: dict[str, float], shared: int | None
    ) -> Ints:
        """Draw a template for each of `n` accounts.

        Parameters
        ----------
        rng
            Random numbers.
        n
            How many.
        families
            Share of templates by family.
        shared
            Pick evenly from so many common ones (fewer, if the families have fewer); None: from
            all, by popularity.
        """
        common = self.common_templates(rng, families, shared)
        return self.pick_templates(rng, common, n, families)

    def common_templates(
        self, rng: np.random.Generator, families: dict[str, float], shared: int | None
    ) -> Ints | None:
        """Draw `shared` different templates; None if nothing is shared.

        They are drawn by popularity, as those of everybody else: who hands out templates takes
        what is in use, so that how many use a template tells nothing of who does.
        """
        if shared is None:
            return None
        picks = self._draw(rng, _PICKS_PER_TEMPLATE * shared, families)
        return np.array(list(dict.fromkeys(picks.tolist()))[:shared], np.int64)

    def pick_templates(
        self, rng: np.random.Generator, common: Ints | None, n: int, families: dict[str, float]
    ) -> Ints:
        """Pick `n` templates evenly from `common`, or by popularity from all if that is None."""
        if common is None:
            return self._draw(rng, n, families)
        return np.asarray(common[rng.integers(0, len(common), n)])

    def _draw(self, rng: np.random.Generator, n: int, families: dict[str, float]) -> Ints:
        """Draw a share from each family, by popularity."""
        names = sorted(families)
        weights = np.array([families[name] for name in names])
        family = rng.choice(len(names), n, p=weights / weights.sum())

        template = np.empty(n, np.int64)
        for number, name in enumerate(names):
            in_family = family == number
            first, popularity = self._families[name]
            index = rng.choice(len(popularity), int(in_family.sum()), p=popularity)
            template[in_family] = first + index
        return template

    def templates_of(self, family: str) -> range:
        """Return the numbers of the templates of a family."""
        first, popularity = self._families[family]
        return range(first, first + len(popularity))

    def vectors(
        self, template: Ints, topic: Ints, content: U64, rewording: U64, sigma: Floats
    ) -> Vectors:
        """Return the vectors of prompts: the weighted sum of one direction for each part.

        Parameters
        ----------
        template, topic
            Numbers of templates and topics, shape (n,).
        content, rewording
            Identifiers, shape (n,). A rewording of `AS_IT_IS` changes nothing.
        sigma
            How far a rewording moves, in units of the spread that contents have; shape (n,).

        Returns
        -------
        Vectors
            Shape (n, DIMENSIONS), each of length 1: a reworded prompt is no longer than another.
        """
        amount = np.where(rewording != AS_IT_IS, sigma * _CONTENT_WEIGHT, 0.0).astype(np.float32)
        vectors = np.empty((len(template), DIMENSIONS), np.float32)
        add_parts(self._parts, template, topic, content, rewording, amount, vectors)
        return vectors

    def hashes(self, vectors: Vectors) -> Ids:
        """Return SimHashes of vectors (Charikar 2002): near for near ones.

        Sums are of whole numbers, so they are exact and no machine differs.

        Returns
        -------
        Ids
            Shape (n,): 63 bits, of which at least one is set, as 0 stands for a missing identifier.
        """
        hashes = np.empty(len(vectors), np.int64)
        write_hashes(vectors, self._planes, hashes)
        return hashes

    @cached_property
    def _parts(self) -> PromptParts:
        keys = [self.streams.key("pool", "vectors", "noise", k) for k in range(DIMENSIONS // 8)]
        return PromptParts(
            self._template_vectors,
            self._directions("topics", TOPICS) * np.float32(_TOPIC_WEIGHT),
            np.array(keys, np.uint64),
            np.float32(1 / (_BYTE_DEVIATION * np.sqrt(DIMENSIONS))),
            np.float32(_CONTENT_WEIGHT),
        )

    @cached_property
    def _template_vectors(self) -> Vectors:
        """Directions of templates; those of a family have a part in common."""
        likeness = np.array(self._likeness)
        family = np.repeat(np.arange(len(likeness)), [len(p) for _, p in self._families.values()])
        own = self._directions("templates", self.templates)
        common = self._directions("families", len(likeness))
        shares = np.sqrt([1 - likeness[family], likeness[family]]).astype(np.float32)[:, :, None]
        return np.asarray(own * shares[0] + common[family] * shares[1])

    @cached_property
    def _planes(self) -> Vectors:
        above = self._directions("planes", HASH_BITS).T > 0
        return np.ascontiguousarray(np.where(above, np.float32(1), np.float32(-1)))

    def _directions(self, name: str, count: int) -> Vectors:
        rng = self.streams.rng("pool", "vectors", name)
        directions = rng.standard_normal((count, DIMENSIONS)) / np.sqrt(DIMENSIONS)
        return np.asarray(directions, np.float32)
