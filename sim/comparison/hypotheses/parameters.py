"""The parameters that every hypothesis has: unit, meaning, smallest and largest value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import Field

# Parameters that all hypotheses share unless one has a prior of its own.
COMMON_PARAMETERS = (
    "convention",
    "retries_per_answer",
    "empty_share",
    "refusal_share",
    "more_choices",
    "found_share",
    "foreign_share",
    "published_over",
    "repeat_share",
)
# Parameters of each access mode: how a cluster of accounts looks.
ACCESS_PARAMETERS = ("accounts", "volume_sigma", "synchrony", "shared_instruments")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a hypothesis.

    Attributes
    ----------
    unit:
        Unit in words; that of a share begins with `share of`.
    meaning:
        What it is; for a share, words that go on after the unit.
    least, most:
        The closed range in which all values that a prior can draw must lie.
    """

    unit: str
    meaning: str
    least: float = 0.0
    most: float = math.inf


def _share(of_what: str, meaning: str) -> Parameter:
    return Parameter(f"share of {of_what}", meaning, most=1.0)


PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "convention": Parameter("C1 to C6", "convention under which the provider counts"),
        "retries_per_answer": Parameter(
            "attempts per answer",
            "failed attempts beside an answered one; C1 counts them",
            most=100,
        ),
        "empty_share": _share("answers", "without generated tokens; C3 leaves them out"),
        "refusal_share": _share(
            "answers with tokens", "that refuse or were filtered; C4 leaves them out"
        ),
        "more_choices": Parameter(
            "completions per answer with tokens",
            "completions beyond the first; C4 counts them",
            most=100,
        ),
        "found_share": _share("accounts", "of the cluster that the accuser found, each by itself"),
        "foreign_share": _share("accused accounts", "that do not belong to the cluster"),
        "published_over": Parameter("exchanges", "counts up to this are not published"),
        "repeat_share": _share("prompts", "that are sent again for no reason of the work"),
        "accounts": Parameter(
            "accounts", "size of the cluster; whole, at least 1, at most the tasks"
        ),
        "volume_sigma": Parameter(
            "natural logarithm", "standard deviation of the exchanges of an account, over accounts"
        ),
        "synchrony": Parameter(
            "correlation", "mean correlation of the hourly counts of two accounts", most=1.0
        ),
        "shared_instruments": _share("accounts", "that share a means of payment with another"),
        "moved": _share("the traffic", "that is on a new model a day after its release"),
        "hours": Parameter("hours", "time from the release in which it moves, evenly", most=24.0),
        "mixed": _share("tasks", "that are of another drawn kind of calls"),
    }
)
TASK_FACTOR = Parameter("", "a factor of the tasks")
MODELS_OF_SUITE = Parameter(
    "models", "different models that share the rounds of a suite", 1.0, 100.0
)


def prior_field(name: str) -> Any:
    """Return the field of a form that holds the prior of a parameter.

    Its description, which ends up in the JSON Schema, has meaning and unit of the parameter.
    """
    parameter = PARAMETERS[name]
    if parameter.unit.startswith("share of "):
        return Field(description=f"{parameter.unit} {parameter.meaning}")
    return Field(description=f"{parameter.meaning} ({parameter.unit})")


def parameter_of_factor(factor: str, of_suite: bool) -> Parameter:
    """Return the parameter that a factor of the tasks is.

    The factor `models` of a work with suites is 1 to 100, every other one 0 or more.
    """
    return MODELS_OF_SUITE if of_suite and factor == "models" else TASK_FACTOR
