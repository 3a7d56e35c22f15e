"""Attention as napari layers over its slide: one cell a patch, and the outline of the patch that was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject

from ...cases import Box
from ...explain.attention_grid import AttentionGrid
from ..fit import factor_of
from ..strokes import stroke
from ..turns import Turns

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer

MAP_NAME = "Attention"
OUTLINE_NAME = "Chosen patch"
_PART = 1 / 3
"""Part of the canvas's shorter side that a patch takes when the camera flies to it."""
_LINE, _EDGE = "#FFFFFF", "#101828"


def map_arguments(grid: AttentionGrid, parent: Layer, limits: tuple[float, float]) -> dict[str, Any]:
    """Arguments of an Image layer with one square a cell, in the place, scale and units of the slide's layer.

    Cells without a patch are NaN, which napari leaves transparent; the values are the raw ones, so that the
    status bar reads them.
    """
    placed, size = grid.placement, np.asarray(parent.scale)[-2:]
    low, high = limits
    return {
        "data": grid.values,
        "contrast_limits": (low, high if high > low else low + max(abs(low), 1e-12)),
        "scale": tuple(np.asarray(placed.scale) * size),
        "translate": tuple(np.asarray(placed.translate) * size + np.asarray(parent.translate)[-2:]),
        "units": tuple(parent.units)[-2:],
    }


def outline_arguments(box: Box, parent: Layer) -> dict[str, Any]:
    """Arguments of a Surface layer that outlines a patch: in the slide's pixels, with its scale and units."""
    top, left = box.top - 0.5, box.left - 0.5
    bottom, right = top + box.height, left + box.width
    width = box.height / 90
    ring = np.array([(top, left), (top, right), (bottom, right), (bottom, left), (top, left)])
    mesh = stroke(ring, width, _LINE, _EDGE, width)
    return {
        "data": (mesh.vertices, mesh.faces, np.ones(len(mesh.vertices))),
        "vertex_colors": mesh.colours,
        "scale": tuple(np.asarray(parent.scale)[-2:]),
        "translate": tuple(np.asarray(parent.translate)[-2:]),
        "units": tuple(parent.units)[-2:],
    }


def fly_to(viewer: napari.Viewer, parent: Layer, box: Box) -> None:
    """Put the middle of a patch into the middle of the canvas, so near that it takes a third of it."""
    per_unit = factor_of(viewer, parent)
    size = np.asarray(parent.scale)[-2:]
    middle = np.array([box.top + (box.height - 1) / 2, box.left + (box.width - 1) / 2])
    camera = viewer.scene.camera
    camera.center = (0.0, *((middle * size + np.asarray(parent.translate)[-2:]) * per_unit))
    side = max(box.height * size[0], box.width * size[1]) * per_unit
    camera.zoom = _PART * min(viewer.canvas.size) / side


class AttentionLayers(QObject):
    """Owns the two layers; one operation a turn of the event loop, data replaced rather than layers added."""

    def __init__(self, viewer: napari.Viewer, parent: QObject | None = None):
        super().__init__(parent)
        self._viewer = viewer
        self._turns = Turns(self)
        self._map: Layer | None = None
        self._outline: Layer | None = None
        self._titles: tuple[str, str] | None = None

    @property
    def busy(self) -> bool:
        return self._turns.busy

    @property
    def map(self) -> Layer | None:
        """The heat map's layer, None if there is none or the person removed it."""
        return self._map if self._alive(self._map) else None

    @property
    def outline(self) -> Layer | None:
        return self._outline if self._alive(self._outline) else None

    @property
    def all(self) -> list[Layer]:
        """The layers that are in the viewer."""
        return [layer for layer in (self._map, self._outline) if self._alive(layer)]

    def lay(
        self, grid: AttentionGrid, parent: Layer, limits: tuple[float, float], opacity: float, title: str
    ) -> None:
        """Lay the map over the slide's layer; ``title`` stands in the canvas's corner as long as it lies there."""
        self._turns.add(lambda: self._lay(map_arguments(grid, parent, limits), parent, opacity))
        self._turns.add(lambda: self._write(title))

    def choose(self, box: Box, parent: Layer) -> None:
        """Outline a patch and fly to it."""
        self._turns.add(lambda: self._draw(outline_arguments(box, parent), parent))
        self._turns.add(lambda: fly_to(self._viewer, parent, box))

    def set_opacity(self, opacity: float) -> None:
        if self.map is not None:
            self.map.opacity = opacity

    def remove(self) -> None:
        """Take both off the layer list, one a turn: a layer of a calibrated slide must not stay beside others."""
        self._turns.drop()
        for layer in (self._map, self._outline):
            if self._alive(layer):
                self._turns.add(lambda layer=layer: self._remove(layer))
        if self._titles is not None:
            self._turns.add(self._take_title_back)

    def remove_now(self) -> None:
        """Take both off at once, before the viewer is let go."""
        self._turns.drop()
        for layer in (self._map, self._outline):
            self._remove(layer)
        if self._viewer is not None:
            self._take_title_back()
        self._viewer = None

    def _lay(self, arguments: dict[str, Any], parent: Layer, opacity: float) -> None:
        if parent not in self._viewer.layers:
            return
        if self.map is None:
            self._map = self._viewer.add_image(
                name=MAP_NAME, colormap="cividis", interpolation2d="nearest", blending="translucent",
                opacity=opacity, **arguments,
            )  # fmt: skip
        else:
            layer = self._map
            layer.data, layer.contrast_limits = arguments["data"], arguments["contrast_limits"]
            self._place(layer, arguments)
            layer.opacity = opacity
        self._activate(parent)

    def _draw(self, arguments: dict[str, Any], parent: Layer) -> None:
        if parent not in self._viewer.layers:
            return
        if self.outline is None:
            self._outline = self._viewer.add_surface(
                name=OUTLINE_NAME, shading="none", blending="translucent_no_depth", **arguments
            )
        else:
            self._outline.data = arguments["data"]
            self._place(self._outline, arguments)
        self._activate(parent)

    @staticmethod
    def _place(layer: Layer, arguments: dict[str, Any]) -> None:
        layer.scale, layer.translate, layer.units = (
            arguments[name] for name in ("scale", "translate", "units")
        )
        layer.visible = True

    def _activate(self, parent: Layer) -> None:
        self._viewer.layers.selection.active = parent

    def _write(self, title: str) -> None:
        text = self._viewer.canvas.overlays.text
        before = text.text if text.visible else ""
        if self._titles is not None and before == self._titles[1]:
            before = self._titles[0]
        self._titles = before, title
        text.text, text.visible = title, True

    def _take_title_back(self) -> None:
        """Put back what stood in the corner, unless somebody else has written there meanwhile."""
        titles, self._titles = self._titles, None
        text = self._viewer.canvas.overlays.text
        if titles is not None and text.text == titles[1]:
            text.text, text.visible = titles[0], bool(titles[0])

    def _remove(self, layer: Layer | None) -> None:
        if self._alive(layer):
            self._viewer.layers.remove(layer)

    def _alive(self, layer: Layer | None) -> bool:
        return self._viewer is not None and layer is not None and layer in self._viewer.layers
