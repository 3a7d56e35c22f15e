"""Lengths on an image as people read them: cell sizes, scale bars, or "uncalibrated"."""

from __future__ import annotations

import math


def length_text(um: float) -> str:
    """A length in um or nm with two figures, for example "44 um" (with the micro sign) or "290 nm"."""
    if um < 1:
        return f"{_two_figures(um * 1000)} nm"
    if um >= 1000:
        return f"{_two_figures(um / 1000)} mm"
    return f"{_two_figures(um)} µm"


def cell_text(scale: tuple[float, float], pixel_um: float | None) -> str:
    """Size of one cell of a map, width by height, from its scale (row, column) in image pixels."""
    height, width = scale
    if pixel_um is None:
        return f"{round(width)} × {round(height)} px"
    first, second = length_text(width * pixel_um), length_text(height * pixel_um)
    number, unit = first.split()
    return f"{number} × {second}" if second.endswith(f" {unit}") else f"{first} × {second}"


def scale_bar(width: int, pixel_um: float, *, part: float = 0.22) -> tuple[float, str]:
    """Longest round length (1, 2 or 5 times a power of ten) within ``part`` of ``width`` pixels.

    Returns its length in pixels and its text; ``pixel_um`` is the size of a pixel in micrometres.
    """
    room = width * part * pixel_um
    power = 10.0 ** math.floor(math.log10(room))
    length = next(step * power for step in (5, 2, 1) if step * power <= room * (1 + 1e-9))
    return length / pixel_um, length_text(length)


def _two_figures(value: float) -> str:
    return f"{value:.2g}" if value < 9.95 else f"{value:.0f}"
