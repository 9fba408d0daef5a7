"""What a figure shows, as text: every line, area and word with its place and look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text


def drawing_of(figure: Figure) -> list[str]:
    """Return a line for each thing that is drawn; numbers have four digits."""
    width, height = figure.get_size_inches()
    lines = [f"figure {_numbers([width, height])}"]
    lines += [_of_text(x) for x in figure.texts]
    for axes in figure.axes:
        lines += _of_axes(axes)
    return lines


def _of_axes(axes: Axes) -> Iterator[str]:
    yield f"axes {_numbers(axes.get_position().bounds)} {axes.axison}"
    yield from _of_axis(axes.xaxis, axes.get_xlim(), axes.get_xscale())
    yield from _of_axis(axes.yaxis, axes.get_ylim(), axes.get_yscale())
    for artist in axes.get_children():
        if artist is not axes.patch:
            yield from _of_artist(artist)
    legend = axes.get_legend()
    if legend is not None:
        yield f"key {[x.get_text() for x in legend.get_texts()]}"
        yield from (_of_line(x) for x in legend.get_lines())


def _of_axis(axis: Axis, limits: tuple[float, float], scale: str) -> Iterator[str]:
    labels = [x.get_text() for x in axis.get_ticklabels()]
    yield f"axis {_numbers(limits)} {scale} {labels} {axis.get_label().get_text()!r}"
    for minor in (False, True):
        yield f"ticks {_numbers(axis.get_ticklocs(minor=minor))}"


def _of_artist(artist: Artist) -> Iterator[str]:
    if isinstance(artist, Line2D):
        yield _of_line(artist)
    elif isinstance(artist, Text) and artist.get_text():
        yield _of_text(artist)
    elif isinstance(artist, Collection):
        yield _of_collection(artist)
    elif isinstance(artist, Rectangle):
        colour = _look(artist.get_facecolor())
        look = f"{artist.get_linewidth():g} {artist.get_alpha()} {artist.get_zorder()}"
        yield f"box {_numbers(artist.get_bbox().bounds)} {colour} {look}"


def _of_line(line: Line2D) -> str:
    look = (line.get_linewidth(), line.get_markersize(), line.get_markeredgewidth())
    colours = f"{_look(line.get_color())} {_look(line.get_markerfacecolor())}"
    return (
        f"line {_numbers(np.ravel(line.get_xydata()))} {colours} {line.get_marker()} "
        f"{line.get_linestyle()} {_numbers(look)} {line.get_alpha()} {line.get_zorder()}"
    )


def _of_text(text: Text) -> str:
    aligned = f"{text.get_horizontalalignment()} {text.get_verticalalignment()}"
    return (
        f"text {text.get_text()!r} {_numbers(text.get_position())} {text.get_fontsize():g} "
        f"{text.get_fontweight()} {_look(text.get_color())} {aligned}"
    )


def _of_collection(collection: Collection) -> str:
    ends = [np.ravel(path.vertices) for path in collection.get_paths()]
    numbers = np.concatenate(ends) if ends else np.array([])
    array: Any = collection.get_array()
    values = "" if array is None else f" {_numbers(np.ravel(array))} {collection.get_clim()}"
    colours = [_look(x) for x in collection.get_facecolor()]
    return f"area {_numbers(numbers)} {colours} {collection.get_alpha()}{values}"


def _look(colour: Any) -> str:
    return "none" if isinstance(colour, str) and colour == "none" else to_hex(colour, True)


def _numbers(values: Any) -> str:
    flat = [float(x) for value in values for x in np.ravel(np.asarray(value, float))]
    return " ".join(f"{x:.4g}" for x in flat)
