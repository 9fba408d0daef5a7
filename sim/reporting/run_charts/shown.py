"""Runs as their charts show them: names, groups that are few enough to read, and colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sim.arrays.types import Ints
from sim.reporting.charts import primitives
from sim.reporting.charts.layout import GREY
from sim.reporting.run_charts.settings import ACCESS, EXTRACTION, ORDINARY, Setting
from sim.summaries.quantiles import quantiles_of
from sim.summaries.run_figures import Distribution, RunFigures

# As many groups as have colours of their own; the smaller ones beyond are shown as one.
MOST_GROUPS = 7
# No id has a space, so none is taken for the rest.
OTHERS = "all others"
# Colours by kind, those of the comparison first; they differ in lightness for colour-blind eyes.
_COLOURS = {
    EXTRACTION: ("#bd1f01", "#ee6c4d", "#6f1026", "#d1477f", "#9c5a3c", "#e39a86", "#4a1a12"),
    ACCESS: ("#832db6", "#b581d9", "#4d1a75", "#c455c4", "#6650a8", "#9a6fb0", "#d19fe6"),
    ORDINARY: ("#3f90da", "#1d4e89", "#2f9e8f", "#c98a00", "#6b9e2f", "#8ab6d6", "#5b6770"),
}
# A kind has a mark of its own too: as matplotlib names it, as a letter, and in words.
_MARKS = {
    EXTRACTION: ("s", "\u25a0", "red squares"),
    ACCESS: ("^", "\u25b2", "purple triangles"),
    ORDINARY: ("o", "\u25cf", "round marks in blue, green and amber"),
}


@dataclass(frozen=True)
class Row:
    """One exchange of a small run.

    Attributes
    ----------
    task
        Number of its task, or of its conversation without truth, from 1 in order of time.
    start_s, end_s
        Seconds since the first exchange of the task.
    input_tokens, cached_tokens, output_tokens
        Tokens that went in, those of them that the cache held, and those that came out.
    from_user
        Whether the last message was a user's, not the result of a tool.
    """

    task: int
    start_s: float
    end_s: float
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    from_user: bool


@dataclass(frozen=True)
class ShownRun:
    """One run as its report shows it.

    Attributes
    ----------
    name
        How charts call it, different from those of the other runs.
    summary
        Its numbers.
    scale
        The scale of its scenario, by which reported totals are multiplied to stand beside it.
    rows
        Its exchanges one by one where it has few, in order of time; else none.
    title, about
        What its scenario says of itself; empty if nothing is known of it.
    settings
        What was asked of each actor; none without truth, which alone tells actors apart.
    """

    name: str
    summary: RunFigures
    scale: float = 1.0
    rows: tuple[Row, ...] = ()
    title: str = ""
    about: str = ""
    settings: tuple[Setting, ...] = ()

    def total(self, convention: str) -> int:
        """Return what all of it counts under a convention."""
        return sum(x.get(convention, 0) for x in self.summary.counts.values())

    @property
    def exchanges(self) -> int:
        """Its answered requests (C2), which charts count unless they say otherwise."""
        return self.total("C2")

    @property
    def has_truth(self) -> bool:
        """Whether its truth is known, and so its tasks."""
        return self.summary.by != "all"


@dataclass(frozen=True)
class Shown:
    """The runs of a report, with the groups that all of its charts show in the same colours.

    Attributes
    ----------
    runs
        At least one, each with a name of its own.
    """

    runs: tuple[ShownRun, ...]

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Groups of all runs, the largest first; from `MOST_GROUPS` on small ones are `OTHERS`."""
        sizes: dict[str, int] = {}
        for run in self.runs:
            for group, counted in run.summary.counts.items():
                sizes[group] = sizes.get(group, 0) + counted.get("C2", 0)

        ranked = sorted(sizes, key=lambda x: (-sizes[x], x))
        if len(ranked) <= MOST_GROUPS:
            return tuple(ranked)
        return (*ranked[: MOST_GROUPS - 1], OTHERS)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each group whose actor or typology a scenario names, in order of groups."""
        named = {
            id_: x.kind
            for run in reversed(self.runs)
            for x in run.settings
            for id_ in ((x.actor,) if run.summary.by == "actor" else (x.typology,))
        }
        return {group: named[group] for group in self.groups if group in named}

    def colour(self, group: str) -> Any:
        """Return the colour of a group, by its kind where that is known; `OTHERS` is grey."""
        if group == OTHERS:
            return GREY
        number = self.groups.index(group)
        if group not in self.kinds:
            return primitives.colours()[number]
        alike = [x for x, kind in self.kinds.items() if kind == self.kinds[group]]
        return _COLOURS[self.kinds[group]][alike.index(group)]

    def marker(self, group: str) -> str:
        """Return the mark of a group as matplotlib names it, by its kind."""
        return _MARKS[self.kinds.get(group, ORDINARY)][0]

    def glyph(self, group: str) -> str:
        """Return the mark of a group as a letter."""
        return _MARKS[self.kinds.get(group, ORDINARY)][1]

    def key(self) -> str:
        """Return a sentence, after a space, that says how kinds are told apart, if any is known."""
        parts = [f"{_MARKS[x][2]}: {x}" for x in _MARKS if x in self.kinds.values()]
        words = "; ".join(parts)
        return f" {words[0].upper()}{words[1:]}." if words else ""

    def members(self, run: ShownRun, group: str) -> tuple[str, ...]:
        """Return the groups of a run that are shown as `group`: itself, or all small ones."""
        if group in run.summary.groups:
            return (group,)
        if group != OTHERS or group not in self.groups:
            return ()
        return tuple(x for x in run.summary.groups if x not in self.groups)

    def label(self, group: str) -> str:
        """Return the words for a group: an actor by its id, a typology by its title."""
        for run in self.runs:
            if group in run.summary.groups and run.summary.by == "typology":
                return run.summary.titles.get(group, group)
        if group == "all" and all(x.summary.by == "all" for x in self.runs):
            return "all exchanges"
        return group

    def named(self, group: str, before: str = "") -> str:
        """Return how a sentence calls a group, after `before`; nothing for all exchanges."""
        label = self.label(group)
        if group == "all" and label != group:
            return ""
        return before + (label if label == group else f"\u201c{label}\u201d")

    def in_run(self, run: ShownRun) -> str:
        """Return, after a space, in which run something is; nothing if there is only one."""
        return "" if len(self.runs) == 1 else f" in \u201c{run.name}\u201d"

    def distribution(self, run: ShownRun, unit: str, group: str) -> Distribution | None:
        """Return how many exchanges units of a group have; None if there are no such units."""
        by_group = run.summary.distributions.get(unit, {})
        found = [by_group[x] for x in self.members(run, group) if x in by_group]
        found = [x for x in found if len(x.values)]
        return _joined(found) if found else None

    def series(self, run: ShownRun, name: str, group: str) -> Ints | None:
        """Return counts of a group, such as `by_hour`, summed over its members; None if none."""
        by_group = getattr(run.summary, name)
        found = [by_group[x] for x in self.members(run, group) if x in by_group]
        return sum(found[1:], found[0]) if found else None

    def source(self) -> str:
        """Return the line under a chart: that it was simulated, from what, with which seed."""
        parts = []
        for run in self.runs:
            scale = "" if run.scale == 1 else f", scale {run.scale:g}"
            name = "" if len(self.runs) == 1 or run.name == run.summary.name else f"{run.name}: "
            parts.append(f"{name}scenario {run.summary.name}, seed {run.summary.seed}{scale}")
        return f"Simulated, not observed: {'; '.join(parts)}."


def quantile(x: Distribution, share: float) -> float:
    """Return a quantile, the same that `sim counts` prints; `share` is in [0, 1]."""
    return float(quantiles_of(x, (share,))[0])


def mean(x: Distribution) -> float:
    """Return the mean number of exchanges of a unit."""
    return float(np.dot(x.values, x.frequencies) / x.frequencies.sum())


def _joined(parts: Sequence[Distribution]) -> Distribution:
    """Return the distribution over the units of all parts."""
    if len(parts) == 1:
        return parts[0]
    values, place = np.unique(np.concatenate([x.values for x in parts]), return_inverse=True)
    sums = np.bincount(place, np.concatenate([x.frequencies for x in parts]), len(values))
    return Distribution(values, sums.astype(np.int64))
