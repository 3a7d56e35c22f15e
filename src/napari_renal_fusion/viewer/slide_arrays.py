"""Levels of a slide as arrays: lazy and exact for everybody, quick and provisional only for napari's drawing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..cases.slide import Slide
    from .slide_tiles import SlideTiles

TILE = 512
"""Side of the tiles that are read and kept, in pixels of a level."""

_drawing = threading.local()


@contextmanager
def drawing() -> Iterator[None]:
    """While this is entered, arrays of this thread answer at once with what is there."""
    before = getattr(_drawing, "on", False)
    _drawing.on = True
    try:
        yield
    finally:
        _drawing.on = before


class LevelArray:
    """One level of a slide, uint8 [rows, columns, 3]; indexing reads that part from the file, and waits for it.

    Inside :func:`drawing` it answers at once instead: tiles that have not been read yet are shown from a
    coarser level, and are asked for (:class:`.slide_tiles.SlideTiles`). No program ever gets such pixels by
    indexing a layer's data.
    """

    ndim = 3
    dtype = np.dtype(np.uint8)

    def __init__(self, slide: Slide, level: int, tiles: SlideTiles):
        self._slide, self._level, self._tiles = slide, level, tiles
        self.shape = (*slide.levels[level].shape, 3)
        self.chunks = (TILE, TILE, 3)  # napari draws whole tiles, so that small moves need nothing new

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1] * 3

    @property
    def nbytes(self) -> int:
        return self.size

    @property
    def tiles(self) -> SlideTiles:
        return self._tiles

    @property
    def slide(self) -> Slide:
        return self._slide

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        rows, columns, channels = self._full(key)
        (first_row, height), (first_column, width) = _span(rows, self.shape[0]), _span(columns, self.shape[1])
        if height == 0 or width == 0:
            pixels = np.empty((height, width, 3), np.uint8)
        elif getattr(_drawing, "on", False):
            pixels = self._tiles.at_once(self._level, first_row, first_column, height, width)
        else:
            pixels = self._slide.read(self._level, first_row, first_column, height, width)
        inner = (_within(rows, self.shape[0], first_row), _within(columns, self.shape[1], first_column))
        return pixels[(*inner, channels)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self[:, :]
        return whole if dtype is None else whole.astype(dtype)

    def __deepcopy__(self, memo: dict) -> LevelArray:
        return self  # a duplicated layer reads the same file

    def _full(self, key: Any) -> tuple[Any, Any, Any]:
        key = key if isinstance(key, tuple) else (key,)
        if Ellipsis in key:
            place = key.index(Ellipsis)
            key = key[:place] + (slice(None),) * (4 - len(key)) + key[place + 1 :]
        key += (slice(None),) * (3 - len(key))
        if len(key) != 3 or not all(isinstance(one, slice | int | np.integer) for one in key):
            raise IndexError("a slide is indexed by whole numbers and slices")
        return key


def _span(key: Any, size: int) -> tuple[int, int]:
    """First index and length of the stretch that a key touches."""
    if isinstance(key, slice):
        places = range(*key.indices(size))
        return (min(places[0], places[-1]), abs(places[-1] - places[0]) + 1) if len(places) else (0, 0)
    place = int(key) + size if key < 0 else int(key)
    if not 0 <= place < size:
        raise IndexError(f"{key} is outside of {size}")
    return place, 1


def _within(key: Any, size: int, first: int) -> Any:
    """The same key, counted from the stretch's first index."""
    if not isinstance(key, slice):
        return 0
    places = range(*key.indices(size))
    if not len(places):
        return slice(0, 0)
    start = places[0] - first
    if places.step > 0:
        return slice(start, places[-1] - first + 1, places.step)
    stop = places[-1] - first - 1
    return slice(start, stop if stop >= 0 else None, places.step)
