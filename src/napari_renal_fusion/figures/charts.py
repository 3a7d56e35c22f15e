"""What charts with axes share: axes placed in CSS pixels, quiet lines, and text that is measured first."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from .style import ACCENT, FONT_SIZE, Theme, class_colour, font_families, on_class_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

SMALL = FONT_SIZE - 1.5
"""Points; 12 CSS pixels, for ticks and axis names."""

ACCENT_ON_DARK = "#56B4E9"

WRONG = "#D55E00"
"""What went wrong (Okabe-Ito vermillion); always with a second sign: a hatch, an open dot or a word."""


def accent(dark: bool) -> str:
    """The accent colour that stands out of a dark page, or of a light one."""
    return ACCENT_ON_DARK if dark else ACCENT


def pixel_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes whose box is given in CSS pixels from the figure's top left corner."""
    whole_width, whole_height = 96 * figure.get_size_inches()
    place = (
        left / whole_width,
        1 - (top + height) / whole_height,
        width / whole_width,
        height / whole_height,
    )
    return figure.add_axes(place, facecolor="none")


def canvas_axes(figure: Figure) -> Axes:
    """Axes over the whole figure whose units are CSS pixels from its top left corner, for text and rows."""
    from .style import bare_axes

    width, height = 96 * figure.get_size_inches()
    axes = bare_axes(figure, (0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    return axes


def quiet_axes(axes: Axes, colours: Theme, *, grid: str = "both") -> None:
    """Only a left and a bottom line, a faint grid (``both``, ``x``, ``y`` or an empty text), small figures."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(colours.rule)
    axes.tick_params(colors=colours.quiet, labelsize=SMALL, color=colours.rule, length=3)
    if grid:
        axes.grid(axis=grid, color=colours.track, linewidth=1)
    axes.set_axisbelow(True)


def write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    colour: str,
    *,
    align: str = "left",
    bold: bool = False,
    size: float = FONT_SIZE,
    **how,
) -> Text:
    """Text at data coordinates, centred on its line; class names may be Chinese or hold a dollar sign."""
    how = {"va": "center_baseline", "parse_math": False, "fontfamily": font_families()} | how
    weight = "bold" if bold else "normal"
    return axes.text(x, y, text, ha=align, color=colour, fontsize=size, fontweight=weight, **how)


def badge(axes: Axes, x: float, y: float, letter: str, index: int, size: float = FONT_SIZE, **how) -> None:
    """The letter of a class on a disc of its colour."""
    write(
        axes, x, y, letter, on_class_colour(index), align="center", bold=True, size=size,
        bbox={"boxstyle": "circle,pad=0.25", "fc": class_colour(index), "ec": "none"}, **how,
    )  # fmt: skip


@lru_cache(maxsize=512)
def text_width(text: str, size: float = FONT_SIZE, bold: bool = False) -> float:
    """Width of one line in CSS pixels as it will be drawn."""
    from matplotlib.font_manager import FontProperties

    from .style import new_figure

    font = FontProperties(family=font_families(), size=size, weight="bold" if bold else "normal")
    return new_figure(8, 8).canvas.get_renderer().get_text_width_height_descent(text, font, False)[0]


def wrapped(text: str, room: float, size: float = FONT_SIZE, bold: bool = False) -> list[str]:
    """Break a text into lines of at most ``room`` CSS pixels; a word that is longer is broken, not cut off."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, size, bold) <= room:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for sign in word:
            if lines[-1] and text_width(lines[-1] + sign, size, bold) > room:
                lines.append("")
            lines[-1] += sign
    return lines


def mean_sd(mean: float, sd: float | None) -> str:
    """Mean and standard deviation of a share, in percent without the sign: "95.4 ± 2.4"."""
    return f"{100 * mean:.1f}" if sd is None else f"{100 * mean:.1f} ± {100 * sd:.1f}"


def fold_title(unit: str) -> str:
    """A fold's name for people: ``repeat-2-fold-1`` becomes "Repeat 2, fold 1"."""
    words = unit.replace("-fold", ",-fold").replace("-", " ")
    return words[:1].upper() + words[1:]


def write_lines(
    axes: Axes, x: float, y: float, lines: list[str], colour: str, step: float = 18, **how
) -> None:
    """Lines of text centred about ``y`` on axes whose units are CSS pixels."""
    for i, line in enumerate(lines):
        write(axes, x, y + step * (i - (len(lines) - 1) / 2), line, colour, **how)
