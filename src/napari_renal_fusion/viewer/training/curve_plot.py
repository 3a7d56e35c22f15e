"""Curves over epochs, painted directly: crisp in light and dark, and fifty times cheaper than a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from qtpy.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from ...figures.vision import readable
from ..probability_bars import tabular
from ..theme import colours_of, mix
from .ticks import nice_ticks, tick_text, whole_ticks

# Okabe-Ito without black and yellow, which vanish on one of the two backgrounds.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")

_APART = 3
"""Pixels between two points that are drawn; more cannot be told apart and cost the main thread's time."""


def fold_colour(index: int, background: QColor) -> QColor:
    """Colour of a fold, 3:1 or more against the background; colours repeat after six, the numbers do not."""
    return QColor(_readable(_COLOURS[index % len(_COLOURS)], background.name()))


@cache
def _readable(colour: str, background: str) -> str:
    return readable(colour, background)


def thinned(points: Sequence[tuple[float, float]], most: int) -> Sequence[tuple[float, float]]:
    """At most about ``most`` points: of each run of neighbours the last one; the first and last always stay."""
    step = -(-len(points) // max(2, most))
    return points if step <= 1 else [points[0], *points[step:-1:step], points[-1]]


@dataclass(frozen=True)
class Curve:
    """One line: points (epoch, value), its colour's place, the text at its end; dotted for training."""

    points: Sequence[tuple[float, float]]
    colour: int
    name: str = ""
    end_text: str = ""
    dotted: bool = False
    strong: bool = True
    mark: tuple[float, float] | None = None


class CurvePlot(QWidget):
    """Title, axes with round numbers, curves; the value under the pointer stands in a tooltip."""

    def __init__(self, title: str, empty: str, limits: tuple[float, float] | None = None,
                 parent: QWidget | None = None):  # fmt: skip
        super().__init__(parent)
        self._title, self.empty_text, self._limits = title, empty, limits
        self.curves: tuple[Curve, ...] = ()
        self._epochs = 1
        self._least = self._most = 1.0
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(title)

    def set_title(self, title: str) -> None:
        """What stands above the curves."""
        if title != self._title:
            self._title = title
            self.setAccessibleName(title)
            self.update()

    def show_curves(self, curves: Sequence[Curve], epochs: int) -> None:
        """Draw ``curves`` over ``epochs`` epochs."""
        self.curves, self._epochs = tuple(curves), max(1, epochs)
        values = [value for one in self.curves for _, value in one.points] or [1.0]
        self._least, self._most = min(values), max(values)
        self.setAccessibleDescription(
            "; ".join(f"{one.name} {one.points[-1][1]:.3f}" for one in self.curves if one.points and one.name)
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 210)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, 150)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = colours_of(self)
        bold = self.font()
        bold.setWeight(bold.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(colours.text)
        height = self.fontMetrics().height()
        painter.drawText(QRectF(0, 0, self.width(), height + 4), Qt.AlignmentFlag.AlignLeft, self._title)
        painter.setFont(tabular(self.font()))
        if not any(one.points for one in self.curves):
            painter.setPen(colours.secondary)
            room = QRectF(0, height + 4, self.width(), self.height() - height - 4)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty_text)
            painter.end()
            return
        self._paint_axes(painter, colours)
        plot = self._plot()
        for one in sorted(self.curves, key=lambda curve: curve.strong):
            self._paint_curve(painter, one, plot, colours)
        self._paint_ends(painter, plot, colours)
        painter.end()

    def mouseMoveEvent(self, event) -> None:
        text = self.text_at(event.position().x())
        if text:
            QToolTip.showText(event.globalPosition().toPoint(), text, self)
        else:
            QToolTip.hideText()

    def text_at(self, x: float) -> str:
        """The curves' values at the epoch under a place, one a line."""
        plot = self._plot()
        if not any(one.points for one in self.curves) or not plot.left() - 8 <= x <= plot.right() + 8:
            return ""
        epoch = round(1 + (x - plot.left()) / max(1.0, plot.width()) * max(1, self._epochs - 1))
        lines = [
            f"{one.name}: {value:.3f}"
            for one in self.curves
            if one.name
            for number, value in one.points
            if number == epoch
        ]
        return "\n".join([f"Epoch {epoch}", *lines]) if lines else ""

    def _range(self) -> tuple[list[float], float]:
        if self._limits is None:
            ticks = nice_ticks(0.0, self._most, 5 if self.height() > 170 else 4)
            return ticks, ticks[1] - ticks[0]
        low, high = self._limits
        # Chance is the floor of what is worth room, unless a curve falls below it.
        low = low if self._least >= low else 0.0
        return [low + (high - low) * part / 5 for part in range(6)], (high - low) / 5

    def _plot(self) -> QRectF:
        metrics = QFontMetrics(tabular(self.font()))
        ticks, step = self._range()
        left = max(metrics.horizontalAdvance(tick_text(one, step)) for one in ticks) + 8
        top, bottom = metrics.height() + 12, 2 * metrics.height() + 6
        return QRectF(left, top, max(10, self.width() - left - 22), max(10, self.height() - top - bottom))

    def _paint_axes(self, painter: QPainter, colours) -> None:
        plot, metrics = self._plot(), QFontMetrics(tabular(self.font()))
        ticks, step = self._range()
        faint = QPen(mix(colours.text, colours.background, 0.13), 1)
        for value in ticks:
            y = round(self._y(value, plot, ticks)) + 0.5
            painter.setPen(faint)
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(colours.secondary)
            painter.drawText(
                QRectF(0, y - metrics.height() / 2, plot.left() - 6, metrics.height()),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, tick_text(value, step),
            )  # fmt: skip
        count = max(2, int(plot.width() // 48))
        for epoch in whole_ticks(self._epochs, count):
            x = self._x(epoch, plot)
            painter.setPen(colours.secondary)
            painter.drawText(
                QRectF(x - 30, plot.bottom() + 3, 60, metrics.height()),
                Qt.AlignmentFlag.AlignHCenter, str(epoch),
            )  # fmt: skip
        painter.drawText(
            QRectF(plot.left(), plot.bottom() + 3 + metrics.height(), plot.width(), metrics.height()),
            Qt.AlignmentFlag.AlignHCenter, "Epoch",
        )  # fmt: skip

    def _paint_curve(self, painter: QPainter, curve: Curve, plot: QRectF, colours) -> None:
        if not curve.points:
            return
        ticks, _ = self._range()
        faded = self._colour(curve, colours)
        pen = QPen(faded, 1.0 if not curve.strong else 1.3 if curve.dotted else 2.0)
        if curve.dotted:
            pen.setDashPattern([3, 3])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap if curve.dotted else Qt.PenCapStyle.RoundCap)
        shown = thinned(curve.points, int(plot.width() / _APART))
        places = [QPointF(self._x(x, plot), self._y(y, plot, ticks)) for x, y in shown]
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if curve.dotted:  # only a polyline carries its dashes on from point to point
            painter.drawPolyline(QPolygonF(places))
        else:  # single lines are several times cheaper than one polyline of as many points
            painter.drawLines([QLineF(a, b) for a, b in pairwise(places)])
        if len(places) == 1:
            painter.setBrush(faded)
            painter.drawEllipse(places[0], 2, 2)
        if curve.mark is not None:
            painter.setPen(QPen(faded, 1.6))
            painter.setBrush(colours.background)
            mark = QPointF(self._x(curve.mark[0], plot), self._y(curve.mark[1], plot, ticks))
            painter.drawEllipse(mark, 3.5, 3.5)

    def _paint_ends(self, painter: QPainter, plot: QRectF, colours) -> None:
        """The folds' numbers at the ends of their curves, moved apart where they would lie on each other."""
        ticks, _ = self._range()
        height = painter.fontMetrics().ascent() + 1
        ends = [
            (self._x(one.points[-1][0], plot), self._y(one.points[-1][1], plot, ticks), one)
            for one in self.curves
            if one.end_text and one.points
        ]
        taken: list[tuple[float, float]] = []
        for x, y, one in sorted(ends, key=lambda end: end[1]):
            near = [other for at, other in taken if abs(at - x) < 16]
            place = max(y, max(near) + height) if near else y
            taken.append((x, place))
            painter.setPen(self._colour(one, colours))
            painter.drawText(
                QRectF(x + 6, place - height, 24, 2 * height),
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, one.end_text,
            )  # fmt: skip

    @staticmethod
    def _colour(curve: Curve, colours) -> QColor:
        colour = fold_colour(curve.colour, colours.background)
        return colour if curve.strong else mix(colour, colours.background, 0.45)

    def _x(self, epoch: float, plot: QRectF) -> float:
        return plot.left() + plot.width() * (epoch - 1) / max(1, self._epochs - 1)

    @staticmethod
    def _y(value: float, plot: QRectF, ticks: Sequence[float]) -> float:
        return plot.bottom() - plot.height() * (value - ticks[0]) / (ticks[-1] - ticks[0])
