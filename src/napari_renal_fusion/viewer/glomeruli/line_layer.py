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
from .layer_order import place_of, put_in_place, raise_above
from .line_colours import EDGE, colour_of_line, edge_of_line, width_of_line
from .line_mesh import rings_as_mesh
from .view import View

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer, Surface

LAYER_NAME = "Outlines"
Known = tuple[Outline, list[np.ndarray], np.ndarray]
"""An outline, its rings [n, 2], and of each ring the smallest and largest row and column [k, 4]."""
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
        self._rings: dict[str, Known] = {}
        self._ready: dict[str, Known] = {}
        self._drawn: View | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._follow_camera)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.draw)
        viewer.scene.camera.events.connect(self._camera_moved)

    @property
    def layer(self) -> Surface | None:
        """The layer, None if there is none or the person removed it."""
        return self._layer if self._layer is not None and self._layer in self._viewer.layers else None

    def show(self, parent: Layer | None, outlines: Outlines, chosen: Collection[str] = ()) -> None:
        """Draw outlines over an image; without any, nothing is there.

        On an image that has its lines already they are drawn once the present event is over.
        """
        another = parent is not self._parent or self.layer is None or not outlines
        self._parent, self._outlines, self._chosen = parent, outlines, frozenset(chosen)
        if another:
            self.draw()
        else:
            self._soon.start(0)

    def draw(self) -> None:
        """Draw what is seen now."""
        self._later.stop()
        self._soon.stop()
        self._remember_rings()
        layer, parent = self.layer, self._parent
        if parent is None or parent not in self._viewer.layers or not self._outlines:
            self._drawn = None
            if layer is not None and layer.visible:
                self._set(layer, Mesh.nothing())
                layer.visible = False
            return
        self._drawn = View.of(self._viewer, parent).wider()
        mesh = self._mesh(self._drawn)
        layer = self.make(parent)
        self._set(layer, mesh)
        raise_above(self._viewer, layer, parent)
        if not layer.visible:
            layer.visible = True

    def make(self, parent: Layer) -> Surface:
        """The layer, made if it is not there, in its parent's place in the world; hidden until there is a line.

        Making it takes the mouse away from a layer that is being drawn on, so whoever draws asks for it before.
        """
        layer = self.layer
        if layer is None:
            nothing = Mesh.nothing()
            active = self._viewer.layers.selection.active
            self._layer = layer = self._viewer.add_surface(
                (nothing.vertices, nothing.faces, np.ones(len(nothing.vertices))),
                vertex_colors=nothing.colours, name=LAYER_NAME, shading="none", visible=False,
                blending="translucent_no_depth", **place_of(self._viewer, parent),
            )  # fmt: skip
            if active is not None:
                self._viewer.layers.selection.active = active
        put_in_place(self._viewer, layer, parent)
        return layer

    def close(self) -> None:
        """Let go of the viewer; the layer stays if the viewer does."""
        self._later.stop()
        self._soon.stop()
        self._viewer.scene.camera.events.disconnect(self._camera_moved)

    @staticmethod
    def _set(layer: Surface, mesh: Mesh) -> None:
        """Replace what a surface shows by one change: colours of another number of vertices cannot be drawn."""
        layer._vertex_colors = None
        with layer.events.data.blocker():
            layer.data = (mesh.vertices, mesh.faces, np.ones(len(mesh.vertices)))
        layer.vertex_colors = mesh.colours

    def prepare(self, outlines: Outlines) -> None:
        """Work out the rings of many new outlines beforehand; may run in another thread."""
        self._ready = {one.id: _known(one) for one in outlines}

    def _remember_rings(self) -> None:
        """Rings and their boxes of every outline; those of unchanged outlines are kept."""
        before, self._rings = {**self._rings, **self._ready}, {}
        self._ready = {}
        for outline in self._outlines:
            known = before.get(outline.id)
            self._rings[outline.id] = known if known and known[0] is outline else _known(outline)

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
        simple = shapely.simplify(lines, 0.4 * view.pixel, preserve_topology=False)
        points, which = shapely.get_coordinates(simple, return_index=True)
        counts = np.bincount(which, minlength=len(seen))
        ends = np.flatnonzero(np.diff(which, append=len(seen)))
        shown = counts > 3  # the others are smaller than the screen's pixels
        inside = np.delete(np.arange(len(points)), ends)
        inside = inside[shown[which[inside]]]
        owners = [kept[i][0] for i in owner[seen[shown]]]
        widths, looks = self._widths(owners), self._looks(owners)
        return rings_as_mesh(
            points[inside],
            counts[shown] - 1,
            widths * view.pixel,
            looks[:, 0],
            looks[:, 1],
            EDGE * view.pixel,
        )

    def _widths(self, outlines: list[Outline]) -> np.ndarray:
        return np.array([width_of_line(one, one.id in self._chosen) for one in outlines])

    def _looks(self, outlines: list[Outline]) -> np.ndarray:
        """Colours of lines and of their edges, [n, 2, 4]; every class is worked out once."""
        known: dict[tuple, int] = {}
        kinds = [known.setdefault((one.colour, one.class_name), len(known)) for one in outlines]
        first = dict(zip(reversed(kinds), reversed(outlines), strict=True))
        colours = [colour_of_line(first[kind]) for kind in range(len(known))]
        return np.array([[colour, edge_of_line(colour)] for colour in colours]).reshape(-1, 2, 4)[kinds]

    def _camera_moved(self, event: object = None) -> None:
        if self._drawn is not None and not self._later.isActive():
            self._later.start(_SETTLE_MS)

    def _follow_camera(self) -> None:
        parent = self._parent
        if self._drawn is None or parent is None or parent not in self._viewer.layers:
            return
        if not self._drawn.holds(View.of(self._viewer, parent)):
            self.draw()


def _known(outline: Outline) -> Known:
    rings = [np.array(ring, dtype=float) for ring in outline.rings]
    return outline, rings, np.array([[*ring.min(axis=0), *ring.max(axis=0)] for ring in rings])
