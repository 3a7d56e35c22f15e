"""Pictures made smaller or larger by a whole number, so that every position on them stays exact."""

from __future__ import annotations

import math

import numpy as np

Box = tuple[float, float, float, float]
"""(top, left, height, width) in pixels, counted from the image's top left corner."""


def whole_zoom(shape: tuple[int, int], *, least: int = 800, most: int = 1600) -> float:
    """Zoom for an image of (height, width): 1/k if wider than ``most``, m if narrower than ``least``.

    Heights are held to 1.5 times ``most``, so that a very tall image stays bounded, too.
    """
    height, width = shape
    smaller = max(math.ceil(width / most), math.ceil(height / (1.5 * most)))
    if smaller > 1:
        return 1 / smaller
    return float(max(1, min(math.floor(most / width), math.ceil(least / width), most // height)))


def zoom_image(image: np.ndarray, zoom: float) -> np.ndarray:
    """Resize uint8 [h, w] or [h, w, 3] by ``zoom`` = 1/k (mean of k x k pixels) or m (bicubic).

    With a zoom of 1/k the last row and column may average fewer pixels: the size is rounded up, and
    pixel d of the result always covers the image's pixels d*k to d*k + k - 1.
    """
    if zoom == 1:
        return image
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(image))
    if zoom < 1:
        return np.asarray(picture.reduce(round(1 / zoom)))
    size = (round(picture.width * zoom), round(picture.height * zoom))
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))


def zoom_placement(
    scale: tuple[float, float], translate: tuple[float, float], zoom: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Scale and translate of a map on the zoomed picture; pixel centres, hence the halves."""
    return (
        (scale[0] * zoom, scale[1] * zoom),
        ((translate[0] + 0.5) * zoom - 0.5, (translate[1] + 0.5) * zoom - 0.5),
    )


def zoom_box(box: Box, zoom: float) -> Box:
    """A box on the zoomed picture; counted from corners, hence no halves."""
    return tuple(side * zoom for side in box)
