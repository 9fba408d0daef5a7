"""Read the catalog's data files."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import yaml

from sim.errors import InvalidInputError

T = TypeVar("T")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNITS = (
    ("_tokens_per_s", "tokens/s"),
    ("_usd_per_account_day", "USD/account-day"),
    ("_per_account_day", "exchanges/account-day"),
    ("_usd_per_mtok", "USD/million tokens"),
    ("_tokens", "tokens"),
    ("limit_factor", "x traffic"),
    ("_factor", "x input price"),
    ("_days", "days"),
    ("_share", "share"),
    ("_usd", "USD"),
    ("_h", "h"),
    ("_per_day", "1/day"),
    ("_s", "s"),
)


@cache
def read_yaml(name: str) -> Any:
    """Return the parsed `data/<name>.yaml`, read once; the caller must not change it.

    These files come with the package. They are read by PyYAML's own rules (YAML 1.1), not by
    `strict_yaml`; the records check what is in them.
    """
    text = files("sim.catalog").joinpath("data", f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=_LOADER)


def read_csv(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of `data/<name>.csv` by column name, below its comment lines.

    All values are text; an empty cell is an empty text.
    """
    text = files("sim.catalog").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return csv.DictReader(x for x in text.splitlines() if not x.startswith("#"))


def unit_of(key: str) -> str:
    """Return the unit that the ending of `key` states, or an empty text.

    The first ending that fits counts, so longer ones stand before those that they end in.
    """
    return next((unit for ending, unit in _UNITS if key.endswith(ending)), "")


def nearest(wanted: str, allowed: Iterable[str]) -> str:
    """Return "did you mean a or b?" for close matches, else the list of what is allowed.

    Parameters
    ----------
    wanted
        What was asked for.
    allowed
        The names that there are, in the order in which they are listed.

    Returns
    -------
    str
        Up to three matches, the closest first.
    """
    names = list(allowed)
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names)}"


def lookup(entries: Mapping[str, T], kind: str, wanted: str) -> T:
    """Return an entry by id.

    Parameters
    ----------
    entries
        Entries by id.
    kind
        What an entry is called in the message.
    wanted
        The id.

    Raises
    ------
    InvalidInputError
        If there is no such id; the message names the nearest.
    """
    if wanted not in entries:
        raise InvalidInputError(f"unknown {kind} {wanted!r}: {nearest(wanted, entries)}")
    return entries[wanted]
