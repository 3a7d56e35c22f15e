"""The rows of the error gallery: case lines with their words, sorted and chosen."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QWidget

from ...figures import class_label, class_letters, percent
from ...figures.charts import fold_title
from ...reports.run_cases import VERDICT_TITLES, CaseLine

PICTURE, CASE, TRUE, ANSWER, CHANCE, SET, FOLD, WHAT = range(8)
HEADS = ("", "Case", "True", "Answer", "%", "Set", "Fold", "What it is")
ROW, THUMBNAIL = 44, 52
"""Pixels: height of a row with a picture, width of the picture."""
LETTER = Qt.ItemDataRole.UserRole
KINDS = {"look": "To look at", "wrong": "Wrong", "no_opinion": "No opinion", "all": "All"}


class CasesModel(QAbstractTableModel):
    """Case lines as rows; sorts itself, so that numbers are sorted as numbers."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.lines: list[CaseLine] = []
        self._all: list[CaseLine] = []
        self._names: tuple[str, ...] = ()
        self._letters: tuple[str, ...] = ()
        self._order: tuple[int, Qt.SortOrder] = (WHAT, Qt.SortOrder.AscendingOrder)
        self._kind = "look"
        self.short = False
        self.pictures: dict[str, QImage | None] = {}

    def show_lines(self, lines: Sequence[CaseLine], names: tuple[str, ...]) -> None:
        self._all, self._names, self._letters = list(lines), names, class_letters(names)
        self.pictures = {}
        self._choose()

    def show_kind(self, kind: str) -> None:
        """One of :data:`KINDS`."""
        self._kind = kind
        self._choose()

    def counts(self) -> dict[str, int]:
        return {kind: sum(_shown(one, kind) for one in self._all) for kind in KINDS}

    def picture_came(self, case_id: str, picture: QImage | None) -> None:
        self.pictures[case_id] = None if picture is None else _cut(picture)
        for row, line in enumerate(self.lines):
            if line.case_id == case_id:
                place = self.index(row, PICTURE)
                self.dataChanged.emit(place, place)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.lines)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(HEADS)

    def headerData(self, section: int, orientation, role: int = Qt.ItemDataRole.DisplayRole):
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return HEADS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(section)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole):
        line, column = self.lines[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(line, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.sentence(line)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.DecorationRole and column == PICTURE:
            return self.pictures.get(line.case_id)
        if role == LETTER and column in (TRUE, ANSWER):
            which = line.true if column == TRUE else line.answered
            return self._letters[which], which
        return None

    def text(self, line: CaseLine, column: int) -> str:
        """What stands in a cell."""
        if column in (TRUE, ANSWER):
            return class_label(self._names, line.true if column == TRUE else line.answered)
        if column == WHAT:
            if line.reason and self.short:
                return line.reason[:1].upper() + line.reason[1:]
            return VERDICT_TITLES[line.verdict] + (f": {line.reason}" if line.reason else "")
        return {
            PICTURE: "",
            CASE: line.case_id,
            CHANCE: f"{100 * line.probability:.1f}",
            SET: self._set(line),
            FOLD: fold_title(line.unit),
        }[column]

    def sentence(self, line: CaseLine) -> str:
        """The whole row in words."""
        true, answered = class_label(self._names, line.true), class_label(self._names, line.answered)
        said = [
            f"{line.case_id}: {true}; the model's first answer is {answered}, {percent(line.probability)}"
        ]
        if not line.agrees:
            said.append(f"The true class got {percent(line.true_probability)}")
        if line.reason:
            said.append(f"No opinion: {line.reason}")
        if line.conformal is not None:
            names = ", ".join(class_label(self._names, c) for c in line.conformal)
            said.append(f"Set: {names or 'none'}")
        if line.distance is not None:
            said.append(f"Distance to the training patients: {line.distance:.2f}")
        return "\n".join(said)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order = column, order
        self._choose()

    def _choose(self) -> None:
        column, order = self._order
        self.beginResetModel()
        chosen = [one for one in self._all if _shown(one, self._kind)]
        # The surest mistakes first, whatever else the person sorts by.
        chosen.sort(key=lambda one: -one.probability)
        self.lines = sorted(
            chosen, key=lambda one: self._key(one, column), reverse=order == Qt.SortOrder.DescendingOrder
        )
        self.endResetModel()

    def _key(self, line: CaseLine, column: int):
        if column == CHANCE:
            return line.probability
        if column == SET:
            return -1 if line.conformal is None else len(line.conformal)
        if column == WHAT:
            return {"wrong": 0, "no_opinion": 1, "right": 2}[line.verdict], line.reason
        return self.text(line, column)

    def _set(self, line: CaseLine) -> str:
        if line.conformal is None:
            return "–"
        return " ".join(self._letters[c] for c in line.conformal) or "none"


def _cut(picture: QImage) -> QImage:
    """The middle of a picture, small, with a little room towards the rows above and below."""
    size = QSize(THUMBNAIL, ROW - 8)
    scaled = picture.scaled(
        size, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    left, top = (scaled.width() - size.width()) // 2, (scaled.height() - size.height()) // 2
    return scaled.copy(left, top, size.width(), size.height())


def _shown(line: CaseLine, kind: str) -> bool:
    return kind == "all" or (line.verdict != "right" if kind == "look" else line.verdict == kind)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == CHANCE else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
