"""Outlines and masks: a brush paints pixels, an outline is a line; both ways, holes included."""

from __future__ import annotations

import numpy as np

from ..cases import Box
from ..inputs.outline_mask import mask_of_rings
from .mending import SMALLEST, parts_of
from .outline import Outline


def mask_of(
    outline: Outline, shape: tuple[int, int], box: Box | None = None, *, soft: bool = False
) -> np.ndarray:
    """Rasterise: bool [rows, columns], True where a pixel's centre lies inside the outline and in no hole.

    The mask of ``shape`` covers ``box`` of the image (its corner convention), by default the first
    ``shape`` pixels of it one to one. ``soft`` returns float32 in 0..1 instead, the share of a pixel that is inside, to
    about a sixteenth.
    """
    return mask_of_rings(outline.rings, shape, box, soft=soft)


def outlines_of_mask(mask: np.ndarray, *, top: int = 0, left: int = 0, **said) -> tuple[Outline, ...]:
    """Outlines of what a brush painted: bool [rows, columns] -> one outline a connected area, the largest first.

    The line runs half-way between painted and unpainted pixels, so :func:`mask_of` gives the same mask
    again. ``top`` and ``left`` say where the mask's first pixel lies on the image. Specks below 9 square
    pixels are left out; ``said`` are the other fields.
    """
    from shapely import MultiPolygon, Polygon
    from skimage.measure import find_contours

    padded = np.pad(np.asarray(mask, dtype=np.float32), 1)
    area = MultiPolygon()
    rings = [Polygon(line) for line in find_contours(padded, 0.5) if len(line) > 3]
    for ring in sorted(
        rings, key=lambda one: -one.area
    ):  # a ring in a ring is a hole, one in a hole an island
        area = area.symmetric_difference(ring)
    moved = []
    for part in parts_of(area) if not area.is_empty else ():
        outline = Outline(parts=[[np.add(ring, (top - 1, left - 1)) for ring in part]], kind="brush", **said)
        if outline.area_px >= SMALLEST:
            moved.append(outline)
    return tuple(moved)
