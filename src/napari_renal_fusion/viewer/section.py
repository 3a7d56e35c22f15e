"""One part of the reader: a heading, an action beside it, and what stands below."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from .theme import RHYTHM, label


class Section(QWidget):
    """Base of the reader's parts; :attr:`body` is the column to fill."""

    def __init__(self, title: str = "", parent: QWidget | None = None):
        super().__init__(parent)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(RHYTHM // 2)
        self.head = QHBoxLayout()
        self.heading = label(title, "heading", wrap=False)
        self.head.addWidget(self.heading)
        self.head.addStretch(1)
        outer.addLayout(self.head)
        self.body = QVBoxLayout()
        self.body.setSpacing(RHYTHM // 2)
        outer.addLayout(self.body)
        self.heading.setVisible(bool(title))

    def add_action(self, text: str) -> QPushButton:
        """Add a button that looks like a link, right of the heading."""
        button = QPushButton(text)
        button.setProperty("role", "link")
        self.head.addWidget(button)
        return button
