"""What the reader makes of the model's opinion: keep, change to, unsure."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from ...readings import Reading
from ..theme import RHYTHM, label
from .buttons import VerbButton
from .diagnosis_field import DiagnosisField
from .words import clock

_SAID = {"keep": "Kept", "unsure": "Unsure", "change": "Changed to {diagnosis}"}


class DecisionRow(QWidget):
    """Three verbs; Change asks what to, and counts when that is entered."""

    decided = Signal(str, str)
    """The decision, and the diagnosis that a change leads to ("" for the others)."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        row = QHBoxLayout()
        row.setSpacing(RHYTHM)
        self.keep = VerbButton("Keep my reading", key="Alt+K")
        self.change = VerbButton("Change…", key="Alt+C")
        self.unsure = VerbButton("Unsure", key="Alt+U")
        self._group = QButtonGroup(self)
        for button in (self.keep, self.change, self.unsure):
            button.setCheckable(True)
            self._group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        self.to = DiagnosisField("Change to which disease?")
        self.to.setAccessibleName("Changed to")
        self.said = label("", "secondary")
        column.addLayout(row)
        column.addWidget(self.to)
        column.addWidget(self.said)
        self.keep.clicked.connect(lambda: self._decide("keep"))
        self.unsure.clicked.connect(lambda: self._decide("unsure"))
        self.change.clicked.connect(self._ask)
        self.to.committed.connect(self._changed)
        self.clear()

    def show_reading(self, reading: Reading) -> None:
        """Show what was decided; before any own reading there is nothing to keep."""
        decision = reading.decision
        self.clear()
        self._known = decision["n"] if decision is not None else 0
        self.keep.setEnabled(bool(reading.own))
        self.unsure.setEnabled(bool(reading.own))
        if decision is None:
            return
        {"keep": self.keep, "change": self.change, "unsure": self.unsure}[decision["decision"]].setChecked(
            True
        )
        words = _SAID[decision["decision"]].format(**decision)
        self.said.setText(f"{words}, {clock(decision['at'])}.")
        self.said.show()

    def follow(self, reading: Reading) -> None:
        """The same, but a disease that is being typed stays until another decision is known."""
        known = reading.decision["n"] if reading.decision is not None else 0
        if known != self._known or self.to.isHidden():
            self.show_reading(reading)

    def clear(self) -> None:
        self._known = 0
        self._group.setExclusive(False)
        for button in self._group.buttons():
            button.setChecked(False)
        self._group.setExclusive(True)
        self.to.set_diagnosis("")
        self.to.hide()
        self.said.setText("")
        self.said.hide()

    def _decide(self, decision: str) -> None:
        self.to.hide()
        self.decided.emit(decision, "")

    def _ask(self) -> None:
        self.to.show()
        self.to.setFocus()

    def _changed(self, diagnosis: str) -> None:
        if diagnosis:
            self.decided.emit("change", diagnosis)
