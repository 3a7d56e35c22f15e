"""What each modality contributed to one class, and the answer without it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .style import (
    ACCENT,
    FONT_SIZE,
    MODALITY_WORDS,
    bare_axes,
    class_colour,
    class_letters,
    new_figure,
    on_class_colour,
    percent,
    points,
    theme,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 32


def contributions_figure(
    shapley: Mapping[str, float],
    baseline: float,
    probability: float,
    *,
    width: int = 720,
    dark: bool = False,
    colour: str = ACCENT,
) -> Figure:
    """Draw how one class's probability is built up: average, plus each modality, gives the answer.

    Parameters
    ----------
    shapley
        "OM", "IM", "TEM" -> contribution, -1 to 1; ``baseline`` plus their sum is ``probability``.
    width
        In CSS pixels.
    """
    rows = [("All modalities replaced", None, baseline)]
    rows += [(_modality_label(key), value, None) for key, value in shapley.items()]
    rows.append(("This case", None, probability))
    figure, axes, write = _rows(width, len(rows), dark)
    colours = theme(dark)
    levels = list(itertools.accumulate(shapley.values(), initial=baseline))
    # Single steps may pass below 0 or above 1 although the answer cannot.
    low, high = min(0.0, *levels), max(1.0, *levels)
    left, right = 0.3 * width, width - 72
    unit = (right - left) / (high - low)
    level = 0.0
    for i, (label, step, total) in enumerate(rows):
        y = _ROW * (i + 0.5)
        start, end = (0.0, total) if step is None else (level, level + step)
        last = i == len(rows) - 1
        write(0, y, label, quiet=i == 0, bold=last)
        axes.barh(
            y,
            (end - start) * unit,
            left=left + (start - low) * unit,
            height=12,
            color=colours.bar if i == 0 else colour,
        )
        write(
            width - 2, y, percent(total) if step is None else points(step), "right", quiet=i == 0, bold=last
        )
        if not last:
            at = left + (end - low) * unit
            axes.plot([at, at], [y + 6, y + _ROW - 6], color=colours.rule, linewidth=0.8)
        level = end
    return figure


def without_figure(
    names: Sequence[str],
    probabilities: Sequence[float],
    without: Mapping[str, Sequence[float]],
    *,
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw the answer with everything and without each modality, a stacked bar each.

    ``names`` and ``probabilities`` per class; ``without`` maps "OM", "IM", "TEM" to probabilities.
    """
    rows = [("With everything", probabilities)]
    rows += [(f"Without {MODALITY_WORDS.get(key, key)}", values) for key, values in without.items()]
    figure, axes, write = _rows(width, len(rows), dark)
    letters = class_letters(names)
    left, right = 0.3 * width, width - 2
    for i, (label, values) in enumerate(rows):
        y = _ROW * (i + 0.5)
        write(0, y, label, bold=i == 0)
        at = left
        for c, value in enumerate(values):
            wide = value * (right - left)
            axes.barh(
                y, wide, left=at, height=20, color=class_colour(c), edgecolor=theme(dark).text, linewidth=0.8
            )
            if wide > 64:
                axes.text(
                    at + 8,
                    y,
                    letters[c],
                    va="center_baseline",
                    fontsize=FONT_SIZE,
                    color=on_class_colour(c),
                    fontweight="bold",
                )
                axes.text(
                    at + wide - 8,
                    y,
                    f"{100 * value:.0f} %",
                    ha="right",
                    va="center_baseline",
                    fontsize=FONT_SIZE,
                    color=on_class_colour(c),
                )
            at += wide
    return figure


def _modality_label(key: str) -> str:
    word = MODALITY_WORDS.get(key, key)
    return f"{word[:1].upper()}{word[1:]}"


def _rows(width: int, count: int, dark: bool):
    figure = new_figure(width, _ROW * count)
    axes = bare_axes(figure, (0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(_ROW * count, 0)
    colours = theme(dark)

    def write(x, y, text, align="left", quiet=False, bold=False):
        axes.text(
            x,
            y,
            text,
            ha=align,
            va="center_baseline",
            fontsize=FONT_SIZE,
            parse_math=False,
            color=colours.quiet if quiet else colours.text,
            fontweight="bold" if bold else "normal",
        )

    return figure, axes, write
