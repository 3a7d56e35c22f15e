"""Outlines and masks: a brush paints pixels, an outline is a line; both ways, holes included."""

from __future__ import annotations

import numpy as np

from ..cases import Box
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
    box = box or Box(0, 0, *shape)
    fine = 4 if soft else 1
    size = shape[0] * fine, shape[1] * fine
    scale = np.array([size[0] / box.height, size[1] / box.width])
    corner = np.array([box.top, box.left])
    inside = _filled([(np.asarray(ring) + 0.5 - corner) * scale - 0.5 for ring in outline.rings], size)
    if not soft:
        return inside
    return inside.reshape(shape[0], fine, shape[1], fine).mean(axis=(1, 3), dtype=np.float32)


def _filled(rings: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """Pixels whose centre an odd number of rings encloses: bool of ``size``.

    Scan lines: where a ring crosses the centres of a row, everything to the right of it changes sides.
    """
    crossings = np.zeros((size[0], size[1] + 1), dtype=np.int32)
    for ring in rings:
        begin, end = ring, np.roll(ring, -1, axis=0)
        first = np.clip(np.ceil(np.minimum(begin[:, 0], end[:, 0])), 0, size[0]).astype(int)
        last = np.clip(np.ceil(np.maximum(begin[:, 0], end[:, 0])), 0, size[0]).astype(int)
        count = last - first
        edge = np.repeat(np.arange(len(ring)), count)
        row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
        slope = (end[edge, 1] - begin[edge, 1]) / (end[edge, 0] - begin[edge, 0])
        column = begin[edge, 1] + (row - begin[edge, 0]) * slope
        np.add.at(crossings, (row, np.clip(np.ceil(column), 0, size[1]).astype(int)), 1)
    return (np.cumsum(crossings[:, :-1], axis=1) & 1).astype(bool)


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
