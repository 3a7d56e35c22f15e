"""Omics features ranked by attention, painted as bars: name, the patient's value, raw attention."""

from __future__ import annotations

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QFontMetrics, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ...explain.attention import TokenAttention
from ...figures import value_text
from ..probability_bars import tabular
from ..theme import colours_of

SHOWN = 20
_ROW, _BAR = 20, 8


class TokenBars(QWidget):
    """The first twenty features; a line marks what each would have if attention were even."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.attention: TokenAttention | None = None
        self._names: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_attention(self, attention: TokenAttention | None) -> None:
        self.attention = attention
        self._names = short_names([one.name for one in attention.ranked]) if attention else []
        self.setVisible(bool(attention and attention.ranked))
        if attention is not None:
            said = ", ".join(f"{one.name} {value_text(one.weight)}" for one in attention.ranked[:SHOWN])
            self.setAccessibleDescription(said)
        self.setFixedHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        rows = min(SHOWN, len(self.attention.ranked)) if self.attention else 0
        more = 1 if self.attention and len(self.attention.ranked) > SHOWN else 0
        return QSize(220, self._row + (rows + more) * self._row if rows else 0)

    @property
    def _row(self) -> int:
        """Height of a row and of the head, which grows with the text."""
        return max(_ROW, self.fontMetrics().height() + 2)

    def paintEvent(self, event: object) -> None:
        if self.attention is None or not self.attention.ranked:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, figures = colours_of(self), tabular(self.font())
        shown, width = self.attention.ranked[:SHOWN], self.width()
        numbers = QFontMetrics(figures)
        values = [_value(one.value) for one in shown]
        weights = [value_text(one.weight) for one in shown]
        value_width = max(numbers.horizontalAdvance(text) for text in (*values, "value")) + 12
        weight_width = max(numbers.horizontalAdvance(text) for text in (*weights, "attention")) + 8
        name_width = min(
            0.34 * width, max(self.fontMetrics().horizontalAdvance(one) for one in self._names[:SHOWN]) + 4
        )
        left = name_width + value_width + 8
        room = width - left - weight_width
        most = shown[0].weight or 1.0
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(colours.secondary)
        painter.drawText(QRectF(name_width, 0, value_width, self._row - 4), right, "value")
        painter.drawText(QRectF(width - weight_width, 0, weight_width, self._row - 4), right, "attention")
        for row, one in enumerate(shown):
            top = self._row + row * self._row
            painter.setFont(self.font())
            painter.setPen(colours.text)
            name = self.fontMetrics().elidedText(
                self._names[row], Qt.TextElideMode.ElideMiddle, int(name_width)
            )
            painter.drawText(QRectF(0, top, name_width, self._row), Qt.AlignmentFlag.AlignVCenter, name)
            painter.setFont(figures)
            painter.setPen(colours.secondary)
            painter.drawText(QRectF(name_width, top, value_width, self._row), right, values[row])
            painter.setPen(colours.text)
            painter.drawText(QRectF(width - weight_width, top, weight_width, self._row), right, weights[row])
            bar = QRectF(left, top + (self._row - _BAR) / 2, max(1.0, room * one.weight / most), _BAR)
            painter.fillRect(bar, colours.accent)
        at = left + room * min(1.0, self.attention.even / most)
        painter.setPen(QPen(colours.text, 1.5))
        painter.drawLine(int(at), self._row, int(at), self._row + len(shown) * self._row)
        if len(self.attention.ranked) > SHOWN:
            rest = sum(one.weight for one in self.attention.ranked[SHOWN:])
            painter.setFont(self.font())
            painter.setPen(colours.secondary)
            words = f"{len(self.attention.ranked) - SHOWN:,} more features share {value_text(rest)}"
            painter.drawText(
                QRectF(0, self._row + len(shown) * self._row, width, self._row),
                Qt.AlignmentFlag.AlignVCenter,
                words,
            )
        painter.end()


def short_names(names: list[str]) -> list[str]:
    """Names without the ending that all of them share, from its underscore on: ``TP53_rnaseq`` is ``TP53``."""
    endings = {name[name.rindex("_") :] if "_" in name else "" for name in names}
    shared = endings.pop() if len(endings) == 1 else ""
    shortened = [name.removesuffix(shared) for name in names]
    return shortened if all(shortened) else names


def _value(value: float | None) -> str:
    return "missing" if value is None else f"{value:.3g}".replace("-", "−")
