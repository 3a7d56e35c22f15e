"""The pixel sizes that would be plausible for a slide, and a field for another one."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from ..theme import RHYTHM, label
from .fields import number_in, number_validator

_OBJECTIVES = {0.25: "40x", 0.5: "20x", 1.0: "10x"}


class SlideChoices(QWidget):
    """A row that asks for micrometres a pixel."""

    answered = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(RHYTHM // 2)
        self.choices: list[QPushButton] = []
        self.field = QLineEdit()
        self.field.setPlaceholderText("other")
        self.field.setMaximumWidth(72)
        self.field.setAccessibleName("Micrometres a pixel")
        self.field.setValidator(number_validator(self.field))
        self.field.returnPressed.connect(self._take_field)
        self.field.textChanged.connect(
            lambda text: self.use_button.setEnabled(number_in(self.field.text()) is not None)
        )
        self.use_button = QPushButton("Use")
        self.use_button.clicked.connect(self._take_field)
        self.unit = label("µm a pixel", "secondary", wrap=False)
        self.offer(None)

    def offer(self, choices: tuple[float, ...] | None) -> None:
        """Buttons for the plausible sizes and the field; None takes them away."""
        while self._row.count():
            self._row.takeAt(0)
        for button in self.choices:
            button.hide()
            button.deleteLater()
        self.choices = []
        self.setVisible(choices is not None)
        for um in choices or ():
            button = QPushButton(f"{um:g}")
            objective = _OBJECTIVES.get(um)
            button.setToolTip(
                f"{um:g} µm a pixel" + (f", usual for a {objective} objective" if objective else "")
            )
            button.clicked.connect(lambda _=False, um=um: self.answered.emit(um))
            self.choices.append(button)
            self._row.addWidget(button)
        self.field.clear()
        self.use_button.setEnabled(False)
        for widget in (self.field, self.use_button, self.unit):
            self._row.addWidget(widget)
        self._row.addStretch(1)

    def _take_field(self) -> None:
        value = number_in(self.field.text())
        if value is not None:
            self.answered.emit(value)
