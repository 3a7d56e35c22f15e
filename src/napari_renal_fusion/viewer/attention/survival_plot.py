"""One patient's survival curve with what it is of: outcome, population, time zero and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QFontMetrics, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ..probability_bars import tabular
from ..theme import colours_of, mix
from ..training.ticks import nice_ticks

if TYPE_CHECKING:
    from ...inference.prediction import SurvivalAnswer


class SurvivalPlot(QWidget):
    """Straight lines from 1 at time zero, as the answer means them; nothing after the last time that the model knows."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.answer: SurvivalAnswer | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(200)

    def show_answer(self, answer: SurvivalAnswer | None) -> None:
        self.answer = answer
        if answer is not None:
            said = ", ".join(
                f"{100 * value:.0f} % at {time:g} {answer.unit}" for time, value in answer.at_quarters
            )
            self.setAccessibleDescription(said)
            self.setToolTip(said)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, 200)

    def corners(self) -> list[tuple[float, float]]:
        """Corners (time, share without the outcome) of the curve."""
        return [(0.0, 1.0), *zip(self.answer.times, self.answer.curve, strict=True)]

    def paintEvent(self, event: object) -> None:
        if self.answer is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, font = colours_of(self), tabular(self.font())
        metrics = QFontMetrics(font)
        painter.setFont(font)
        left, top = metrics.horizontalAdvance("100 %") + 8, metrics.height() / 2 + 2
        plot = QRectF(left, top, self.width() - left - 14, self.height() - top - 2 * metrics.height() - 8)
        ticks = nice_ticks(0.0, self.answer.times[-1], 5)
        last = ticks[-1]

        def at(time: float, value: float) -> QPointF:
            return QPointF(plot.left() + plot.width() * time / last, plot.bottom() - plot.height() * value)

        for value in (0.0, 0.25, 0.5, 0.75, 1.0):
            y = round(at(0, value).y()) + 0.5
            painter.setPen(QPen(mix(colours.text, colours.background, 0.13), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(colours.secondary)
            painter.drawText(
                QRectF(0, y - metrics.height() / 2, left - 6, metrics.height()),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{100 * value:.0f} %",
            )  # fmt: skip
        for time in ticks:
            x = at(time, 0).x()
            painter.drawText(
                QRectF(x - 40, plot.bottom() + 3, 80, metrics.height()),
                Qt.AlignmentFlag.AlignHCenter,
                f"{time:g}",
            )
        painter.drawText(
            QRectF(plot.left(), plot.bottom() + 4 + metrics.height(), plot.width(), metrics.height()),
            Qt.AlignmentFlag.AlignHCenter, f"{self.answer.unit} since {self.answer.time_zero}",
        )  # fmt: skip
        painter.setPen(QPen(colours.accent, 2.2))
        painter.drawPolyline([at(*corner) for corner in self.corners()])
        painter.end()
