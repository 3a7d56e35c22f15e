"""Metrics of every fold: dots, mean and standard deviation, and the numbers beside them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .charts import SMALL, accent, canvas_axes, mean_sd, pixel_axes, quiet_axes, text_width, write
from .style import new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 36

METRIC_TITLES = {
    "accuracy": "Accuracy",
    "auc": "AUC",
    "precision": "Precision",
    "recall": "Sensitivity",
    "specificity": "Specificity",
    "f1": "F1",
    "c_index": "C-index",
    "time_auc": "AUC over time",
    "cox_c_index": "C-index of ridge Cox",
    "brier": "Brier score",
}
"""Names for people, in the order of the papers; a metric that is not listed shows under its own name."""


def metric_title(name: str) -> str:
    """The name of a metric for people."""
    return METRIC_TITLES.get(name, name[:1].upper() + name[1:].replace("_", " "))


def fold_metrics_figure(
    values: Mapping[str, Sequence[float]],
    intervals: Mapping[str, tuple[float, float]] | None = None,
    *,
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw a row per metric: a small dot a fold, the mean, one standard deviation (ddof 1), the numbers.

    ``values[metric]`` are shares between 0 and 1, one a fold; ``intervals[metric]`` the 95 % interval of the
    pooled cases, drawn as a pale bar and written where ``width`` (CSS pixels) leaves room.
    """
    intervals, colours = intervals or {}, theme(dark)
    wide = width >= 560 and bool(intervals)
    numbers = 108 + (128 if wide else 0)
    left = 12 + max(text_width(metric_title(name)) for name in values)
    head, height = 28, 28 + _ROW * len(values) + 62
    figure = new_figure(width, height)
    canvas = canvas_axes(figure)
    axes = pixel_axes(figure, left + 8, head, width - left - numbers - 24, _ROW * len(values))
    everything = [v for one in values.values() for v in one] + [
        v for pair in intervals.values() for v in pair
    ]
    low = max(0.0, np.floor((min(everything) - 0.01) * 20) / 20)
    end = width - 2
    write(canvas, end - (128 if wide else 0), 10, "mean ± sd, %", colours.quiet, size=SMALL, align="right")
    if wide:
        write(canvas, end, 10, "95 % interval", colours.quiet, size=SMALL, align="right")
    for row, (name, folds) in enumerate(values.items()):
        mean = float(np.mean(folds))
        sd = float(np.std(folds, ddof=1)) if len(folds) > 1 else None
        y = head + _ROW * (row + 0.5)
        write(canvas, 0, y, metric_title(name), colours.text)
        said = mean_sd(mean, sd)
        write(canvas, end - (128 if wide else 0), y, said, colours.text, align="right", bold=True)
        if name in intervals:
            pair = intervals[name]
            axes.barh(
                row,
                pair[1] - pair[0],
                left=pair[0],
                height=0.5,
                color=(accent(dark), 0.14),
                edgecolor=accent(dark),
                linewidth=0.8,
            )
            if wide:
                said = f"{100 * pair[0]:.1f} to {100 * pair[1]:.1f}"
                write(canvas, end, y, said, colours.quiet, align="right")
        if sd:
            axes.plot(
                [mean - sd, mean + sd], [row, row], color=accent(dark), linewidth=2.5, solid_capstyle="round"
            )
        axes.plot(
            list(folds), _spread(folds, row), "o", color=colours.quiet, markersize=4.5, markeredgewidth=0
        )
        axes.plot(
            [mean], [row], "D", color=accent(dark), markersize=8, markeredgecolor=colours.track, zorder=3
        )
    quiet_axes(axes, colours, grid="x")
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_xlim(low, 1.005)
    step = 0.05 if 1 - low <= 0.25 and width > 480 else 0.1 if 1 - low <= 0.55 else 0.2
    ticks = np.arange(np.ceil(low / step) * step, 1.0001, step)
    axes.set_xticks(ticks, [f"{100 * t:.0f} %" for t in ticks])
    key = "dot: a fold · diamond: mean · line: ± 1 sd"
    if intervals and width >= 560:
        key += " · pale bar: 95 % interval of the pooled cases"
    write(canvas, 0, height - 14, key, colours.quiet, size=SMALL)
    return figure


def _spread(folds: Sequence[float], row: int) -> list[float]:
    """Heights of the dots: equal values stand beside each other, as two folds must not look like one."""
    order, heights = np.argsort(folds, kind="stable"), np.full(len(folds), float(row))
    for before, now in itertools.pairwise(order):
        if abs(folds[now] - folds[before]) < 0.004:
            heights[now] = row + (0.17 if heights[before] <= row else -0.17)
    return list(heights)
