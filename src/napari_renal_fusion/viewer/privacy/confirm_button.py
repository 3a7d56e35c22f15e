"""A button that deletes: the first press asks, the second, on a verb, does it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ..theme import RHYTHM


class ConfirmButton(QWidget):
    """``ask`` stands first; then ``verb`` (which confirms) and "Keep" stand in its place."""

    confirmed = Signal()
    asked = Signal(bool)
    """True when the question stands there, False when it is gone."""

    def __init__(self, ask: str, verb: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.ask, self.verb, self.keep = QPushButton(ask), QPushButton(verb), QPushButton("Keep")
        self.ask.setProperty("role", "link")
        self.verb.setProperty("role", "main")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(RHYTHM)
        for button in (self.verb, self.keep, self.ask):
            row.addWidget(button)
        self.ask.clicked.connect(lambda: self._show_question(True))
        self.keep.clicked.connect(lambda: self._show_question(False))
        self.verb.clicked.connect(self._confirm)
        self.verb.hide()
        self.keep.hide()

    def set_verb(self, verb: str) -> None:
        """Change what the confirming button says; a question that stands there is taken back."""
        self.verb.setText(verb)
        if not self.ask.isVisibleTo(self):
            self._show_question(False)

    def _confirm(self) -> None:
        self._show_question(False)
        self.confirmed.emit()

    def _show_question(self, shown: bool) -> None:
        self.ask.setVisible(not shown)
        self.verb.setVisible(shown)
        self.keep.setVisible(shown)
        (self.keep if shown else self.ask).setFocus()
        self.asked.emit(shown)
