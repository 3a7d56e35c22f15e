"""A slider with two handles over a bar that shows what is black, what is white, and everything between."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QLinearGradient, QMouseEvent, QPainter, QPen, QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget

from ..theme import colours_of
from .display import LEAST, DisplayRange

_HANDLE, _BAR = 9, 10
_STEP = 0.01


class RangeText(QLabel):
    """The range in words, in fewer where there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "secondary")
        self.full = self.short = ""

    def show_range(self, display: DisplayRange, white: int) -> None:
        if display.as_stored:
            self.full = self.short = "as stored"
        else:
            self.full = display.text(white)
            self.short = self.full.partition(" (")[0]
        self._fit()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(self._width(self.full), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._width(self.short), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.full if self.width() >= self._width(self.full) else self.short)

    def _width(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text) + 2


class RangeSlider(QWidget):
    """The bar is the legend: its left end is stored black, its right end stored white, its shades are what is shown.

    Drag a handle, or with the focus here: Left and Right move the white end, with Shift the black end, Home goes
    back to what is stored.
    """

    changed = Signal(object)
    """A :class:`DisplayRange`, while a handle moves."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._range = DisplayRange()
        self._held = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Display range of the panel")
        self._tell()

    @property
    def range(self) -> DisplayRange:
        return self._range

    def show_range(self, display: DisplayRange) -> None:
        """Show a range without saying that it changed."""
        self._range = display
        self._tell()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(180, 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 24)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at = event.position().x()
        low, high = self._x(self._range.low), self._x(self._range.high)
        # Of two handles at one place the one that can move is meant.
        nearer_low = abs(at - low) < abs(at - high) or (abs(at - low) == abs(at - high) and at < low)
        self._held = "low" if nearer_low else "high"
        self._move(self._share(at))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._move(self._share(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = ""
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._set(DisplayRange())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Left: -_STEP, Qt.Key.Key_Right: _STEP}.get(event.key())
        if event.key() == Qt.Key.Key_Home:
            self._set(DisplayRange())
        elif by is not None:
            low = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._held = "low" if low else "high"
            self._move((self._range.low if low else self._range.high) + by)
            self._held = ""
        else:
            super().keyPressEvent(event)

    def _move(self, share: float) -> None:
        """Put the held handle somewhere; it never passes the other one."""
        share = round(min(max(share, 0.0), 1.0), 3)
        if self._held == "low":
            self._set(DisplayRange(min(share, round(self._range.high - LEAST, 3)), self._range.high))
        else:
            self._set(DisplayRange(self._range.low, max(share, round(self._range.low + LEAST, 3))))

    def _set(self, display: DisplayRange) -> None:
        if display != self._range:
            self.show_range(display)
            self.changed.emit(display)

    def _tell(self) -> None:
        said = f"{100 * self._range.low:.0f} to {100 * self._range.high:.0f} percent of the full scale"
        self.setAccessibleDescription(said)

    def _x(self, share: float) -> float:
        return _HANDLE / 2 + share * (self.width() - _HANDLE)

    def _share(self, x: float) -> float:
        return (x - _HANDLE / 2) / max(1, self.width() - _HANDLE)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = colours_of(self)
        middle = self.height() / 2
        bar = QRectF(self._x(0), middle - _BAR / 2, self._x(1) - self._x(0), _BAR)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        low, high = self._range.low, self._range.high
        for place, shade in ((0.0, "#000000"), (low, "#000000"), (high, "#FFFFFF"), (1.0, "#FFFFFF")):
            shades.setColorAt(place, QColor(shade))
        painter.setPen(QPen(colours.secondary, 1))
        painter.setBrush(shades)
        painter.drawRect(bar)
        for share in (low, high):
            self._paint_handle(painter, self._x(share), middle)
        painter.end()

    def _paint_handle(self, painter: QPainter, x: float, middle: float) -> None:
        accent = colours_of(self).accent
        grip = QRectF(x - _HANDLE / 2 + 1, middle - 10, _HANDLE - 2, 20)
        painter.setPen(QPen(QColor("#10131A"), 1))
        painter.setBrush(accent)
        painter.drawRoundedRect(grip, 2, 2)
        if self.hasFocus():
            painter.setPen(QPen(colours_of(self).text, 1))
            painter.drawLine(QPointF(x, middle - 5), QPointF(x, middle + 5))
