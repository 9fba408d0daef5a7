"""Chart of how suspicious one must already be: what a figure does to a belief."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.inference.odds import DECISIVE, Odds
from sim.comparison.section import Comparison
from sim.comparison.sections.groups import GROUP_WORDS
from sim.comparison.sections.priors_needed import PriorsNeeded
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import counted_words, drawn, evidence_name, source
from sim.reporting.charts.layout import GREY, LINE, NARROW, SOFT, Chart, Data, Frame, Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# More lines than these cannot be told apart.
_MOST = 6
_LEFT, _SIDE, _BELOW, _KEY_ROW = 0.75, 2.9, 0.55, 0.2
_STRONG = DECISIVE / (1 + DECISIVE)

_OTHERS = "legitimate"

# By name of a figure, its ratio of what is accused to what it is held against.
Ratios = Mapping[str, float]


def priors_needed(comparison: Comparison, result: PriorsNeeded) -> Chart | None:
    """Draw the belief in the accused explanation after each figure by that before it.

    All that is known of a figure is used. Held against each other are the kind of the accused
    explanation and legitimate use, as in the short answer; where one of them is missing, the
    accused explanation and all others together. None without odds.
    """
    odds = result.odds
    if not odds:
        return None
    what, against = _sides(comparison, odds)
    in_kinds = against == GROUP_WORDS[_OTHERS]
    ratios = {evidence_name(comparison, o.evidence.id): _ratio(o, in_kinds) for o in odds}
    shown = dict(sorted(ratios.items(), key=lambda x: -x[1])[:_MOST])
    key = _KEY_ROW * (len(shown) + 1)

    return Chart(
        "priors-needed",
        "priors-needed",
        _title(ratios, what, against),
        _alt(ratios, what, against),
        Frame(
            subtitle=(
                f"How probable {what} is once all figures of a report are known, by how probable "
                f"it was thought before, where the rest is {against}. The explanations of a side "
                "weigh alike. On the dashed line the figures change nothing. Dots: where 10 to 1 "
                "is reached. "
                f"Assumptions as stated.{_most_words(ratios)}"
            ),
            source=f"{counted_words(comparison)} {source(comparison, drawn(comparison))}",
            height=_BELOW + _SIDE + key + 0.1,
            fill=lambda page: _draw(page, shown),
            width=NARROW,
        ),
        _data(ratios),
    )


def _sides(comparison: Comparison, odds: Sequence[Odds]) -> tuple[str, str]:
    """Return in words what is held against what in all odds."""
    accused = comparison.settings.accused
    kind = comparison.library.hypotheses[accused].group
    if all(_OTHERS in o.steps[-1].groups for o in odds):
        return GROUP_WORDS[kind], GROUP_WORDS[_OTHERS]
    n = len(comparison.settings.others)
    others = "the one other explanation" if n == 1 else f"all {n} other explanations together"
    return comparison.inline_title(accused), others


def _ratio(o: Odds, in_kinds: bool) -> float:
    """Return the ratio of kinds, or that to all other explanations together, equally likely.

    The likelihood of these is the mean of theirs, so the ratio is the harmonic mean of the ratios.
    """
    if in_kinds:
        ratio: float = 10 ** o.steps[-1].groups[_OTHERS].stated
        return ratio
    inverse = [10**-r.stated for r in o.steps[-1].ratios.values()]
    return len(inverse) / sum(inverse)


def _needed(ratio: float) -> float:
    """Return the probability before that makes it 10 to 1 after."""
    odds = DECISIVE / ratio
    return odds / (1 + odds)


def _after(before: Floats, ratio: float) -> Floats:
    """Return the probabilities after a figure, by Bayes' rule."""
    after: Floats = ratio * before / (ratio * before + 1 - before)
    return after


def _most_words(ratios: Ratios) -> str:
    """Say that only some of many figures are drawn."""
    return f" The {_MOST} that change most of {len(ratios)}." if len(ratios) > _MOST else ""


def _title(ratios: Ratios, what: str, against: str) -> str:
    """Say how probable it must be thought before, from the least to the most suspicious."""
    needed = [round(100 * _needed(x)) for x in ratios.values()]
    low, high = min(needed), max(needed)
    so_much = f"{low} %" if low == high else f"{low} to {high} %"
    return (
        f"How suspicious you must already be: to end at 10 to 1 for {what} against {against}, you "
        f"must begin at {so_much}"
    )


def _alt(ratios: Ratios, what: str, against: str) -> str:
    """Say what each figure takes to reach 10 to 1."""
    parts = ", ".join(f"{name} {100 * _needed(x):.0f} %" for name, x in ratios.items())
    return (
        f"Belief in {what}, not {against}, after against before; before needed for 10 to 1: "
        f"{parts}."
    )


def _draw(page: Page, ratios: Ratios) -> None:
    """Draw a line for each figure, with a dot where it reaches 10 to 1, and the key above."""
    axes = page.axes(_LEFT, _BELOW, page.width - _LEFT - 0.3, _SIDE)
    colours = primitives.colours()
    before = np.linspace(0, 1, 101)
    axes.plot([0, 100], [0, 100], color=GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    axes.axhline(100 * _STRONG, color=SOFT, lw=0.8, zorder=1)
    entries = []
    for k, (name, ratio) in enumerate(ratios.items()):
        look = {"color": colours[k % len(colours)], "marker": primitives.MARKERS[k], "ms": 5.5}
        axes.plot(100 * before, 100 * _after(before, ratio), color=look["color"], lw=1.6)
        axes.plot([100 * _needed(ratio)], [100 * _STRONG], mew=0, zorder=4, **look)
        words = f"{name}: begin at {100 * _needed(ratio):.0f} %"
        entries.append((words, {**look, "lw": 1.6, "mew": 0}))
    entries.append(("a figure that changes nothing", {"color": GREY, "ls": (0, (4, 3)), "lw": 1}))
    _percent_axes(axes)
    primitives.key(axes, entries, loc="lower left", bbox_to_anchor=(0, 1.02), fontsize=8.5)


def _percent_axes(axes: Axes) -> None:
    """Label both axes in per cent."""
    ticks = [0, 25, 50, 75, 100]
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xticks(ticks, [f"{x} %" for x in ticks])
    axes.set_yticks([*ticks, 100 * _STRONG], [*(f"{x} %" for x in ticks), "10 to 1"])
    axes.grid(color=LINE, lw=0.6)
    axes.set_xlabel("how probable you think it before (%)", fontsize=8.5)
    axes.set_ylabel("how probable it is after (%)", fontsize=8.5)


def _data(ratios: Ratios) -> Data:
    """Return for each figure the ratio and the belief before that makes it 10 to 1."""
    head = ("figure", "ratio", "before_needed")
    rows: Sequence[Sequence[object]] = [
        (name, f"{x:.4g}", f"{_needed(x):.4g}") for name, x in ratios.items()
    ]
    return [head, *rows]
