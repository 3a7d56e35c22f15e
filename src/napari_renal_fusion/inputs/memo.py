"""What was found out about image files, remembered until a file changes, so that nothing is decoded twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

from ..cases import ImageItem

Found = TypeVar("Found")


class ImageMemo:
    """Small results (a prepared picture, a brightness) by file, its time of change, page, crop, legend, outline,
    and question.

    Thread-safe; the least recently used go first. Images in memory are asked anew each time.
    """

    def __init__(self, limit: int = 500):
        self._limit = limit
        self._found: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, image: ImageItem, question: Hashable, find_out: Callable[[], Found]) -> Found:
        """Return the remembered answer to ``question`` about ``image``, or find it out and remember it."""
        key = self._key(image, question)
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]  # type: ignore[return-value]
        found = find_out()
        if key is not None:
            with self._lock:
                self._found[key] = found
                while len(self._found) > self._limit:
                    self._found.popitem(last=False)
        return found

    def clear(self) -> None:
        with self._lock:
            self._found.clear()

    @staticmethod
    def _key(image: ImageItem, question: Hashable) -> Hashable | None:
        if image.pixels is not None:
            return None
        try:
            state = image.path.stat()
        except OSError:  # reading it will say what is wrong
            return None
        part = image.page, image.crop, image.legend, image.cut_out
        return image.path, state.st_mtime_ns, state.st_size, part, question
