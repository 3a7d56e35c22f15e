"""The folds of a running training, one row each: how far, and the figures of the epoch that is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ...cases import Modality
from ..probability_bars import tabular
from ..words import SHORT_TITLES
from .run_picture import UnitPicture

_HEADS = ("Fold", "State", "Epochs", "Loss", "AUC", "Test AUC", "Test accuracy")
_TIPS = (
    "",
    "",
    "Epochs done, of those planned",
    "Loss on the validation patients at the epoch that is kept",
    "Area under the ROC curve on the validation patients at the epoch that is kept, mean over classes",
    "Area under the ROC curve on patients that this model never saw, mean over classes",
    "Share of patients answered right among those that this model never saw",
)
_ROW = 26


class FoldsTable(QTableWidget):
    """Choosing a row brings its curves to the front; choosing it again shows all alike."""

    fold_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(0, len(_HEADS), parent)
        self._names: list[str] = []
        self.chosen: str | None = None
        self.setHorizontalHeaderLabels(_HEADS)
        for column, tip in enumerate(_TIPS):
            head = self.horizontalHeaderItem(column)
            head.setToolTip(tip)
            head.setTextAlignment(_side(column))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.cellClicked.connect(self._clicked)

    def show_units(self, units: Sequence[UnitPicture], running: bool) -> None:
        """Write the folds; cells are made once and then only rewritten."""
        if [one.name for one in units] != self._names:
            self._names = [one.name for one in units]
            self.setRowCount(len(units))
            for row in range(len(units)):
                for column in range(len(_HEADS)):
                    item = QTableWidgetItem()
                    item.setTextAlignment(_side(column))
                    item.setFont(tabular(self.font()))
                    self.setItem(row, column, item)
            self.setFixedHeight(self.horizontalHeader().sizeHint().height() + _ROW * min(5, len(units)) + 4)
        for row, unit in enumerate(units):
            for column, text in enumerate(_row(unit, running)):
                if self.item(row, column).text() != text:
                    self.item(row, column).setText(text)

    def _clicked(self, row: int, column: int) -> None:
        name = self._names[row]
        self.chosen = None if self.chosen == name else name
        if self.chosen is None:
            self.clearSelection()
        self.fold_chosen.emit(self.chosen)


def unit_title(name: str) -> str:
    """A unit's name for people: ``Fold 2``, ``Repeat 2, fold 1``, ``Light + IF: fold 2``."""
    subset, _, fold = name.rpartition("/")
    words = fold.replace("-fold", ", fold").replace("-", " ")
    if not subset:
        return words.capitalize()
    return " + ".join(SHORT_TITLES[Modality(one)] for one in subset.split("-")) + f": {words}"


def _row(unit: UnitPicture, running: bool) -> tuple[str, ...]:
    best, test = unit.best or {}, unit.metrics or {}
    state = {"waiting": "waiting", "finished": "done"}.get(unit.state, "trains" if running else "paused")
    done = f"{max(unit.epochs, default=0)} of {unit.epochs_planned}" if unit.epochs_planned else "–"
    figures = (best.get("val_loss"), best.get("val_auc"), test.get("auc"), test.get("accuracy"))
    return (unit_title(unit.name), state, done, *(_number(one) for one in figures))


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column < 2 else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
