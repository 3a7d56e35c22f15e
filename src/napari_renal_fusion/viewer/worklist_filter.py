"""Search and filter of the worklist: which cases are listed, by words and by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from ..cases import Case
from .theme import RHYTHM

ALL = "all"


class WorklistFilter(QWidget):
    """A search line and a list of states, each with the number of its cases."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search cases")
        self.search.setAccessibleName("Search cases")
        self.search.setToolTip("Case code, folder, patient or state (Alt+F)")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self.changed.emit())
        self.state = QComboBox()
        self.state.setAccessibleName("Show cases by state")
        self.state.setToolTip("Show only cases of one state")
        self.state.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.state.setMinimumContentsLength(8)
        self.state.currentIndexChanged.connect(lambda _: self.changed.emit())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        column.addWidget(self.search)
        column.addWidget(self.state)

    def show_states(self, states: Iterable[str]) -> None:
        """Offer the states that occur; the chosen one stays chosen as long as it does."""
        counts = Counter(states)
        chosen = self.state.currentData() or ALL
        self.state.blockSignals(True)
        self.state.clear()
        self.state.addItem(f"All cases ({sum(counts.values())})", ALL)
        for state, number in sorted(counts.items()):
            self.state.addItem(f"{state[:1].upper()}{state[1:]} ({number})", state)
        self.state.setCurrentIndex(max(0, self.state.findData(chosen)))
        self.state.blockSignals(False)

    def admits(self, case: Case, state: str) -> bool:
        """Whether a case is listed."""
        wanted = self.state.currentData() or ALL
        words = self.search.text().casefold().split()
        date = case.biopsy_date.isoformat() if case.biopsy_date else ""
        said = f"{case.code} {case.case_id} {case.patient_id} {date} {state}".casefold()
        return wanted in (ALL, state) and all(word in said for word in words)
