"""Contour lines of a small raw map, as paths in the pixels of the image it lies on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import RenalFusionError

FRACTIONS = (0.25, 0.5, 0.75)
"""Where contours run, in parts of the case's largest positive value."""

# Sub-steps per cell; even, so that cell centres (where bilinear peaks are) are sampled.
_STEPS = 16
_MOST_POINTS = 512


def contour_levels(limits: tuple[float, float], fractions: Sequence[float] = FRACTIONS) -> tuple[float, ...]:
    """Raw values of the contours for a case's scale ``limits`` (lowest, highest); () if none is positive."""
    highest = float(limits[1])
    if not highest > 0:
        return ()
    return tuple(highest * fraction for fraction in fractions)


def contours(
    raw: np.ndarray,
    placement_scale: tuple[float, float],
    placement_translate: tuple[float, float],
    levels: Sequence[float],
) -> list[tuple[float, np.ndarray]]:
    """Trace a map at each level, on its bilinear interpolation between cell centres.

    Parameters
    ----------
    raw
        Float [rows, columns], never rescaled.
    placement_scale, placement_translate
        ``pixel = translate + scale * index`` per axis (row, column), pixel centres.
    levels
        Raw values, in any order.

    Returns
    -------
    list of (level, path)
        Each path is float64 [n, 2], (row, column) in image pixels, closed (last point = first). The map
        continues with its border values to the edge of its box, and paths close along that edge.
        Nothing is returned for a level that the map does not rise above.

    Raises
    ------
    RenalFusionError
        ``heat_map_not_finite`` if ``raw`` holds NaN or infinity.
    """
    raw = np.asarray(raw, dtype=np.float64)
    if not np.isfinite(raw).all():
        raise RenalFusionError(
            "heat_map_not_finite",
            "The heat map holds values that are not numbers",
            remedy="Run the explanation again with another heat map method.",
        )
    levels = [float(level) for level in levels if level < raw.max()]
    if not levels:
        return []
    from contourpy import LineType, contour_generator

    row_at, column_at = _fine_axis(raw.shape[0]), _fine_axis(raw.shape[1])
    fine = _interpolate(_interpolate(raw, row_at).T, column_at).T
    # A ring below every level, on the edge itself, makes each line close along the edge of the box.
    ring = min(fine.min(), *levels) - max(1.0, float(np.ptp(fine)))
    fine = np.pad(fine, 1, constant_values=ring)
    generator = contour_generator(
        x=_with_ring(column_at), y=_with_ring(row_at), z=fine, line_type=LineType.Separate
    )
    found = []
    for level in levels:
        for line in generator.lines(level):
            path = _without_straight_points(line[:, ::-1])
            if len(path) > 3:
                found.append((level, path * placement_scale + placement_translate))
    return found


def _fine_axis(cells: int) -> np.ndarray:
    steps = max(2, min(_STEPS, _MOST_POINTS // cells // 2 * 2))
    return np.linspace(-0.5, cells - 0.5, cells * steps + 1)


def _interpolate(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Linear interpolation along axis 0; beyond the first and last centre the border value stays."""
    position = np.clip(at, 0, len(values) - 1)
    below = np.minimum(position.astype(int), max(len(values) - 2, 0))
    above = np.minimum(below + 1, len(values) - 1)
    part = (position - below)[:, None]
    # In this form a flat map stays exactly flat, so that no contour is traced through rounding noise.
    return values[below] + (values[above] - values[below]) * part


def _with_ring(axis: np.ndarray) -> np.ndarray:
    inside = axis.copy()
    inside[0] += 1e-6
    inside[-1] -= 1e-6
    return np.concatenate([axis[:1], inside, axis[-1:]])


def _without_straight_points(path: np.ndarray) -> np.ndarray:
    """Drop the points of a closed path that lie on a straight line between their neighbours."""
    ring = path[:-1]
    ring = ring[np.abs(ring - np.roll(ring, 1, axis=0)).max(axis=1) > 1e-5]
    if len(ring) < 3:
        return ring
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    ring = ring[np.abs(cross) > 1e-7]
    return np.concatenate([ring, ring[:1]])
