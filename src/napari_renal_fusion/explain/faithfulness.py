"""How well a heat map finds what a mask marks, relative to the best that its own grid allows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..cases import Box


def cell_shares(mask: ArrayLike, box: Box, grid: tuple[int, int]) -> NDArray[np.float64]:
    """Share [rows, columns] of each cell of a map that lies in ``mask`` [H, W] (bool).

    ``box`` is the part of the image, in its pixels, that the map covers with ``grid`` (rows, columns) cells.
    """
    mask = np.asarray(mask, dtype=np.float64)
    # The integral of the mask, read between pixels, gives exact shares for cells of any size.
    integral = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1))
    integral[1:, 1:] = mask.cumsum(axis=0).cumsum(axis=1)
    rows = np.linspace(box.top, box.top + box.height, grid[0] + 1)
    columns = np.linspace(box.left, box.left + box.width, grid[1] + 1)
    along = np.stack([np.interp(columns, np.arange(integral.shape[1]), row) for row in integral])
    corners = np.stack([np.interp(rows, np.arange(integral.shape[0]), one) for one in along.T], axis=1)
    inside = corners[1:, 1:] - corners[1:, :-1] - corners[:-1, 1:] + corners[:-1, :-1]
    return np.clip(inside / np.outer(np.diff(rows), np.diff(columns)), 0, 1)


def localisation_score(values: ArrayLike, shares: ArrayLike) -> float:
    """Average precision of a map, from 0 (chance) to 1 (the best map of its grid); below 0 is worse than chance.

    Cells are ranked by ``values`` and counted by their ``shares`` of the mask:

        score = (AP(values) - p) / (AP(shares) - p),  p = mean share, which a constant map gets.

    Only the order of the cells matters, so no scaling of a map can better its score. The share of the map's
    positive mass inside the mask, which is often used, rewards any narrow map: a Gaussian in the middle of the
    image scores above .9 there.

    Raises
    ------
    ValueError
        ``shares`` are all equal, so there is nothing to find.
    """
    shares = np.asarray(shares, dtype=np.float64).ravel()
    chance, best = shares.mean(), _average_precision(shares, shares)
    if best - chance < 1e-9:
        raise ValueError("every cell has the same share of the mask: there is nothing to find")
    return (_average_precision(np.asarray(values, dtype=np.float64).ravel(), shares) - chance) / (
        best - chance
    )


def _average_precision(values: NDArray[np.float64], shares: NDArray[np.float64]) -> float:
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    # Equal values are one step, so that the order of cells within them does not matter.
    last = np.append(np.flatnonzero(np.diff(ranked) != 0), len(ranked) - 1)
    found = np.cumsum(shares[order])[last]
    gained = np.diff(found, prepend=0.0)
    return float((gained * found / (last + 1)).sum() / shares.sum())
