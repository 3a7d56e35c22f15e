"""The bag of electron images: the effect of leaving each out, and how much each counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .style import ACCENT, FONT_SIZE, bare_axes, new_figure, points, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 28
_HEAD = 32


@dataclass(frozen=True)
class BagRow:
    """One electron image.

    ``effect`` is the change of the class's probability when it is left out (-1 to 1); ``weight`` how
    much it counted (typicality, the centre has 1); ``remark`` replaces neither ("same as TEM-2").
    """

    key: str
    effect: float
    weight: float
    is_centre: bool
    kept: bool
    remark: str = ""


def bag_figure(
    rows: Sequence[BagRow],
    *,
    width: int = 720,
    dark: bool = False,
    colour: str = ACCENT,
    most: int = 30,
    counted: str = "How much it counted",
) -> Figure:
    """Draw a row per image in the given order: key, effect if left out, how much it counted.

    At most ``most`` rows are drawn; the last line says how many are not. ``width`` is in CSS pixels, ``counted`` the
    title of the weights.
    """
    shown = rows[:most]
    colours = theme(dark)
    lines = len(shown) + (len(rows) > len(shown))
    height = _HEAD + _ROW * lines
    figure = new_figure(width, height)
    axes = bare_axes(figure, (0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    left, right = 0.26 * width, 0.58 * width
    number, count_left, count_right = right + 72, right + 112, width - 56
    middle = (left + right) / 2
    largest = max((abs(row.effect) for row in rows if row.kept), default=0.0) or 1.0
    heaviest = max((row.weight for row in rows), default=0.0) or 1.0

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

    write(number, 12, "Effect if left out (points)", "right", quiet=True)
    write(width - 2, 12, counted, "right", quiet=True)
    for i, row in enumerate(shown):
        y = _HEAD + _ROW * (i + 0.5)
        write(0, y, row.key, bold=row.is_centre, quiet=not row.kept)
        write(72, y, _mark(row), quiet=True)
        if not row.kept:
            axes.plot([left, right], [y, y], color=colours.rule, linewidth=0.8, linestyle=(0, (2, 4)))
            write(number, y, "–", "right", quiet=True)
            write(width - 2, y, "–", "right", quiet=True)
            continue
        reach = (right - left) / 2 * row.effect / largest
        axes.barh(y, reach, left=middle, height=12, color=colour)
        write(number, y, points(row.effect), "right")
        axes.barh(y, count_right - count_left, left=count_left, height=4, color=colours.track)
        axes.barh(
            y,
            (count_right - count_left) * row.weight / heaviest,
            left=count_left,
            height=4,
            color=colours.bar,
        )
        write(width - 2, y, f"{row.weight:.2f}", "right")
    axes.plot([middle, middle], [_HEAD, _HEAD + _ROW * len(shown)], color=colours.rule, linewidth=0.8)
    if len(rows) > len(shown):
        write(0, height - _ROW / 2, f"and {len(rows) - len(shown)} more, in the table", quiet=True)
    return figure


def _mark(row: BagRow) -> str:
    if row.remark:
        return row.remark
    if not row.kept:
        return "set aside"
    return "◆ most typical" if row.is_centre else ""
