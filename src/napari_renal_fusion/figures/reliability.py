"""The reliability diagram: how often answers of a given probability are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .charts import SMALL, WRONG, accent, canvas_axes, pixel_axes, quiet_axes, text_width, write
from .style import FONT_SIZE, new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def wilson(right: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927); (0, 1) of nothing."""
    if count == 0:
        return 0.0, 1.0
    share, square = right / count, z * z / count
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * np.sqrt(share * (1 - share) / count + square / (4 * count))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def reliability_figure(
    counts: Sequence[int],
    probability: Sequence[float],
    right: Sequence[float],
    error: float,
    *,
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw the share of right answers against their probability, a dot a bin, and the cases of each bin below.

    Parameters
    ----------
    counts, probability, right
        [B] of bins of equal width over (0, 1], as ``training.metrics.reliability_bins`` gives them: cases,
        mean probability of the answered class, share of right answers (each 0 to 1).
    error
        The expected calibration error: what the strokes from the dots to the diagonal add up to, each
        weighted with its cases.
    """
    counts, probability, right = np.asarray(counts), np.asarray(probability), np.asarray(right)
    colours, filled = theme(dark), np.flatnonzero(counts)
    left, side = 60, min(width - 72, 520)
    tall = min(side, 340)
    figure = new_figure(width, round(34 + tall + 20 + 84 + 48))
    canvas = canvas_axes(figure)
    said = f"Expected calibration error {100 * error:.1f} points · {int(counts.sum())} cases"
    size = FONT_SIZE if text_width(said, bold=True) < width else SMALL
    write(
        canvas, min(left, width - text_width(said, size, True)), 12, said, colours.text, bold=True, size=size
    )
    axes = pixel_axes(figure, left, 34, side, tall)
    below = pixel_axes(figure, left, 34 + tall + 20, side, 84)
    start = max(0.0, min(probability[filled], default=0.0) - 0.06)
    axes.plot([0, 1], [0, 1], color=colours.quiet, linewidth=1, linestyle=(0, (4, 4)))
    for b in filled:
        x, y = probability[b], right[b]
        low, high = wilson(round(y * counts[b]), int(counts[b]))
        axes.plot([x, x], [low, high], color=colours.bar, linewidth=1.4, solid_capstyle="butt", zorder=1.5)
        axes.plot([x, x], [x, y], color=WRONG, linewidth=3.5, solid_capstyle="butt", zorder=2)
        how = {"markersize": 8, "markeredgecolor": colours.track, "markeredgewidth": 1, "clip_on": False}
        axes.plot([x], [y], "o", color=accent(dark), zorder=4, **how)
    ticks = np.arange(0, 1.01, 0.2 if start < 0.3 else 0.1)
    for one in (axes, below):
        quiet_axes(one, colours, grid="both" if one is axes else "")
        one.set_xlim(start, 1.01)
        one.set_xticks(ticks[ticks >= start], [f"{100 * t:.0f}" for t in ticks if t >= start])
    axes.tick_params(labelbottom=False)
    axes.set_ylim(0, 1.03)
    axes.set_yticks(np.arange(0, 1.01, 0.2), [f"{20 * i}" for i in range(6)])
    axes.set_ylabel("right answers, %", fontsize=SMALL, color=colours.quiet)
    _counts(below, counts, colours)
    below.set_ylabel("cases", fontsize=SMALL, color=colours.quiet)
    below.set_xlabel("probability of the answered class, %", fontsize=SMALL, color=colours.quiet)
    for one in (axes, below):
        one.yaxis.set_label_coords(-38 / side, 0.5)
    beside = width >= left + side + 150
    _key(canvas, colours, accent(dark), left + side + 14 if beside else left + side - 146, 34 + tall - 50)
    return figure


def _counts(axes, counts: np.ndarray, colours) -> None:
    wide = 1 / len(counts)
    middles = (np.arange(len(counts)) + 0.5) * wide
    axes.bar(middles, counts, width=0.84 * wide, color=colours.bar)
    top = max(1, int(counts.max()))
    axes.set_ylim(0, 1.32 * top)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for x, count in zip(middles, counts, strict=True):
        if count:
            how = {"va": "bottom", "clip_on": True}
            write(
                axes, x, count + 0.04 * top, str(count), colours.quiet, align="center", size=SMALL - 1, **how
            )


def _key(canvas, colours, dot: str, x: float, top: float) -> None:
    """What dot, strokes and diagonal mean: beside the diagram, or in its lower right corner."""
    rows = [("dot", "share that is right"), ("interval", "its 95 % interval"), ("gap", "gap to the diagonal")]
    for i, (kind, text) in enumerate(rows):
        y = top + 19 * i
        if kind == "dot":
            canvas.plot([x + 4], [y], "o", color=dot, markersize=7, markeredgewidth=0)
        else:
            how = (colours.bar, 1.6) if kind == "interval" else (WRONG, 3.5)
            canvas.plot([x + 4, x + 4], [y - 7, y + 7], color=how[0], linewidth=how[1], solid_capstyle="butt")
        write(canvas, x + 16, y, text, colours.quiet, size=SMALL)
