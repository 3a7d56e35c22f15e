"""An image with its heat map above a legend strip that says what it is; nothing is written on tissue."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .contours import FRACTIONS, contour_levels
from .heat import (
    WIDTHS,
    HeatStyle,
    cell_colours,
    line_colours,
    line_width,
    pixel_figure,
    rendered,
)
from .lengths import scale_bar
from .style import font_families, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Without a Chinese font the picture shows boxes; a console line for every one of them helps nobody.
warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")

RESEARCH = "Model opinion — research use only"
NOT_SEGMENTATION = "(not a segmentation)"
SET_ASIDE = "Set aside: unlike the others (not: unimportant)"

_LEAST_WIDTH = 640


@dataclass(frozen=True)
class Legend:
    """What the strip under a picture says.

    ``pixel_um`` is the size of one pixel of the picture (not of the original) in micrometres, None if
    uncalibrated; ``limits`` the case's lowest and highest raw value, None if there is no map. A diagram is not an
    image that could be ``is_measured``, and has no scale bar.
    """

    title: str
    details: tuple[str, ...] = ()
    pixel_um: float | None = None
    limits: tuple[float, float] | None = None
    style: HeatStyle = "contours"
    outlined: bool = False
    is_measured: bool = True
    research: str = RESEARCH


def with_legend(picture: np.ndarray, legend: Legend, *, dark: bool) -> np.ndarray:
    """Put a picture (uint8 [h, w, 3], unchanged, at the top left) above its legend strip.

    Pictures narrower than 640 pixels get a surround on the right, so that the strip can be read.
    """
    width = max(picture.shape[1], _LEAST_WIDTH)
    strip = legend_strip(width, picture.shape[1], legend, dark=dark)
    surround = np.full((picture.shape[0], width, 3), 0 if dark else 255, dtype=np.uint8)
    surround[:, : picture.shape[1]] = picture
    return np.concatenate([surround, strip])


def legend_strip(width: int, picture_width: int, legend: Legend, *, dark: bool) -> np.ndarray:
    """Draw the strip alone: uint8 [height, width, 3]; its height follows from its text."""
    # Laid out once on a strip that is high enough for anything, then drawn at its own height.
    measured: dict[tuple[str, bool], float] = {}
    height = _Strip(pixel_figure(width, 2000), width, 2000, dark, measured).write(legend, picture_width)
    figure = pixel_figure(width, height)
    figure.set_facecolor("#000000" if dark else "#ffffff")
    _Strip(figure, width, height, dark, measured).write(legend, picture_width)
    return rendered(figure)[..., :3].copy()


class _Strip:
    """Writes text and samples from the top down, in pixels; says how far it came."""

    def __init__(
        self, figure: Figure, width: int, height: int, dark: bool, measured: dict[tuple[str, bool], float]
    ):
        self.measured = measured
        self.figure, self.width, self.height, self.dark = figure, width, height, dark
        self.colours = theme(dark)
        self.size = min(max(width / 66, 12.5), 24.0)
        self.pad = round(self.size)
        self.renderer = figure.canvas.get_renderer()

    def write(self, legend: Legend, picture_width: int) -> int:
        bar_left = self._bar(legend, picture_width)
        y = self.pad
        y = self._paragraph(legend.title, y, bar_left, bold=True)
        for line in legend.details:
            y = self._paragraph(line, y, bar_left)
        y += 0.35 * self.size
        y = self._samples(legend, y, picture_width)
        return round(y + 0.6 * self.pad)

    def _text(self, x, y, text, *, bold=False, quiet=False, align="left") -> float:
        """Write one line whose top is at ``y``; returns its width."""
        self.figure.text(
            x / self.width,
            1 - (y + self.size) / self.height,
            text,
            fontsize=self.size,
            fontfamily=font_families(),
            fontweight="bold" if bold else "normal",
            ha=align,
            va="baseline",
            color=self.colours.quiet if quiet else self.colours.text,
            parse_math=False,
        )
        return self._measure(text, bold)

    def _measure(self, text: str, bold: bool = False) -> float:
        from matplotlib.font_manager import FontProperties

        if (text, bold) not in self.measured:
            font = FontProperties(family=font_families(), size=self.size, weight="bold" if bold else "normal")
            self.measured[text, bold] = self.renderer.get_text_width_height_descent(text, font, False)[0]
        return self.measured[text, bold]

    def _line(self, x0, x1, y, **how) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.transforms import IdentityTransform

        down = self.height - y
        self.figure.add_artist(Line2D([x0, x1], [down, down], transform=IdentityTransform(), **how))

    def _paragraph(self, text: str, y: float, right: float, bold: bool = False) -> float:
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and self.pad + self._measure(longer, bold) > right:
                self._text(self.pad, y, line, bold=bold, quiet=not bold)
                y, longer = y + 1.45 * self.size, word
            line = longer
        self._text(self.pad, y, line, bold=bold, quiet=not bold)
        return y + 1.45 * self.size

    def _bar(self, legend: Legend, picture_width: int) -> float:
        """The scale bar at the top right; returns where text must end."""
        right = self.width - self.pad
        if not legend.is_measured:
            return right
        if legend.pixel_um is None:
            return right - self._text(right, self.pad, "uncalibrated", quiet=True, align="right") - self.size
        length, text = scale_bar(picture_width, legend.pixel_um)
        y = self.pad + 0.65 * self.size
        self._line(
            right - length,
            right,
            y,
            color=self.colours.text,
            linewidth=self.size / 4.5,
            solid_capstyle="butt",
        )
        label = right - length - 0.6 * self.size
        return label - self._text(label, self.pad, text, align="right") - self.size

    def _samples(self, legend: Legend, y: float, picture_width: int) -> float:
        """What each kind of line or colour means, and the research sentence at the right end."""
        x, items = self.pad, []
        if legend.limits is not None and legend.style == "cells":
            items.append((self._colour_sample, _range_text(legend.limits)))
        elif legend.limits is not None and contour_levels(legend.limits):
            highest = value_text(legend.limits[1])
            for i, fraction in enumerate(FRACTIONS):
                last = i == len(FRACTIONS) - 1
                text = f"{100 * fraction:.0f} % of {highest}" if last else f"{100 * fraction:.0f} %"
                items.append((self._contour_sample(i, picture_width), text))
        if legend.outlined:
            items.append((self._outline_sample, "what the model saw"))
        for draw, text in items:
            needed = 2.4 * self.size + self._measure(text)
            if x > self.pad and x + needed > self.width - self.pad:
                x, y = self.pad, y + 1.45 * self.size
            draw(x, y)
            self._text(x + 2.4 * self.size, y, text, quiet=True)
            x += needed + 1.2 * self.size
        if x + self._measure(legend.research) > self.width - self.pad:
            y += 1.45 * self.size
        self._text(self.width - self.pad, y, legend.research, quiet=True, align="right")
        return y + 1.45 * self.size

    def _contour_sample(self, i: int, picture_width: int):
        colour, _, edge = line_colours(self.dark)
        unit = line_width(picture_width)

        def draw(x, y):
            for ink, width in ((edge, WIDTHS[i] * unit + 1.8 * unit), (colour, WIDTHS[i] * unit)):
                self._line(x, x + 1.9 * self.size, y + 0.65 * self.size, color=ink, linewidth=width)

        return draw

    def _outline_sample(self, x: float, y: float) -> None:
        self._line(
            x,
            x + 1.9 * self.size,
            y + 0.65 * self.size,
            linewidth=line_width(self.width),
            color=line_colours(self.dark)[1],
            linestyle=(0, (4, 4)),
        )

    def _colour_sample(self, x: float, y: float) -> None:
        steps = np.linspace(0, 1, 24)
        wide = 1.9 * self.size / len(steps)
        for i, colour in enumerate(cell_colours(steps, (0.0, 1.0))):
            self._line(
                x + i * wide,
                x + (i + 1.2) * wide,
                y + 0.65 * self.size,
                color=colour,
                linewidth=0.8 * self.size,
                solid_capstyle="butt",
            )


def value_text(value: float) -> str:
    """A raw map value with three figures, with a true minus."""
    return f"{value:.3g}".replace("-", "−")


def _range_text(limits: tuple[float, float]) -> str:
    return f"{value_text(limits[0])} to {value_text(limits[1])}"
