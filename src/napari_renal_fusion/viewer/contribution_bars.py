"""The answer without each modality, painted as bars against the full answer."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QFontMetrics, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ..cases import Modality
from ..figures import percent
from .probability_bars import bar_colour, tabular
from .theme import colours_of

_ROW = 22
_BAR = 6


class ContributionBars(QWidget):
    """One row a modality: "Without light", the probability that is left, and a mark at the full answer."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._full = 0.0
        self._without: dict[Modality, float] = {}
        self._class_index = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_values(self, full: float, without: Mapping[Modality, float], class_index: int) -> None:
        """Show the probability of one class with everything and without each modality."""
        self._full, self._without, self._class_index = full, dict(without), class_index
        lines = (f"Without {_in_sentence(m)}: {percent(value)}" for m, value in self._without.items())
        self.setToolTip(f"With everything: {percent(full)}\n" + "\n".join(lines))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, max(1, len(self._without)) * self._row)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, max(1, len(self._without)) * self._row)

    @property
    def _row(self) -> int:
        """Height of a row, which grows with the text."""
        return max(_ROW, self.fontMetrics().height() + 6)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, figures = colours_of(self), tabular(self.font())
        metrics = QFontMetrics(self.font())
        names = {m: f"Without {_in_sentence(m)}" for m in self._without}
        left = max((metrics.horizontalAdvance(name) for name in names.values()), default=0) + 8
        number_width = QFontMetrics(figures).horizontalAdvance("> 99.9 %") + 4
        for row, (modality, value) in enumerate(self._without.items()):
            top = row * self._row
            painter.setPen(colours.text)
            painter.drawText(QRectF(0, top, left, self._row), Qt.AlignmentFlag.AlignVCenter, names[modality])
            painter.setFont(figures)
            painter.drawText(
                QRectF(self.width() - number_width, top, number_width, self._row),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, percent(value),
            )  # fmt: skip
            painter.setFont(self.font())
            length = self.width() - left - number_width - 8
            track = QRectF(left, top + (self._row - _BAR) / 2, length, _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.quiet)
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
            if value > 0:
                painter.setBrush(bar_colour(self._class_index, colours.quiet))
                painter.drawRoundedRect(
                    QRectF(track.left(), track.top(), max(_BAR, length * value), _BAR), _BAR / 2, _BAR / 2
                )
            mark = track.left() + length * self._full
            painter.setPen(QPen(colours.text, 2))
            painter.drawLine(int(mark), int(top + 4), int(mark), int(top + self._row - 4))
        painter.end()


def _in_sentence(modality: Modality) -> str:
    return {Modality.OM: "light", Modality.IM: "IF", Modality.TEM: "electron"}[modality]
