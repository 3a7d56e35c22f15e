"""A seal against a glance: sealed bytes cannot be read as text, and whoever means to open them can."""

from __future__ import annotations

import hashlib
import secrets
import zlib

import numpy as np

_MAGIC = b"RFSEAL1\n"
_KEY = 32


def sealed(content: bytes) -> bytes:
    """Content compressed and masked with a key that stands in front of it."""
    key = secrets.token_bytes(_KEY)
    return _MAGIC + key + _masked(zlib.compress(content, 6), key)


def unsealed(data: bytes) -> bytes:
    """The content of :func:`sealed`.

    Raises
    ------
    ValueError
        If the bytes are not a whole seal.
    """
    if not data.startswith(_MAGIC) or len(data) < len(_MAGIC) + _KEY:
        raise ValueError("not a sealed file")
    key, body = data[len(_MAGIC) :][:_KEY], data[len(_MAGIC) + _KEY :]
    try:
        return zlib.decompress(_masked(body, key))
    except zlib.error as error:
        raise ValueError(str(error)) from error


def _masked(body: bytes, key: bytes) -> bytes:
    mask = hashlib.shake_256(key).digest(len(body))
    return (np.frombuffer(body, np.uint8) ^ np.frombuffer(mask, np.uint8)).tobytes()
