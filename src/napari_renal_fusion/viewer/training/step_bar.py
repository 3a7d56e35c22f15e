"""The four steps of a training and the list of runs, as one row of tabs."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget


class StepBar(QWidget):
    """One tab a page; a step that makes no sense yet is greyed and its tooltip says why."""

    chosen = Signal(int)

    def __init__(self, names: Sequence[str], parent: QWidget | None = None):
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self.buttons: list[QPushButton] = []
        for place, name in enumerate(names):
            button = QPushButton(name)
            button.setProperty("role", "step")
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._group.addButton(button, place)
            self.buttons.append(button)
            row.addWidget(button, 1)
        self.buttons[0].setChecked(True)
        self._group.idClicked.connect(self.chosen)

    @property
    def current(self) -> int:
        return self._group.checkedId()

    def show_step(self, place: int) -> None:
        self.buttons[place].setChecked(True)

    def set_open(self, place: int, there: bool, why_not: str = "") -> None:
        """Let a step be chosen, or grey it with the reason."""
        self.buttons[place].setEnabled(there)
        self.buttons[place].setToolTip("" if there else why_not)
