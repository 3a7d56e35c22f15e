"""A study's rows as dots: one small dot a fold, a large one for the mean, a line for its standard deviation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .charts import accent
from .style import FONT_SIZE, new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 36


def study_figure(
    titles: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    reference: int,
    unit: str,
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw ``values[row][fold]`` with the row's title at the left; a dashed line marks the reference's mean.

    ``unit`` names the axis; ``width`` is in CSS pixels.
    """
    colours = theme(dark)
    height = _ROW * len(titles) + 64
    figure = new_figure(width, height)
    room = min(0.45, (24 + 8.2 * max(len(one) for one in titles)) / width)
    axes = figure.add_axes((room, 52 / height, 1 - room - 0.03, 1 - 60 / height), facecolor="none")
    axes.axvline(float(np.mean(values[reference])), color=colours.rule, linestyle=(0, (4, 3)), linewidth=1)
    for row, folds in enumerate(values):
        mean, sd = float(np.mean(folds)), float(np.std(folds, ddof=1)) if len(folds) > 1 else 0.0
        colour, sign = (accent(dark), "D") if row == reference else (colours.quiet, "o")
        axes.plot([mean - sd, mean + sd], [row, row], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot(
            list(folds), [row] * len(folds), "o", color=colour, markersize=4, alpha=0.45, markeredgewidth=0
        )
        axes.plot([mean], [row], sign, color=colour, markersize=9, markeredgewidth=0)
    axes.set_ylim(len(titles) - 0.5, -0.5)
    axes.set_yticks(range(len(titles)), titles, fontsize=FONT_SIZE, color=colours.text, parse_math=False)
    axes.tick_params(axis="y", length=0, pad=8)
    axes.tick_params(axis="x", colors=colours.quiet, labelsize=FONT_SIZE - 1)
    axes.set_xlabel(
        f"{unit}; mean and standard deviation over folds", fontsize=FONT_SIZE - 1, color=colours.quiet
    )
    axes.grid(axis="x", color=colours.track, linewidth=1)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(colours.rule)
    return figure
