"""Buttons that Enter presses as well as the space bar."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QPushButton, QWidget


class VerbButton(QPushButton):
    """A verb, its key in the tooltip, and Enter as well as the space bar where it has the focus."""

    def __init__(self, text: str, *, key: str = "", role: str = "", parent: QWidget | None = None):
        super().__init__(text, parent)
        self.setToolTip(key)
        if role:
            self.setProperty("role", role)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)
