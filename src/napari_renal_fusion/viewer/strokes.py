"""Contour lines as a mesh: napari's Shapes compiles for seconds before its first path, a Surface does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SHARPEST = 2.0
"""How far a corner may stick out, in line widths."""


@dataclass(frozen=True)
class Mesh:
    """Vertices [n, 2] in the pixels of the paths, faces [m, 3], colours [n, 4]."""

    vertices: np.ndarray
    faces: np.ndarray
    colours: np.ndarray

    @classmethod
    def nothing(cls) -> Mesh:
        """A mesh that shows nothing; napari needs at least one triangle."""
        return cls(np.zeros((3, 2)), np.array([[0, 1, 2]]), np.zeros((3, 4)))

    @classmethod
    def joined(cls, parts: list[Mesh]) -> Mesh:
        """All meshes as one, drawn in their order."""
        if not parts:
            return cls.nothing()
        starts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
        return cls(
            np.concatenate([part.vertices for part in parts]),
            np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]),
            np.concatenate([part.colours for part in parts]),
        )


def stroke(path: np.ndarray, width: float, colour: str, edge: str, edge_width: float) -> Mesh:
    """Draw a closed path [n, 2] (last point = first) as a line with an edge on both sides.

    Line and edges lie side by side and never overlap, so that they can be transparent together.
    """
    ring = np.asarray(path, dtype=float)[:-1]
    offsets = _corner_offsets(ring)
    inner, outer = width / 2, width / 2 + edge_width
    strips = [
        _strip(ring + offsets * near, ring + offsets * far, _rgba(paint))
        for near, far, paint in ((-outer, -inner, edge), (-inner, inner, colour), (inner, outer, edge))
    ]
    return Mesh.joined(strips)


def _corner_offsets(ring: np.ndarray) -> np.ndarray:
    """Vector [n, 2] from each corner to a line at distance 1 from both of its sides."""
    along = np.roll(ring, -1, axis=0) - ring
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
    normal = np.column_stack([-along[:, 1], along[:, 0]])
    middle = normal + np.roll(normal, 1, axis=0)
    middle /= np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-12)
    cosine = np.sum(middle * normal, axis=1, keepdims=True)
    return middle / np.maximum(cosine, 1 / _SHARPEST)


def _strip(left: np.ndarray, right: np.ndarray, colour: np.ndarray) -> Mesh:
    count = len(left)
    here = np.arange(count)
    there = (here + 1) % count
    faces = np.concatenate(
        [np.column_stack([here, there, here + count]), np.column_stack([there, there + count, here + count])]
    )
    return Mesh(np.concatenate([left, right]), faces, np.tile(colour, (2 * count, 1)))


def _rgba(colour: str) -> np.ndarray:
    return np.array([*(int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)), 1.0])
