"""Probabilities as bars, painted directly: crisp, and a hundred times cheaper than a plot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ..figures import class_colour, class_label, class_letters, percent
from ..figures.style import on_class_colour
from ..figures.vision import readable
from .theme import colours_of, mix

_BAR = 6
_SIDE = 18


class ProbabilityBars(QWidget):
    """One row a class: letter, name, number in tabular figures, bar below; a whisker is a range of answers."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._values: tuple[float, ...] = ()
        self._receding: set[int] = set()
        self._ranges: tuple[tuple[float, float], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def values(self) -> tuple[float, ...]:
        return self._values

    def show_values(
        self,
        names: Sequence[str],
        values: Sequence[float],
        among: Sequence[int] | None = None,
        ranges: Sequence[tuple[float, float]] = (),
    ) -> None:
        """Show probabilities, in the order of the classes; those not ``among`` the given ones recede.

        ``ranges`` are smallest and largest values over other choices of images, one a class, or nothing.
        """
        self._ranges = tuple(ranges)
        self._names, self._values = tuple(names), tuple(values)
        self._receding = set() if among is None else set(range(len(self._values))) - set(among)
        spans = [f" ({percent(low)} to {percent(high)})" for low, high in self._ranges] or [""] * len(
            self._names
        )
        said = ", ".join(
            f"{name} {percent(value)}{span}" for name, value, span in zip(names, values, spans, strict=True)
        )
        self.setAccessibleDescription(said)
        self.setToolTip(said)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, max(1, len(self._values)) * self._row)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, max(1, len(self._values)) * self._row)

    @property
    def _side(self) -> int:
        """Side of the letter's square, which grows with the text."""
        return max(_SIDE, self.fontMetrics().height())

    @property
    def _row(self) -> int:
        return self._side + 16

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index, value in enumerate(self._values):
            self._paint_row(painter, index, value)
        painter.end()

    def _paint_row(self, painter: QPainter, index: int, value: float) -> None:
        colours = colours_of(self)
        colour = QColor(class_colour(index))
        bar = bar_colour(index, colours.quiet)
        ink = colours.text
        if index in self._receding:
            ink = colours.secondary
            colour, bar = (mix(one, colours.background, 0.45) for one in (colour, bar))
        top, width, side = index * self._row, self.width(), self._side
        marker = QRectF(0, top + 3, side, side)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(marker, 3, 3)
        letter = QColor(on_class_colour(index))
        painter.setPen(colours.text if index in self._receding else letter)
        painter.drawText(marker, Qt.AlignmentFlag.AlignCenter, class_letters(self._names)[index])
        number, font = percent(value), tabular(self.font())
        number_width = QFontMetrics(font).horizontalAdvance("> 99.9 %") + 4
        painter.setPen(ink)
        room = QRectF(side + 8, top - 1, width - side - 16 - number_width, side + 6)
        shown = self.fontMetrics().elidedText(
            class_label(self._names, index), Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.setFont(font)
        painter.drawText(
            QRectF(width - number_width, top - 1, number_width, side + 6),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, number,
        )  # fmt: skip
        painter.setFont(self.font())
        track = QRectF(side + 8, top + side + 5, width - side - 8, _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.quiet)
        painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
        if value > 0:
            painter.setBrush(bar)
            track.setWidth(max(_BAR, track.width() * value))
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
        if self._ranges:
            self._paint_whisker(
                painter, self._ranges[index], QRectF(side + 8, top + side + 5, width - side - 8, _BAR)
            )

    def _paint_whisker(self, painter: QPainter, ends: tuple[float, float], track: QRectF) -> None:
        """A thin line from the smallest to the largest value, with ends that stand out of the bar."""
        colours = colours_of(self)
        left, right = (track.left() + track.width() * one for one in ends)
        middle = track.center().y()
        for pen in (QPen(colours.background, 3.5), QPen(colours.text, 1.5)):  # seen on bar and track alike
            painter.setPen(pen)
            painter.drawLine(QPointF(left, middle), QPointF(right, middle))
            for end in (left, right):
                painter.drawLine(QPointF(end, track.top() - 2), QPointF(end, track.bottom() + 2))


def bar_colour(index: int, track: QColor) -> QColor:
    """The colour of a class, 3:1 or more against the track on which its bar lies."""
    return QColor(_readable(index, track.name()))


@cache
def _readable(index: int, track: str) -> str:
    return readable(class_colour(index), track)


def tabular(font: QFont) -> QFont:
    """The same font with figures of equal width, so that columns of numbers align."""
    figures = QFont(font)
    if hasattr(figures, "setFeature"):
        figures.setFeature(QFont.Tag("tnum"), 1)
    return figures
