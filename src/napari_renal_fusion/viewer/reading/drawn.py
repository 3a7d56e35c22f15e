"""A matplotlib figure on the screen: drawn in another thread, on the colours of the window, again when they change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QSize
from qtpy.QtGui import QImage, QPainter, QPaintEvent
from qtpy.QtWidgets import QWidget

from ...errors import RenalFusionError
from ..theme import colours_of
from ..threads import Threads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[[int, bool], "Figure"]
"""Of a width and whether the ground is dark."""


class Drawn(QWidget):
    """Only the picture; what is not on the screen is not drawn."""

    def __init__(self, threads: Threads, parent: QWidget | None = None):
        super().__init__(parent)
        self._threads = threads
        self._draw: Draw | None = None
        self._image: QImage | None = None
        self._asked: tuple[Draw, int, bool, float] | None = None
        self._width = 440
        self.setFixedSize(self._width, 10)

    @property
    def drawn(self) -> bool:
        return self._image is not None

    def show_figure(self, draw: Draw | None) -> None:
        """Show another figure, or none."""
        self._draw, self._image, self._asked = draw, None, None
        self.setVisible(draw is not None)
        self.update()

    def set_width(self, pixels: int) -> None:
        """Draw it this wide."""
        if pixels != self._width:
            self._width = pixels
            self.setFixedWidth(pixels)
            self.update()

    def sizeHint(self) -> QSize:
        return self.size()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._draw is None:
            return
        dark = colours_of(self).background.lightness() < 128
        wanted = self._draw, self._width, dark, self.devicePixelRatioF()
        if wanted != self._asked:
            self._asked = wanted
            self._threads.run(lambda: _pixels(*wanted), lambda image: self._take(wanted, image), _drop)
        if self._image is not None:
            painter = QPainter(self)
            painter.drawImage(0, 0, self._image)
            painter.end()

    def _take(self, wanted: tuple, image: QImage) -> None:
        if wanted == self._asked:
            self._image = image
            size = image.size() / image.devicePixelRatio()
            self.setFixedSize(size)
            self.update()


def _pixels(draw: Draw, width: int, dark: bool, ratio: float) -> QImage:
    from ...figures import to_png

    image = QImage.fromData(to_png(draw(width, dark), scale=ratio))
    image.setDevicePixelRatio(ratio)
    return image


def _drop(_: RenalFusionError) -> None:
    return None
