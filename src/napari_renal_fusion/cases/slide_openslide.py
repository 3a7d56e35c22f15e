"""Reading a slide through OpenSlide: SVS, NDPI, MRXS, SCN, BIF, DICOM, pyramidal TIFF."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import numpy as np

from .slide_files import damaged_part
from .slide_scale import StatedScale

CACHE_BYTES = 64 * 2**20  # decoded tiles that OpenSlide keeps


class OpenSlideReader:
    """One slide opened by OpenSlide; reads from several threads at once.

    ``shapes`` [(rows, columns)] and ``downsamples`` are the stored levels. Parts that were never
    scanned, and tiles that a sparse file leaves out, are white.
    """

    reader = "openslide"

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.Lock()
        self._slide = self._open()
        properties = self._slide.properties
        self.vendor = properties.get("openslide.vendor", "unknown")
        self.shapes = tuple((rows, columns) for columns, rows in self._slide.level_dimensions)
        self.downsamples = tuple(self._slide.level_downsamples)
        self.associated = tuple(sorted(self._slide.associated_images))
        self.scale = StatedScale(
            _number(properties.get("openslide.mpp-x")),
            _number(properties.get("openslide.mpp-y")),
            _number(properties.get("openslide.objective-power")),
            source="slide",
        )

    def read(self, level: int, top: int, left: int, height: int, width: int) -> np.ndarray:
        """Read uint8 [height, width, 3]; the region lies within the level.

        OpenSlide takes the corner in level-0 pixels, so it is met to within half of one of those.
        """
        import openslide

        downsample = self.downsamples[level]
        corner = (round(left * downsample), round(top * downsample))
        slide = self._slide
        try:
            image = slide.read_region(corner, level, (width, height))
        except openslide.OpenSlideError as error:
            # After one error OpenSlide refuses everything; a damaged tile must not close the whole slide.
            with self._lock:
                if self._slide is slide:
                    self._slide = self._open()
            raise damaged_part(self.path, error) from error
        return _on_white(np.asarray(image))

    def read_associated(self, name: str) -> np.ndarray:
        """Read a label, macro or thumbnail as uint8 [height, width, 3]."""
        import openslide

        try:
            return _on_white(np.asarray(self._slide.associated_images[name].convert("RGBA")))
        except openslide.OpenSlideError as error:
            with self._lock:
                self._slide = self._open()
            raise damaged_part(self.path, error) from error

    def close(self) -> None:
        self._slide.close()

    def _open(self):
        import openslide

        slide = openslide.OpenSlide(str(self.path))
        slide.set_cache(openslide.OpenSlideCache(CACHE_BYTES))
        return slide


def _on_white(pixels: np.ndarray) -> np.ndarray:
    """RGBA over white; most regions are opaque, and then the colours are only copied."""
    alpha = pixels[..., 3]
    if alpha.min() == 255:
        return np.ascontiguousarray(pixels[..., :3])
    colours, weight = pixels[..., :3].astype(np.uint16), alpha[..., None].astype(np.uint16)
    return ((colours * weight + 255 * (255 - weight) + 127) // 255).astype(np.uint8)


def _number(text: str | None) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
