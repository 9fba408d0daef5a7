"""Charts of which observable would tell explanations apart, before it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.analysis import Analysis
from sim.comparison.sections.design import CLUSTERS
from sim.reporting.charts.layout import INK, MARGIN, WIDTH, Chart, Page, framed, wrapped
from sim.reporting.charts.wording import (
    and_list,
    drawn,
    inline,
    known_words,
    observable_name,
    others,
    percent,
    share_range,
    source,
    title_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _CELL = 2.05, 0.30
_SHADES = "Blues"


def design(analysis: Analysis) -> Chart:
    """Chart how often the likelier of two explanations is the wrong one."""
    against = others(analysis)
    beside, growing = _wrong(analysis, grown=False), _wrong(analysis, grown=True)
    names = _observables(analysis)
    mean = beside.mean(axis=0)
    best = int(np.argmin(mean[1:])) + 1
    title = (
        f"By the count alone the likelier of two explanations is wrong in "
        f"{share_range(beside[:, 0].min(), beside[:, 0].max())} of clusters; "
        f"{observable_name(names[best])} beside it makes that {percent(mean[best])} on average, "
        f"all {len(names)} observables {percent(growing[:, -1].mean())}"
    )
    alt = "; ".join(
        f"against {inline(analysis, x)} {percent(beside[k, 0])} with the count, "
        f"{percent(growing[k, -1])} with all, best beside the count "
        f"{observable_name(names[int(np.argmin(beside[k, 1:])) + 1])} at "
        f"{percent(beside[k, 1:].min())}"
        for k, x in enumerate(against)
    )
    return framed(
        "design",
        "design",
        title,
        f"How often the likelier explanation is wrong: {alt}. 50 % is a coin toss.",
        subtitle=(
            f"How often the likelier of two, {inline(analysis, analysis.settings.accused)} and "
            "another explanation, is the wrong one, each being true half of the time, on "
            f"{CLUSTERS} published clusters of each that no likelihood was fitted to. 50 % is a "
            "coin toss; darker tells better. Counts under any of C1 to C6, priors as stated. "
            f"{drawn(analysis, 'explanation')}"
        ),
        source=source(analysis),
        height=2 * (len(against) * _CELL + 0.8),
        fill=lambda page: _draw_design(page, analysis, (beside, growing)),
    )


def _observables(analysis: Analysis) -> tuple[str, ...]:
    return max((x.known for x in analysis.growing), key=len)


def _wrong(analysis: Analysis, *, grown: bool) -> Floats:
    """Return shares of wrong answers, (other explanations, observables); first the count alone."""
    names = _observables(analysis)
    by = {(x.against, x.known): x.wrong for x in (*analysis.beside, *analysis.growing)}
    sets = [names[: k + 1] if grown or not k else (names[0], names[k]) for k in range(len(names))]
    return np.array([[by[other, known] for known in sets] for other in others(analysis)])


def _draw_design(page: Page, analysis: Analysis, tables: tuple[Floats, Floats]) -> None:
    names = [observable_name(x) for x in _observables(analysis)]
    heads = ("The count and one observable", "One observable after another, all to the left known")
    against = [f"against {inline(analysis, x)}" for x in others(analysis)]
    each = page.height / 2
    for k, (table, head) in enumerate(zip(tables, heads, strict=True)):
        width = WIDTH - _LEFT - MARGIN
        axes = page.axes(_LEFT, (1 - k) * each + 0.1, width, len(against) * _CELL)
        _heat(axes, 0.5 - table, (0.0, 0.5), [f"{100 * x:.0f} %" for x in table.ravel()], 8)
        _label_rows(axes, against, ())
        cell = width / len(names) - 0.01
        texts = [names[0], *(f"+ {x}" for x in names[1:])]
        axes.set_xticks(
            np.arange(len(names)) + 0.5, [wrapped(x, 7.5, cell) for x in texts], fontsize=7.5
        )
        axes.xaxis.tick_top()
        axes.tick_params(axis="x", length=0)
        page.text(MARGIN, (2 - k) * each - 0.16, head, fontsize=8.5, fontweight="bold")


def _heat(
    axes: Axes, values: Floats, limits: tuple[float, float], texts: Sequence[str], size: float
) -> None:
    """Draw a table of shaded cells, the first row at the top, with a text in each."""
    lines, columns = values.shape
    axes.pcolormesh(
        values, cmap=_SHADES, vmin=limits[0], vmax=limits[1] * 1.15, edgecolors="white", lw=1
    )
    axes.set_xlim(0, columns)
    axes.set_ylim(lines, 0)
    for place, text in enumerate(texts):
        row, column = divmod(place, columns)
        dark = values[row, column] > 0.64 * limits[1]
        axes.text(
            column + 0.5,
            row + 0.5,
            text,
            ha="center",
            va="center",
            fontsize=size,
            color="white" if dark else INK,
        )
    for side in axes.spines.values():
        side.set_visible(False)


def _label_rows(axes: Axes, labels: Sequence[str], bold: Sequence[int]) -> None:
    texts = [wrapped(x, 7.5, _LEFT - 2 * MARGIN, bold=k in bold) for k, x in enumerate(labels)]
    axes.set_yticks(np.arange(len(labels)) + 0.5, texts, fontsize=7.5, linespacing=1.0)
    for k in bold:
        axes.get_yticklabels()[k].set_fontweight("bold")
    axes.tick_params(axis="y", length=0)


def confusion(analysis: Analysis) -> Chart:
    """Chart how often clusters of one explanation are taken for another."""
    found = analysis.confusions
    ids = found[0].ids
    right = [float(np.diag(x.mean).mean()) for x in found]
    masked = [x.mean - np.diag(np.diag(x.mean)) for x in found]
    row, column = np.unravel_index(masked[-1].argmax(), masked[-1].shape)
    title = (
        f"The count alone gives the true explanation a probability of {percent(right[0])} on "
        f"average, against {percent(1 / len(ids))} where nothing is known; "
        f"{known_words(found[-1].known)} give it {percent(right[-1])}"
    )
    own = "; ".join(
        f"{title_of(analysis, x)} {percent(found[-1].mean[k, k])}" for k, x in enumerate(ids)
    )
    sets = and_list(
        f"{percent(r)} with {known_words(x.known)}" for r, x in zip(right, found, strict=True)
    )
    return framed(
        "confusion",
        "design",
        title,
        f"Mean probability of the true explanation: {sets}. With {known_words(found[-1].known)} by "
        f"explanation: {own}. The largest confusion that is left: {inline(analysis, ids[row])} "
        f"taken for {inline(analysis, ids[column])}, {percent(masked[-1].max())}.",
        subtitle=(
            "Mean probability (%) that clusters of an explanation (row) get for each explanation "
            "(column, numbered as the rows), all being equally likely before; each row adds up to "
            f"100. {CLUSTERS} published clusters of each, counted under any of C1 to C6, priors as "
            f"stated. {drawn(analysis, 'explanation')}"
        ),
        source=source(analysis),
        height=len(ids) * _CELL + 0.6,
        fill=lambda page: _draw_confusion(page, analysis),
    )


def _draw_confusion(page: Page, analysis: Analysis) -> None:
    found = analysis.confusions
    ids = found[0].ids
    labels = [f"{title_of(analysis, x)}\u00a0\u00a0{k + 1}" for k, x in enumerate(ids)]
    bold = [ids.index(analysis.settings.accused)] if analysis.settings.accused in ids else []
    gap = 0.12
    width = (WIDTH - _LEFT - MARGIN - gap * (len(found) - 1)) / len(found)
    for k, x in enumerate(found):
        axes = page.axes(_LEFT + k * (width + gap), 0.1, width, len(ids) * _CELL)
        _heat(axes, x.mean, (0.0, 1.0), [f"{100 * v:.0f}" for v in x.mean.ravel()], 7.5)
        _label_rows(axes, labels, bold)
        axes.tick_params(labelleft=k == 0)
        axes.set_xticks(np.arange(len(ids)) + 0.5, [str(j + 1) for j in range(len(ids))])
        axes.xaxis.tick_top()
        axes.tick_params(axis="x", length=0)
        axes.set_title(known_words(x.known), fontsize=8.5, fontweight="bold", loc="left", pad=6)
