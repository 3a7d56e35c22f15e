"""The key to the curves: the colour of each fold, and which lines are validation and which training."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, QSize, Qt
from qtpy.QtGui import QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ..theme import colours_of
from .curve_plot import fold_colour

_GAP, _DASH = 16, 20
_MOST = 12


class CurveLegend(QWidget):
    """Runs over as many lines as it needs."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._folds: tuple[str, ...] = ()
        self._validated = True
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_folds(self, names: Sequence[str], validated: bool = True) -> None:
        """List the folds; ``validated`` says whether there are validation curves at all."""
        more = (f"and {len(names) - _MOST} more",) if len(names) > _MOST else ()
        self._folds, self._validated = (*names[:_MOST], *more), validated
        self.setVisible(bool(names))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(max(300, self.width())))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows = self._places(width)
        return (rows[-1][2] + 1) * self._row if rows else 0

    @property
    def _row(self) -> int:
        return self.fontMetrics().height() + 4

    def _entries(self) -> list[tuple[str, str, int]]:
        folds = [(name, "chip", index) for index, name in enumerate(self._folds)]
        if not self._validated:
            return [*folds, ("training", "line", 0)]
        lines = [("validation", "line", 0), ("training", "dots", 0), ("kept epoch", "ring", 0)]
        return folds + lines

    def _places(self, width: int) -> list[tuple[tuple[str, str, int], float, int]]:
        x, row, found = 0.0, 0, []
        for entry in self._entries():
            need = _DASH + 6 + self.fontMetrics().horizontalAdvance(entry[0])
            if x and x + need > width:
                x, row = 0.0, row + 1
            found.append((entry, x, row))
            x += need + _GAP
        return found

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = colours_of(self)
        for (text, kind, index), x, row in self._places(self.width()):
            middle = row * self._row + self._row / 2
            if kind == "chip":
                painter.setPen(QPen(fold_colour(index, colours.background), 3))
                painter.drawLine(QPointF(x, middle), QPointF(x + _DASH, middle))
            else:
                pen = QPen(colours.secondary, 1.6)
                if kind == "dots":
                    pen.setDashPattern([3, 3])
                painter.setPen(pen)
                if kind == "ring":
                    painter.drawEllipse(QPointF(x + _DASH / 2, middle), 3.5, 3.5)
                else:
                    painter.drawLine(QPointF(x, middle), QPointF(x + _DASH, middle))
            painter.setPen(colours.text if kind == "chip" else colours.secondary)
            height = self.fontMetrics().height()
            painter.drawText(
                int(x + _DASH + 6), int(middle - height / 2), self.width(), height,
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text,
            )  # fmt: skip
