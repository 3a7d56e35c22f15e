"""Attention drawn over a picture of its slide: one cell a patch, clear where there is none, top patches numbered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .heat import cell_colours, coverage, line_width, pixel_figure, rendered
from .style import font_families
from .zoom import Box


def attention_picture(
    picture: np.ndarray,
    values: np.ndarray,
    scale: tuple[float, float],
    translate: tuple[float, float],
    *,
    limits: tuple[float, float],
    opacity: float = 0.6,
    marked: Sequence[Box] = (),
) -> np.ndarray:
    """Draw cells of attention on a picture of a slide.

    Parameters
    ----------
    picture
        uint8 [h, w, 3].
    values
        Float [rows, columns] of raw attention, NaN where there is no patch: there the picture stays as it is.
    scale, translate
        Placement of the cells in pixels of this very picture, pixel centres.
    limits
        Smallest and largest raw value.
    marked
        Patches (top, left, height, width in pixels of the picture) to outline, numbered from 1.

    Returns
    -------
    uint8 [h, w, 3].
    """
    # Cells are blended by the area they cover, so that their edges lie where they are, not at the next pixel.
    rows = coverage(picture.shape[0], values.shape[0], scale[0], translate[0]).astype(np.float32)
    columns = coverage(picture.shape[1], values.shape[1], scale[1], translate[1]).astype(np.float32)
    there = np.isfinite(values)
    colours = 255 * cell_colours(np.where(there, values, limits[0]), limits) * there[..., None]
    alpha = opacity * (rows @ there.astype(np.float32) @ columns.T)
    blended = np.empty_like(picture)
    for channel in range(3):
        laid = opacity * (rows @ colours[..., channel].astype(np.float32) @ columns.T)
        blended[..., channel] = np.rint(picture[..., channel] * (1 - alpha) + laid)
    return _mark(blended, marked) if marked else blended


def _mark(picture: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import Normal, Stroke
    from matplotlib.transforms import IdentityTransform

    height, width = picture.shape[:2]
    figure, unit = pixel_figure(width, height), line_width(width)
    edges = [Stroke(linewidth=3.4 * unit, foreground="#101828"), Normal()]
    for number, (top, left, high, wide) in enumerate(boxes, start=1):
        frame = Rectangle(
            (left, height - top - high), wide, high, fill=False, edgecolor="#FFFFFF", linewidth=1.6 * unit,
            transform=IdentityTransform(),
        )  # fmt: skip
        frame.set_path_effects(edges)
        figure.add_artist(frame)
        # Beside the patch, so that it hides nothing of it; inside where the picture ends.
        inside = left + wide + 14 * unit > width
        x = left + wide + (-3 * unit if inside else 4 * unit)
        words = figure.text(
            x / width, 1 - (top + high / 2) / height, str(number), fontsize=11 * unit, fontweight="bold",
            fontfamily=font_families(), color="#FFFFFF", va="center_baseline", ha="right" if inside else "left",
        )  # fmt: skip
        words.set_path_effects([Stroke(linewidth=2.6 * unit, foreground="#101828"), Normal()])
    ink = rendered(figure)
    alpha = ink[..., 3:] / np.float32(255)
    return np.rint(picture * (1 - alpha) + ink[..., :3] * alpha).astype(np.uint8)
