"""What a report may say of one actor beside a count, and what each of these figures is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["count", "share", "ratio"]


@dataclass(frozen=True)
class Observable:
    """One figure about the traffic of an actor.

    Attributes
    ----------
    title, unit:
        What it is in words, and its unit as tables and claims name it.
    kind:
        A count is a whole number; a share lies in [0, 1], as a Gini coefficient does and a
        correlation where it is reported; a ratio is any number above 0.
    """

    title: str
    unit: str
    kind: Kind


_OF_THE_ACTOR = {
    "count": Observable("exchanges, under one of the conventions", "exchanges", "count"),
    "accounts": Observable("accounts that sent them", "accounts", "count"),
    "exchanges_per_account": Observable("mean exchanges per account", "exchanges/account", "ratio"),
    "concentration": Observable("Gini coefficient of exchanges over accounts", "fraction", "share"),
    "exchanges_per_task": Observable(
        "answered requests per user turn: C2 / C5", "exchanges/turn", "ratio"
    ),
    "item_repetition": Observable("share of prompts that were sent before", "fraction", "share"),
    "moved_24h": Observable(
        "share of traffic on a new model a day (24 to 48 h) after its release", "fraction", "share"
    ),
    "synchrony": Observable(
        "mean correlation of the hourly counts of two accounts", "fraction", "share"
    ),
    "shared_instruments": Observable(
        "share of accounts that pay with an instrument which another of them also uses",
        "fraction",
        "share",
    ),
}
OBSERVABLES: Mapping[str, Observable] = MappingProxyType(_OF_THE_ACTOR)

# What claims count, by their metric; a metric that is not here is no observable.
_METRICS = {
    "exchanges": "count",
    "prompts": "count",
    "accounts_at_peak": "accounts",
    "simultaneous_accounts": "accounts",
    "pivot_share_of_traffic": "moved_24h",
}


def observable_of(metric: str) -> str | None:
    """Return the observable that a claim of this metric gives, or None if it gives none.

    A metric with the name of an observable gives that one; prompts and exchanges both give the
    count.
    """
    return metric if metric in OBSERVABLES else _METRICS.get(metric)
