"""An outline as napari's Shapes draws it: one closed path, its holes and parts hung on lines that are walked twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...glomeruli.edits import Edit, MoveVertex, Replace
from ...glomeruli.outline import Outline

Corner = tuple[int, int, int]
"""Part, ring and vertex."""


@dataclass(frozen=True)
class RingPath:
    """A path [n, 2] (row, column), and of which corner of the outline each point is.

    napari has no holes, but an edge that a polygon walks twice encloses nothing and is not drawn. So the
    first point of the first ring, and of every further one, occurs twice.
    """

    outline: Outline
    points: np.ndarray
    corners: tuple[Corner, ...]

    @classmethod
    def of(cls, outline: Outline) -> RingPath:
        points: list[tuple[float, float]] = []
        corners: list[Corner] = []
        rings = [(part, ring) for part, rings in enumerate(outline.parts) for ring in range(len(rings))]
        for part, ring in rings:
            drawn = outline.parts[part][ring]
            several = len(rings) > 1
            points += [*drawn, drawn[0]] if several else drawn
            corners += [(part, ring, vertex) for vertex in range(len(drawn))]
            if several:
                corners.append((part, ring, 0))
            if (part, ring) not in rings[:1] + rings[-1:]:  # back to the first ring before the next one
                points.append(outline.parts[0][0][0])
                corners.append((0, 0, 0))
        return cls(outline, np.array(points, dtype=float), tuple(corners))

    @property
    def shape_type(self) -> str:
        """What napari calls it; a box keeps its right angles there."""
        return "rectangle" if self.outline.kind == "box" and len(self.points) == 4 else "polygon"

    def edit_to(self, points: np.ndarray) -> Edit | None:
        """The edit that makes the outline what a person dragged its path to; None if nothing moved.

        napari keeps float32: a point that did not move keeps its own digits. ``points`` may hold one point more or
        less than the path; one on a line between two rings belongs to neither, and is left out.
        """
        points = np.asarray(points, dtype=float)
        if len(points) == len(self.points):
            return self._moved(points)
        if len(points) == len(self.points) + 1:
            place = self._first_difference(points)
            before, after = self.corners[place - 1], self.corners[place % len(self.corners)]
            if before[:2] != after[:2]:
                return None
            return self._replaced({}, insert=(before, tuple(map(float, points[place]))))
        if len(points) == len(self.points) - 1:
            return self._replaced({}, remove=self.corners[self._first_difference(points)])
        return None

    def _moved(self, points: np.ndarray) -> Edit | None:
        there = self.points.astype(np.float32) != points.astype(np.float32)
        places = np.flatnonzero(there.any(axis=1))
        moved = {self.corners[i]: (float(points[i, 0]), float(points[i, 1])) for i in places}
        if not moved:
            return None
        if len(moved) == 1:
            ((part, ring, vertex), to) = next(iter(moved.items()))
            return MoveVertex(id=self.outline.id, part=part, ring=ring, vertex=vertex, to=to)
        return self._replaced(moved)

    def _replaced(
        self,
        moved: dict[Corner, tuple[float, float]],
        *,
        insert: tuple[Corner, tuple[float, float]] | None = None,
        remove: Corner | None = None,
    ) -> Replace | None:
        parts: list[list[list[tuple[float, float]]]] = []
        for part, rings in enumerate(self.outline.parts):
            parts.append([])
            for ring, drawn in enumerate(rings):
                made: list[tuple[float, float]] = []
                for vertex, point in enumerate(drawn):
                    corner = (part, ring, vertex)
                    if corner != remove:
                        made.append(moved.get(corner, point))
                    if insert is not None and insert[0] == corner:
                        made.append(insert[1])
                if len(made) >= 3:
                    parts[-1].append(made)
                elif ring == 0:  # without its outer ring a part is gone, and its holes with it
                    break
        kept = tuple(tuple(map(tuple, part)) for part in parts if part)
        if not kept:
            return None
        kind = self.outline.kind
        if kind == "box" and not _is_upright(kept):
            kind = "polygon"
        return Replace(id=self.outline.id, parts=kept, kind=kind)

    def _first_difference(self, points: np.ndarray) -> int:
        count = min(len(points), len(self.points))
        same = self.points[:count].astype(np.float32) == points[:count].astype(np.float32)
        differ = np.flatnonzero(~same.all(axis=1))
        return int(differ[0]) if len(differ) else count


def _is_upright(parts) -> bool:
    """Whether a shape is still a box: four corners on two rows and two columns, to a thousandth of a pixel."""
    if len(parts) != 1 or len(parts[0]) != 1 or len(parts[0][0]) != 4:
        return False
    corners = np.array(parts[0][0])
    low, high = corners.min(axis=0), corners.max(axis=0)
    return bool(np.all(np.minimum(abs(corners - low), abs(corners - high)) < 1e-3))
