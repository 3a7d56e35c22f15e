"""One small picture on the board, with its name, what the model did with it, and its tick in edit mode."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from qtpy.QtWidgets import QWidget

from .theme import colours_of, text_scale

_WIDTH, _PICTURE = 52, 40
"""Pixels, for text of the usual size; larger text makes larger thumbnails."""


@dataclass(frozen=True)
class Marks:
    """What stands on a thumbnail.

    ``entered`` is None before a run. ``note`` is the second line ("effect −3.1"); ``typicality`` (0 to 1)
    becomes a small bar; ``badge`` is a word on the picture ("most typical").
    """

    entered: bool | None = None
    note: str = ""
    typicality: float | None = None
    badge: str = ""


class Thumbnail(QWidget):
    """A clickable small picture; Enter and Space work as a click does."""

    clicked = Signal(str)

    def __init__(self, key: str, name: str, parent: QWidget | None = None):
        super().__init__(parent)
        self.key, self.name = key, name
        self._picture: QImage | None = None
        self._problem = ""
        self._marks = Marks()
        self._current = False
        self._ticked: bool | None = None
        self._take_size()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)

    def set_name(self, name: str) -> None:
        """Another name, such as the antibody that a person stated."""
        self.name = name
        self.setAccessibleName(name)
        self.update()

    def set_picture(self, picture: QImage) -> None:
        self._picture, self._problem = picture, ""
        self.update()

    def set_problem(self, sentence: str) -> None:
        """The image cannot be read; the sentence says why."""
        self._problem = sentence
        self.setToolTip(sentence)
        self.update()

    def set_marks(self, marks: Marks) -> None:
        self._marks = marks
        self._take_size()
        self.update()

    @property
    def marks(self) -> Marks:
        return self._marks

    def set_current(self, current: bool) -> None:
        if current != self._current:
            self._current = current
            self.update()

    def set_ticked(self, ticked: bool | None) -> None:
        """Show a tick box in edit mode; None outside of it."""
        self._ticked = ticked
        self.update()

    @property
    def ticked(self) -> bool | None:
        return self._ticked

    @property
    def _picture_height(self) -> int:
        return round(_PICTURE * text_scale(self))

    def _take_size(self) -> None:
        low, high = heights(self)
        noted = self._marks.note or self._marks.typicality is not None
        self.setFixedSize(round(_WIDTH * text_scale(self)), high if noted else low)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._take_size()

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit(self.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Space):
            self.clicked.emit(self.key)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_picture(painter, QRectF(2, 2, self.width() - 4, self._picture_height))
        self._paint_words(painter)
        painter.end()

    def _paint_picture(self, painter: QPainter, room: QRectF) -> None:
        colours = colours_of(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.quiet)
        painter.drawRect(room)
        if self._picture is not None and not self._problem:
            painter.setOpacity(0.5 if self._marks.entered is False and self._ticked is None else 1.0)
            painter.drawImage(room, self._picture, _cover(self._picture, room))
            painter.setOpacity(1.0)
        elif self._problem:
            painter.setPen(colours.warning)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "unreadable")
        if self._marks.badge:
            height = self.fontMetrics().height() + 1
            strip = QRectF(room.left(), room.bottom() - height, room.width(), height)
            painter.fillRect(strip, QColor(0, 0, 0, 170))
            painter.setPen(QColor("white"))
            painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, self._marks.badge)
        if self._ticked is not None:
            self._paint_tick(painter, colours.accent)
        elif self._marks.entered:
            scale = text_scale(self)
            pill = QRectF(room.left() + 3, room.top() + 3, 20 * scale, 15 * scale)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.accent)
            painter.drawRoundedRect(pill, 3, 3)
            painter.setPen(QColor("#10131A" if colours.accent.lightness() > 120 else "white"))
            painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, "in")
        if self._current or self.hasFocus():
            painter.setPen(QPen(colours.accent, 3 if self._current else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(room.adjusted(0, 0, 0, 0))

    def _paint_tick(self, painter: QPainter, accent: QColor) -> None:
        box = QRectF(6, 6, 16, 16)
        painter.setPen(QPen(QColor("white"), 1.5))
        painter.setBrush(accent if self._ticked else QColor(0, 0, 0, 150))
        painter.drawRoundedRect(box, 3, 3)
        if self._ticked:
            painter.setPen(QPen(QColor("#10131A" if accent.lightness() > 120 else "white"), 2))
            painter.drawPolyline([QPointF(9.5, 14), QPointF(13, 17.5), QPointF(18.5, 10)])

    def _paint_words(self, painter: QPainter) -> None:
        colours = colours_of(self)
        height = self.fontMetrics().height()
        top = self._picture_height + (9 if self._marks.typicality is not None else 4)
        line = QRectF(1, top, self.width() - 1, height)
        painter.setPen(colours.text if self._marks.entered is not False else colours.secondary)
        painter.drawText(
            line, Qt.AlignmentFlag.AlignVCenter,
            self.fontMetrics().elidedText(self.name, Qt.TextElideMode.ElideMiddle, int(line.width())),
        )  # fmt: skip
        if self._marks.note:
            painter.setPen(colours.secondary)
            painter.drawText(line.translated(0, height - 1), Qt.AlignmentFlag.AlignVCenter, self._marks.note)
        if self._marks.typicality is not None:
            track = QRectF(2, self._picture_height + 5, self.width() - 4, 3)
            painter.fillRect(track, colours.quiet)
            track.setWidth(max(1.0, track.width() * min(1.0, self._marks.typicality)))
            painter.fillRect(track, colours.secondary)


def heights(widget: QWidget) -> tuple[int, int]:
    """Pixels: the height of a thumbnail, and of one with a note and a typicality bar, in the widget's text size."""
    line, picture = widget.fontMetrics().height(), round(_PICTURE * text_scale(widget))
    return picture + line + 6, picture + 2 * line + 9


def _cover(picture: QImage, room: QRectF) -> QRectF:
    """The middle part of a picture that has the shape of ``room``."""
    wanted = room.width() / room.height()
    width, height = float(picture.width()), float(picture.height())
    if width / height > wanted:
        part = height * wanted
        return QRectF((width - part) / 2, 0, part, height)
    part = width / wanted
    return QRectF(0, (height - part) / 2, width, part)
