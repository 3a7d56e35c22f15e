"""The legend of a heat map: one scale for all images of a case, in raw numbers."""

from __future__ import annotations

from functools import lru_cache

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QLinearGradient, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ..figures import FRACTIONS, value_text
from ..figures.heat import WIDTHS, line_colours
from .probability_bars import tabular
from .theme import colours_of


class ColourLegend(QWidget):
    """A colour bar with its two ends in raw numbers, or the contour lines with their values."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._range = (0.0, 0.0)
        self._contours = True
        self._dark = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_range(self, raw_range: tuple[float, float], *, contours: bool, dark: bool) -> None:
        self._range, self._contours, self._dark = raw_range, contours, dark
        self.setToolTip("Raw values of the map, the same scale on every image of this case; never rescaled.")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, 14 + self._text_height)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 14 + self._text_height)

    @property
    def _text_height(self) -> int:
        return max(18, self.fontMetrics().height())

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(tabular(self.font()))
        if self._contours:
            self._paint_lines(painter)
        else:
            self._paint_bar(painter)
        painter.end()

    def _paint_bar(self, painter: QPainter) -> None:
        bar = QRectF(0, 2, self.width(), 10)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for place, colour in enumerate(cividis()):
            gradient.setColorAt(place / (len(cividis()) - 1), QColor(*colour))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(gradient)
        painter.drawRect(bar)
        painter.setPen(colours_of(self).secondary)
        below = QRectF(0, 14, self.width(), self._text_height)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, value_text(self._range[0]))
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, "raw value")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, value_text(self._range[1]))

    def _paint_lines(self, painter: QPainter) -> None:
        width, (colour, _, edge) = self.width() / len(FRACTIONS), line_colours(self._dark)
        for place, level in enumerate(FRACTIONS):
            left, right = place * width + 2, (place + 1) * width - 16
            for pen in (QPen(QColor(edge), WIDTHS[place] + 3), QPen(QColor(colour), WIDTHS[place])):
                painter.setPen(pen)
                painter.drawLine(int(left), 7, int(right), 7)
            painter.setPen(colours_of(self).secondary)
            value = value_text(level * self._range[1])
            painter.drawText(
                QRectF(left, 14, width, self._text_height),
                Qt.AlignmentFlag.AlignLeft,
                f"{level:.0%}: {value}",
            )


@lru_cache(maxsize=1)
def cividis() -> tuple[tuple[int, int, int], ...]:
    """Sixteen colours of the cividis scale, the one that the layer uses."""
    from napari.utils.colormaps import ensure_colormap

    colours = ensure_colormap("cividis").map([place / 15 for place in range(16)])
    return tuple(tuple(round(float(part) * 255) for part in one[:3]) for one in colours)
