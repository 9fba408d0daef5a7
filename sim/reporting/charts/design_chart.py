"""Charts of which observable would tell hypotheses apart, before it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.section import Comparison
from sim.comparison.sections.design import CHANCE, CLUSTERS, NAMES, Confusion, Design
from sim.comparison.wording import (
    known_names,
    observable_name,
    or_list,
    percent,
    share_range,
)
from sim.reporting.charts import primitives
from sim.reporting.charts.captions import drawn, source
from sim.reporting.charts.layout import (
    GREY,
    INK,
    MARGIN,
    NARROW,
    SOFT,
    WIDTH,
    Chart,
    Data,
    Frame,
    Page,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _CELL, _RECOGNISED_ROW = 1.45, 0.32, 0.33
_SHADES = "Blues"


# Which of two hypotheses is the wrong one


def design(comparison: Comparison, result: Design) -> Chart | None:
    """Draw how often the likelier of two hypotheses is the wrong one.

    Two tables of shaded cells: the count with one observable, and observables added one after
    another. None if nothing was computed.
    """
    if not result.beside:
        return None
    accused, others = comparison.settings.accused, comparison.settings.others
    beside = _wrong(comparison, result, grown=False)
    growing = _wrong(comparison, result, grown=True)

    return Chart(
        "design",
        "design",
        _design_title(beside, growing),
        _design_alt(comparison, beside, growing),
        Frame(
            subtitle=(
                f"How often the likelier of two, {comparison.inline_title(accused)} and another "
                "explanation, is the wrong one, each being true half of the time, on "
                f"{CLUSTERS} published clusters of each that no likelihood was fitted to. 50 % is "
                "a coin toss; the stronger the colour, the better it tells. Counts under any of C1 "
                "to C6, assumptions as stated. "
                f"{drawn(comparison, 'explanation')}"
            ),
            source=source(comparison),
            height=2 * (len(others) * _CELL + 0.85),
            fill=lambda page: _draw_design(page, comparison, (beside, growing)),
        ),
        _design_data(comparison, beside, growing),
    )


def _design_data(comparison: Comparison, beside: Floats, growing: Floats) -> Data:
    """Return both tables, as shares."""
    return [
        ("table", "against", *NAMES),
        *(
            (name, other, *(f"{x:.4g}" for x in row))
            for name, table in (("the count and one", beside), ("added in this order", growing))
            for other, row in zip(comparison.settings.others, table, strict=True)
        ),
    ]


def _wrong(comparison: Comparison, result: Design, *, grown: bool) -> Floats:
    """Return shares of wrong answers, shape (other hypotheses, observables).

    A column is the count and one observable or, if `grown`, all observables up to that one. The
    first column is the count alone in either case.
    """
    by_set = {(x.against, x.known): x.wrong for x in (*result.beside, *result.growing)}
    sets = [NAMES[: k + 1] if grown or not k else (NAMES[0], NAMES[k]) for k in range(len(NAMES))]
    others = comparison.settings.others
    return np.array([[by_set[other, known] for known in sets] for other in others])


def _design_title(beside: Floats, growing: Floats) -> str:
    """Say how often the count alone is wrong, and what the best observable beside it changes.

    Parameters
    ----------
    beside, growing
        What `_wrong` returned; best is the lowest mean over the other hypotheses.
    """
    mean = beside.mean(axis=0)
    least = min(mean[1:])
    best = [x for x, y in zip(NAMES[1:], mean[1:], strict=True) if y <= least + CHANCE]
    return (
        f"By the count alone the likelier of two explanations is wrong in "
        f"{share_range(beside[:, 0].min(), beside[:, 0].max())} of clusters; "
        f"{or_list(map(observable_name, best))} beside it makes that "
        f"{percent(round(least, 2))} on average, "
        f"all {len(NAMES)} observables {percent(round(growing[:, -1].mean(), 2))}"
    )


def _design_alt(comparison: Comparison, beside: Floats, growing: Floats) -> str:
    """Say how often the likelier one is wrong with the count, and with all observables."""
    hardest = comparison.settings.others[int(growing[:, -1].argmax())]
    return (
        "Two shaded tables of how often the likelier of two explanations is wrong: "
        f"{share_range(beside[:, 0].min(), beside[:, 0].max())} with the count, "
        f"{share_range(growing[:, -1].min(), growing[:, -1].max())} with all, most against "
        f"{comparison.inline_title(hardest)}."
    )


def _draw_design(page: Page, comparison: Comparison, tables: tuple[Floats, Floats]) -> None:
    """Draw the two tables one under the other, with observables as columns.

    `tables` are shares in [0, 1]; a share of 0.5 is white.
    """
    names = [observable_name(x) for x in NAMES]
    heads = (
        "Known: the count, and one observable beside it",
        "Known: the count, and all observables up to this one",
    )
    rows = [comparison.title(x) for x in comparison.settings.others]
    each = page.height / 2
    for k, (table, head) in enumerate(zip(tables, heads, strict=True)):
        width = WIDTH - _LEFT - MARGIN
        axes = page.axes(_LEFT, (1 - k) * each + 0.1, width, len(rows) * _CELL)
        _heat(axes, 0.5 - table, 0.5, [f"{100 * x:.0f} %" for x in table.ravel()], 8)
        _label_rows(axes, rows, ())

        cell = width / len(names) - 0.01
        texts = [wrapped(x, 6.8, cell) for x in names]
        axes.set_xticks(np.arange(len(names)) + 0.5, texts, fontsize=6.8)
        axes.xaxis.tick_top()
        axes.tick_params(axis="x", length=0)
        page.text(MARGIN, (2 - k) * each - 0.16, head, fontsize=8.5, fontweight="bold")


# How far the true hypothesis is recognised


def confusion(comparison: Comparison, result: Design) -> Chart | None:
    """Draw how probable the true explanation becomes, by what is known.

    A row for each explanation, a mark for each set of observables, by probability and not by the
    likeliest. None if nothing was computed.
    """
    confusions = result.confusions
    if not confusions:
        return None
    ids = confusions[0].ids
    right = {x.known: np.diag(x.mean) for x in confusions}
    mean = [float(x.mean()) for x in right.values()]
    last = confusions[-1].known
    title = (
        f"Knowing the count alone, the true explanation of {len(ids)} gets "
        f"{percent(round(mean[0], 2))} on average, where a blind guess gives "
        f"{percent(1 / len(ids))}; knowing {known_names(last)} it gets "
        f"{percent(round(mean[-1], 2))}"
    )

    return Chart(
        "confusion",
        "design",
        title,
        _confusion_alt(comparison, confusions),
        Frame(
            subtitle=(
                "The probability that the true explanation gets (mean), all being equally likely "
                f"before, by what is known of {CLUSTERS} simulated and published clusters of each. "
                "At the right: what it is mostly taken for, knowing everything."
            ),
            source=(
                "Counts under any of C1 to C6. "
                f"{source(comparison, drawn(comparison, 'explanation'))}"
            ),
            height=len(ids) * _RECOGNISED_ROW + 0.85,
            fill=lambda page: _draw_recognised(page, comparison, confusions),
            width=NARROW,
        ),
        _confusion_data(confusions),
    )


def _taken_for(x: Confusion) -> list[tuple[int, float]]:
    """Return for each explanation the wrong one that it is mostly taken for, and how probably."""
    wrongly = x.mean - np.diag(np.diag(x.mean))
    return [(int(row.argmax()), float(row.max())) for row in wrongly]


def _confusion_alt(comparison: Comparison, confusions: Sequence[Confusion]) -> str:
    """Say which explanation is recognised least and best with everything known."""
    last, ids = confusions[-1], confusions[-1].ids
    right = np.diag(last.mean)
    least, best = int(right.argmin()), int(right.argmax())
    return (
        f"Dots for each explanation; with {known_names(last.known)} "
        f"{comparison.inline_title(ids[least])} is recognised least ({percent(right[least])}), "
        f"{comparison.inline_title(ids[best])} best ({percent(right[best])})."
    )


def _draw_recognised(page: Page, comparison: Comparison, confusions: Sequence[Confusion]) -> None:
    """Draw a row for each explanation: dots from little to everything known, joined by a line."""
    ids, taken = confusions[0].ids, _taken_for(confusions[-1])
    left, right = 1.8, 1.15
    height = len(ids) * _RECOGNISED_ROW
    axes = page.axes(left, 0.5, page.width - left - right, height)
    primitives.rows(axes, [comparison.title(x) for x in ids], room=left - 2 * MARGIN)
    looks: list[dict[str, Any]] = [
        {"marker": marker, "mfc": face, "color": INK, "ms": 5, "mew": 1.1, "ls": ""}
        for marker, face in (("o", "white"), ("s", "white"), ("D", INK))
    ]
    for row, (other, share) in enumerate(taken):
        x = [100 * c.mean[row, row] for c in confusions]
        axes.plot([min(x), max(x)], [row, row], color=GREY, lw=1, zorder=2)
        for value, look in zip(x, looks, strict=False):
            axes.plot([value], [row], zorder=3, **look)
        words = wrapped(f"{comparison.inline_title(ids[other])}, {percent(share)}", 7, right - 0.2)
        axes.text(103, row, words, fontsize=7, color=SOFT, va="center", linespacing=1.0)

    axes.axvline(100 / len(ids), color=GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 50, 100])
    axes.set_xlabel("probability of the true one (%)", fontsize=primitives.LABEL)
    entries = [(known_names(x.known), y) for x, y in zip(confusions, looks, strict=False)]
    place = {"loc": "lower left", "bbox_to_anchor": (-left / (page.width - left - right), 1.01)}
    primitives.key(axes, entries, ncols=3, columnspacing=1.0, handletextpad=0.3, **place)


def _confusion_data(confusions: Sequence[Confusion]) -> Data:
    """Return the mean probabilities of each explanation, for every true one."""
    return [
        ("known", "true", *confusions[0].ids),
        *(
            (" + ".join(x.known), id_, *(f"{p:.4g}" for p in row))
            for x in confusions
            for id_, row in zip(x.ids, x.mean, strict=True)
        ),
    ]


# Shaded tables


def _heat(axes: Axes, values: Floats, darkest: float, texts: Sequence[str], size: float) -> None:
    """Draw a table of shaded cells with texts, the first row at the top.

    Parameters
    ----------
    axes
        Set so that cell (i, j) covers x from j to j + 1 and y from i to i + 1.
    values
        Shape (rows, columns), from 0, which is white, to `darkest`.
    darkest
        The value of the darkest shade.
    texts
        One for each cell, row by row.
    size
        Of the texts, in points.
    """
    rows, columns = values.shape
    axes.pcolormesh(values, cmap=_SHADES, vmin=0.0, vmax=darkest * 1.15, edgecolors="white", lw=1)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)

    for k, text in enumerate(texts):
        row, column = divmod(k, columns)
        is_dark = values[row, column] > 0.64 * darkest
        axes.text(
            column + 0.5,
            row + 0.5,
            text,
            ha="center",
            va="center",
            fontsize=size,
            color="white" if is_dark else INK,
        )
    for side in axes.spines.values():
        side.set_visible(False)


def _label_rows(axes: Axes, labels: Sequence[str], bold: Sequence[int]) -> None:
    """Write the labels of the rows of a table; those whose numbers are in `bold` are bold."""
    texts = [wrapped(x, 7.5, _LEFT - 2 * MARGIN, bold=k in bold) for k, x in enumerate(labels)]
    axes.set_yticks(np.arange(len(labels)) + 0.5, texts, fontsize=7.5, linespacing=1.0)
    for k in bold:
        axes.get_yticklabels()[k].set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
