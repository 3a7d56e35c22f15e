"""How sure the reader is: three radio buttons in a row."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QWidget

from ...readings import CONFIDENCES, Confidence
from ..theme import RHYTHM, label


class ConfidenceRow(QWidget):
    """Low, mid or high; none is chosen at first, because a default is not an answer."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(RHYTHM)
        row.addWidget(label("Sure:", "secondary", wrap=False))
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QRadioButton] = {}
        for number, name in enumerate(CONFIDENCES, 1):
            button = QRadioButton(name)
            button.setToolTip(f"Alt+{number}")
            button.setAccessibleName(f"Confidence {name}")
            self._group.addButton(button)
            self.buttons[name] = button
            row.addWidget(button)
        row.addStretch(1)
        self._group.buttonClicked.connect(lambda button: self.chosen.emit(button.text()))

    @property
    def value(self) -> Confidence | None:
        checked = self._group.checkedButton()
        return checked.text() if checked is not None else None

    def choose(self, name: str) -> None:
        """Choose as a click does."""
        self.buttons[name].click()

    def show_value(self, name: str | None) -> None:
        """Show a confidence, or none, without telling anybody."""
        self._group.setExclusive(False)
        for one, button in self.buttons.items():
            button.setChecked(one == name)
        self._group.setExclusive(True)
