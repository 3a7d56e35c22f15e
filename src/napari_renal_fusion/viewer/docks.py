"""Where the workspace's parts sit in napari's window, and napari's own docks folded away."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtCore import Qt as QtNames
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from .theme import text_scale
from .turns import Turns

if TYPE_CHECKING:
    import napari

_NAPARI_OWN = ("layer list", "layer controls")
_ALONE = ("Worklist", "Board")
"""Docks that are not tabs of another."""


class Docks(QObject):
    """Puts the worklist left, the board below and the reader right; brings back what was closed."""

    def __init__(self, viewer: napari.Viewer, reader: QWidget, worklist: QWidget, board: QWidget):
        super().__init__(reader)
        self._viewer = viewer
        self._places = {"Worklist": (worklist, "left"), "Board": (board, "bottom")}
        self._reader = reader
        self._turns = Turns(self)
        self._window: QMainWindow | None = None

    @property
    def window(self) -> QMainWindow | None:
        """Napari's main window, None before the reader is docked or after it is gone."""
        window = self._reader.window()
        return window if isinstance(window, QMainWindow) else None

    @property
    def widgets(self) -> list[QWidget]:
        """What stands in docks of ours besides the reader."""
        return [widget for widget, _ in self._places.values()]

    def arrange(self) -> None:
        """Dock what is not docked, fold napari's own docks away and give the parts their sizes."""
        window = self.window
        if window is None:
            return
        self._window = window
        self._set_corners(window)
        # Every dock makes napari draw its canvas anew, so each gets its own turn.
        self._turns.add(lambda: self.fold(True))
        for name in self._places:
            self._turns.add(lambda name=name: self._dock(name))
        self._turns.add(self._finish)

    def _dock(self, name: str) -> None:
        widget, area = self._places[name]
        if self._dock_of(widget) is None:
            # A part beside the board or the reader, even for a moment, would widen a small window.
            self._viewer.window.add_dock_widget(
                widget, name=name, area=area, add_vertical_stretch=False, tabify=name not in _ALONE
            )
        widget.show()
        self._dock_of(widget).show()

    def _finish(self) -> None:
        window = self.window
        if window is None:
            return
        reader = self._dock_of(self._reader)
        if reader is not None and hasattr(reader, "title"):
            reader.title.title.setText("Reader")
        self._turns.add(self._resize)

    def show_part(self, name: str, widget: QWidget, area: str = "bottom") -> None:
        """Open a dock of ours, or bring it to the front: ``bottom`` is tabbed with the board, ``right`` with the reader.

        It goes with the workspace. Ours are made once and hidden by their close button, so nothing in them is lost.
        """
        if self._viewer is None:
            return
        self._places.setdefault(name, (widget, area))
        if self._dock_of(widget) is None:
            self._dock(name)
            widget.setStyleSheet(self._reader.styleSheet())
            beside = self._dock_of(self._reader if area == "right" else self._places["Board"][0])
            window, own = self.window, self._dock_of(widget)
            if window is not None and beside is not None and beside.isVisible():
                window.tabifyDockWidget(beside, own)
        dock = self._dock_of(widget)
        dock.show()
        dock.raise_()

    def fold(self, away: bool) -> None:
        """Hide napari's layer list and controls, or show them again."""
        window = self.window
        for dock in self._own_docks(window):
            dock.setVisible(not away)

    def afterwards(self, function: Callable[[], None]) -> None:
        """Call ``function`` when the docks stand."""
        self._turns.add(function)

    @property
    def busy(self) -> bool:
        return self._turns.busy

    @property
    def folded(self) -> bool:
        window = self.window
        return window is not None and not any(dock.isVisible() for dock in self._own_docks(window))

    def take_down(self) -> None:
        """Remove our docks except the reader, and show napari's own again."""
        with contextlib.suppress(RuntimeError):  # the whole window is going, and its docks with it
            for dock in self._own_docks(self._window):
                dock.show()
            for widget, _ in self._places.values():
                dock = self._dock_of(widget)
                if dock is not None:
                    self._viewer.window.remove_dock_widget(dock)

    def release(self) -> None:
        """Let go of napari's window, which must not outlive its closing because of us."""
        self._turns.drop()
        self._viewer = self._window = None

    def _resize(self) -> None:
        window = self.window
        if window is None:
            return
        wide = self._set_corners(window)
        scale = text_scale(self._reader)
        sides = {
            self._places["Worklist"][0]: round(scale * (200 if wide else 176)),
            self._reader: round(scale * (348 if wide else 344)),
        }
        docks = {self._dock_of(widget): size for widget, size in sides.items()}
        docks.pop(None, None)
        window.resizeDocks(list(docks), list(docks.values()), QtNames.Orientation.Horizontal)
        board = self._dock_of(self._places["Board"][0])
        if board is not None:
            window.resizeDocks(
                [board], [self._places["Board"][0].sizeHint().height()], QtNames.Orientation.Vertical
            )

    @staticmethod
    def _set_corners(window: QMainWindow) -> bool:
        """The side columns reach down to the bottom, the board lies between them; says whether the window is wide.

        In a small window the board runs under the worklist, so that all of its thumbnails fit.
        """
        corners, areas = QtNames.Corner, QtNames.DockWidgetArea
        wide = window.width() >= 1300
        left = areas.LeftDockWidgetArea if wide else areas.BottomDockWidgetArea
        window.setCorner(corners.BottomLeftCorner, left)
        window.setCorner(corners.BottomRightCorner, areas.RightDockWidgetArea)
        return wide

    def _dock_of(self, widget: QWidget) -> QDockWidget | None:
        above = widget.parentWidget()
        while above is not None and not isinstance(above, QDockWidget):
            above = above.parentWidget()
        return above

    @staticmethod
    def _own_docks(window: QMainWindow | None) -> list[QDockWidget]:
        if window is None:
            return []
        return [dock for dock in window.findChildren(QDockWidget) if dock.objectName() in _NAPARI_OWN]
