"""The word SYNTHETIC in a corner of every phantom, readable by people and by programs."""

from __future__ import annotations

import numpy as np

from ..errors import RenalFusionError

_LETTERS = {
    "S": ("01111", "10000", "10000", "01110", "00001", "00001", "11110"),
    "Y": ("10001", "10001", "01010", "00100", "00100", "00100", "00100"),
    "N": ("10001", "11001", "10101", "10101", "10011", "10001", "10001"),
    "T": ("11111", "00100", "00100", "00100", "00100", "00100", "00100"),
    "H": ("10001", "10001", "10001", "11111", "10001", "10001", "10001"),
    "E": ("11111", "10000", "10000", "11110", "10000", "10000", "11111"),
    "I": ("01110", "00100", "00100", "00100", "00100", "00100", "01110"),
    "C": ("01111", "10000", "10000", "10000", "10000", "10000", "01111"),
}
_MARGIN = 2
_LIKENESS = 0.8
"""Least correlation with the word; noise reaches about 0.15 over its 605 cells."""


def _word() -> np.ndarray:
    gap = np.zeros((7, 1), bool)
    parts: list[np.ndarray] = []
    for letter in "SYNTHETIC":
        rows = [[bit == "1" for bit in row] for row in _LETTERS[letter]]
        parts += [np.array(rows), gap]
    return np.pad(np.concatenate(parts[:-1], axis=1), 1)


WORD = _word()
"""The word with a border of one cell, bool [9, 55]: True is ink."""


def scale(width: int, height: int) -> int:
    """Pixels per cell of the word: a function of the image size only."""
    return max(1, round(min(width, height) / 256))


def smallest() -> tuple[int, int]:
    """The least (width, height) that can carry the stamp."""
    return 96, 24


def stamp(image: np.ndarray) -> np.ndarray:
    """A copy of uint8 ``image`` [h, w] or [h, w, 3] with the word in its top left corner, white on black.

    Raises
    ------
    RenalFusionError
        ``phantom_too_small`` when the image cannot carry the word.
    """
    height, width = image.shape[:2]
    cell = scale(width, height)
    if width < smallest()[0] or height < smallest()[1] or WORD.shape[1] * cell + _MARGIN * cell > width:
        raise RenalFusionError(
            "phantom_too_small",
            f"A phantom of {width} x {height} pixels cannot carry the word SYNTHETIC",
            remedy=f"Ask for at least {smallest()[0]} x {smallest()[1]} pixels.",
        )
    marked = image.copy()
    ink = np.kron(WORD, np.ones((cell, cell), bool))
    corner = marked[
        _MARGIN * cell : _MARGIN * cell + ink.shape[0], _MARGIN * cell : _MARGIN * cell + ink.shape[1]
    ]
    corner[...] = np.where(ink if image.ndim == 2 else ink[..., None], 245, 10).astype(image.dtype)
    return marked


def is_phantom(image: np.ndarray) -> bool:
    """Whether the corner of ``image`` [h, w] or [h, w, channels], any numeric type, carries the word.

    Looks at the corner only; tolerates JPEG compression, grey or colour, any brightness scale, and a few rows
    cut from the bottom (a neighbouring scale is tried too). Never raises on an array of another shape.
    """
    image = np.asarray(image)
    if image.ndim not in (2, 3) or image.shape[0] < 12 or image.shape[1] < WORD.shape[1]:
        return False
    cell = scale(image.shape[1], image.shape[0])
    return any(_matches(image, size) for size in (cell, cell + 1, cell - 1) if size >= 1)


def _matches(image: np.ndarray, cell: int) -> bool:
    rows, columns = WORD.shape
    top = _MARGIN * cell
    corner = image[top : top + rows * cell, top : top + columns * cell]
    if corner.shape[:2] != (rows * cell, columns * cell):
        return False
    grey = corner.astype(np.float64)
    grey = grey if grey.ndim == 2 else grey[..., :3].mean(axis=2)
    means = grey.reshape(rows, cell, columns, cell).mean(axis=(1, 3))
    if not np.isfinite(means).all():
        return False
    means, ink = means - means.mean(), WORD - WORD.mean()
    size = np.sqrt((means**2).sum() * (ink**2).sum())
    return bool(size > 0 and (means * ink).sum() / size > _LIKENESS)
