"""Whether two electron micrographs carry the same legend, so that one scale holds for both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .legend import Legend, find_legend, to_grey
from .scale_bar import Bar, bar_in_legend

_ALIKE = 0.9
"""Least correlation of one letter with another of the same place; 2 and 5 reach about 0.6, JPEG leaves 0.97."""


@dataclass(frozen=True)
class LegendLook:
    """The legend of one image as far as it tells the scale: its place, its bar, and its words.

    ``ground`` is uint8 [nearly all rows of the legend, all columns], without the bar itself.
    """

    shape: tuple[int, int]
    legend: Legend
    bar: Bar
    ground: np.ndarray = field(compare=False, repr=False)


def legend_look(array: np.ndarray) -> LegendLook | None:
    """The look of a picture's legend; None if it has no legend or no bar in it."""
    legend = find_legend(array)
    bar = bar_in_legend(array, legend)
    if bar is None:
        return None
    height, width = array.shape[:2]
    first = (
        height - legend.rows + (6 if legend.kind == "strip" else 0)
    )  # where JPEG mixes in the picture above
    ground = to_grey(array, first).clip(0, 255).astype(np.uint8)
    top = max(0, round(bar.row - first - bar.thickness / 2) - 2)
    ground[top : top + bar.thickness + 4] = round(legend.tone)
    return LegendLook((height, width), legend, bar, ground)


def same_scale(
    one: LegendLook,
    other: LegendLook,
    magnification: float | None = None,
    other_magnification: float | None = None,
) -> bool:
    """Whether two images of the same size have the same legend: strip, bar, words at the bar; and magnification if both are known."""
    if None not in (magnification, other_magnification) and magnification != other_magnification:
        return False
    a, b = one.bar, other.bar
    return (
        one.shape == other.shape
        and one.legend.kind == other.legend.kind
        and abs(one.legend.rows - other.legend.rows) <= 2
        and abs(one.legend.tone - other.legend.tone) <= 12
        and max(abs(a.row - b.row), abs(a.left - b.left)) <= 2
        and abs(a.length - b.length) <= 1.0
        and _same_words(one, other)
    )


def _same_words(one: LegendLook, other: LegendLook) -> bool:
    """Whether every letter of both captions has its like in the other."""
    rows, bar = min(len(one.ground), len(other.ground)), one.bar
    # They stand above, below or right of the bar.
    left, right = max(0, round(bar.left - 0.25 * bar.length)), round(bar.right + 0.75 * bar.length)
    first, second = (look.ground[-rows:, left:right].astype(np.float32) for look in (one, other))
    first, second = np.abs(first - one.legend.tone), np.abs(second - other.legend.tone)
    written = (np.maximum(first, second) > 60).any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], written.astype(np.int8), [0])))).reshape(-1, 2)
    return all(_correlation(first[:, a:b], second[:, a:b]) >= _ALIKE for a, b in edges if b - a >= 2)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    a, b = first - first.mean(), second - second.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0
