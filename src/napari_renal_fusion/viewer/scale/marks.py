"""Lines and words over the canvas, in pixels of the screen: the ruler, a bar that is being measured, where the legend begins.

They are painted on a widget above the canvas and not as a layer: a shapes layer takes most of a second to come, and its
lines grow with the zoom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QLineF, QObject, QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QWidget

from ..fit import factor_of
from .measurements import Place

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer

_TICK = 6.0
_INK, _EDGE = (
    QColor("#F0E442"),
    QColor(0, 0, 0, 190),
)  # Okabe-Ito yellow with a dark edge shows on every stain


@dataclass(frozen=True)
class Mark:
    """A line between two places of the image, (row, column) in its pixels, with words; ``quiet`` ones are thin and dashed."""

    start: Place
    end: Place
    words: str = ""
    quiet: bool = False


class Marks(QWidget):
    """Paints marks of one layer; it lets every click through."""

    def __init__(self, viewer: napari.Viewer, canvas: QWidget):
        super().__init__(canvas)
        self._viewer = viewer
        self._layer: Layer | None = None
        self.marks: tuple[Mark, ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setGeometry(canvas.rect())
        canvas.installEventFilter(self)
        self._events = (viewer.scene.camera.events.zoom, viewer.scene.camera.events.center)
        for event in self._events:
            event.connect(self._moved)
        self.hide()

    def show_marks(self, layer: Layer | None, marks: tuple[Mark, ...]) -> None:
        """Paint these instead of those before; none without a layer."""
        self._layer = layer
        self.marks = marks if layer is not None else ()
        self.setVisible(bool(self.marks))
        self.raise_()
        self.update()

    def shut(self) -> None:
        """Let go of the viewer; safe when the window is going."""
        for event in self._events:
            event.disconnect(self._moved)
        self._layer, self.marks, self._viewer = None, (), None
        self.hide()
        self.deleteLater()

    def to_screen(self, place: Place) -> QPointF:
        """Where a place of the image lies on the canvas now, in its pixels."""
        layer, camera = self._layer, self._viewer.scene.camera
        per_unit = factor_of(self._viewer, layer)
        row, column = (
            (place[axis] * float(layer.scale[axis - 2]) + float(layer.translate[axis - 2])) * per_unit
            for axis in (0, 1)
        )
        return QPointF(
            (column - camera.center[-1]) * camera.zoom + self.width() / 2,
            (row - camera.center[-2]) * camera.zoom + self.height() / 2,
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self.parentWidget().rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._layer is None or self._layer not in self._viewer.layers or not self._layer.visible:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(10)
        font.setBold(True)
        painter.setFont(font)
        for mark in self.marks:
            self._paint(painter, mark)
        painter.end()

    def _paint(self, painter: QPainter, mark: Mark) -> None:
        line = QLineF(self.to_screen(mark.start), self.to_screen(mark.end))
        lines = [line]
        if not mark.quiet and line.length() > 0:
            across = line.normalVector()
            across.setLength(_TICK)
            step = QPointF(across.dx(), across.dy())
            lines += [QLineF(end - step, end + step) for end in (line.p1(), line.p2())]
        for colour, width in ((_EDGE, 4.0), (_INK, 2.0)) if not mark.quiet else ((_EDGE, 2.0), (_INK, 1.0)):
            pen = QPen(colour, width)
            if mark.quiet and colour is _INK:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            for one in lines:
                painter.drawLine(one)
        if mark.words:
            self._write(painter, line, mark)

    def _write(self, painter: QPainter, line: QLineF, mark: Mark) -> None:
        """The words in a dark box beside the line, kept inside the canvas."""
        words = QFontMetricsF(painter.font()).boundingRect(mark.words)
        box = QRectF(0, 0, words.width() + 10, words.height() + 4)
        if mark.quiet:  # above its line: below it stands what a person wants to read
            box.moveBottomRight(QPointF(min(line.x2(), self.width() - 4.0) - 4, line.y1() - 4))
        else:
            box.moveCenter(line.center() + _aside(line, box))
        box.moveLeft(min(max(box.left(), 2.0), max(2.0, self.width() - box.width() - 2)))
        box.moveTop(min(max(box.top(), 2.0), max(2.0, self.height() - box.height() - 2)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_EDGE)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(_INK)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, mark.words)

    def _moved(self, event: object = None) -> None:
        if self.marks:
            self.update()


def _aside(line: QLineF, box: QRectF) -> QPointF:
    """How far the middle of a box must lie below the middle of a line so as not to cover any of it."""
    across = line.normalVector().unitVector()
    x, y = (across.dx(), across.dy()) if line.length() > 0 else (0.0, 1.0)
    if y < 0:
        x, y = -x, -y
    away = abs(x) * box.width() / 2 + abs(y) * box.height() / 2 + _TICK + 2
    return QPointF(x * away, y * away)


def canvas_of(viewer: napari.Viewer) -> QWidget | None:
    """The widget that napari draws on; None for a viewer without a window."""
    window = getattr(getattr(viewer, "window", None), "_qt_viewer", None)
    canvas = getattr(window, "canvas", None)
    return getattr(canvas, "native", None)
