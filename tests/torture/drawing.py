"""Random scenarios that follow the JSON Schema, so that a new key is covered without a change."""

from __future__ import annotations

import random
from typing import Any

from tests.support.paths import ROOT

MINUTE_US, HOUR_US, DAY_US = 60_000_000, 3_600_000_000, 86_400_000_000
_UNITS_US = {"ms": 1_000, "s": 1_000_000, "min": MINUTE_US, "h": HOUR_US, "d": DAY_US}
_ACTOR_IDS = ("a0", "a1", "a2")
# Share of the optional keys that are given, of large and of small mappings.
_GIVEN_OF_MANY, _GIVEN_OF_FEW, _FEW = 0.12, 0.5, 9
# Keys that name a file, and one that there is.
_FILES = {"calibration": str(ROOT / "tests" / "cases" / "calibrations" / "small.yaml")}
_ORDINARY, _AT_AN_END, _TINY, _HUGE = range(4)
_WEIGHTS = (0.72, 0.12, 0.08, 0.08)


class Drawer:
    """Draws values of a schema; numbers stay moderate unless `extreme` allows all there are."""

    def __init__(self, schema: dict[str, Any], rng: random.Random, *, extreme: bool) -> None:
        self._schema, self._rng, self._extreme = schema, rng, extreme
        self._clock_us = self._clock()

    def scenario(self) -> dict[str, Any]:
        """A scenario as data: plain mappings, lists, texts and numbers."""
        drawn: dict[str, Any] = self._mapping(self._schema, "")
        drawn["clock"]["duration"] = duration(self._clock_us)
        drawn.setdefault("seed", self._rng.getrandbits(32))
        for name, actor in zip(_ACTOR_IDS, drawn["actors"], strict=False):
            actor["id"] = name
        return drawn

    def value(self, node: dict[str, Any], key: str) -> Any:
        """A value of the schema `node`, which stands under `key`."""
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            return self._named(name, self._schema["$defs"][name], key)
        if "const" in node:
            return node["const"]
        if "enum" in node:
            return self._rng.choice(node["enum"])
        if "anyOf" in node:
            return self.value(self._rng.choice(node["anyOf"]), key)
        if "discriminator" in node:
            return self._one_of_forms(node["discriminator"])
        return self._plain(node, key)

    def _plain(self, node: dict[str, Any], key: str) -> Any:
        kind = node["type"]
        if kind == "object":
            return self._shares(node) if "propertyNames" in node else self._mapping(node, key)
        if kind == "array":
            count = self._rng.randint(max(node.get("minItems", 0), 1), 3)
            return [self.value(node["items"], key) for _ in range(count)]
        if kind == "boolean":
            return self._rng.random() < 0.5
        if kind == "string":
            return self._text(node, key)
        return self._number(node, key, whole=kind == "integer")

    def _named(self, name: str, node: dict[str, Any], key: str) -> Any:
        """Distributions are the only mappings of which exactly one key is given."""
        if name == "Distribution":
            return self._distribution(node, key)
        if name == "LogUniform":
            return dict(
                zip(("low", "high"), sorted(self._positive(key) for _ in "ab"), strict=True)
            )
        return self.value(node, key)

    def _distribution(self, node: dict[str, Any], key: str) -> Any:
        number, mapping = node["anyOf"]
        if self._rng.random() < 0.3:
            return self._number(number, key, whole=False)
        shape = self._rng.choice(list(mapping["properties"]))
        if shape == "quantiles":
            return {shape: self._quantiles(key)}
        drawn = self.value(mapping["properties"][shape], key)
        if shape == "mixture":
            for part, weight in zip(drawn, self._weights(len(drawn)), strict=True):
                part["weight"] = weight
        return {shape: drawn}

    def _quantiles(self, key: str) -> list[list[float]]:
        """Two to five pairs of a probability, from 0 to 1, and a value that does not fall."""
        shares = [0.0, *sorted({self._rng.random() for _ in range(self._rng.randint(0, 3))}), 1.0]
        values = sorted(self._positive(key) for _ in shares)
        return [list(pair) for pair in zip(shares, values, strict=True)]

    def _one_of_forms(self, chosen_by: dict[str, Any]) -> dict[str, Any]:
        tag = self._rng.choice(list(chosen_by["mapping"]))
        node = self._schema["$defs"][chosen_by["mapping"][tag].rpartition("/")[2]]
        return {**self._mapping(node, ""), chosen_by["propertyName"]: tag}

    def _mapping(self, node: dict[str, Any], key: str) -> dict[str, Any]:
        properties, required = node["properties"], node.get("required", ())
        share = _GIVEN_OF_FEW if len(properties) <= _FEW else _GIVEN_OF_MANY
        chosen = [k for k in properties if k in required or self._rng.random() < share]
        return {k: self.value(properties[k], k if not key else f"{key}.{k}") for k in chosen}

    def _shares(self, node: dict[str, Any]) -> dict[str, float]:
        names = node["propertyNames"]["enum"]
        chosen = self._rng.sample(names, self._rng.randint(1, min(3, len(names))))
        return dict(zip(chosen, self._weights(len(chosen)), strict=True))

    def _weights(self, count: int) -> list[float]:
        """Shares above 0 that add up to 1."""
        parts = [self._rng.random() + 1e-3 for _ in range(count)]
        return [part / sum(parts) for part in parts]

    def _kind(self) -> int:
        return self._rng.choices(range(4), _WEIGHTS)[0]

    def _number(self, node: dict[str, Any], key: str, *, whole: bool) -> float:
        low = node.get("minimum", node.get("exclusiveMinimum", 0))
        high = node.get("maximum", node.get("exclusiveMaximum"))
        if high is not None and high <= 1e6:
            drawn = self._between(low, high)
        else:
            drawn = self._from(low, high, key)
        if "exclusiveMaximum" in node and drawn == high:
            drawn = high * (1 - 1e-9)
        if "exclusiveMinimum" in node and drawn == low:
            drawn = low + 1e-9
        if not self._extreme:
            drawn = min(drawn, 1.5) if "sigma" in key else drawn
            drawn = max(drawn, 1_000) if "part_rows" in key else drawn
        return int(drawn) if whole else float(f"{drawn:.12g}")

    def _between(self, low: float, high: float) -> float:
        kind = self._kind()
        if kind == _AT_AN_END or (kind == _HUGE and not self._is_moderate(high)):
            return self._rng.choice((low, high)) if self._is_moderate(high) else low
        if kind == _TINY:
            return float(low + (high - low) * 1e-6)
        return self._rng.uniform(low, high if self._is_moderate(high) else low + 3)

    def _is_moderate(self, high: float) -> bool:
        return high <= 24 or self._extreme

    def _from(self, low: float, high: float | None, key: str) -> float:
        """A number without an upper bound, or one that is far away."""
        kind = self._kind()
        if kind == _AT_AN_END:
            return high if high is not None and self._extreme else low
        return max(low, self._positive(key, kind))

    def _positive(self, key: str, kind: int = _ORDINARY) -> float:
        """A number above 0 whose usual size nobody states."""
        if kind == _TINY:
            return self._rng.choice((1e-9, 1e-3))
        if kind == _HUGE:
            return 1e300 if self._extreme else 300.0 if _makes_calls(key) else 1e4
        most = 20.0 if _makes_calls(key) else 300.0
        return float(f"{0.1 * (most / 0.1) ** self._rng.random():.6g}")

    def _text(self, node: dict[str, Any], key: str) -> str:
        pattern = node.get("pattern", "")
        if key in _FILES:
            return _FILES[key]
        if "ms|s|min" in pattern:
            return duration(self._duration_us(node.get("description", "")))
        if "[kM]" in pattern:
            return f"{self._rng.choice(('1', '2', '3', '0.5'))}k"
        if r"\d{4}" in pattern:
            return f"2026-{self._rng.randint(1, 12):02}-{self._rng.randint(1, 28):02}"
        return self._rng.choice(_ACTOR_IDS) if pattern else "words"

    def _duration_us(self, description: str) -> int:
        """Any time, or one within the clock; whole minutes where the schema says so."""
        kind = self._kind()
        exact = int(self._clock_us * self._rng.random())
        if kind == _AT_AN_END:
            exact = self._rng.choice((0, self._clock_us))
        elif kind != _ORDINARY:
            exact = int(10 ** self._rng.uniform(0, 13))
        return exact // MINUTE_US * MINUTE_US if "whole minutes" in description else exact

    def _clock(self) -> int:
        kind = self._kind()
        if kind == _AT_AN_END:
            return self._rng.choice((1, 1_000, 3_660 * DAY_US))
        if kind == _TINY:
            return int(10 ** self._rng.uniform(0, 7))
        return int(MINUTE_US * (40 * DAY_US / MINUTE_US) ** self._rng.random())


def _makes_calls(key: str) -> bool:
    """Whether a number multiplies the calls of a single session, which no scale makes fewer."""
    return "turns" in key or "steps" in key


def duration(exact_us: int) -> str:
    """A duration as a scenario writes it, in the largest unit that is whole."""
    for unit, size in reversed(_UNITS_US.items()):
        if exact_us % size == 0 and exact_us:
            return f"{exact_us // size} {unit}"
    return f"{exact_us / 1_000} ms" if exact_us else "0 s"
