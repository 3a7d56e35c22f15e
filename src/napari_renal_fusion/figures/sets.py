"""Conformal sets: how large they are, and how often they contain the right class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .charts import (
    SMALL,
    WRONG,
    accent,
    badge,
    canvas_axes,
    pixel_axes,
    quiet_axes,
    text_width,
    wrapped,
    write,
    write_lines,
)
from .reliability import wilson
from .style import class_label, class_letters, new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 36


def sets_figure(
    names: Sequence[str],
    labels: Sequence[int],
    sets: Sequence[Sequence[int]],
    asked: float,
    *,
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw how many cases got a set of each size, and the coverage of all cases and of each class.

    ``labels`` [n] and ``sets`` [n] hold class indices; ``asked`` is the coverage asked for (0 to 1). An
    empty set means that no class is likely enough.
    """
    colours, letters, classes = theme(dark), class_letters(names), len(names)
    inside = np.array([label in one for label, one in zip(labels, sets, strict=True)])
    sizes = np.array([len(one) for one in sets])
    titles = ["All cases", *(class_label(names, c) for c in range(classes))]
    room = min(max(text_width(one, bold=True) for one in titles) + 36, 0.45 * width)
    names_of_rows = [wrapped(one, room - 28, bold=not row) for row, one in enumerate(titles)]
    tall = max(_ROW, 16 * max(map(len, names_of_rows)) + 4)
    height = 2 * 34 + _ROW * (classes + 1) + 26 + tall * (classes + 1) + 54
    figure = new_figure(width, height)
    canvas = canvas_axes(figure)
    write(canvas, 0, 12, "Classes in the set", colours.text, bold=True)
    axes = pixel_axes(figure, room + 8, 34, width - room - 8 - 72, _ROW * (classes + 1))
    for size in range(classes + 1):
        y = 34 + _ROW * (size + 0.5)
        said = "none (no opinion)" if size == 0 else "1 class" if size == 1 else f"{size} classes"
        write(canvas, 0, y, said, colours.text)
        right, wrong = int((inside & (sizes == size)).sum()), int((~inside & (sizes == size)).sum())
        axes.barh(size, right, height=0.5, color=accent(dark))
        axes.barh(
            size,
            wrong,
            left=right,
            height=0.5,
            color=WRONG,
            hatch="////",
            edgecolor=colours.track,
            linewidth=0,
        )
        write(canvas, width - 2, y, f"{right + wrong}", colours.text, align="right", bold=True)
    quiet_axes(axes, colours, grid="")
    _bare(axes, classes + 1)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    y = 34 + _ROW * (classes + 1) + 12
    _key(canvas, colours, accent(dark), room + 8 if width >= 560 else 0, y)
    top = 34 + _ROW * (classes + 1) + 60
    write(canvas, 0, top - 22, "Coverage", colours.text, bold=True)
    write(
        canvas, width - 2, top - 22, f"asked: {100 * asked:.0f} %", colours.quiet, align="right", size=SMALL
    )
    below = pixel_axes(figure, room + 8, top, width - room - 8 - 72, tall * (classes + 1))
    below.axvline(asked, color=colours.quiet, linewidth=1, linestyle=(0, (4, 4)))
    lows = []
    for row, lines in enumerate(names_of_rows):
        here = np.ones(len(sets), bool) if row == 0 else np.asarray(labels) == row - 1
        count, hits = int(here.sum()), int(inside[here].sum())
        y = top + tall * (row + 0.5)
        if row:
            badge(canvas, 10, y, letters[row - 1], row - 1, size=SMALL)
        write_lines(canvas, 28 if row else 0, y, lines, colours.text, 16, bold=not row)
        if not count:
            continue
        low, high = wilson(hits, count)
        lows.append(low)
        below.plot([low, high], [row, row], color=colours.bar, linewidth=3, solid_capstyle="round")
        below.plot(
            [hits / count], [row], "o", color=accent(dark), markersize=8, markeredgecolor=colours.track
        )
        write(canvas, width - 2, y, f"{100 * hits / count:.1f} %", colours.text, align="right", bold=not row)
    quiet_axes(below, colours, grid="x")
    _bare(below, classes + 1)
    low = max(0.0, np.floor(10 * min([*lows, asked]) - 0.2) / 10)
    below.set_xlim(low, 1.01)
    ticks = np.arange(low, 1.0001, 0.1 if low >= 0.4 else 0.2)
    below.set_xticks(ticks, [f"{100 * t:.0f}" for t in ticks])
    said = "sets that contain the right class, %, with 95 % interval"
    write(
        canvas,
        min(room + 8, width - text_width(said, SMALL) - 4),
        height - 12,
        said,
        colours.quiet,
        size=SMALL,
    )
    return figure


def _bare(axes, rows: int) -> None:
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_ylim(rows - 0.5, -0.5)


def _key(canvas, colours, right: str, x: float, y: float) -> None:
    for text, colour, hatch in (("contains the right class", right, None), ("does not", WRONG, "////")):
        canvas.barh(y, 16, left=x, height=10, color=colour, hatch=hatch, edgecolor=colours.track, linewidth=0)
        write(canvas, x + 22, y, text, colours.quiet, size=SMALL)
        x += 22 + text_width(text, SMALL) + 20
