"""The patches with the most attention as a gallery: a click flies there."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QRectF, Qt, Signal
from qtpy.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from qtpy.QtWidgets import QGridLayout, QWidget

from ...explain.attention import TopPatch
from ...explain.nuclei import NucleusCount
from ...figures import value_text
from ..probability_bars import tabular
from ..theme import RHYTHM, colours_of

SIDE = 92
"""Pixels of a picture."""
_LINE = 16
COLUMNS = 3


class PatchTile(QWidget):
    """One patch: picture, rank and raw attention below, nuclei once counted. Enter and Space work as a click."""

    clicked = Signal(int)

    def __init__(self, patch: TopPatch, even: float, parent: QWidget | None = None):
        super().__init__(parent)
        self.patch = patch
        self.picture: QImage | None = None
        self.count: NucleusCount | None = None
        self._problem = ""
        self._current = False
        self._times = patch.weight / even if even > 0 else 0.0
        self.setFixedSize(SIDE, SIDE + _LINE + 4)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._tell()

    def set_picture(self, picture: QImage) -> None:
        self.picture = picture
        self.update()

    def set_problem(self, sentence: str) -> None:
        self._problem = sentence
        self._tell()
        self.update()

    def set_count(self, count: NucleusCount) -> None:
        """Nuclei of this patch, and what counted them."""
        self.count = count
        self.setFixedSize(SIDE, SIDE + 2 * _LINE + 4)
        self._tell()
        self.update()

    def set_current(self, current: bool) -> None:
        self._current = current
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit(self.patch.rank - 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Space):
            self.clicked.emit(self.patch.rank - 1)
        else:
            super().keyPressEvent(event)

    def _tell(self) -> None:
        lines = [
            f"Patch {self.patch.rank}: attention {value_text(self.patch.weight)}, {self._times:.1f} times as much as evenly spread",
            f"at level 0: x {self.patch.x:,}, y {self.patch.y:,}",
        ]
        if self.count is not None:
            lines.append(
                f"{self.count.count} nuclei ({self.count.per_mm2:,.0f} per mm²). {self.count.method}. {self.count.note}"
            )
        self.setToolTip("\n".join([*lines, self._problem] if self._problem else lines))
        self.setAccessibleName(lines[0])

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        colours = colours_of(self)
        room = QRectF(1.5, 1.5, SIDE - 3, SIDE - 3)
        painter.fillRect(room, colours.quiet)
        if self.picture is not None:
            painter.drawImage(room, self.picture)
        elif self._problem:
            painter.setPen(colours.warning)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "unreadable")
        if self._current or self.hasFocus():
            painter.setPen(QPen(colours.accent, 3 if self._current else 1))
            painter.drawRect(room)
        line = QRectF(1, SIDE + 1, SIDE - 2, _LINE)
        painter.setPen(colours.text)
        painter.drawText(
            line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, str(self.patch.rank)
        )
        painter.setFont(tabular(self.font()))
        painter.drawText(
            line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, value_text(self.patch.weight)
        )
        if self.count is not None:
            painter.setPen(colours.secondary)
            words = "1 nucleus" if self.count.count == 1 else f"{self.count.count} nuclei"
            painter.drawText(
                line.translated(0, _LINE), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words
            )
        painter.end()


class Gallery(QWidget):
    """Tiles in rows of three, the most attention first."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.tiles: tuple[PatchTile, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(RHYTHM)
        self._grid.setColumnStretch(COLUMNS, 1)

    def show_patches(self, patches: Sequence[TopPatch], even: float) -> None:
        """Lay out patches; pictures come later through the tiles."""
        for tile in self.tiles:
            self._grid.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self.tiles = tuple(PatchTile(patch, even, self) for patch in patches)
        for place, tile in enumerate(self.tiles):
            tile.clicked.connect(self.chosen)
            self._grid.addWidget(tile, place // COLUMNS, place % COLUMNS)

    def set_current(self, place: int | None) -> None:
        for other, tile in enumerate(self.tiles):
            tile.set_current(other == place)
