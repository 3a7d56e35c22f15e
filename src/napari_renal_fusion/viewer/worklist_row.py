"""One line of the worklist: the sign of its state, the case code, and the state in words."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from .theme import RHYTHM, colours_of

CODE, STATE, BUSY = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2, Qt.ItemDataRole.UserRole + 3
_ATTENTION = {"refused", "disagree", "could not be run", "to sort"}
_SIGN = 10
_SHORT = {"awaiting electron images": "awaiting electron"}
"""What fits into a narrow list; the filter and the description have the whole words."""


class WorklistRow(QStyledItemDelegate):
    """Draws the lines. Every state has a shape of its own, so that none is told by colour alone."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(120, 2 * option.fontMetrics.lineSpacing() + 2 * RHYTHM)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        widget = option.widget
        colours = colours_of(widget if isinstance(widget, QWidget) else self.parent())
        room = QRectF(option.rect).adjusted(2, 1, -2, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.quiet)
            painter.drawRoundedRect(room, 3, 3)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(colours.accent, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(room.adjusted(0.75, 0.75, -0.75, -0.75), 3, 3)
        state = str(index.data(STATE) or "")
        line = option.fontMetrics.lineSpacing()
        middle = QPointF(room.left() + RHYTHM + _SIGN / 2, room.top() + RHYTHM / 2 + line / 2 + 2)
        colour = colours.warning if state in _ATTENTION else colours.secondary
        draw_sign(painter, state, middle, colour, colours.background)
        left = room.left() + 2 * RHYTHM + _SIGN
        words = QRectF(left, room.top() + RHYTHM / 2, room.right() - left - 4, line + 2)
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(colours.text)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, str(index.data(CODE)))
        painter.setFont(option.font)
        painter.setPen(colour if state in _ATTENTION else colours.secondary)
        words.translate(0, line)
        said = str(index.data(BUSY) or _SHORT.get(state, state))
        said = option.fontMetrics.elidedText(said, Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, said)
        painter.restore()


def draw_sign(painter: QPainter, state: str, middle: QPointF, colour: QColor, ground: QColor) -> None:
    """To read: a ring; awaiting: a dashed ring; sealed: half filled; read: filled; the rest: an exclamation mark in a triangle."""
    radius = _SIGN / 2 - 0.5
    pen = QPen(colour, 1.5)
    if state == "awaiting electron images":
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.setBrush(colour if state == "read" else Qt.BrushStyle.NoBrush)
    if state in _ATTENTION:
        top = QPointF(middle.x(), middle.y() - radius)
        left = QPointF(middle.x() - radius, middle.y() + radius)
        right = QPointF(middle.x() + radius, middle.y() + radius)
        painter.drawPolygon(QPolygonF([top, left, right]))
        painter.drawLine(QPointF(middle.x(), middle.y() - 1.5), QPointF(middle.x(), middle.y() + 1.5))
        return
    painter.drawEllipse(middle, radius, radius)
    if state == "sealed":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPie(
            QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius), 90 * 16, 180 * 16
        )
