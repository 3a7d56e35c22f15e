"""A number with its unit: the fields in which lengths and pixel sizes are typed."""

from __future__ import annotations

from qtpy.QtCore import QRegularExpression, Signal
from qtpy.QtGui import QRegularExpressionValidator
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QWidget

from ..theme import RHYTHM
from .words import unit_sign


def number_validator(field: QLineEdit) -> QRegularExpressionValidator:
    """Lets a number be typed with a point or a comma; Qt's own drops the comma, and 2,3 becomes 23."""
    return QRegularExpressionValidator(QRegularExpression(r"[0-9]{0,6}([.,][0-9]{0,8})?"), field)


def number_in(text: str) -> float | None:
    """The number above 0 that was typed, None if it is none."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if value > 0 else None


class LengthField(QWidget):
    """A number, nm or µm, and a button that is on when the number is one."""

    given = Signal(float, str)
    """The number and its unit, ``nm`` or ``um``."""

    def __init__(self, name: str, suffix: str = "", button: str = "Use"):
        super().__init__()
        self.number = QLineEdit()
        self.number.setFixedWidth(64)
        self.number.setAccessibleName(name)
        self.number.setToolTip(name)
        self.number.setValidator(number_validator(self.number))
        self.unit = QComboBox()
        for unit in ("nm", "um"):
            self.unit.addItem(unit_sign(unit) + suffix, unit)
        self.unit.setAccessibleName(f"Unit of: {name}")
        self.button = QPushButton(button)
        self.number.textChanged.connect(lambda _: self.button.setEnabled(self.value is not None))
        self.number.returnPressed.connect(self._take)
        self.button.clicked.connect(self._take)
        self.button.setEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(RHYTHM // 2)
        for widget in (self.number, self.unit, self.button):
            row.addWidget(widget)
        row.addStretch(1)

    @property
    def value(self) -> float | None:
        """The number, None while there is none above 0."""
        return number_in(self.number.text())

    def begin(self, unit: str) -> None:
        """Empty the field and choose a likely unit."""
        self.number.clear()
        self.unit.setCurrentIndex(self.unit.findData(unit))

    def _take(self) -> None:
        if self.value is not None:
            self.given.emit(self.value, self.unit.currentData())
