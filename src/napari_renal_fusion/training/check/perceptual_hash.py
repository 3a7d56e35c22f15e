"""Recognising copies of an image: a 64-bit perceptual hash, and a closer look at those that come near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

HASH_LIMIT = 12
"""Bits (of 64) by which copies may differ: candidates, which the details then confirm or not."""
DETAIL_LIMIT = 0.6
"""Least likeness of details of a copy; see :func:`likeness`."""

_SIDE, _LOW = 32, 8
_DETAIL, _PART = 64, 16
_FEWEST_PARTS = 5
_FAINT = 0.75
"""Standard deviation, in grey levels, of a part that shows nothing but rounding."""


def _cosines() -> np.ndarray:
    """Rows of the orthonormal DCT-II: ``sqrt(2/n) cos(pi (2i + 1) k / 2n)``, the first divided by sqrt(2)."""
    k, i = np.arange(_LOW)[:, None], np.arange(_SIDE)[None]
    rows = np.sqrt(2 / _SIDE) * np.cos(np.pi * (2 * i + 1) * k / (2 * _SIDE))
    rows[0] /= np.sqrt(2)
    return rows


_COSINES = _cosines()


@dataclass(frozen=True)
class Look:
    """What is remembered of one image: ``waves`` [8, 8] float64 of its low frequencies, ``detail`` [64, 64].

    ``flat`` images show nothing that could be compared.
    """

    waves: np.ndarray
    detail: np.ndarray

    @property
    def flat(self) -> bool:
        return int((_parts(self.detail).std(axis=1) > _FAINT).sum()) < _FEWEST_PARTS


def look_at(pixels: np.ndarray) -> Look:
    """Look at a picture, uint8 [H, W, 3] or [H, W]."""
    grey = Image.fromarray(pixels).convert("L")
    small = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR), dtype=np.float64)
    fine = np.asarray(grey.resize((_DETAIL, _DETAIL), Image.Resampling.BILINEAR), dtype=np.float32)
    return Look(_COSINES @ small @ _COSINES.T, fine - _blurred(fine))


def perceptual_hash(waves: np.ndarray) -> int:
    """64-bit perceptual hash (pHash) of ``waves`` [8, 8]: which of its cosine waves lie above their median.

    The image's low frequencies survive compression, another size and another brightness. The first wave is
    the mean brightness, which is left out of the median and counts as 0. After C. Zauner, Implementation and
    Benchmarking of Perceptual Image Hash Functions, 2010.
    """
    flat = waves.ravel()
    bits = flat > np.median(flat[1:])
    bits[0] = False
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def turned(waves: np.ndarray) -> list[np.ndarray]:
    """The waves of the image as it is, mirrored, turned and both: eight, without looking at pixels again.

    Mirroring an image changes the sign of its odd waves; transposing it transposes them.
    """
    odd = np.where(np.arange(_LOW) % 2, -1.0, 1.0)
    signs = [np.ones((_LOW, _LOW)), odd[None, :], odd[:, None], odd[None, :] * odd[:, None]]
    return [one * sign for one in (waves, waves.T) for sign in signs]


def turned_detail(detail: np.ndarray) -> list[np.ndarray]:
    """``detail`` in the eight positions, in the order of :func:`turned`."""
    return [
        view for one in (detail, detail.T) for view in (one, one[:, ::-1], one[::-1], one[::-1, ::-1])
    ]  # fmt: skip


def near_pairs(looks: list[Look], limit: int = HASH_LIMIT) -> list[tuple[int, int, int, int]]:
    """Pairs (i, j, distance in bits, position of j) with i < j whose hashes differ by at most ``limit`` bits.

    The position is an index into :func:`turned`; of several the nearest is given.
    """
    if len(looks) < 2:
        return []
    straight = np.array([perceptual_hash(one.waves) for one in looks], np.uint64)
    positions = np.array([[perceptual_hash(view) for view in turned(one.waves)] for one in looks], np.uint64)
    positions = np.ascontiguousarray(positions.T)  # [8, n]
    found = []
    for i in range(len(looks) - 1):
        bits = _ones(positions[:, i + 1 :] ^ straight[i])
        for offset in np.flatnonzero(bits.min(axis=0) <= limit):
            nearest = int(bits[:, offset].argmin())
            found.append((i, i + 1 + int(offset), int(bits[nearest, offset]), nearest))
    return found


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    """How alike two details [64, 64] are: the median correlation of their 16 parts, -1 to 1.

    Low frequencies agree between any two fields of a dark glomerulus on black; details of tissue do not. The
    median of parts, so that a legend, scale bar or stamp that many images share decides nothing. 0 if too few
    parts show anything.
    """
    a, b = _parts(first), _parts(second)
    seen = (a.std(axis=1) > _FAINT) & (b.std(axis=1) > _FAINT)
    if seen.sum() < _FEWEST_PARTS:
        return 0.0
    a, b = a[seen], b[seen]
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    return float(np.median((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))))


def _parts(detail: np.ndarray) -> np.ndarray:
    n = _DETAIL // _PART
    return detail.reshape(n, _PART, n, _PART).swapaxes(1, 2).reshape(n * n, -1)


def _blurred(values: np.ndarray) -> np.ndarray:
    """A running mean over 9 x 9 pixels, the edge repeated."""
    for axis in (0, 1):
        padded = np.pad(values, [(5, 4) if one == axis else (0, 0) for one in (0, 1)], mode="edge")
        sums = padded.cumsum(axis=axis, dtype=np.float64)
        values = _window(sums, axis)
    return values.astype(np.float32)


def _window(sums: np.ndarray, axis: int) -> np.ndarray:
    last = np.take(sums, np.arange(9, 9 + _DETAIL), axis=axis)
    return (last - np.take(sums, np.arange(_DETAIL), axis=axis)) / 9


def _ones(values: np.ndarray) -> np.ndarray:
    """Number of bits that are 1 in each uint64 (numpy 1.26 cannot count them)."""
    if hasattr(np, "bitwise_count"):
        return np.bitwise_count(values)
    return _TABLE[values[..., None].view(np.uint8)].sum(axis=-1, dtype=np.uint8)


_TABLE = np.array([bin(one).count("1") for one in range(256)], np.uint8)
