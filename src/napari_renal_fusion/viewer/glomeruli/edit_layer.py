"""The one napari Shapes layer: outlines that can be changed now, and what a person draws on it, as edits.

Locked outlines never enter it, so none of napari's gestures can move them. The layer only shows and asks: what
becomes of an edit is decided by the :class:`~napari_renal_fusion.glomeruli.Drawing`, and the layer follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from ...errors import RenalFusionError
from ...glomeruli.edits import Add, Delete, Edit, Together
from ...glomeruli.mending import checked
from ...glomeruli.outline import Outline
from .layer_order import place_of, put_in_place, raise_above
from .line_colours import LINE, colour_of_line
from .ring_path import RingPath

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer, Shapes

LAYER_NAME = "Glomeruli"
MOST = 60
"""With more outlines than this only the chosen ones are in the layer."""
_LEAST_BOX = 6
"""Pixels of the screen: a smaller box was a click."""


@dataclass(frozen=True)
class _Held:
    outline: Outline
    path: RingPath


class EditLayer(QObject):
    """Made when a person begins to edit; :attr:`wanted_edit` comes inside napari's own handling of the mouse."""

    wanted_edit = Signal(object)
    """An :class:`Edit` that the person made on the canvas; None if it came to nothing and the layer must follow again."""
    chosen_changed = Signal(tuple)
    """Identities of the outlines that the person chose on the canvas."""

    def __init__(self, viewer: napari.viewer.ViewerModel, parent: QObject | None = None):
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Shapes | None = None
        self._held: list[_Held] = []
        self._muted = 0
        self.painting = False
        """Whether a brush stroke is shown in the layer."""
        self.pixel = 1.0
        """How many image pixels a pixel of the screen covers."""
        self.on_made: Callable[[Shapes], None] = lambda layer: None
        """Called with every layer that is made: keys and mouse."""

    @property
    def layer(self) -> Shapes | None:
        """The layer, None if there is none or the person removed it."""
        return self._layer if self._layer is not None and self._layer in self._viewer.layers else None

    @property
    def ids(self) -> tuple[str, ...]:
        """Identities of the outlines in the layer, in its order."""
        return tuple(one.outline.id for one in self._held)

    @property
    def busy(self) -> bool:
        """Whether a person is drawing or dragging at this moment."""
        layer = self.layer
        return layer is not None and (self.painting or layer._is_creating or layer._is_moving)

    def make(self, parent: Layer) -> Shapes:
        """The layer over an image, made if it is not there; it takes the image's place in the world."""
        layer = self.layer
        if layer is None:
            self._held = []
            layer = self._viewer.add_shapes(
                ndim=2,
                name=LAYER_NAME,
                edge_color="#FFD400",
                face_color="#00000000",
                opacity=1.0,
                **place_of(self._viewer, parent),
            )
            self._layer = layer
            layer.events.data.connect(self._data_changed)
            layer.selected_data.events.items_changed.connect(self._selection_changed)
            self.on_made(layer)
        put_in_place(self._viewer, layer, parent)
        raise_above(self._viewer, layer, parent)
        return layer

    def follow(self, outlines: Sequence[Outline], chosen: Sequence[str]) -> None:
        """Hold these outlines, and show those of ``chosen`` as selected; not while something is being drawn."""
        layer = self.layer
        if layer is None or self.busy:
            return
        few = len(outlines) <= MOST
        wanted = {one.id: one for one in outlines if not one.locked and (few or one.id in chosen[:MOST])}
        with self.muted():
            self._remove_all_but(layer, wanted)
            there = {one.outline.id for one in self._held}
            self._add(layer, [one for name, one in wanted.items() if name not in there])
            self._select(layer, chosen)

    @contextmanager
    def muted(self) -> Iterator[None]:
        """While this is entered, what happens to the layer is nobody's edit."""
        self._muted += 1
        try:
            yield
        finally:
            self._muted -= 1

    def settle(self) -> None:
        """Finish what is being drawn, as a double click would: half a polygon becomes an outline, never nothing."""
        layer = self.layer
        if layer is None or self.painting or not self.busy or layer._moving_value[0] is None:
            return  # nothing, or napari is finishing it at this moment
        if layer._is_moving and not layer._is_creating:
            self._moved(layer, tuple(layer.selected_data))
        layer._finish_drawing()

    def cancel(self) -> bool:
        """Forget a polygon that is being drawn; False if none is."""
        layer = self.layer
        if layer is None or not layer._is_creating:
            return False
        with self.muted():
            layer._finish_drawing()
            layer.remove(list(range(len(self._held), layer.nshapes)))
        return True

    def widths(self, pixel: float) -> None:
        """Lines keep their width on the screen; ``pixel`` image pixels lie on one of it."""
        layer, self.pixel = self.layer, pixel
        if layer is None:
            return
        with self.muted():
            if layer.nshapes:
                layer.edge_width = [LINE * pixel] * layer.nshapes
            layer.current_edge_width = LINE * pixel

    def clear(self) -> None:
        """Hold nothing."""
        self.follow((), ())

    def _remove_all_but(self, layer: Shapes, wanted: dict[str, Outline]) -> None:
        """Take away what changed, what is not wanted, and what napari holds beyond ours."""
        gone = [
            place
            for place, one in enumerate(self._held)
            if place < layer.nshapes
            and (wanted.get(one.outline.id) is not one.outline or not self._as_put(layer, place, one))
        ]
        gone += range(len(self._held), layer.nshapes)
        if layer.nshapes < len(self._held):  # napari removed one by itself: begin anew
            gone, self._held = list(range(layer.nshapes)), []
        if gone:
            layer.remove(gone)
            self._held = [one for place, one in enumerate(self._held) if place not in set(gone)]

    @staticmethod
    def _as_put(layer: Shapes, place: int, one: _Held) -> bool:
        there = layer._data_view.shapes[place].data
        return np.array_equal(there, one.path.points.astype(np.float32))

    def _add(self, layer: Shapes, outlines: list[Outline]) -> None:
        if not outlines:
            return
        paths = [RingPath.of(one) for one in outlines]
        layer.add(
            [path.points for path in paths],
            shape_type=[path.shape_type for path in paths],
            edge_width=[LINE * self.pixel] * len(paths),
            edge_color=np.array([colour_of_line(one) for one in outlines]),
            face_color=np.zeros((len(paths), 4)),
            z_index=[_height(one) for one in outlines],
        )
        self._held += [_Held(one, path) for one, path in zip(outlines, paths, strict=True)]

    def _select(self, layer: Shapes, chosen: Sequence[str]) -> None:
        wanted = {place for place, one in enumerate(self._held) if one.outline.id in chosen}
        if set(layer.selected_data) != wanted:
            layer.selected_data = wanted
        layer._set_highlight(
            force=True
        )  # after another layer had the mouse, napari shows no handles otherwise

    def _selection_changed(self, *_) -> None:
        layer = self.layer
        if self._muted or layer is None or layer._is_creating:
            return
        there = [self._held[i].outline.id for i in sorted(layer.selected_data) if i < len(self._held)]
        self.chosen_changed.emit(tuple(there))

    def _data_changed(self, event) -> None:
        layer = self.layer
        if self._muted or layer is None:
            return
        action = str(getattr(event, "action", ""))
        if action == "added":
            self._drawn(layer)
        elif action == "removed" or (action == "changed" and layer.nshapes < len(self._held)):
            ids = [self._held[i].outline.id for i in event.data_indices if 0 <= i < len(self._held)]
            if ids:
                self.wanted_edit.emit(Delete(ids=tuple(ids)))
        elif action == "changed":
            self._moved(layer, event.data_indices)

    def _drawn(self, layer: Shapes) -> None:
        made = []
        for place in range(len(self._held), layer.nshapes):
            shape = layer._data_view.shapes[place]
            box = shape.name == "rectangle"
            size = np.ptp(shape.data, axis=0)
            if len(shape.data) < 3 or (box and size.min() < _LEAST_BOX * self.pixel):
                continue
            try:
                made.append(checked(((shape.data.tolist(),),), kind="box" if box else "polygon"))
            except RenalFusionError:
                continue  # three clicks on one spot
        # Also without one: what napari holds beyond ours must go.
        self.wanted_edit.emit(Add(outlines=tuple(made)) if made else None)

    def _moved(self, layer: Shapes, places: Sequence[int]) -> None:
        edits: list[Edit] = []
        for place in places:
            if not 0 <= place < len(self._held):
                continue
            edit = self._held[place].path.edit_to(layer._data_view.shapes[place].data)
            if edit is not None:
                edits.append(edit)
        self.wanted_edit.emit(
            None if not edits else edits[0] if len(edits) == 1 else Together(edits=tuple(edits))
        )


def _height(outline: Outline) -> int:
    """The smaller an outline, the higher it lies, so that one inside of another can be taken hold of."""
    return -min(round(outline.bounds.height * outline.bounds.width), 1 << 30)
