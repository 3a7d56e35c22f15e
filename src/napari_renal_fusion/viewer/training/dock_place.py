"""Where the training dock sits: beside the reader as a tab, wide while it is in front."""

from __future__ import annotations

from qtpy.QtCore import QObject, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

_READER = "Reader"
_OTHERS = 570
"""Pixels that worklist, canvas and board need; asking for more would widen the whole window."""


class DockPlace(QObject):
    """Gives the page most of the window while it is in front, and the reader its own width back.

    ``share`` is the page's part of the window's width.
    """

    def __init__(self, page: QWidget, share: float = 0.56):
        super().__init__(page)
        self._share = share
        self._page = page
        self._before = 0
        self._front = False

    @property
    def dock(self) -> QDockWidget | None:
        above = self._page.parentWidget()
        while above is not None and not isinstance(above, QDockWidget):
            above = above.parentWidget()
        return above

    @property
    def window(self) -> QMainWindow | None:
        window = self._page.window()
        return window if isinstance(window, QMainWindow) else None

    def arrange(self) -> None:
        """Stand as a tab with the docks that are at the right already, and come to the front."""
        dock, window = self.dock, self.window
        if dock is None or window is None:
            return
        right = Qt.DockWidgetArea.RightDockWidgetArea
        others = [
            one
            for one in window.findChildren(QDockWidget)
            if one is not dock and one.isVisible() and not one.isFloating()
            and window.dockWidgetArea(one) == right
        ]  # fmt: skip
        if others and window.dockWidgetArea(dock) == right:
            self._before = others[0].width()
            window.tabifyDockWidget(others[0], dock)
        dock.visibilityChanged.connect(self._visibility_changed)
        self.bring_to_front()

    def bring_to_front(self) -> None:
        dock = self.dock
        if dock is not None:
            dock.show()
            dock.raise_()
            self._visibility_changed(True)

    def _visibility_changed(self, front: bool) -> None:
        if front != self._front:
            self._front = front
            QTimer.singleShot(0, self._resize)

    def _resize(self) -> None:
        dock, window = self.dock, self.window
        if dock is None or window is None or dock.isFloating():
            return
        wanted = min(round(window.width() * self._share), window.width() - _OTHERS)
        width = max(560, wanted) if self._front else self._before
        shown = dock if self._front else next(iter(window.tabifiedDockWidgets(dock)), None)
        if shown is not None and width:
            window.resizeDocks([shown], [width], Qt.Orientation.Horizontal)
