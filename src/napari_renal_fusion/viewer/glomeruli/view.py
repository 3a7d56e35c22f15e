"""What part of an image is seen, and how large its pixels are on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..fit import factor_of

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer


@dataclass(frozen=True)
class View:
    """``low`` and ``high`` are (row, column) of the seen part's corners, in the layer's pixels.

    ``pixel`` is how many of the layer's pixels one pixel of the screen covers.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    pixel: float

    @classmethod
    def of(cls, viewer: napari.viewer.ViewerModel, layer: Layer) -> View:
        """How a flat, unrotated layer is seen now."""
        per_unit = factor_of(viewer, layer)
        scale = np.asarray(layer.scale)[-2:] * per_unit
        shift = np.asarray(layer.translate)[-2:] * per_unit
        camera = viewer.scene.camera
        half = np.asarray(viewer.canvas.size) / camera.zoom / 2
        centre = np.asarray(camera.center)[-2:]
        low, high = (centre - half - shift) / scale, (centre + half - shift) / scale
        return cls(tuple(map(float, low)), tuple(map(float, high)), float(1 / (camera.zoom * scale[-1])))

    @staticmethod
    def world(
        viewer: napari.viewer.ViewerModel, layer: Layer, point: tuple[float, float]
    ) -> tuple[float, float]:
        """A point of the layer's pixels where the camera counts."""
        per_unit = factor_of(viewer, layer)
        scale, shift = np.asarray(layer.scale)[-2:], np.asarray(layer.translate)[-2:]
        row, column = (np.asarray(point) * scale + shift) * per_unit
        return float(row), float(column)

    def wider(self) -> View:
        """The same with half of its size more on each side."""
        size = np.subtract(self.high, self.low)
        low, high = np.asarray(self.low) - size / 2, np.asarray(self.high) + size / 2
        return View(tuple(map(float, low)), tuple(map(float, high)), self.pixel)

    def holds(self, other: View) -> bool:
        """Whether what was drawn for this view still serves for another: it lies inside, at about the same zoom."""
        inside = all(a <= b for a, b in zip(self.low, other.low, strict=True)) and all(
            a >= b for a, b in zip(self.high, other.high, strict=True)
        )
        return inside and 0.75 < other.pixel / self.pixel < 1.35
