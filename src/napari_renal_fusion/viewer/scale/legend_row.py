"""One line on the legend of an electron image, and the button that brings it back or cuts it again."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ..theme import RHYTHM, label
from .facts import ImageFacts


class LegendRow(QWidget):
    """``Legend cut: 108 rows [Bring back]``."""

    rows_wanted = Signal(object)
    """Rows that a person says: 0 brings the legend back, None leaves it to the picture."""
    place_wanted = Signal(bool)
    """A click on the upper edge of the legend shall say its rows: begin or leave."""

    def __init__(self) -> None:
        super().__init__()
        self.words = label("")
        self.button = QPushButton("Bring back")
        self.button.clicked.connect(self._press)
        self.edge_button = QPushButton("Cut at…")
        self.edge_button.setToolTip("Click on the upper edge of the legend")
        self.edge_button.setCheckable(True)
        self.edge_button.clicked.connect(self.place_wanted)
        self.note = label("", "secondary")
        row = QHBoxLayout()
        row.setSpacing(RHYTHM // 2)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        row.addWidget(self.edge_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        column.addLayout(row)
        column.addWidget(self.note)
        self._next: int | None = 0
        self.hide()

    def show_facts(self, facts: ImageFacts) -> None:
        """Say what is cut for the model and what exports mask; nothing for images without legends."""
        said, found = facts.item.legend, facts.legend
        self.setVisible(found is not None or said is not None)
        if found is None and said is None:
            return
        masked = f"In everything exported the lowest {facts.masked} rows are black." if facts.masked else ""
        self.edge_button.setVisible(not said and (said == 0 or found is None or not found.rows))
        self.button.show()
        if said is None and found.rows:
            doubt = found.words() if found.sure < 0.8 else ""
            self._show(f"Legend cut: {found.rows} rows", "Bring back", 0, doubt)
            self.words.setToolTip(found.words())
        elif said:
            by = "" if found is not None and said == found.rows else " (as a person said)"
            self._show(f"Legend cut: {said} rows{by}", "Bring back", 0, masked)
        elif said == 0 and found is not None and found.rows:
            self._show("Legend brought back: the model sees all of it", "Cut again", None, masked)
        elif said == 0:
            self._show("No legend, as a person said", "Look again", None, masked)
        else:
            self._show("No legend found", "There is none", 0, masked)

    def _show(self, words: str, button: str, rows: int | None, note: str) -> None:
        self.words.setText(words)
        self.words.setToolTip("")
        self.button.setText(button)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self._next = rows

    def _press(self) -> None:
        self.rows_wanted.emit(self._next)
