"""The dials that every explanation has: unit, meaning, and between which values they may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import Field


@dataclass(frozen=True)
class Dial:
    """One dial: `unit`; what it means; its smallest and largest value; of what it is a dial."""

    unit: str
    meaning: str
    least: float = 0.0
    most: float = math.inf


def _share(of: str, meaning: str) -> Dial:
    return Dial(f"share of {of}", meaning, most=1.0)


DIALS: Mapping[str, Dial] = MappingProxyType(
    {
        "convention": Dial("C1 to C6", "convention under which the provider counts"),
        "retries_per_answer": Dial(
            "attempts per answer",
            "failed attempts beside an answered one; C1 counts them",
            most=100,
        ),
        "empty_share": _share("answers", "without generated tokens; C3 leaves them out"),
        "refusal_share": _share(
            "answers with tokens", "that refuse or were filtered; C4 leaves them out"
        ),
        "more_choices": Dial(
            "completions per answer with tokens",
            "completions beyond the first; C4 counts them",
            most=100,
        ),
        "found_share": _share("accounts", "of the cluster that the accuser found, each by itself"),
        "foreign_share": _share("accused accounts", "that do not belong to the cluster"),
        "published_over": Dial("exchanges", "counts up to this are not published"),
        "repeat_share": _share("prompts", "that are sent again for no reason of the work"),
        "accounts": Dial("accounts", "size of the cluster; whole, at least 1, at most the tasks"),
        "volume_sigma": Dial(
            "natural logarithm", "standard deviation of the exchanges of an account, over accounts"
        ),
        "synchrony": Dial(
            "correlation", "mean correlation of the hourly counts of two accounts", most=1.0
        ),
        "shared_instruments": _share("accounts", "that share a means of payment with another"),
        "moved": _share("the traffic", "that is on a new model a day after its release"),
        "mixed": _share("tasks", "that are of another drawn kind of calls"),
    }
)
COUNT = Dial("", "a factor of the tasks")
MODELS = Dial("models", "different models that share the rounds of a suite", 1.0, 100.0)


def described(name: str) -> Any:
    """Return the field of a form that holds the prior of a dial."""
    dial = DIALS[name]
    of = f"{dial.unit} " if dial.unit.startswith("share of ") else ""
    return Field(description=f"{of}{dial.meaning}" if of else f"{dial.meaning} ({dial.unit})")


def dial_of_factor(factor: str, of_suite: bool) -> Dial:
    """Return the dial of a factor of the tasks; `models` of a suite are at least 1."""
    return MODELS if of_suite and factor == "models" else COUNT
