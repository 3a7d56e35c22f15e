"""A figure of a run on the screen: drawn in another thread when it is first seen, and again for a new width."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt, QTimer
from qtpy.QtGui import QContextMenuEvent, QGuiApplication, QImage, QPainter, QPaintEvent, QResizeEvent
from qtpy.QtWidgets import QFileDialog, QMenu, QSizePolicy, QVBoxLayout, QWidget

from ...compute.atomic import write_bytes
from ...errors import RenalFusionError
from ...reports.run_figures import RunFigure
from ...reports.run_report import run_figure_png
from ..theme import RHYTHM, colours_of, label
from ..threads import Threads

WIDEST = 760
"""A figure grows up to this many pixels; on a wider page two stand beside each other."""
NARROWEST = 300
_SETTLED_MS = 120


class FigurePicture(QWidget):
    """Only the picture. What is not on the screen is never drawn, because it asks when it is painted."""

    def __init__(self, threads: Threads, parent: QWidget | None = None):
        super().__init__(parent)
        self._threads = threads
        self._figure: RunFigure | None = None
        self._image: QImage | None = None
        self._drawn: tuple = ()
        self._asked: tuple = ()
        self.problem = ""
        self._again = QTimer(self)  # while a dock is being resized, the old picture is stretched
        self._again.setSingleShot(True)
        self._again.setInterval(_SETTLED_MS)
        self._again.timeout.connect(self._ask)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(NARROWEST)

    @property
    def drawn(self) -> bool:
        """Whether the picture of the present figure, width and colours is there."""
        return self._figure is not None and self._drawn == self._wanted()

    @property
    def image(self) -> QImage | None:
        return self._image

    def show_figure(self, figure: RunFigure) -> None:
        self._figure, self._image, self._drawn, self._asked, self.problem = figure, None, (), (), ""
        self.setAccessibleName(figure.title)
        self.setAccessibleDescription(figure.alt)
        self.setToolTip("")
        self.setFixedHeight(round(0.6 * self._figure_width()))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(WIDEST, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._figure is None:
            return
        if self._asked != self._wanted():
            if self._image is None:
                self._ask()
            elif not self._again.isActive():
                self._again.start()
        painter = QPainter(self)
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            width = self._figure_width()
            size = self._image.size() / self._image.devicePixelRatio()
            painter.drawImage(QRectF(0, 0, width, size.height() * width / max(1, size.width())), self._image)
        else:
            painter.setPen(colours_of(self).secondary)
            said = self.problem or "Drawing…"
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, said)
        painter.end()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction("Copy picture", self.copy)
        menu.addAction("Save picture…", self._ask_where)
        menu.exec(event.globalPos())

    def copy(self) -> None:
        """Put the picture onto the clipboard on its own ground, so that light text stays legible."""
        if self._image is not None:
            QGuiApplication.clipboard().setImage(self._on_ground())

    def save(self, path: Path) -> None:
        """Write the picture with its title, its sentence and "research use only", in another thread."""
        figure = self._figure
        if figure is not None:
            self._threads.run(
                lambda: write_bytes(path, run_figure_png(figure)),
                lambda _: self.setToolTip(f"Saved: {path}"),
                lambda error: self.setToolTip(str(error)),
            )

    def _ask_where(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save picture", f"{self._figure.key}.png", "PNG (*.png)")
        if path:
            self.save(Path(path))

    def _on_ground(self) -> QImage:
        ground = QImage(self._image.size(), QImage.Format.Format_RGB32)
        ground.setDevicePixelRatio(self._image.devicePixelRatio())
        ground.fill(colours_of(self).background)
        painter = QPainter(ground)
        painter.drawImage(0, 0, self._image)
        painter.end()
        return ground

    def _figure_width(self) -> int:
        return max(NARROWEST, min(self.width(), WIDEST))

    def _wanted(self) -> tuple:
        dark = colours_of(self).background.lightness() < 128
        return self._figure_width(), dark, self.devicePixelRatioF()

    def _ask(self) -> None:
        figure, wanted = self._figure, self._wanted()
        if figure is None or self._asked == wanted:
            return
        self._asked = wanted
        self._threads.run(
            lambda: render(figure, *wanted),
            lambda image: self._take(figure, wanted, image),
            lambda error: self._fail(figure, error),
            urgent=True,
        )

    def _take(self, figure: RunFigure, wanted: tuple, image: QImage) -> None:
        if figure is not self._figure or wanted != self._asked:
            return
        self._image, self._drawn = image, wanted
        self.setFixedHeight(round(image.height() / image.devicePixelRatio()))
        self.update()

    def _fail(self, figure: RunFigure, error: RenalFusionError) -> None:
        if figure is self._figure:
            self.problem = f"This figure could not be drawn: {error}"
            self.update()


class FigureCard(QWidget):
    """Title, picture and the sentence that says what it shows."""

    def __init__(self, threads: Threads, parent: QWidget | None = None):
        super().__init__(parent)
        self.title = label("", "heading")
        self.picture = FigurePicture(threads)
        self.caption = label("", "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        for widget in (self.title, self.picture, self.caption):
            column.addWidget(widget)
        column.addStretch(1)

    def show_figure(self, figure: RunFigure) -> None:
        self.title.setText(figure.title)
        self.caption.setText(figure.caption)
        self.picture.show_figure(figure)


def render(figure: RunFigure, width: int, dark: bool, ratio: float) -> QImage:
    """Draw a figure at ``width`` CSS pixels and ``ratio`` device pixels each; transparent ground."""
    drawn = figure.draw(width, dark)
    drawn.set_dpi(96 * ratio)
    drawn.canvas.draw()
    pixels = np.ascontiguousarray(drawn.canvas.buffer_rgba())
    height, columns = pixels.shape[:2]
    image = QImage(pixels.data, columns, height, 4 * columns, QImage.Format.Format_RGBA8888).copy()
    image.setDevicePixelRatio(ratio)
    return image
