"""A thumbnail of any image file, decoded at the least size that the format allows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ...errors import RenalFusionError
from ..image_formats import ImageFormat, open_original, recognise
from ..picture_files import open_picture, read_reduced
from ..tiff_files import open_tiff, page_of, tiff_shape
from ..vendor_tags import is_electron_tiff

SIDE = 192
"""Longest side of a thumbnail, pixels."""


def small_picture(path: Path, page: int = 0, side: int = SIDE) -> tuple[np.ndarray, tuple[int, int]]:
    """Read a thumbnail, uint8 [h, w, 3] with the longer side ``side``, and the image's (height, width).

    A JPEG is decoded at an eighth of its size where that is enough. 12 and 16-bit images are stretched
    from their 0.5th to their 99.5th percentile: a thumbnail is looked at, never measured.

    Raises
    ------
    RenalFusionError
        As :func:`..image_files.read_image`.
    """
    from ..image_files import read_image

    with open_original(path) as file:
        image_format = recognise(file, path)
        if image_format is ImageFormat.JPEG:
            picture, size = read_reduced(open_picture(file, image_format, path), path, 2 * side)
            return _fit(picture, side), size
    values = read_image(path, page)
    step = max(1, min(values.shape[:2]) // (2 * side))
    return _fit(_eight_bits(values[::step, ::step]), side), values.shape[:2]


def picture_size(path: Path, page: int = 0) -> tuple[int, int, bool]:
    """Height, width, and whether a thumbnail costs little: a JPEG, or few pixels. Only the header is read."""
    with open_original(path) as file:
        image_format = recognise(file, path)
        if image_format.is_vendor:  # its size is known only by reading it
            return 0, 0, False
        if image_format is ImageFormat.TIFF:
            with open_tiff(file, path) as tiff:
                height, width = tiff_shape(page_of(tiff, path, page))
        else:
            width, height = open_picture(file, image_format, path).size
    return height, width, image_format is ImageFormat.JPEG or height * width <= 1_500_000


def _eight_bits(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.uint8:
        return values
    low, high = np.percentile(values, (0.5, 99.5))
    scaled = (values.astype(np.float32) - low) * (255 / max(1.0, high - low))
    return scaled.clip(0, 255).astype(np.uint8)


def _fit(values: np.ndarray, side: int) -> np.ndarray:
    colours = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=2)
    height, width = colours.shape[:2]
    factor = min(1.0, side / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(np.ascontiguousarray(colours)).resize(size, Image.Resampling.BOX))


def is_electron_file(path: Path) -> bool:
    """Whether the file's format or its tags say that an electron microscope made it; only headers are read."""
    try:
        with open_original(path) as file:
            image_format = recognise(file, path)
            if image_format is ImageFormat.TIFF:
                with open_tiff(file, path) as tiff:
                    return is_electron_tiff(tiff.pages.first)
            return image_format.is_vendor
    except RenalFusionError:
        return False
