"""The layer that shows all outlines of an image: lines of constant width on the screen, thousands of them.

napari's Shapes takes 7 seconds for 2000 outlines and a third of a second for each edit of one, so it gets only
what is being edited (:mod:`.edit_layer`). Here only what is seen is drawn, and not finer than the screen.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, QTimer

from ...glomeruli.edits import Outlines
from ...glomeruli.outline import Outline
from ..strokes import Mesh
from .layer_order import raise_above
from .line_colours import EDGE, colour_of_line, edge_of_line, width_of_line
from .line_mesh import rings_as_mesh
from .view import View

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer, Surface

LAYER_NAME = "Outlines"
_SETTLE_MS = 120
"""After the last move of the camera; while it moves the lines only grow and shrink with the image."""


class LineLayer(QObject):
    """Owns a Surface layer in the pixels of its parent, the image."""

    def __init__(self, viewer: napari.viewer.ViewerModel, parent: QObject | None = None):
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Surface | None = None
        self._parent: Layer | None = None
        self._outlines: Outlines = ()
        self._chosen: frozenset[str] = frozenset()
        self._rings: dict[str, tuple[Outline, np.ndarray, np.ndarray]] = {}
        self._drawn: View | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._follow_camera)
        viewer.scene.camera.events.connect(self._camera_moved)

    @property
    def layer(self) -> Surface | None:
        """The layer, None if there is none or the person removed it."""
        return self._layer if self._layer is not None and self._layer in self._viewer.layers else None

    def show(self, parent: Layer | None, outlines: Outlines, chosen: Collection[str] = ()) -> None:
        """Draw outlines over an image; without any, nothing is there."""
        self._parent, self._outlines, self._chosen = parent, outlines, frozenset(chosen)
        self._remember_rings()
        self.draw()

    def draw(self) -> None:
        """Draw what is seen now."""
        self._later.stop()
        layer, parent = self.layer, self._parent
        if parent is None or parent not in self._viewer.layers or not self._outlines:
            self._drawn = None
            if layer is not None:
                self._set(layer, Mesh.nothing())
                layer.visible = False
            return
        self._drawn = View.of(self._viewer, parent).wider()
        mesh = self._mesh(self._drawn)
        layer = self.make(parent)
        self._set(layer, mesh)
        raise_above(self._viewer, layer, parent)
        layer.visible = True

    def make(self, parent: Layer) -> Surface:
        """The layer, made if it is not there, in its parent's place in the world.

        Making it takes the mouse away from a layer that is being drawn on, so whoever draws asks for it before.
        """
        placed = {"scale": parent.scale[-2:], "translate": parent.translate[-2:], "units": parent.units[-2:]}
        layer = self.layer
        if layer is None:
            nothing = Mesh.nothing()
            active = self._viewer.layers.selection.active
            self._layer = layer = self._viewer.add_surface(
                (nothing.vertices, nothing.faces, np.ones(len(nothing.vertices))),
                vertex_colors=nothing.colours, name=LAYER_NAME, shading="none",
                blending="translucent_no_depth", **placed,
            )  # fmt: skip
            if active is not None:
                self._viewer.layers.selection.active = active
        for name, value in placed.items():
            if tuple(getattr(layer, name)) != tuple(value):
                setattr(layer, name, value)
        return layer

    def close(self) -> None:
        """Let go of the viewer; the layer stays if the viewer does."""
        self._later.stop()
        self._viewer.scene.camera.events.disconnect(self._camera_moved)

    @staticmethod
    def _set(layer: Surface, mesh: Mesh) -> None:
        """Replace what a surface shows by one change: colours of another number of vertices cannot be drawn."""
        layer._vertex_colors = None
        with layer.events.data.blocker():
            layer.data = (mesh.vertices, mesh.faces, np.ones(len(mesh.vertices)))
        layer.vertex_colors = mesh.colours

    def _remember_rings(self) -> None:
        """Rings and their boxes of every outline; those of unchanged outlines are kept."""
        before, self._rings = self._rings, {}
        for outline in self._outlines:
            known = before.get(outline.id)
            if known is None or known[0] is not outline:
                rings = [np.asarray(ring, dtype=float) for ring in outline.rings]
                bounds = np.array([[*ring.min(axis=0), *ring.max(axis=0)] for ring in rings])
                known = outline, rings, bounds
            self._rings[outline.id] = known

    def _mesh(self, view: View) -> Mesh:
        import shapely

        kept = list(self._rings.values())
        bounds = np.concatenate([one[2] for one in kept])
        owner = np.repeat(np.arange(len(kept)), [len(one[1]) for one in kept])
        rings = [ring for one in kept for ring in one[1]]
        edge = 4 * view.pixel
        seen = np.flatnonzero(
            (bounds[:, 0] - edge < view.high[0]) & (bounds[:, 1] - edge < view.high[1])
            & (bounds[:, 2] + edge > view.low[0]) & (bounds[:, 3] + edge > view.low[1])
        )  # fmt: skip
        if not len(seen):
            return Mesh.nothing()
        counts = np.array([len(rings[i]) for i in seen])
        lines = shapely.linearrings(
            np.concatenate([rings[i] for i in seen]), indices=np.repeat(np.arange(len(seen)), counts)
        )
        # Not finer than half a pixel of the screen.
        simple = shapely.simplify(lines, 0.4 * view.pixel, preserve_topology=True)
        points, which = shapely.get_coordinates(simple, return_index=True)
        ends = np.flatnonzero(np.diff(which, append=len(seen)))
        drawn = np.split(np.delete(points, ends, axis=0), np.cumsum(np.bincount(which) - 1)[:-1])
        looks = [self._look(kept[i][0]) for i in owner[seen]]
        return rings_as_mesh(
            drawn,
            np.array([look[0] for look in looks]) * view.pixel,
            np.array([look[1] for look in looks]),
            np.array([look[2] for look in looks]),
            EDGE * view.pixel,
        )

    def _look(self, outline: Outline) -> tuple[float, np.ndarray, np.ndarray]:
        colour = colour_of_line(outline)
        return width_of_line(outline, outline.id in self._chosen), colour, edge_of_line(colour)

    def _camera_moved(self, event: object = None) -> None:
        if self._drawn is not None and not self._later.isActive():
            self._later.start(_SETTLE_MS)

    def _follow_camera(self) -> None:
        parent = self._parent
        if self._drawn is None or parent is None or parent not in self._viewer.layers:
            return
        if not self._drawn.holds(View.of(self._viewer, parent)):
            self.draw()
