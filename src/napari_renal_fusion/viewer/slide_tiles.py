"""The tiles of one slide on screen: read in threads, centre first, and shown coarsely until they come."""

from __future__ import annotations

import logging
import os
import threading
import time

import numpy as np
from qtpy.QtCore import QObject, Qt, QTimer, Signal

from ..cases.array_cache import ArrayCache
from ..cases.slide import Slide
from ..errors import RenalFusionError
from .slide_arrays import TILE

_log = logging.getLogger(__name__)

CACHE_BYTES = 192 * 2**20
_THREADS = max(1, min(4, (os.cpu_count() or 2) - 1))  # one core stays with the window
_IDLE_S = 2.0
"""A thread without work ends after this time."""
_SOONEST_MS, _LATEST_MS = 60, 500
"""Between two drawings of arriving tiles; a slow computer draws less often."""
_NOT_YET, _DAMAGED = 240, 190
"""Grey of what is not there yet, and of what cannot be decoded."""

Key = tuple[int, int, int]  # level, row and column of a tile


class SlideTiles(QObject):
    """Answers napari's drawing at once with what is there, and reads the rest of the view behind it.

    The coarsest level (at most about a thousand pixels) is held whole in :attr:`overview` and filled first;
    finer tiles are kept while memory allows. Only the tiles of the last view are read: moving on forgets the rest.
    """

    arrived = Signal()
    """Tiles of the view came; the layer should be drawn again. At most a few times a second."""
    problem = Signal(str)
    """A part of the slide cannot be read; once a slide."""
    overview_ready = Signal()
    _came = Signal(object)
    _failed = Signal(str)

    def __init__(self, slide: Slide, parent: QObject | None = None):
        super().__init__(parent)
        self._slide = slide
        self._coarsest = len(slide.levels) - 1
        self.overview = np.full((*slide.levels[-1].shape, 3), _NOT_YET, np.uint8)
        self._cache = ArrayCache(CACHE_BYTES)
        self._work = threading.Condition()
        self._wanted: list[Key] = []
        self._rest = _grid(self._coarsest, self.overview.shape)  # of the overview
        self._unfinished = len(self._rest)
        self._undelivered = 0
        self._reading: set[Key] = set()
        self._view: set[Key] = set()
        self._threads = 0
        self._closed = self._told = False
        self._came.connect(self._arrive, Qt.ConnectionType.QueuedConnection)
        self._failed.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._draw)
        self._wait_ms = _SOONEST_MS
        self._start()

    @property
    def slide(self) -> Slide:
        return self._slide

    @property
    def busy(self) -> bool:
        """Whether tiles of the view or of the overview are still to come."""
        with self._work:
            waiting = bool(self._wanted or self._reading or self._unfinished or self._undelivered)
        return not self._closed and (waiting or self._timer.isActive())

    def close(self) -> None:
        """Stop reading; a tile that is being read ends in its thread and is thrown away."""
        self._timer.stop()
        with self._work:
            self._closed = True
            self._wanted, self._rest, self._view = [], [], set()
            self._work.notify_all()

    def at_once(self, level: int, top: int, left: int, height: int, width: int) -> np.ndarray:
        """What can be shown now of a region, uint8 [height, width, 3]; the rest is asked for."""
        if level == self._coarsest:
            return self.overview[top : top + height, left : left + width]
        out = np.empty((height, width, 3), np.uint8)
        missing: list[Key] = []
        for i in range(top // TILE, -(-(top + height) // TILE)):
            for j in range(left // TILE, -(-(left + width) // TILE)):
                y, x = max(top, i * TILE), max(left, j * TILE)
                bottom, right = min(top + height, (i + 1) * TILE), min(left + width, (j + 1) * TILE)
                tile = self._cache.get((level, i, j))
                if tile is None:
                    missing.append((level, i, j))
                    part = self._coarse(level, y, x, bottom, right)
                else:
                    part = tile[y - i * TILE : bottom - i * TILE, x - j * TILE : right - j * TILE]
                out[y - top : bottom - top, x - left : right - left] = part
        self._want(missing, (top + height / 2) / TILE - 0.5, (left + width / 2) / TILE - 0.5)
        return out

    def _coarse(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """The nearest coarser pixels that are there for a part of one tile."""
        own = self._slide.levels[level].shape
        for coarser in range(level + 1, self._coarsest + 1):
            shape = self._slide.levels[coarser].shape
            rows = _nearest(top, bottom, own[0], shape[0])
            columns = _nearest(left, right, own[1], shape[1])
            if coarser == self._coarsest:
                source, first_row, first_column = self.overview, 0, 0
            else:
                i, j = rows[0] // TILE, columns[0] // TILE
                if rows[-1] // TILE != i or columns[-1] // TILE != j:
                    continue
                source, first_row, first_column = self._cache.get((coarser, i, j)), i * TILE, j * TILE
                if source is None:
                    continue
            # Each coarse row is picked once and then repeated whole: an eighth of the time of picking pixels.
            band = _as_pixels(source[rows[0] - first_row : rows[-1] - first_row + 1])
            band = np.take(band, columns - first_column, axis=1).view(np.uint8).reshape(len(band), -1)
            return band[rows - rows[0]].reshape(len(rows), len(columns), 3)
        raise AssertionError("the overview covers every level")

    def _want(self, missing: list[Key], row: float, column: float) -> None:
        missing.sort(key=lambda key: (key[1] - row) ** 2 + (key[2] - column) ** 2)
        with self._work:
            if self._closed:
                return
            self._view = set(missing)
            self._wanted = [key for key in missing if key not in self._reading]
            self._work.notify_all()
        self._start()

    def _start(self) -> None:
        with self._work:
            idle = not self._wanted and not self._rest
            while self._threads < _THREADS and not idle and not self._closed:
                self._threads += 1
                threading.Thread(target=self._run, name="slide tiles", daemon=True).start()

    def _next(self) -> Key | None:
        """The next tile to read, None when a thread should end. First some overview, so that nothing stays grey."""
        with self._work:
            until = time.monotonic() + _IDLE_S
            while not self._closed:
                queue = self._wanted or self._rest
                if queue:
                    key = queue.pop(0)
                    self._reading.add(key)
                    return key
                if not self._work.wait(max(0.0, until - time.monotonic())):
                    break
            self._threads -= 1
            return None

    def _run(self) -> None:
        while (key := self._next()) is not None:
            pixels = self._read(key)
            with self._work:
                self._reading.discard(key)
                if self._closed:
                    continue
                self._undelivered += 1
                if key[0] == self._coarsest:
                    y, x = key[1] * TILE, key[2] * TILE
                    self.overview[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
                    self._unfinished -= 1
                else:
                    self._cache.put(key, pixels)
            try:
                self._came.emit(key)
            except RuntimeError:  # the window was closed meanwhile
                return

    def _read(self, key: Key) -> np.ndarray:
        level, i, j = key
        rows, columns = self._slide.levels[level].shape
        height, width = min(TILE, rows - i * TILE), min(TILE, columns - j * TILE)
        try:
            return self._slide.read(level, i * TILE, j * TILE, height, width)
        except RenalFusionError as error:
            sentence = str(error)
        except Exception as error:
            _log.exception("a tile could not be read")
            sentence = f"A part of the slide could not be read ({type(error).__name__})."
        try:
            self._failed.emit(sentence)
        except RuntimeError:
            _log.debug("a tile failed after the window was closed")
        return np.full((height, width, 3), _DAMAGED, np.uint8)

    def _arrive(self, key: Key) -> None:
        with self._work:
            self._undelivered -= 1
            done = self._unfinished == 0
        if self._closed:
            return
        if key[0] == self._coarsest:
            if done:
                self.overview_ready.emit()
        elif key not in self._view:
            return
        if not self._timer.isActive():
            self._timer.start(round(self._wait_ms))

    def _draw(self) -> None:
        begun = time.perf_counter()
        self.arrived.emit()
        spent = 1000 * (time.perf_counter() - begun)
        self._wait_ms = min(_LATEST_MS, max(_SOONEST_MS, 2 * spent))

    def _tell(self, sentence: str) -> None:
        if not self._told and not self._closed:
            self._told = True
            self.problem.emit(sentence)


def _grid(level: int, shape: tuple[int, ...]) -> list[Key]:
    return [(level, i, j) for i in range(-(-shape[0] // TILE)) for j in range(-(-shape[1] // TILE))]


def _nearest(first: int, last: int, own: int, other: int) -> np.ndarray:
    """Index on the coarser level of each pixel centre first..last of this one."""
    return np.minimum(((np.arange(first, last) + 0.5) * (other / own)).astype(np.intp), other - 1)


def _as_pixels(array: np.ndarray) -> np.ndarray:
    """[rows, columns, 3] as [rows, columns] of three bytes each, which numpy picks several times faster."""
    return np.ascontiguousarray(array).view("V3")[..., 0]
