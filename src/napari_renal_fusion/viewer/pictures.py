"""Pixels for the screen: thumbnails for the board and arrays for the canvas, made in reading threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from qtpy.QtGui import QImage

from ..cases import ImageItem, PixelSize, SlideItem

THUMBNAIL = 96
"""Longest side of a thumbnail in pixels; drawn at 72 on ordinary screens."""


@dataclass(frozen=True)
class Picture:
    """An image ready for the canvas; ``limits`` is the grey range shown, fixed so that it never jumps."""

    key: str
    pixels: np.ndarray
    pixel_size: PixelSize | None
    limits: tuple[float, float] = (0.0, 255.0)

    @property
    def rgb(self) -> bool:
        return self.pixels.ndim == 3


def read_picture(key: str, item: ImageItem) -> Picture:
    """Read one image with its pixel size; both touch the file, so this runs in a thread."""
    pixels = item.read()
    limits = (0.0, 255.0)
    if pixels.ndim == 3:
        pixels = to_bytes(pixels)
    elif pixels.dtype != np.uint8:
        limits = display_range(pixels)
    return Picture(key, np.ascontiguousarray(pixels), item.pixel_size, limits)


def read_thumbnail(item: ImageItem) -> QImage:
    """Read one image and make it small; QImage (unlike QPixmap) may be made in any thread."""
    return to_qimage(shrink(to_bytes(item.read()), THUMBNAIL))


def read_thumbnail_of_slide(item: SlideItem) -> QImage:
    """The coarsest level of a slide, made small; never its label or macro image."""
    with item.open() as slide:
        coarsest = len(slide.levels) - 1
        rows, columns = slide.levels[coarsest].shape
        return to_qimage(shrink(slide.read(coarsest, 0, 0, rows, columns), THUMBNAIL))


def to_bytes(pixels: np.ndarray) -> np.ndarray:
    """Bring 16-bit pixels to 8 bits for display by their own range; 8-bit pixels stay as they are."""
    if pixels.dtype == np.uint8:
        return pixels
    low, high = display_range(pixels)
    return np.clip((pixels.astype(np.float32) - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)


def display_range(pixels: np.ndarray) -> tuple[float, float]:
    """Darkest and brightest value shown: all but the outer half percent."""
    low, high = np.percentile(pixels[::4, ::4], (0.5, 99.5))
    return float(low), float(max(high, low + 1))


def shrink(pixels: np.ndarray, longest: int) -> np.ndarray:
    """Make uint8 pixels smaller so that the longest side has at most ``longest`` pixels."""
    from PIL import Image

    step = max(1, min(pixels.shape[:2]) // (4 * longest))  # thinning first keeps the good filter cheap
    image = Image.fromarray(np.ascontiguousarray(pixels[::step, ::step]))
    image.thumbnail((longest, longest), Image.Resampling.BOX if min(image.size) > longest else 1)
    return np.asarray(image)


def to_qimage(pixels: np.ndarray) -> QImage:
    """Copy uint8 pixels, grey or RGB, into a QImage."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    kind = QImage.Format.Format_RGB888 if pixels.ndim == 3 else QImage.Format.Format_Grayscale8
    return QImage(pixels.data, width, height, pixels.strides[0], kind).copy()
