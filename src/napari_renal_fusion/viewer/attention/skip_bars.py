"""The modality-skip table, painted: the answer with everything, without each modality, and with each alone."""

from __future__ import annotations

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFontMetrics, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ...explain.modality_skip import SkipRow, SkipTable
from ...figures import class_colour, class_letters, percent
from ...figures.style import on_class_colour
from ..probability_bars import tabular
from ..theme import colours_of

_ROW, _HEAD, _SIDE = 22, 24, 18


def row_title(row: SkipRow) -> str:
    """``Without slide``, ``Only rnaseq``."""
    return "With everything" if row.kind == "everything" else f"{row.kind.capitalize()} {row.modality}"


def row_values(row: SkipRow, full: SkipRow) -> tuple[str, ...]:
    """Probabilities of the classes in percent, or the risk and its change against everything."""
    if not row.answered:
        return ()
    if row.risk is None:
        return tuple(percent(value) for value in row.probabilities)
    change = "" if row is full else f"{row.risk - full.risk:+.2f}".replace("-", "−")
    return f"{row.risk:.2f}".replace("-", "−"), change


class SkipBars(QWidget):
    """Rows of numbers under the signs of the classes; all recomputed, none estimated."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.table: SkipTable | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_table(self, table: SkipTable | None) -> None:
        self.table = table
        if table is not None:
            full = table.rows[0]
            said = [f"{row_title(row)}: {' '.join(row_values(row, full))}" for row in table.rows]
            self.setAccessibleDescription("; ".join(said))
            self.setToolTip("\n".join([", ".join(table.class_names), *said] if table.class_names else said))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, self._head + len(self.table.rows) * self._row if self.table else 0)

    @property
    def _row(self) -> int:
        """Height of a row, which grows with the text."""
        return max(_ROW, self.fontMetrics().height() + 4)

    @property
    def _head(self) -> int:
        return max(_HEAD, self.fontMetrics().height() + 6)

    def paintEvent(self, event: object) -> None:
        if self.table is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, figures = colours_of(self), tabular(self.font())
        full = self.table.rows[0]
        values = [row_values(row, full) for row in self.table.rows]
        columns = max(len(one) for one in values)
        widest = max(
            QFontMetrics(figures).horizontalAdvance(text) for one in values for text in (*one, "change")
        )
        step = widest + 14
        left = max(80, self.width() - columns * step)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self._paint_head(painter, [QRectF(left + i * step, 0, step, self._head - 4) for i in range(columns)])
        for place, row in enumerate(self.table.rows):
            top = self._head + place * self._row
            first_alone = row.kind == "only" and self.table.rows[place - 1].kind != "only"
            if place == 1 or first_alone:
                painter.setPen(QPen(colours.quiet, 1))
                painter.drawLine(0, top, self.width(), top)
            bold = self.font()
            bold.setBold(row is full)
            painter.setFont(bold)
            painter.setPen(colours.text)
            title = QFontMetrics(bold).elidedText(row_title(row), Qt.TextElideMode.ElideMiddle, int(left) - 4)
            painter.drawText(QRectF(0, top, left, self._row), Qt.AlignmentFlag.AlignVCenter, title)
            painter.setFont(tabular(bold))
            if not row.answered:
                painter.setPen(colours.secondary)
                painter.drawText(
                    QRectF(0, top, self.width(), self._row), right, "nothing left to answer from"
                )
            for i, text in enumerate(values[place]):
                painter.drawText(QRectF(left + i * step, top, step, self._row), right, text)
        painter.end()

    def _paint_head(self, painter: QPainter, rooms: list[QRectF]) -> None:
        colours, names = colours_of(self), self.table.class_names
        if not names:
            painter.setPen(colours.secondary)
            for room, text in zip(rooms, ("risk", "change"), strict=False):
                painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            return
        for i, (room, sign) in enumerate(zip(rooms, class_letters(names), strict=False)):
            colour = QColor(class_colour(i))
            badge = QRectF(room.right() - _SIDE, 1, _SIDE, _SIDE)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRoundedRect(badge, 3, 3)
            painter.setPen(QColor(on_class_colour(i)))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, sign)
