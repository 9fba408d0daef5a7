"""Charts of which observable would tell hypotheses apart, before it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.section import Comparison
from sim.comparison.sections.design import CLUSTERS, NAMES, Confusion, Design
from sim.comparison.wording import (
    and_list,
    known_names,
    observable_name,
    percent,
    share_range,
)
from sim.reporting.charts.captions import drawn, source
from sim.reporting.charts.layout import INK, MARGIN, WIDTH, Chart, Frame, Page, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _CELL = 2.05, 0.30
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
                "a coin toss; darker tells better. Counts under any of C1 to C6, priors as stated. "
                f"{drawn(comparison, 'explanation')}"
            ),
            source=source(comparison),
            height=2 * (len(others) * _CELL + 0.8),
            fill=lambda page: _draw_design(page, comparison, (beside, growing)),
        ),
    )


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
    best = int(np.argmin(mean[1:])) + 1
    return (
        f"By the count alone the likelier of two explanations is wrong in "
        f"{share_range(beside[:, 0].min(), beside[:, 0].max())} of clusters; "
        f"{observable_name(NAMES[best])} beside it makes that {percent(mean[best])} on average, "
        f"all {len(NAMES)} observables {percent(growing[:, -1].mean())}"
    )


def _design_alt(comparison: Comparison, beside: Floats, growing: Floats) -> str:
    """Say by other hypothesis how often the likelier one is wrong: count, best beside it, all."""
    parts = []
    for other, shares, grown in zip(comparison.settings.others, beside, growing, strict=True):
        best = int(np.argmin(shares[1:])) + 1
        parts.append(
            f"against {comparison.inline_title(other)} {percent(shares[0])} with the count, "
            f"{percent(grown[-1])} with all, best beside the count "
            f"{observable_name(NAMES[best])} at {percent(shares[best])}"
        )
    return f"How often the likelier explanation is wrong: {'; '.join(parts)}. 50 % is a coin toss."


def _draw_design(page: Page, comparison: Comparison, tables: tuple[Floats, Floats]) -> None:
    """Draw the two tables one under the other, with observables as columns.

    `tables` are shares in [0, 1]; a share of 0.5 is white.
    """
    names = [observable_name(x) for x in NAMES]
    heads = ("The count and one observable", "One observable after another, all to the left known")
    rows = [f"against {comparison.inline_title(x)}" for x in comparison.settings.others]
    each = page.height / 2
    for k, (table, head) in enumerate(zip(tables, heads, strict=True)):
        width = WIDTH - _LEFT - MARGIN
        axes = page.axes(_LEFT, (1 - k) * each + 0.1, width, len(rows) * _CELL)
        _heat(axes, 0.5 - table, 0.5, [f"{100 * x:.0f} %" for x in table.ravel()], 8)
        _label_rows(axes, rows, ())

        cell = width / len(names) - 0.01
        texts = [names[0], *(f"+ {x}" for x in names[1:])]
        axes.set_xticks(
            np.arange(len(names)) + 0.5, [wrapped(x, 7.5, cell) for x in texts], fontsize=7.5
        )
        axes.xaxis.tick_top()
        axes.tick_params(axis="x", length=0)
        page.text(MARGIN, (2 - k) * each - 0.16, head, fontsize=8.5, fontweight="bold")


# Which hypothesis is taken for which


def confusion(comparison: Comparison, result: Design) -> Chart | None:
    """Draw how often clusters of one hypothesis are taken for another.

    A confusion matrix for each set of observables, by probability and not by the likeliest. None if
    nothing was computed.
    """
    confusions = result.confusions
    if not confusions:
        return None
    ids = confusions[0].ids
    right = [float(np.diag(x.mean).mean()) for x in confusions]

    title = (
        f"The count alone gives the true explanation a probability of {percent(right[0])} on "
        f"average, against {percent(1 / len(ids))} where nothing is known; "
        f"{known_names(confusions[-1].known)} give it {percent(right[-1])}"
    )

    return Chart(
        "confusion",
        "design",
        title,
        _confusion_alt(comparison, confusions, right),
        Frame(
            subtitle=(
                "Mean probability (%) that clusters of an explanation (row) get for each "
                "explanation (column, numbered as the rows), all being equally likely before; each "
                f"row adds up to 100. {CLUSTERS} published clusters of each, counted under any of "
                f"C1 to C6, priors as stated. {drawn(comparison, 'explanation')}"
            ),
            source=source(comparison),
            height=len(ids) * _CELL + 0.6,
            fill=lambda page: _draw_confusion(page, comparison, confusions),
        ),
    )


def _confusion_alt(
    comparison: Comparison, confusions: Sequence[Confusion], right: Sequence[float]
) -> str:
    """Say how probable the true hypothesis is by set of observables, and the largest confusion.

    Parameters
    ----------
    comparison
        Gives the titles.
    confusions
        By set of observables, the largest set last.
    right
        Mean probability of the true hypothesis for each of them.
    """
    last, ids = confusions[-1], confusions[-1].ids
    sets = and_list(
        f"{percent(p)} with {known_names(x.known)}" for p, x in zip(right, confusions, strict=True)
    )
    of_each = "; ".join(
        f"{comparison.title(x)} {percent(last.mean[k, k])}" for k, x in enumerate(ids)
    )
    wrongly = last.mean - np.diag(np.diag(last.mean))
    row, column = np.unravel_index(wrongly.argmax(), wrongly.shape)

    return (
        f"Mean probability of the true explanation: {sets}. With {known_names(last.known)} by "
        f"explanation: {of_each}. The largest confusion that is left: "
        f"{comparison.inline_title(ids[row])} taken for {comparison.inline_title(ids[column])}, "
        f"{percent(wrongly.max())}."
    )


def _draw_confusion(page: Page, comparison: Comparison, confusions: Sequence[Confusion]) -> None:
    """Draw the matrices side by side: rows are true, columns numbered as the rows."""
    ids = confusions[0].ids
    labels = [f"{comparison.title(x)}\u00a0\u00a0{k + 1}" for k, x in enumerate(ids)]
    bold = [k for k, x in enumerate(ids) if x == comparison.settings.accused]
    gap, n = 0.12, len(confusions)
    width = (WIDTH - _LEFT - MARGIN - gap * (n - 1)) / n
    for k, x in enumerate(confusions):
        axes = page.axes(_LEFT + k * (width + gap), 0.1, width, len(ids) * _CELL)
        _heat(axes, x.mean, 1.0, [f"{100 * v:.0f}" for v in x.mean.ravel()], 7.5)
        _label_rows(axes, labels, bold)
        axes.tick_params(labelleft=k == 0)
        axes.set_xticks(np.arange(len(ids)) + 0.5, [str(j + 1) for j in range(len(ids))])
        axes.xaxis.tick_top()
        axes.tick_params(axis="x", length=0)
        axes.set_title(known_names(x.known), fontsize=8.5, fontweight="bold", loc="left", pad=6)


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
