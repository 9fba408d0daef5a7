"""The one universe of networks and client software from which all accounts are drawn.

Networks and client software are the same for all; an actor only shifts weights.
Everything here is invented (private-use AS numbers, made-up JA4 strings): no real network or
product is described.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.streams import Streams

PLATFORMS = ("first_party", "aws.bedrock", "gcp.vertex_ai", "azure")
# Of the accounts that come by a cloud platform; a prior.
CLOUD_WEIGHTS = np.array([0.5, 0.3, 0.2])

ASN_TYPES = ("hosting", "isp", "mobile", "edu", "business")
_OTHER_TYPE_WEIGHTS = np.array([0.62, 0.20, 0.06, 0.12])
_ASNS_PER_TYPE = 40
_FIRST_PRIVATE_ASN = 64_512

# country, language, hours from UTC, share of accounts
_COUNTRIES = (
    ("US", "en", -6, 0.34),
    ("GB", "en", 0, 0.07),
    ("DE", "de", 1, 0.07),
    ("FR", "fr", 1, 0.05),
    ("IN", "en", 5, 0.12),
    ("JP", "ja", 9, 0.08),
    ("KR", "ko", 9, 0.05),
    ("SG", "en", 8, 0.05),
    ("BR", "pt", -3, 0.06),
    ("CA", "en", -5, 0.05),
    ("AU", "en", 10, 0.03),
    ("PL", "pl", 1, 0.03),
)
COUNTRIES = tuple(c[0] for c in _COUNTRIES)
LANGUAGES = tuple(dict.fromkeys(c[1] for c in _COUNTRIES))
COUNTRY_LANGUAGE = np.array([LANGUAGES.index(c[1]) for c in _COUNTRIES])
COUNTRY_UTC_OFFSET_H = np.array([c[2] for c in _COUNTRIES])
COUNTRY_WEIGHTS = np.array([c[3] for c in _COUNTRIES])
PROVIDER_UTC_OFFSET_H = -6

_LANGS = (("python", 0.48), ("js", 0.36), ("go", 0.07), ("java", 0.05), ("ruby", 0.04))
_SYSTEMS = (
    ("Linux", "x64", 0.52),
    ("MacOS", "arm64", 0.30),
    ("Windows", "x64", 0.14),
    ("Linux", "arm64", 0.04),
)
_RUNTIMES = {
    "python": ("CPython 3.11", "CPython 3.12", "CPython 3.13"),
    "js": ("node v20", "node v22", "bun 1.2"),
    "go": ("go1.23", "go1.24"),
    "java": ("jdk 17", "jdk 21"),
    "ruby": ("ruby 3.3",),
}
_MINOR_VERSIONS = 12


@dataclass(frozen=True)
class Clients:
    """Client software: one row per combination that exists, with its share of accounts."""

    user_agent: tuple[str, ...]
    sdk_lang: tuple[str, ...]
    sdk_version: tuple[str, ...]
    os: tuple[str, ...]
    arch: tuple[str, ...]
    runtime: tuple[str, ...]
    ja4: tuple[str, ...]
    weights: Floats


def clients(streams: Streams) -> Clients:
    """Draw the client software of the universe: all combinations, newer versions more often.

    One TLS stack serves every customer of an SDK and runtime, so a JA4 is shared by thousands of
    unrelated accounts, as in the field.
    """
    rng = streams.rng("pool", "clients")
    rows: list[tuple[str, str, str, str, str, str, str]] = []
    weights: list[float] = []
    for lang, lang_share in _LANGS:
        for runtime in _RUNTIMES[lang]:
            ja4 = _invented_ja4(rng)
            runtime_share = rng.gamma(2.0)
            for system, arch, system_share in _SYSTEMS:
                for minor in range(_MINOR_VERSIONS):
                    version = f"0.{60 + minor}.0"
                    agent = f"llm-sdk-{lang}/{version}"
                    rows.append((agent, lang, version, system, arch, runtime, ja4))
                    age = _MINOR_VERSIONS - minor
                    weights.append(lang_share * runtime_share * system_share / age**1.5)

    total = np.array(weights)
    agents, langs, versions, systems, archs, runtimes, ja4s = zip(*rows, strict=True)
    return Clients(
        agents, langs, versions, systems, archs, runtimes, ja4s, weights=total / total.sum()
    )


def _invented_ja4(rng: np.random.Generator) -> str:
    ciphers, extensions = rng.integers(12, 20), rng.integers(8, 18)
    hashes = rng.integers(0, 16**12, size=2)
    return f"t13d{ciphers:02d}{extensions:02d}h2_{hashes[0]:012x}_{hashes[1]:012x}"


@dataclass(frozen=True)
class Addresses:
    """IP addresses with what is known of each; arrays of one shape.

    `ip` is (network << 16 | prefix << 8 | host); `asn_type` and `country` are indices.
    """

    ip: Ints
    asn: Ints
    asn_type: Ints
    country: Ints

    def pick(self, index: Ints) -> Addresses:
        """Return the addresses at `index`."""
        return Addresses(self.ip[index], self.asn[index], self.asn_type[index], self.country[index])


def draw_countries(rng: np.random.Generator, size: int) -> Ints:
    """Draw countries by their share of accounts, as indices of `COUNTRIES`."""
    return rng.choice(len(COUNTRIES), size=size, p=COUNTRY_WEIGHTS)


def draw_addresses(rng: np.random.Generator, size: int, hosting_share: Floats) -> Addresses:
    """Draw addresses from the universe of networks, the popular ones more often.

    Two actors can meet in one network or, rarely, behind one address.

    Parameters
    ----------
    rng
        Random numbers.
    size
        How many.
    hosting_share
        Chance of each to be in a hosting network, shape (size,).
    """
    other = 1 + rng.choice(len(_OTHER_TYPE_WEIGHTS), size=size, p=_OTHER_TYPE_WEIGHTS)
    return draw_addresses_of(rng, np.where(rng.random(size) < hosting_share, 0, other))


def draw_addresses_of(rng: np.random.Generator, asn_type: Ints) -> Addresses:
    """Draw an address in a network of each of some kinds, which are indices of `ASN_TYPES`."""
    size = len(asn_type)
    popularity = 1 / np.arange(1, _ASNS_PER_TYPE + 1)
    rank = rng.choice(_ASNS_PER_TYPE, size=size, p=popularity / popularity.sum())
    network = asn_type * _ASNS_PER_TYPE + rank
    prefix, host = rng.integers(0, 256, size=(2, size))
    country = draw_countries(rng, size)
    return Addresses(
        ip=(network << 16) | (prefix << 8) | host,
        asn=_FIRST_PRIVATE_ASN + network,
        asn_type=asn_type,
        country=country,
    )
