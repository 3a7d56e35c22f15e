"""The ruler's button and what was measured on the image that is shown."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ..theme import RHYTHM, label


class RulerRows(QWidget):
    """A button that takes and leaves the ruler, and one line a measurement with its own Delete."""

    ruler_wanted = Signal(bool)
    delete_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.button = QPushButton("Ruler")
        self.button.setCheckable(True)
        self.button.setToolTip("Alt+E; Esc leaves it")
        self.button.clicked.connect(self.ruler_wanted)
        self.message = label("", "warning")
        self.message.hide()
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        column.addLayout(row)
        column.addWidget(self.message)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        column.addLayout(self._list)
        self.lines: list[QWidget] = []
        self.delete_buttons: list[QPushButton] = []

    @property
    def texts(self) -> list[str]:
        """What stands in the list."""
        return [line.property("words") for line in self.lines]

    def show_message(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def show_measured(self, texts: Sequence[str]) -> None:
        """List lengths, in the order in which they were measured."""
        if list(texts) == self.texts:
            return
        for line in self.lines:
            self._list.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.lines, self.delete_buttons = [], []
        for place, text in enumerate(texts):
            line = QWidget()
            line.setProperty("words", text)
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            delete = QPushButton("Delete")
            delete.setProperty("role", "link")
            delete.setAccessibleName(f"Delete {text}")
            delete.clicked.connect(lambda _=False, place=place: self.delete_wanted.emit(place))
            row.addWidget(label(f"{place + 1}.  {text}", wrap=False))
            row.addStretch(1)
            row.addWidget(delete)
            self._list.addWidget(line)
            self.lines.append(line)
            self.delete_buttons.append(delete)
