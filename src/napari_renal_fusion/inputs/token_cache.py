"""Encoded images kept in memory, so that a second question about a patient encodes nothing again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class TokenCache:
    """Token maps by bundle, modality and content of the prepared picture; the least recently used go first.

    Thread-safe. Token maps stay in memory and are never written: an image could be guessed from them.
    """

    def __init__(self, limit_bytes: int = 512 * 2**20):
        self._limit = limit_bytes
        self._held = 0
        self._tokens: OrderedDict[tuple[str, ...], torch.Tensor] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, ...]) -> torch.Tensor | None:
        """Return the token map [h, w, d] under ``key`` or None."""
        with self._lock:
            if key in self._tokens:
                self._tokens.move_to_end(key)
            return self._tokens.get(key)

    def put(self, key: tuple[str, ...], tokens: torch.Tensor) -> None:
        with self._lock:
            if key in self._tokens:
                return
            self._tokens[key] = tokens
            self._held += tokens.nbytes
            while self._held > self._limit and len(self._tokens) > 1:
                _, dropped = self._tokens.popitem(last=False)
                self._held -= dropped.nbytes

    def clear(self) -> None:
        with self._lock:
            self._tokens.clear()
            self._held = 0

    def __len__(self) -> int:
        return len(self._tokens)
