"""Which layer lies on which: outlines stay above the image that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer


def raise_above(viewer: napari.viewer.ViewerModel, layer: Layer, parent: Layer) -> None:
    """Move a layer to the top if it lies below an image that came after it."""
    layers = viewer.layers
    if layers.index(layer) < layers.index(parent):
        layers.move(layers.index(layer), len(layers))
