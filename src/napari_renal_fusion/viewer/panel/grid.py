"""All antibodies of a case in one grid on black, as large as the dock allows, those without an image as empty places."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QRect, QSize, Signal
from qtpy.QtGui import QColor, QPainter, QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from ...cases import Case, Modality
from ...cases.grading import PANEL, panel_place
from ...cases.names import natural_key
from ...inputs.selection import keyed_images
from .cell import Cell, caption_height

_GAP = 2
_SHAPE = 3 / 4
"""Height of a picture over its width; cameras of fluorescence microscopes are nearly all so."""
_LEAST = QSize(84, 56)
"""A picture is never smaller, pixels."""


class PanelGrid(QWidget):
    """Places of one size, in the order of the usual panel, antibodies beyond it behind."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.cells: list[Cell] = []
        self.columns = 1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(720, 180)

    def minimumSizeHint(self) -> QSize:
        return QSize(4 * _LEAST.width(), _LEAST.height() + caption_height(self))

    @property
    def keys(self) -> list[str]:
        """Images in the order of their places."""
        return [cell.key for cell in self.cells if cell.key]

    def cell(self, key: str) -> Cell:
        return next(one for one in self.cells if one.key == key)

    def show_case(self, case: Case | None) -> list[Cell]:
        """Lay out the antibodies of a case anew; returns the places with an image."""
        for cell in self.cells:
            cell.setParent(None)
            cell.deleteLater()
        self.cells = [Cell(key, name, self) for key, name in places(case)] if case is not None else []
        for cell in self.cells:
            cell.clicked.connect(self.chosen)
            cell.show()
        self._lay_out()
        return [cell for cell in self.cells if cell.key]

    def neighbour(self, key: str, columns: int, rows: int) -> str:
        """The image so many places away; empty places are passed over, at the end it stays."""
        places = [index for index, cell in enumerate(self.cells) if cell.key]
        now = next(index for index, cell in enumerate(self.cells) if cell.key == key)
        step = columns + rows * self.columns
        to = now + step
        while 0 <= to < len(self.cells) and to not in places:
            to += 1 if step > 0 else -1
        return self.cells[to].key if 0 <= to < len(self.cells) else key

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        painter.end()

    def _lay_out(self) -> None:
        """The number of columns that makes the pictures largest."""
        if not self.cells:
            return
        count = len(self.cells)
        self.columns = max(range(1, count + 1), key=lambda columns: (self._picture(columns), -columns))
        rows = -(-count // self.columns)
        wanted = round(self._picture(self.columns)) + 6 + _GAP
        width = min(self.width() // self.columns, wanted)
        height = min(self.height() // rows, round(wanted * _SHAPE) + caption_height(self) + 6)
        # On a dock with room to spare the places stand close together in the middle.
        left, top = (self.width() - width * self.columns) // 2, (self.height() - height * rows) // 2
        for index, cell in enumerate(self.cells):
            row, column = divmod(index, self.columns)
            room = QRect(left + column * width, top + row * height, width - _GAP, height - _GAP)
            cell.setGeometry(room)

    def _picture(self, columns: int) -> float:
        """Width of a picture if there are so many columns."""
        rows = -(-len(self.cells) // columns)
        room = self.height() / rows - caption_height(self) - 6 - _GAP
        return max(0.0, min(self.width() / columns - 6 - _GAP, room / _SHAPE))


def places(case: Case) -> list[tuple[str, str]]:
    """(key, name) of every place: the usual antibodies, "" as key where there is no image, then the others."""
    images: Mapping = {key: one for key, one in keyed_images(case).items() if one.modality == Modality.IM}
    ordered = sorted(
        images, key=lambda key: (panel_place(images[key].stain), images[key].name, natural_key(key))
    )
    there = {panel_place(one.stain) for one in images.values()}
    empty = [(place, "", name) for place, name in enumerate(PANEL) if place not in there]
    filled = [(panel_place(images[key].stain), key, images[key].name) for key in ordered]
    return [(key, name) for _, key, name in sorted([*filled, *empty], key=lambda one: one[0])]
