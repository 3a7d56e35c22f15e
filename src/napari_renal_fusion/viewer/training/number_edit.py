"""A line for numbers of any size, written as people of the field write them: 5e-05, 0.15, 60."""

from __future__ import annotations

import math

from qtpy.QtCore import QRegularExpression, Signal
from qtpy.QtGui import QRegularExpressionValidator
from qtpy.QtWidgets import QLineEdit, QWidget

_NUMBER = QRegularExpression(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d*)?\s*")


def number_text(value: float) -> str:
    """Short text that means exactly ``value``: ``5e-05``, ``0.15``, ``1``."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


class NumberEdit(QLineEdit):
    """Takes a float, with a comma or a point; :attr:`value` is None while the text is no number."""

    edited = Signal()

    def __init__(self, value: float, parent: QWidget | None = None):
        super().__init__(number_text(value), parent)
        self.setValidator(QRegularExpressionValidator(_NUMBER, self))
        self.textEdited.connect(lambda _: self.edited.emit())
        self.editingFinished.connect(self._tidy)

    @property
    def value(self) -> float | None:
        try:
            value = float(self.text().strip().replace(",", "."))
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    def show_value(self, value: float) -> None:
        self.setText(number_text(value))

    def _tidy(self) -> None:
        if self.value is not None:
            self.show_value(self.value)
