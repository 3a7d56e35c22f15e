"""The pixels of one patch of a slide, at the size that is wanted."""

from __future__ import annotations

import math

import numpy as np

from ..cases import Box
from ..cases.slide import Slide


def read_patch(slide: Slide, box: Box, side: int) -> np.ndarray:
    """Pixels of a part of a slide, uint8 [h, w, 3], its longer side ``side`` pixels long.

    ``box`` is in level-0 pixels. The level read is the coarsest that is fine enough.
    """
    from PIL import Image

    downsample = max(box.height, box.width) / side
    level = slide.best_level(downsample)
    rows, columns = slide.levels[level].shape
    down, right = slide.levels[0].shape[0] / rows, slide.levels[0].shape[1] / columns
    top, left = math.floor(box.top / down), math.floor(box.left / right)
    height, width = max(1, round(box.height / down)), max(1, round(box.width / right))
    pixels = slide.read(level, top, left, height, width)
    size = max(1, round(box.width / downsample)), max(1, round(box.height / downsample))
    if pixels.shape[:2] == size[::-1]:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
