"""Probabilities of the classes as horizontal bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .style import (
    FONT_SIZE,
    bare_axes,
    class_colour,
    class_ink,
    class_label,
    class_letters,
    new_figure,
    on_class_colour,
    percent,
    theme,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 32


def probabilities_figure(
    names: Sequence[str], probabilities: Sequence[float], *, width: int = 720, dark: bool = False
) -> Figure:
    """Draw one bar per class, the most probable first, each with its letter and its number.

    ``names`` are shown as given; ``probabilities`` lie between 0 and 1; ``width`` is in CSS pixels.
    """
    colours = theme(dark)
    letters = class_letters(names)
    order = sorted(range(len(names)), key=lambda i: -probabilities[i])
    figure = new_figure(width, _ROW * len(names))
    axes = bare_axes(figure, (0, 0, 1, 1))
    # Data units are CSS pixels, so that the layout can be read off.
    axes.set_xlim(0, width)
    axes.set_ylim(_ROW * len(names), 0)
    left, right = 36 + _name_room(names, width), width - 72
    for row, i in enumerate(order):
        y = _ROW * (row + 0.5)
        first = row == 0
        axes.text(
            14,
            y,
            letters[i],
            ha="center",
            va="center_baseline",
            fontsize=FONT_SIZE,
            color=on_class_colour(i),
            fontweight="bold",
            bbox={"boxstyle": "circle,pad=0.25", "fc": class_colour(i), "ec": "none"},
        )
        axes.text(
            36,
            y,
            class_label(names, i),
            va="center_baseline",
            fontsize=FONT_SIZE,
            parse_math=False,
            color=colours.text if first else colours.quiet,
            fontweight="bold" if first else "normal",
        )
        axes.barh(y, right - left, left=left, height=12, color=colours.track)
        axes.barh(y, (right - left) * probabilities[i], left=left, height=12, color=class_ink(i, dark))
        axes.text(
            width - 2,
            y,
            percent(probabilities[i]),
            ha="right",
            va="center_baseline",
            fontsize=FONT_SIZE,
            color=colours.text,
            fontweight="bold" if first else "normal",
        )
    return figure


def _name_room(names: Sequence[str], width: int) -> float:
    # 9.2 px a character holds for 14-px bold DejaVu Sans, the widest face used here.
    return min(width * 0.55, 24 + 9.2 * max((len(name) for name in names), default=0))
