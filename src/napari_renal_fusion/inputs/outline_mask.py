"""Rings as masks, and pixels outside of them kept, blurred or removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..cases import Box
from ..cases.cut_out import Background

_BLUR = 0.05  # sigma as a share of the outline's longer side: tubules and letters go, colours stay


def mask_of_rings(
    rings: Iterable[Sequence], shape: tuple[int, int], box: Box | None = None, *, soft: bool = False
) -> np.ndarray:
    """Rasterise: bool [rows, columns], True where an odd number of rings encloses a pixel's centre.

    The mask of ``shape`` covers ``box`` of the image (its corner convention), by default the first
    ``shape`` pixels of it one to one. ``soft`` returns float32 in 0..1 instead, the share of a pixel that is inside, to
    about a sixteenth.
    """
    box = box or Box(0, 0, *shape)
    fine = 4 if soft else 1
    size = shape[0] * fine, shape[1] * fine
    scale = np.array([size[0] / box.height, size[1] / box.width])
    corner = np.array([box.top, box.left])
    inside = _filled([(np.asarray(ring) + 0.5 - corner) * scale - 0.5 for ring in rings], size)
    if not soft:
        return inside
    return inside.reshape(shape[0], fine, shape[1], fine).mean(axis=(1, 3), dtype=np.float32)


def with_background(
    pixels: np.ndarray,
    rings: Sequence[Sequence],
    box: Box,
    background: Background,
    fill: float,
    *,
    longer_side: float,
) -> np.ndarray:
    """Keep, blur or remove what lies outside of the rings; ``pixels`` cover ``box`` of the image.

    ``fill`` is the brightness of a removed background, 0 black to 1 white; ``longer_side`` of the outline, in
    image pixels, decides how much is blurred.
    """
    if background == "keep":
        return pixels
    inside = mask_of_rings(rings, pixels.shape[:2], box, soft=True)
    if pixels.ndim == 3:
        inside = inside[..., None]
    colours = pixels.astype(np.float32)
    most = np.iinfo(pixels.dtype).max
    if background == "remove":
        outside: np.ndarray | float = fill * most
    else:
        step = box.height / pixels.shape[0]
        outside = _blurred(colours, 1 - inside, _BLUR * longer_side / step)
    mixed = inside * colours + (1 - inside) * outside
    return np.clip(np.rint(mixed), 0, most).astype(pixels.dtype)


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


def _blurred(colours: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    """A mean of the background alone: the glomerulus throws no halo into what surrounds it."""
    from scipy.ndimage import gaussian_filter

    sigmas = (sigma, sigma) + (0,) * (colours.ndim - 2)
    total = gaussian_filter(weight, sigmas, truncate=3)
    return gaussian_filter(colours * weight, sigmas, truncate=3) / np.maximum(total, 1e-6)
