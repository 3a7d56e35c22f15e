"""Buttons that say what an antibody shows, each with its key; they follow the antibody in hand."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from qtpy.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QWidget

from ..theme import RHYTHM, colours_of, label
from .keys import MARKS, Mark
from .readings import Reading


class MarkButton(QPushButton):
    """A small button; what is said has a frame in the accent colour."""

    def __init__(self, mark: Mark):
        super().__init__(mark.text if mark.text[0] == mark.key else f"{mark.text}  {mark.key}")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the antibody keeps the keyboard
        self.setToolTip(f"{mark.text} (key {mark.key})")
        self.setStyleSheet("QPushButton { padding: 3px 6px; }")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isChecked():
            painter = QPainter(self)
            painter.setPen(QPen(colours_of(self).accent, 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
            painter.end()


class ReadingBar(QWidget):
    """Intensity, pattern, location; a button that is pressed in is what is said."""

    marked = Signal(object)
    """A :class:`Mark`."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.name = label("", "heading", wrap=False)
        self.buttons: dict[Mark, QPushButton] = {}
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(RHYTHM // 2)
        self._parts = first, second = QHBoxLayout(), QHBoxLayout()
        for row in self._parts:
            row.setSpacing(RHYTHM // 4)
        first.addWidget(self.name)
        first.addSpacing(RHYTHM)
        self._add(first, "intensity")
        first.addSpacing(RHYTHM)
        self._add(first, "pattern")
        first.addStretch(1)
        self._add(second, "location")
        second.addStretch(1)
        self._rows.addLayout(first)
        self._rows.addLayout(second)
        self._rows.addStretch(1)
        self.show_reading("", Reading())

    def show_reading(self, name: str, reading: Reading) -> None:
        """Show what is said of an antibody; without a name there is none in hand."""
        self.name.setText(name or "No antibody in hand")
        for mark, button in self.buttons.items():
            button.setEnabled(bool(name))
            button.setChecked(bool(name) and mark.holds(reading))

    def minimumSizeHint(self) -> QSize:
        return QSize(max(self._widths), self._rows.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Locations go into a second row where one is too narrow."""
        super().resizeEvent(event)
        wide = self.width() >= sum(self._widths) + RHYTHM
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._rows.direction() != direction:
            self._rows.setDirection(direction)
            self.updateGeometry()

    @property
    def _widths(self) -> tuple[int, ...]:
        return tuple(row.minimumSize().width() for row in self._parts)

    def _add(self, row: QHBoxLayout, field: str) -> None:
        for mark in (one for one in MARKS if one.field == field):
            button = MarkButton(mark)
            button.clicked.connect(lambda _, mark=mark: self.marked.emit(mark))
            row.addWidget(button)
            self.buttons[mark] = button
