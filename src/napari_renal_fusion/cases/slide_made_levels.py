"""Lower resolutions that a slide does not store, averaged from the level above and kept while they are used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .array_cache import ArrayCache

TILE = 512  # pixels
CACHE_BYTES = 96 * 2**20

Read = Callable[[int, int, int, int], np.ndarray]  # top, left, height, width -> uint8 [h, w, 3]


class HalvedLevel:
    """A level of half the resolution of its parent: each pixel is the mean of four.

    A region is made tile by tile, a tile from the four tiles below it, so a whole overview of a slide
    with one level goes through the slide once, in a few tiles' memory. An odd last row or column of
    the parent counts twice in its mean, so nothing white is mixed in.
    """

    def __init__(self, number: int, parent_shape: tuple[int, int], parent: Read, cache: ArrayCache):
        self.number = number
        self.shape = (-(-parent_shape[0] // 2), -(-parent_shape[1] // 2))
        self._parent_shape = parent_shape
        self._parent = parent
        self._cache = cache

    def read(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        """Read uint8 [height, width, 3]; the region lies within the level."""
        out = np.empty((height, width, 3), dtype=np.uint8)
        for i in range(top // TILE, -(-(top + height) // TILE)):
            for j in range(left // TILE, -(-(left + width) // TILE)):
                tile = self._tile(i, j)
                y, x = i * TILE, j * TILE
                rows = slice(max(top, y), min(top + height, y + tile.shape[0]))
                columns = slice(max(left, x), min(left + width, x + tile.shape[1]))
                out[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = tile[
                    rows.start - y : rows.stop - y, columns.start - x : columns.stop - x
                ]
        return out

    def _tile(self, i: int, j: int) -> np.ndarray:
        key = (self.number, i, j)
        tile = self._cache.get(key)
        if tile is None:
            top, left = 2 * i * TILE, 2 * j * TILE
            height = min(2 * TILE, self._parent_shape[0] - top)
            width = min(2 * TILE, self._parent_shape[1] - left)
            tile = halved(self._parent(top, left, height, width))
            self._cache.put(key, tile)
        return tile


def halved(pixels: np.ndarray) -> np.ndarray:
    """The mean of each 2 x 2 pixels of uint8 [height, width, 3], rounded half up."""
    rows, columns = pixels.shape[0] % 2, pixels.shape[1] % 2
    if rows or columns:
        pixels = np.pad(pixels, ((0, rows), (0, columns), (0, 0)), mode="edge")
    total = pixels[0::2].astype(np.uint16)
    total += pixels[1::2]
    total = total[:, 0::2] + total[:, 1::2]
    total += 2
    total >>= 2
    return total.astype(np.uint8)
