"""Two runs on the same folds, fold by fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .charts import (
    SMALL,
    accent,
    canvas_axes,
    pixel_axes,
    quiet_axes,
    text_width,
    wrapped,
    write,
    write_lines,
)
from .style import new_figure, points, theme
from .vision import readable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OTHER = "#E69F00"
"""The second run (Okabe-Ito orange), drawn as a square, the first as a dot."""

_ROW = 30


def comparison_figure(
    runs: tuple[str, str],
    folds: Sequence[str],
    first: Sequence[float],
    second: Sequence[float],
    metric: str,
    tests: Sequence[tuple[str, str]] = (),
    *,
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw one row a fold with both runs' metric and their difference, the mean below, then the p-values.

    ``first`` and ``second`` [folds] are shares between 0 and 1 of the same folds; ``metric`` names the axis;
    ``tests`` are pairs of a test's name and what it says ("p = 0.031"). Differences are first minus second.
    """
    colours, other = theme(dark), readable(OTHER, theme(dark).track)
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    titles = [*folds, "Mean"]
    left = 16 + max(text_width(one, bold=True) for one in titles)
    keys = [wrapped(name, width - 40) for name in runs]
    head = 20 * sum(map(len, keys)) + 34
    tall = _ROW * len(titles)
    said = [wrapped(name, width - 24 - text_width(p, bold=True)) for name, p in tests]
    height = head + tall + 48 + sum(18 * len(lines) + 6 for lines in said)
    figure = new_figure(width, height)
    canvas = canvas_axes(figure)
    y = 10
    for lines, marker, colour in zip(keys, "os", (accent(dark), other), strict=True):
        canvas.plot([8], [y], marker, color=colour, markersize=8, markeredgewidth=0)
        for line in lines:
            write(canvas, 24, y, line, colours.text)
            y += 20
    write(canvas, width - 2, head - 12, "first − second, points", colours.quiet, size=SMALL, align="right")
    axes = pixel_axes(figure, left, head, width - left - 92, tall)
    pairs = [*zip(first, second, strict=True), (first.mean(), second.mean())]
    for row, (title, (a, b)) in enumerate(zip(titles, pairs, strict=True)):
        mean = row == len(folds)
        middle = head + _ROW * (row + 0.5)
        write(canvas, 0, middle, title, colours.text, bold=mean)
        write(canvas, width - 2, middle, points(a - b), colours.text, align="right", bold=mean)
        axes.plot([a, b], [row, row], color=colours.rule, linewidth=3 if mean else 2, solid_capstyle="butt")
        size = 10 if mean else 7
        axes.plot([a], [row], "o", color=accent(dark), markersize=size, markeredgewidth=0)
        axes.plot([b], [row], "s", color=other, markersize=0.85 * size, markeredgewidth=0)
    axes.axhline(len(folds) - 0.5, color=colours.rule, linewidth=1)
    quiet_axes(axes, colours, grid="x")
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_ylim(len(titles) - 0.5, -0.5)
    axes.margins(x=0.06)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}")
    axes.xaxis.get_major_locator().set_params(nbins=5)
    write(
        canvas,
        left + (width - left - 92) / 2,
        head + tall + 30,
        f"{metric}, %",
        colours.quiet,
        size=SMALL,
        align="center",
    )
    top = head + tall + 46
    for lines, (_, p) in zip(said, tests, strict=True):
        room = 18 * len(lines) + 6
        write_lines(canvas, 0, top + room / 2, lines, colours.text)
        write(canvas, width - 2, top + room / 2, p, colours.text, align="right", bold=True)
        top += room
    return figure
