"""What one sees while sorting: a title, the gallery with the image under the cursor beside it, what was said, Accept."""

from __future__ import annotations

from qtpy.QtCore import QEvent
from qtpy.QtGui import QFont
from qtpy.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ..progress_row import ProgressRow
from ..theme import RHYTHM, label
from .details import Details
from .gallery import Gallery

_NARROW = 480
"""Pixels below which the image under the cursor stands below the gallery."""


class SortingPage(QWidget):
    """Widgets and where they stand; what they mean is the dock's."""

    def __init__(self, footer: QWidget, parent: QWidget | None = None):
        super().__init__(parent)
        self.title = label("", "title")
        self.why = label("", "secondary")
        self.progress = ProgressRow()
        self.gallery, self.details = Gallery(), Details()
        self.message = label()
        self.undo_button = QPushButton("Undo")
        self.undo_button.setProperty("role", "link")
        self.undo_button.setToolTip("Take back the last correction and what it taught (Ctrl+Z)")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        for one in (self.title, self.why, self.progress):
            column.addWidget(one)
        self._middle = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._middle.setSpacing(RHYTHM // 2)
        self._middle.addWidget(self.gallery, 1)
        self._middle.addWidget(self.details)
        column.addLayout(self._middle, 1)
        row = QHBoxLayout()
        row.addWidget(self.message, 1)
        row.addWidget(self.undo_button)
        column.addLayout(row)
        column.addWidget(footer)

    def show_title(self, title: str, tip: str, why: str) -> None:
        """Say what is being sorted, and why a person should."""
        self.title.setText(title)
        self.title.setToolTip(tip)
        self.why.setText(why)
        self.why.setVisible(bool(why))

    def say(self, sentence: str, *, undo: bool) -> None:
        """One sentence below the images, with or without the link that takes the last correction back."""
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))
        self.undo_button.setVisible(undo)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._take_font()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self._take_font()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self._middle.direction() != direction:
            self._middle.setDirection(direction)

    def _take_font(self) -> None:
        """The gallery paints its words itself: in the size that the person's style gives to labels."""
        font = QFont(self.gallery.font())
        size = self.message.font().pointSizeF()
        if size > 0 and size != font.pointSizeF():
            font.setPointSizeF(size)
            self.gallery.setFont(font)
