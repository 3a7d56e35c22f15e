"""A heat map drawn on its image, pixel for pixel: an array in, an RGB array of the same size out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from .contours import FRACTIONS, contour_levels, contours
from .zoom import Box

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HeatStyle = Literal["contours", "cells"]

# On dark images magenta contours and a white outline, never green or red, which are stains there; on light
# stained tissue, where magenta would drown in eosin and PAS, a near-black line in a white edge.
_DARK = ("#FF4DFF", "#FFFFFF", "#1A001A")
_LIGHT = ("#101828", "#101828", "#FFFFFF")
WIDTHS = (1.0, 1.7, 2.6)
"""Widths of the three contours, lowest level first, in units of the picture's line width."""


def line_width(width: int) -> float:
    """Base line width in pixels for a picture ``width`` pixels wide."""
    return max(1.0, width / 640)


def line_colours(dark: bool) -> tuple[str, str, str]:
    """Colours of the contours, of the outline, and of the edge of both."""
    return _DARK if dark else _LIGHT


def draw_heat(
    image: np.ndarray,
    raw: np.ndarray | None,
    scale: tuple[float, float],
    translate: tuple[float, float],
    *,
    limits: tuple[float, float],
    dark: bool,
    style: HeatStyle = "contours",
    box: Box | None = None,
    opacity: float = 0.5,
    unit: float | None = None,
) -> np.ndarray:
    """Draw a raw map on an image.

    Parameters
    ----------
    image
        uint8 [h, w] or [h, w, 3].
    raw
        Float [rows, columns]; None draws the outline only.
    scale, translate
        Placement of the map in pixels of this very image (see ``zoom_placement``), pixel centres.
    limits
        Lowest and highest raw value of the whole case: one scale for all its images.
    dark
        Whether this is a dark image (immunofluorescence, electron): chooses line colours.
    box
        What the model saw; outlined with a dashed line unless it is the whole image.
    opacity
        Of the cells, 0 to 1.
    unit
        Base line width in pixels; by default it follows the picture's width.

    Returns
    -------
    uint8 [h, w, 3], the same pixels with the map on top.
    """
    picture = np.repeat(image[..., None], 3, axis=-1) if image.ndim == 2 else image
    if raw is not None and style == "cells":
        picture = _blend_cells(picture, raw, scale, translate, limits, opacity)
    paths = []
    if raw is not None and style == "contours":
        paths = contours(raw, scale, translate, contour_levels(limits))
    outlined = box is not None and not covers_all(box, picture.shape[:2])
    if not paths and not outlined:
        return picture.copy()
    return _draw_lines(
        picture, paths, limits, box if outlined else None, dark, unit or line_width(picture.shape[1])
    )


def covers_all(box: Box, shape: tuple[int, int]) -> bool:
    """Whether a box is the whole image of (height, width), or more, to half a pixel."""
    top, left, height, width = box
    return top <= 0.5 and left <= 0.5 and top + height >= shape[0] - 0.5 and left + width >= shape[1] - 0.5


def cell_colours(raw: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Cividis colours of raw values on the case's scale: float [..., 3], 0 to 1."""
    from matplotlib import colormaps

    low, high = limits
    span = high - low
    part = (np.asarray(raw, dtype=float) - low) / span if span > 0 else np.zeros(np.shape(raw))
    return colormaps["cividis"](np.clip(part, 0, 1))[..., :3]


def coverage(pixels: int, cells: int, scale: float, translate: float) -> np.ndarray:
    """Part of each pixel that each cell covers along one axis: float [pixels, cells], rows sum to <= 1."""
    edges = (np.arange(cells + 1) - 0.5) * scale + translate
    first = np.arange(pixels)[:, None] - 0.5
    upper = np.minimum(edges[1:], first + 1)
    lower = np.maximum(edges[:-1], first)
    return np.clip(upper - lower, 0, None)


def _blend_cells(picture, raw, scale, translate, limits, opacity) -> np.ndarray:
    # Cells are blended by the area they cover, so that their edges lie where they are, not at the next pixel.
    rows = coverage(picture.shape[0], raw.shape[0], scale[0], translate[0]).astype(np.float32)
    columns = coverage(picture.shape[1], raw.shape[1], scale[1], translate[1]).astype(np.float32)
    colours = (255 * cell_colours(raw, limits)).astype(np.float32)
    alpha = opacity * np.outer(rows.sum(axis=1), columns.sum(axis=1))
    blended = np.empty_like(picture)
    for channel in range(3):
        colour = opacity * (rows @ colours[..., channel] @ columns.T)
        blended[..., channel] = np.rint(picture[..., channel] * (1 - alpha) + colour)
    return blended


def pixel_figure(width: int, height: int) -> Figure:
    """A transparent Agg figure of exactly ``width`` x ``height`` pixels in which 1 point = 1 pixel."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Agg truncates; the hundredth keeps 113 / 72 * 72 from becoming 112.
    figure = Figure(figsize=((width + 0.01) / 72, (height + 0.01) / 72), dpi=72, facecolor="none")
    FigureCanvasAgg(figure)
    return figure


def rendered(figure: Figure) -> np.ndarray:
    """Pixels of a :func:`pixel_figure`: uint8 [height, width, 4]."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def _draw_lines(picture, paths, limits, box, dark, unit) -> np.ndarray:
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import Normal, Stroke
    from matplotlib.transforms import IdentityTransform

    height, width = picture.shape[:2]
    figure = pixel_figure(width, height)
    contour_colour, outline_colour, edge = line_colours(dark)

    def add(lines, colour, thickness, dash="-"):
        artist = LineCollection(
            # Agg counts from the bottom left corner; a pixel's centre lies half a pixel inside.
            [np.column_stack([line[:, 1] + 0.5, height - line[:, 0] - 0.5]) for line in lines],
            colors=colour,
            linewidths=thickness,
            linestyles=dash,
            transform=IdentityTransform(),
            capstyle="round",
            joinstyle="round",
            snap=False,
        )
        artist.set_path_effects([Stroke(linewidth=thickness + 1.8 * unit, foreground=edge), Normal()])
        figure.add_artist(artist)

    if box is not None:
        add([_outline(box, (height, width), inset=unit)], outline_colour, unit, (0, (6, 6)))
    for i, level in enumerate(contour_levels(limits, FRACTIONS)):
        lines = [path for at, path in paths if at == level]
        if lines:
            add(lines, contour_colour, WIDTHS[i] * unit)
    ink = rendered(figure)
    alpha = ink[..., 3:] / np.float32(255)
    return np.rint(picture * (1 - alpha) + ink[..., :3] * alpha).astype(np.uint8)


def _outline(box: Box, shape: tuple[int, int], inset: float) -> np.ndarray:
    """The box's edge as a closed path [5, 2], pulled ``inset`` pixels inside the picture where it leaves it."""
    top, left = max(box[0], inset) - 0.5, max(box[1], inset) - 0.5
    bottom = min(box[0] + box[2], shape[0] - inset) - 0.5
    right = min(box[1] + box[3], shape[1] - inset) - 0.5
    return np.array([(top, left), (top, right), (bottom, right), (bottom, left), (top, left)])
