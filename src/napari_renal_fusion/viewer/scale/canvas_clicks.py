"""Clicks on the image of the canvas for a tool that is on; dragging still moves the image, Escape ends the tool."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal

from ..fit import factor_of
from .measurements import Place

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer


class CanvasClicks(QObject):
    """One tool at a time takes the clicks; positions are (row, column) in the image's own pixels."""

    clicked = Signal(object)
    moved = Signal(object)
    ended = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QObject | None = None):
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Layer | None = None
        self._before = ""
        self._window: QObject | None = None

    @property
    def on(self) -> bool:
        return self._layer is not None

    def begin(self, layer: Layer, title: str) -> None:
        """Take clicks on ``layer``; ``title`` says on the canvas what to do."""
        self.end()
        self._layer = layer
        viewer = self._viewer
        viewer.layers.selection.active = layer
        layer.cursor = "cross"
        viewer.mouse_drag_callbacks.append(self._press)
        viewer.mouse_move_callbacks.append(self._move)
        text = viewer.canvas.overlays.text
        self._before, self._title = text.text, title
        text.text, text.visible = title, True
        self._window = getattr(getattr(viewer, "window", None), "_qt_window", None)
        if self._window is not None:
            self._window.installEventFilter(self)

    def end(self) -> None:
        """Give the mouse back; safe at any moment."""
        layer, self._layer = self._layer, None
        if layer is None:
            return
        viewer = self._viewer
        with contextlib.suppress(ValueError):
            viewer.mouse_drag_callbacks.remove(self._press)
        with contextlib.suppress(ValueError):
            viewer.mouse_move_callbacks.remove(self._move)
        layer.cursor = "standard"
        text = viewer.canvas.overlays.text
        if text.text == self._title:  # nobody wrote something newer
            text.text, text.visible = self._before, bool(self._before)
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None
        self.ended.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Menus and line edits see a key only after its override was offered to the window.
        pressed = event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        if self.on and pressed and event.key() == Qt.Key.Key_Escape:
            event.accept()
            self.end()
            return True
        return False

    def pixels_per_screen(self) -> float:
        """Image pixels that one pixel of the screen shows now."""
        layer = self._layer
        if layer is None:
            return 1.0
        shown = self._viewer.scene.camera.zoom * factor_of(self._viewer, layer) * float(layer.scale[-1])
        return 1.0 / shown if shown > 0 else 1.0

    def _place(self, event: Any) -> Place:
        # Positions come in the unit of the whole list, in which napari's own world_to_data does not count.
        layer = self._layer
        per_unit = factor_of(self._viewer, layer)
        row, column = (
            (float(event.position[axis]) / per_unit - float(layer.translate[axis])) / float(layer.scale[axis])
            for axis in (-2, -1)
        )
        return row, column

    def _press(self, _: Any, event: Any):
        if not self.on or event.button != 1:
            return
        place, dragged = self._place(event), False
        yield
        while event.type == "mouse_move":
            dragged = True
            yield
        if self.on and not dragged:
            self.clicked.emit(place)

    def _move(self, _: Any, event: Any) -> None:
        if self.on:
            self.moved.emit(self._place(event))
