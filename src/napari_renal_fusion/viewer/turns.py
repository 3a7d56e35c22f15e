"""Layer operations one at a time: napari takes up to a second for one, so each gets its own turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

_BREATH_MS = 15
"""Between two operations; long enough that the window is drawn, else one drawing pays for several of them."""


class Turns(QObject):
    """A queue that runs one function per turn of the event loop, so that keys and clicks come between."""

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._waiting: deque[Callable[[], None]] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._take)

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    def add(self, *functions: Callable[[], None]) -> None:
        """Append functions; they run in order, one per turn."""
        self._waiting.extend(functions)
        if self._waiting and not self._timer.isActive():
            self._timer.start(_BREATH_MS)

    def drop(self) -> None:
        """Forget what has not run yet, because something newer makes it pointless."""
        self._waiting.clear()

    def _take(self) -> None:
        if not self._waiting:
            return
        function = self._waiting.popleft()
        function()
        if self._waiting:
            self._timer.start(_BREATH_MS)
