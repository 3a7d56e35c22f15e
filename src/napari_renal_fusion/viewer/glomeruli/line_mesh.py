"""The lines of many outlines as one mesh, computed for all of them together."""

from __future__ import annotations

import numpy as np

from ..strokes import Mesh

_SHARPEST = 2.0
"""How far a corner may stick out, in line widths."""


def rings_as_mesh(
    points: np.ndarray,
    counts: np.ndarray,
    widths: np.ndarray,
    colours: np.ndarray,
    edges: np.ndarray,
    edge_width: float,
) -> Mesh:
    """Draw closed rings as lines with an edge on both sides.

    Parameters
    ----------
    points, counts
        All points [n, 2], ring after ring, and how many each ring has; its last is joined to its first, which
        is not repeated.
    widths
        [k] in pixels of the rings, without the edges.
    colours, edges
        [k, 4] of the line and of its edges.
    """
    if not len(counts):
        return Mesh.nothing()
    points = np.asarray(points, dtype=np.float64)
    which = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    here = np.arange(len(points))
    after, before = here + 1, here - 1
    after[starts + counts - 1] = starts
    before[starts] = starts + counts - 1
    along = points[after] - points
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
    normal = np.column_stack([-along[:, 1], along[:, 0]])
    middle = normal + normal[before]
    middle /= np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-12)
    cosine = np.sum(middle * normal, axis=1, keepdims=True)
    out = middle / np.maximum(cosine, 1 / _SHARPEST)
    inner = (np.asarray(widths, dtype=float) / 2)[which, None]
    outer = inner + edge_width
    sides = ((-outer, -inner, edges), (-inner, inner, colours), (inner, outer, edges))
    vertices, faces, paints = [], [], []
    for place, (near, far, paint) in enumerate(sides):
        first = place * 2 * len(points)
        vertices += [points + out * near, points + out * far]
        left, right, far_off = first + here, first + after, len(points)
        faces += [
            np.column_stack([left, right, left + far_off]),
            np.column_stack([right, right + far_off, left + far_off]),
        ]
        paints += [np.asarray(paint, dtype=np.float32)[which]] * 2
    return Mesh(
        np.concatenate(vertices).astype(np.float32),
        np.concatenate(faces).astype(np.uint32),
        np.concatenate(paints),
    )
