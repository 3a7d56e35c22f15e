"""Distance of known patients to the training patients, with the limit above which a case fits none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .charts import (
    SMALL,
    WRONG,
    badge,
    canvas_axes,
    pixel_axes,
    quiet_axes,
    text_width,
    wrapped,
    write,
    write_lines,
)
from .style import class_ink, class_label, class_letters, new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 32


def distances_figure(
    names: Sequence[str],
    labels: Sequence[int],
    distances: Sequence[float],
    limit: float | None,
    accepts: Mapping[str, float] | None = None,
    *,
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw a histogram of all cases and a row of dots per class; right of ``limit`` lies "fits none".

    ``distances`` [n] of known patients, each measured by a model that never saw the patient (without a
    unit); ``accepts[class name]`` is the share of that class that was taken for a known one when it
    was left out of the training, written at the right.
    """
    colours, letters, classes, accepts = theme(dark), class_letters(names), len(names), accepts or {}
    labels, distances = np.asarray(labels), np.asarray(distances, dtype=float)
    over = np.zeros(len(distances), bool) if limit is None else distances > limit
    titles = [class_label(names, c) for c in range(classes)]
    room = min(max(map(text_width, titles)) + 36, 0.4 * width)
    lines = [wrapped(one, room - 32) for one in titles]
    row = max(_ROW, 15 * max(map(len, lines)) + 4)
    numbers = 88 if accepts else 8
    wide, tall = width - room - numbers - 8, 132
    height = 40 + tall + 12 + row * classes + 50 + (20 if accepts else 0)
    figure = new_figure(width, height)
    canvas = canvas_axes(figure)
    axes = pixel_axes(figure, room, 40, wide, tall)
    rows = pixel_axes(figure, room, 40 + tall + 12, wide, row * classes)
    low, end = float(distances.min()), max([*distances, distances[0] if limit is None else limit])
    pad = 0.05 * (end - low) or 1.0
    end += pad
    edges = np.linspace(low - pad, end, 25 if width > 480 else 17)
    axes.hist(distances[~over], bins=edges, color=colours.bar, rwidth=0.9)
    if over.any():
        axes.hist(distances[over], bins=edges, color=WRONG, rwidth=0.9, hatch="////", edgecolor=colours.track)
    rng = np.random.default_rng(0)
    for c in range(classes):
        y = 40 + tall + 12 + row * (c + 0.5)
        badge(canvas, 10, y, letters[c], c, size=SMALL)
        write_lines(canvas, 28, y, lines[c], colours.text, 15)
        for refused, marker in ((False, "o"), (True, "X")):
            here = (labels == c) & (over == refused)
            heights = c + rng.uniform(-0.24, 0.24, here.sum())
            colour, size = (WRONG, 7) if refused else (class_ink(c, dark), 5)
            axes_how = {"color": colour, "markersize": size, "markeredgewidth": 0}
            rows.plot(distances[here], heights, marker, **axes_how)
        if names[c] in accepts:
            write(canvas, width - 2, y, f"{100 * accepts[names[c]]:.1f} %", colours.text, align="right")
    for one in (axes, rows):
        quiet_axes(one, colours, grid="" if one is axes else "x")
        one.set_xlim(edges[0], end)
        if limit is not None:
            one.axvline(limit, color=colours.text, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.tick_params(labelbottom=False)
    axes.set_ylabel("cases", fontsize=SMALL, color=colours.quiet)
    axes.yaxis.set_label_coords(-36 / wide, 0.5)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    rows.spines["left"].set_visible(False)
    rows.set_yticks([])
    rows.set_ylim(classes - 0.5, -0.5)
    bottom = 40 + tall + 12 + row * classes
    middle = room + wide / 2
    write(
        canvas,
        middle,
        bottom + 34,
        "distance to the training patients",
        colours.quiet,
        size=SMALL,
        align="center",
    )
    _limit_words(canvas, colours, over, limit, room, wide, edges[0], end, width)
    if accepts:
        said = "at the right: taken for known when its class was left out"
        write(canvas, width - 2, bottom + 54, said, colours.quiet, size=SMALL, align="right")
    return figure


def _limit_words(canvas, colours, over, limit, left, wide, start, end, width) -> None:
    said = "no limit: nothing is refused"
    at = left
    if limit is not None:
        said = f"fits none above {limit:.3g}: {int(over.sum())} of {len(over)} known patients refused"
        at = left + wide * (limit - start) / (end - start)
    half = text_width(said, SMALL) / 2
    write(
        canvas, min(max(at, half + 2), width - half - 2), 14, said, colours.text, size=SMALL, align="center"
    )
