"""Whether a slide is a phantom: the word SYNTHETIC in its corner, read at whatever level shows it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..cases.slide import Slide
from .stamp import WORD, _matches, scale

_CELL = 4
_MARGIN = 2


def is_phantom_slide(slide: Slide) -> bool:
    """Whether the corner of an open slide carries the word; reads a few thousand pixels only."""
    height, width = slide.levels[0].shape
    cell = scale(width, height)
    level = slide.best_level(max(1.0, cell / _CELL))
    size = (WORD.shape[1] + 2 * _MARGIN) * cell, (WORD.shape[0] + 2 * _MARGIN) * cell
    down = height / slide.levels[level].shape[0]
    corner = slide.read(level, 0, 0, round(size[1] / down) + 1, round(size[0] / down) + 1)
    picture = Image.fromarray(corner).resize(
        ((WORD.shape[1] + 2 * _MARGIN) * _CELL, (WORD.shape[0] + 2 * _MARGIN) * _CELL),
        Image.Resampling.BILINEAR,
        box=(0, 0, size[0] / down, size[1] / down),
    )
    return _matches(np.asarray(picture), _CELL)
