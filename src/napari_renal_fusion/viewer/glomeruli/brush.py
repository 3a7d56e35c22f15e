"""What a brush painted, as outlines: the stroke's mask, its outline with holes, joined to or taken off another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...glomeruli.mending import SMALLEST, parts_of
from ...glomeruli.outline import Outline, Part
from ...glomeruli.raster import outlines_of_mask

if TYPE_CHECKING:
    from shapely import MultiPolygon

_CELLS = 16
"""How many cells of the mask the brush's radius has: lines are smooth at any zoom, and the mask stays small."""
_LARGEST = 1200
"""Cells along the longer side of a mask."""


def painted(points: Sequence[Sequence[float]], radius: float) -> MultiPolygon:
    """The area that a round brush of ``radius`` pixels covers along ``points`` (row, column).

    Painted as a mask whose cells are a fraction of the radius, so that a closed loop keeps its hole. The line
    through the mask is smoothed by less than a cell, a pixel or so of the screen.
    """
    import shapely

    track = np.asarray(points, dtype=float).reshape(-1, 2)
    low, high = track.min(axis=0) - radius, track.max(axis=0) + radius
    cell = max(radius / _CELLS, float((high - low).max()) / _LARGEST)
    origin = low - 2 * cell
    shape = np.ceil((high - origin) / cell).astype(int) + 3
    mask = np.zeros(tuple(shape), dtype=bool)
    inside = (track - origin) / cell
    ends = inside[1:] if len(inside) > 1 else inside
    for begin, end in zip(inside[: len(ends)], ends, strict=True):
        _paint(mask, begin, end, radius / cell)
    areas = [outline.shape for outline in outlines_of_mask(mask)]
    smooth = shapely.simplify(shapely.union_all(areas), 0.8)
    return shapely.transform(smooth, lambda cells: cells * cell + origin)


def _paint(mask: np.ndarray, begin: np.ndarray, end: np.ndarray, radius: float) -> None:
    """Set the cells that lie within ``radius`` of the line from ``begin`` to ``end``, all in cells."""
    first = np.maximum(np.floor(np.minimum(begin, end) - radius), 0).astype(int)
    last = np.ceil(np.maximum(begin, end) + radius).astype(int) + 1
    window = mask[first[0] : last[0], first[1] : last[1]]
    rows, columns = np.ogrid[first[0] : first[0] + window.shape[0], first[1] : first[1] + window.shape[1]]
    along = end - begin
    length = float(along @ along)
    down, across = rows - begin[0], columns - begin[1]
    share = np.clip((down * along[0] + across * along[1]) / length, 0, 1) if length else 0.0
    window |= (down - share * along[0]) ** 2 + (across - share * along[1]) ** 2 <= radius**2


def added(outline: Outline, area: MultiPolygon) -> tuple[Part, ...] | None:
    """The outline's parts with an area joined to it; None if the two do not touch. Points far from the stroke stay."""
    shape = outline.shape
    return _parts(shape.union(area)) if shape.intersects(area) else None


def erased(outline: Outline, area: MultiPolygon) -> tuple[Part, ...] | None:
    """The outline's parts without an area: () if nothing worth an outline is left, None if the two do not touch."""
    shape = outline.shape
    return _parts(shape.difference(area)) if shape.intersects(area) else None


def new_parts(area: MultiPolygon) -> tuple[Part, ...]:
    """The parts of what was painted on empty ground."""
    return _parts(area)


def _parts(shape) -> tuple[Part, ...]:
    from shapely import MultiPolygon, Polygon, get_parts

    areas = [one for one in get_parts(shape).tolist() if isinstance(one, Polygon) and one.area >= SMALLEST]
    return parts_of(MultiPolygon(areas)) if areas else ()
