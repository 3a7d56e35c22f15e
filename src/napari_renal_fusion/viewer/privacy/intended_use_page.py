"""The intended use as a page of its own, with one button."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDialog, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from ...compute import intended_use
from ..theme import RHYTHM


class IntendedUsePage(QDialog):
    """Stands over the window without blocking it; closed without the button it comes again."""

    read = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle("Intended use")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.page = QTextBrowser()
        self.page.setMarkdown(intended_use.text())
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.button = QPushButton("I have read this")
        self.button.setProperty("role", "main")
        self.button.setDefault(True)
        self.button.clicked.connect(self._done)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * RHYTHM, 2 * RHYTHM, 2 * RHYTHM, 2 * RHYTHM)
        column.setSpacing(2 * RHYTHM)
        column.addWidget(self.page)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(640, 620)

    def _done(self) -> None:
        self.read.emit()
        self.close()
