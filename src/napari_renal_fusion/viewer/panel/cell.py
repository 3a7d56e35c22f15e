"""One antibody of the panel: its picture on black, its name, and what a person reads of it."""

from __future__ import annotations

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from .display import DisplayRange
from .readings import Reading
from .small import SmallPicture

_ACCENT = QColor("#56B4E9")
_TEXT, _QUIET, _EMPTY = QColor("#F2F2F2"), QColor("#9AA0A6"), QColor("#4A4F55")
"""Cells are black in both themes, so their colours are those of the dark one."""


def line_height(widget: QWidget) -> int:
    """Height of one of the two lines under a picture; follows the size of the text."""
    return max(17, widget.fontMetrics().height() + 1)


def caption_height(widget: QWidget) -> int:
    """Height of what stands under a picture."""
    return 2 * line_height(widget) + 4


class Cell(QWidget):
    """A place of the grid; without a picture it stays empty and only says so."""

    clicked = Signal(str)
    shown_wanted = Signal(str)
    typed = Signal(str, object)
    """Key of the image and the key event that the cell does not use itself."""

    def __init__(self, key: str, name: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.key, self.name = key, name
        self._small: SmallPicture | None = None
        self._image: QImage | None = None
        self._problem = ""
        self._reading = Reading()
        self._current = self._on_canvas = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        if key:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._tell()

    def sizeHint(self) -> QSize:
        return QSize(128, 96 + caption_height(self))

    @property
    def reading(self) -> Reading:
        return self._reading

    @property
    def image(self) -> QImage | None:
        """What is painted, after the display range."""
        return self._image

    @property
    def white(self) -> int:
        """The value that is white in a 16-bit image, 0 for others."""
        return self._small.full if self._small is not None and self._small.values.dtype.itemsize == 2 else 0

    def set_picture(self, small: SmallPicture) -> None:
        self._small, self._problem = small, ""

    def show_display(self, display: DisplayRange, full: int) -> None:
        """Paint the picture anew under a display range."""
        if self._small is not None:
            self._image = self._small.shown(display, full)
            self.update()

    def set_problem(self, sentence: str) -> None:
        """The image cannot be read; the sentence says why."""
        self._problem = sentence
        self._tell()
        self.update()

    def show_reading(self, reading: Reading) -> None:
        self._reading = reading
        self._tell()
        self.update()

    def set_name(self, name: str) -> None:
        self.name = name
        self._tell()
        self.update()

    def set_current(self, current: bool) -> None:
        """Whether keys grade this antibody."""
        if current != self._current:
            self._current = current
            self.update()

    def set_on_canvas(self, there: bool) -> None:
        if there != self._on_canvas:
            self._on_canvas = there
            self.update()

    def _tell(self) -> None:
        said = self._reading.text or "not graded"
        self.setAccessibleName(f"{self.name}: {said if self.key else 'no image'}")
        self.setToolTip(
            self._problem or (f"{self.name}: {said}" if self.key else f"{self.name}: no image of it")
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.key and event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.clicked.emit(self.key)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.key:
            self.shown_wanted.emit(self.key)

    def focusInEvent(self, event: object) -> None:
        super().focusInEvent(event)
        self.clicked.emit(self.key)
        self.update()

    def focusOutEvent(self, event: object) -> None:
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.shown_wanted.emit(self.key)
        else:
            event.ignore()
            self.typed.emit(self.key, event)
            if not event.isAccepted():
                super().keyPressEvent(event)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), QColor("black"))
        caption, line = caption_height(self), line_height(self)
        room = QRectF(3, 3, self.width() - 6, self.height() - caption - 4)
        if self.key:
            self._paint_picture(painter, room)
        else:
            painter.setPen(QPen(_EMPTY, 1, Qt.PenStyle.DashLine))
            painter.drawRect(room.adjusted(2, 2, -2, -2))
            painter.setPen(_QUIET)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "no image")
        self._paint_caption(painter, QRectF(6, self.height() - caption - 1, self.width() - 12, line))
        if self._current and self.key:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(_ACCENT, 3 if self.hasFocus() else 1))
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
        painter.end()

    def _paint_picture(self, painter: QPainter, room: QRectF) -> None:
        if self._problem:
            painter.setPen(QColor("#E69F00"))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "unreadable")
        elif self._image is not None:
            painter.drawImage(_inside(self._image, room), self._image)
        if self._on_canvas:
            word = QRectF(
                room.left() + 2, room.top() + 2, self.fontMetrics().horizontalAdvance("shown") + 8, 16
            )
            painter.fillRect(word, QColor(0, 0, 0, 170))
            painter.setPen(_ACCENT)
            painter.drawText(word, Qt.AlignmentFlag.AlignCenter, "shown")

    def _paint_caption(self, painter: QPainter, line: QRectF) -> None:
        grade = Reading(self._reading.intensity).text
        bold = QFont(self.font())
        bold.setBold(True)
        painter.setFont(bold)
        shown = grade or ("–" if self.key else "")
        taken = painter.fontMetrics().horizontalAdvance(shown) + 6
        painter.setPen(_TEXT if self._reading.positive else _QUIET)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.setPen(_TEXT if self.key else _QUIET)
        name = painter.fontMetrics().elidedText(
            self.name, Qt.TextElideMode.ElideRight, int(line.width() - taken)
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(self.font())
        painter.setPen(_QUIET)
        rest = Reading(None, self._reading.pattern, self._reading.location)
        below = line.translated(0, line.height())
        fits = self.fontMetrics().horizontalAdvance(rest.text) <= below.width()
        painter.drawText(
            below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self.fontMetrics().elidedText(rest.text if fits else rest.short, Qt.TextElideMode.ElideRight, int(below.width())),
        )  # fmt: skip


def _inside(image: QImage, room: QRectF) -> QRectF:
    """The largest place inside ``room`` with the shape of the image."""
    factor = min(room.width() / image.width(), room.height() / image.height())
    width, height = image.width() * factor, image.height() * factor
    return QRectF(room.center().x() - width / 2, room.center().y() - height / 2, width, height)
