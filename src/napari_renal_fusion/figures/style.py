"""Colours and type of every figure: safe for colour-blind readers, calm, light or dark."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCENT = "#0072B2"
"""The one accent colour (Okabe-Ito blue); classes use the others first."""

# Okabe-Ito, ordered so that the first classes are far apart and green never meets vermillion early.
_CLASS_COLOURS = ("#E69F00", "#56B4E9", "#CC79A7", "#F0E442", "#0072B2", "#D55E00", "#009E73", "#999999")

# The usual ones of Linux, Windows and macOS.
_CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback",
    "Microsoft YaHei", "SimHei", "PingFang SC", "Heiti SC", "Arial Unicode MS",
)  # fmt: skip

MODALITY_WORDS = {"OM": "light", "IM": "immunofluorescence", "TEM": "electron"}


@dataclass(frozen=True)
class Theme:
    """Text and line colours on one kind of background; ``bar`` is what shows a number without a colour of its own."""

    text: str
    quiet: str
    rule: str
    track: str
    bar: str


LIGHT = Theme(text="#1f2328", quiet="#656d76", rule="#c4cad0", track="#edf0f2", bar="#7d858d")
DARK = Theme(text="#f0f2f4", quiet="#a9b1b9", rule="#5b636b", track="#33393f", bar="#868e96")


def theme(dark: bool) -> Theme:
    """Colours for a dark background, or for a light one."""
    return DARK if dark else LIGHT


def class_colour(index: int) -> str:
    """Colour of a class, as ``#rrggbb``; colours repeat after eight classes, letters do not."""
    return _CLASS_COLOURS[index % len(_CLASS_COLOURS)]


@cache
def class_ink(index: int, dark: bool) -> str:
    """The colour of a class where it draws a line, a dot or a bar: 3:1 or more against the page and its tracks."""
    from .vision import readable

    return readable(class_colour(index), theme(dark).track)


@cache
def on_class_colour(index: int) -> str:
    """Ink for letters on :func:`class_colour`: black or white, whichever is easier to read."""
    from matplotlib.colors import to_rgb

    return ink_on(to_rgb(class_colour(index)))


def ink_on(fill: Sequence[float]) -> str:
    """Black or white, whichever is easier to read on a fill (sRGB, 0 to 1): always 4.5:1 or more."""
    from matplotlib.colors import to_rgb

    from .vision import contrast

    return max(("#000000", "#ffffff"), key=lambda ink: contrast(to_rgb(ink), fill))


def class_letters(names: Sequence[str]) -> tuple[str, ...]:
    """One short sign per class: its initial, its number, or A, B, C if initials are not unique."""
    numbers = tuple(name.split()[-1] for name in names if name.strip())
    if len(numbers) == len(names) and all(number.isdigit() for number in numbers):
        signs = numbers
    else:
        signs = tuple(name.strip()[:1].upper() for name in names)
    if all(signs) and len(set(signs)) == len(names):
        return signs
    return tuple(chr(ord("A") + i) if i < 26 else str(i + 1) for i in range(len(names)))


def class_label(names: Sequence[str], index: int) -> str:
    """Name of a class as it starts a line or a bar."""
    name = names[index]
    return name[:1].upper() + name[1:]


@cache
def font_families() -> list[str]:
    """Font families for text in pictures: DejaVu Sans, then whatever this computer has for Chinese names."""
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _CHINESE_FONTS if name in installed)]


def percent(value: float) -> str:
    """A probability as text; certainty is never rounded into existence ("> 99.9 %", "< 0.1 %")."""
    if 0.999 < value < 1:
        return "> 99.9 %"
    if 0 < value < 0.001:
        return "< 0.1 %"
    return f"{100 * value:.1f} %"


def points(value: float) -> str:
    """A change of a probability in percentage points, with its sign (a true minus)."""
    rounded = round(100 * value, 1)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return f"{sign}{abs(rounded):.1f}"


def new_figure(width: int, height: int) -> Figure:
    """An empty transparent figure of ``width`` x ``height`` CSS pixels, without pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 96, height / 96), dpi=96, facecolor="none")
    FigureCanvasAgg(figure)
    return figure


def bare_axes(figure: Figure, rectangle: tuple[float, float, float, float]) -> Axes:
    """Axes without frame or ticks; ``rectangle`` is left, bottom, width, height in fractions."""
    axes = figure.add_axes(rectangle, facecolor="none")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


FONT_SIZE = 10.5
"""Points; 14 CSS pixels, the body size of the report."""


def to_png(figure: Figure, scale: float = 2.0) -> bytes:
    """Render a figure as PNG, ``scale`` device pixels per CSS pixel, without metadata."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=96 * scale, metadata={"Software": None})
    return buffer.getvalue()


def to_svg(figure: Figure) -> bytes:
    """Render a figure as SVG with its glyphs as paths, so that it prints crisply on any machine."""
    buffer = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    return buffer.getvalue()
