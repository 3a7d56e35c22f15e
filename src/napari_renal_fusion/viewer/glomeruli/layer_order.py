"""Where our layers lie: in their image's place in the world, and above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..fit import factor_of

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer


def place_of(viewer: napari.viewer.ViewerModel, parent: Layer) -> dict[str, Any]:
    """Scale, translate and units of a layer that counts in the pixels of a flat image.

    napari hands a layer the mouse in the unit of the whole list (nanometres, as soon as an electron image is
    there) and divides it by the layer's scale, without a look at its unit. So ours are in the list's unit.
    """
    factor, units = factor_of(viewer, parent), viewer.layers.units
    return {
        "scale": tuple(float(one) for one in np.asarray(parent.scale)[-2:] * factor),
        "translate": tuple(float(one) for one in np.asarray(parent.translate)[-2:] * factor),
        "units": tuple(units[-2:]) if units is not None else tuple(parent.units[-2:]),
    }


def put_in_place(viewer: napari.viewer.ViewerModel, layer: Layer, parent: Layer) -> None:
    """Move a layer to where its image is now, if it is elsewhere."""
    for name, value in place_of(viewer, parent).items():
        if tuple(getattr(layer, name)) != value:
            setattr(layer, name, value)


def raise_above(viewer: napari.viewer.ViewerModel, layer: Layer, parent: Layer) -> None:
    """Move a layer to right above an image that came after it; what lies above the image stays above both."""
    layers = viewer.layers
    if layers.index(layer) < layers.index(parent):
        layers.move(layers.index(layer), layers.index(parent) + 1)
