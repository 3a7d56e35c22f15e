"""Small pictures of the panel with their values as stored, so that a display range can be laid over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from qtpy.QtGui import QImage

from ...cases import ImageItem
from ...cases.image_formats import ImageFormat, open_original, recognise
from ...cases.sorting.thumbnails import small_picture
from ...inputs.pixels import full_scale_of
from ..pictures import to_qimage
from .display import DisplayRange

SIDE = 384
"""Longest side, pixels; a cell of the grid is rarely wider."""


@dataclass(frozen=True)
class SmallPicture:
    """uint8 or uint16, [h, w] or [h, w, 3]; ``full`` is the value that is white."""

    values: np.ndarray
    full: int = 255

    def shown(self, display: DisplayRange, full: int | None = None) -> QImage:
        """The picture under a display range; ``full`` is the white of the whole panel where images have 16 bits."""
        whole = full if full and self.values.dtype == np.uint16 else self.full
        return to_qimage(display.applied(self.values, whole))


def read_small(item: ImageItem) -> SmallPicture:
    """Read an image small; runs in a thread. A JPEG is decoded at a fraction of its size.

    Raises
    ------
    RenalFusionError
        If the image cannot be read.
    """
    if item.pixels is None and _is_jpeg(item):
        return SmallPicture(small_picture(item.path, item.page, SIDE)[0])
    values = item.read()
    full = full_scale_of(values)
    step = max(1, min(values.shape[:2]) // (2 * SIDE))  # thinning first keeps the good filter cheap
    return SmallPicture(_fitted(values[::step, ::step]), full)


def _is_jpeg(item: ImageItem) -> bool:
    with open_original(item.path) as file:
        return recognise(file, item.path) is ImageFormat.JPEG


def _fitted(values: np.ndarray) -> np.ndarray:
    height, width = values.shape[:2]
    factor = SIDE / max(height, width)
    if factor >= 1:
        return np.ascontiguousarray(values)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if values.dtype == np.uint8:
        picture = Image.fromarray(np.ascontiguousarray(values))
        return np.asarray(picture.resize(size, Image.Resampling.BOX))
    planes = values[..., None] if values.ndim == 2 else values
    resized = [
        np.asarray(Image.fromarray(planes[..., i].astype(np.float32)).resize(size, Image.Resampling.BOX))
        for i in range(planes.shape[2])
    ]
    whole = np.rint(np.stack(resized, axis=-1)).astype(values.dtype)
    return whole[..., 0] if values.ndim == 2 else whole
