"""The patches of a slide as one small array with its place at level 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cases import Box, Placement, placement
from .attention import SlideAttention

_PARTS = 8
"""Cells along a patch's side where the patches of a slide lie on no common grid."""
_MOST_CELLS = 2**26


@dataclass(frozen=True)
class AttentionGrid:
    """``values`` float32 [rows, columns], NaN where there is no patch; ``box`` is what it covers at level 0."""

    values: NDArray[np.float32]
    box: Box

    @property
    def placement(self) -> Placement:
        """Where the cells lie on the slide, in level-0 pixels."""
        return placement(self.values.shape, self.box)


def attention_grid(attention: SlideAttention) -> AttentionGrid:
    """Lay patches out as cells.

    Patches on one grid (as ours are) give one cell each, exactly. Files of other programs may start a grid anew
    at every piece of tissue or let patches overlap; then a patch becomes 8 x 8 finer cells, right to a sixteenth
    of its side, and where patches overlap the mean of their weights is shown.
    """
    corner = attention.coords.min(axis=0)
    offset, side = attention.coords - corner, attention.patch_level0
    if (offset % side == 0).all():
        cells, parts = offset // side, 1
    else:
        parts = _PARTS
        while parts > 1 and (np.prod(parts * (offset.max(axis=0) / side + 2.0))) > _MOST_CELLS:
            parts //= 2
        cells = np.rint(offset * (parts / side)).astype(np.int64)
    columns, rows = cells.max(axis=0) + parts
    sums, counts = np.zeros((rows, columns)), np.zeros((rows, columns), np.int32)
    for down in range(parts):
        for right in range(parts):
            place = cells[:, 1] + down, cells[:, 0] + right
            np.add.at(sums, place, attention.weights)
            np.add.at(counts, place, 1)
    values = np.full((rows, columns), np.nan, np.float32)
    there = counts > 0
    values[there] = sums[there] / counts[there]
    step = side / parts
    return AttentionGrid(values, Box(int(corner[1]), int(corner[0]), rows * step, columns * step))
