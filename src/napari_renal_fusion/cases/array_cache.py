"""The last used arrays, up to so many bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

import numpy as np


class ArrayCache:
    """Keeps arrays by key and forgets the least recently used beyond ``most`` bytes; safe between threads."""

    def __init__(self, most: int):
        self.most = most
        self._held: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> np.ndarray | None:
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: Hashable, array: np.ndarray) -> None:
        with self._lock:
            if key in self._held or array.nbytes > self.most:
                return
            self._held[key] = array
            self._bytes += array.nbytes
            while self._bytes > self.most:
                _, oldest = self._held.popitem(last=False)
                self._bytes -= oldest.nbytes
