"""Bring one layer into view; napari's own ``fit_to_view`` forgets units when um and nm stand side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer


def fit_layer(viewer: napari.Viewer, layer: Layer, clear: float = 0.0) -> None:
    """Centre a flat layer and zoom so that it fills the canvas.

    ``clear`` pixels stay free above and below it (never more than half of the canvas in all). Extents of
    a layer are in its own unit, the camera is in the unit of the whole list (the smallest one).
    """
    per_unit = factor_of(viewer, layer)
    low, high = np.asarray(layer.extent.world)[:, -2:] * per_unit
    size = high - low + np.asarray(layer.scale)[-2:] * per_unit  # extents run from pixel centre to centre
    height, width = viewer.canvas.size
    free = max(0.5 * height, height - 2 * clear)
    camera = viewer.scene.camera
    camera.center = (0.0, *((low + high) / 2))
    camera.zoom = min(0.97 * width / size[1], min(free, 0.97 * height) / size[0])


def factor_of(viewer: napari.Viewer, layer: Layer) -> float:
    """What one unit of a layer is in the unit of the camera, which is that of the whole list."""
    units = viewer.layers.units
    if units is None:  # layers of different kinds: napari then counts every layer in its own numbers
        return 1.0
    return float((1 * layer.units[-1]).to(units[-1]).magnitude)
