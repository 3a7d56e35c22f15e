"""The list of outlines: number, name, class, area, whether locked and whether the model may have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from ...cases import PixelSize
from ...glomeruli.edits import Outlines
from ...glomeruli.outline import Outline
from .line_colours import UNCLASSIFIED

NUMBER, NAME, AREA, LOCK, MODEL = range(5)
_TITLES = ("", "Name", "Area", "Lock", "Model")
_TIPS = {
    NAME: "Name and class. A double click, or F2, renames.",
    AREA: "Area without its holes, in µm²; in px² on an image without a pixel size.",
    LOCK: "A locked outline cannot be moved, changed or deleted.",
    MODEL: "Whether the model may be asked about this glomerulus.",
}
_Role = Qt.ItemDataRole


def area_text(outline: Outline, pixel_size: PixelSize | None) -> str:
    """``12,340`` in um2, or ``5,120 px²`` on an uncalibrated image."""
    area = outline.area_um2(pixel_size)
    return f"{outline.area_px:,.0f} px²" if area is None else f"{area:,.0f}"


class OutlineModel(QAbstractTableModel):
    """Rows are outlines in their order; a cell is worked out when it is seen."""

    renamed = Signal(str, str)
    locked = Signal(str, bool)
    excluded = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._outlines: Outlines = ()
        self._size: PixelSize | None = None
        self._icons: dict[tuple, QIcon] = {}

    def show(self, outlines: Outlines, pixel_size: PixelSize | None) -> None:
        """Take other outlines; while their number and order stay, only changed rows are drawn anew."""
        before, self._outlines = self._outlines, outlines
        scaled, self._size = pixel_size != self._size, pixel_size
        if [one.id for one in before] != [one.id for one in outlines]:
            self.beginResetModel()
            self.endResetModel()
            return
        changed = [row for row, one in enumerate(outlines) if one is not before[row]]
        if scaled and outlines:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, AREA, AREA)
            changed = [0, len(outlines) - 1]
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], MODEL))

    @property
    def calibrated(self) -> bool:
        """Whether areas are in um2."""
        return self._size is not None

    def id_of(self, row: int) -> str:
        return self._outlines[row].id

    def row_of(self, one: str) -> int | None:
        return next((row for row, outline in enumerate(self._outlines) if outline.id == one), None)

    def rows_of(self, ids: Sequence[str]) -> list[int]:
        wanted = set(ids)
        return [row for row, outline in enumerate(self._outlines) if outline.id in wanted]

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._outlines)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _Role.DisplayRole:
            return ("Area µm²" if self._size else "Area") if section == AREA else _TITLES[section]
        return _TIPS.get(section) if role == _Role.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        outline, column = self._outlines[index.row()], index.column()
        if role in (_Role.DisplayRole, _Role.EditRole):
            return self._text(outline, column, index.row(), editing=role == _Role.EditRole)
        if role == _Role.CheckStateRole and column in (LOCK, MODEL):
            on = outline.locked if column == LOCK else not outline.excluded
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        if role == _Role.DecorationRole and column == NUMBER:
            return self._icon(outline.shown_colour or UNCLASSIFIED)
        if role == _Role.TextAlignmentRole and column in (NUMBER, AREA):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == _Role.ToolTipRole:
            said = "\n".join(filter(None, (outline.name, outline.class_name)))
            return said or _TIPS[NAME] if column == NAME else _TIPS.get(column)
        if role == _Role.AccessibleTextRole and column in (LOCK, MODEL):
            return _TITLES[column]
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = _Role.EditRole) -> bool:
        one, column = self.id_of(index.row()), index.column()
        if role == _Role.EditRole and column == NAME:
            self.renamed.emit(one, str(value))
            return True
        if role == _Role.CheckStateRole and column in (LOCK, MODEL):
            on = Qt.CheckState(value) == Qt.CheckState.Checked
            (self.locked if column == LOCK else self.excluded).emit(one, on if column == LOCK else not on)
            return True
        return False

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        outline, column = self._outlines[index.row()], index.column()
        if column == NAME and not outline.locked:
            flags |= Qt.ItemFlag.ItemIsEditable
        if column == LOCK or (column == MODEL and not outline.locked):
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def _text(self, outline: Outline, column: int, row: int, *, editing: bool) -> str | None:
        if column == NUMBER:
            return str(row + 1)
        if column == NAME:
            said = (outline.name, "" if editing else outline.class_name)
            return "\n".join(filter(None, said))
        return area_text(outline, self._size) if column == AREA else None

    def _icon(self, colour: tuple[int, int, int]) -> QIcon:
        """A square in the colour of the line, with an edge that shows white and black ones too."""
        if colour not in self._icons:
            picture = QPixmap(12, 12)
            picture.fill(QColor(*colour))
            painter = QPainter(picture)
            painter.setPen(QColor("#808080"))
            painter.drawRect(0, 0, 11, 11)
            painter.end()
            self._icons[colour] = QIcon(picture)
        return self._icons[colour]


class OutlineTable(QTableView):
    """The list; its selection is the choice of the editor."""

    chosen_changed = Signal(tuple)
    delete_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.outlines = OutlineModel(self)
        self.setModel(self.outlines)
        self._muted = False
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        self.setShowGrid(False)
        self.setIconSize(QSize(12, 12))
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Outlines of this image")
        self.verticalHeader().hide()
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setMinimumSectionSize(24)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.fit_columns()
        self.selectionModel().selectionChanged.connect(self._selection_changed)

    def fit_columns(self) -> None:
        """Give the narrow columns what their words need in the present font, and the names the rest."""
        count, calibrated = self.outlines.rowCount(), self.outlines.calibrated
        words = {
            NUMBER: "0" * max(2, len(str(count))),
            AREA: "Area µm²" if calibrated else "999,999 px²",
            LOCK: _TITLES[LOCK],
            MODEL: _TITLES[MODEL],
        }
        for column, text in words.items():
            icon = 24 if column == NUMBER else 12
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(text) + icon)
        self.verticalHeader().setDefaultSectionSize(2 * self.fontMetrics().height() + 8)

    def choose(self, ids: Sequence[str]) -> None:
        """Select these rows and bring the last one into view."""
        rows = self.outlines.rows_of(ids)
        self._muted = True
        try:
            chosen = QItemSelection()
            for row in rows:
                index = self.outlines.index(row, 0)
                chosen.merge(QItemSelection(index, index), QItemSelectionModel.SelectionFlag.Select)
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().select(chosen, flags.ClearAndSelect | flags.Rows)
            if rows:
                last = self.outlines.index(self.outlines.row_of(ids[-1]) or 0, NAME)
                self.selectionModel().setCurrentIndex(last, flags.NoUpdate)
                self.scrollTo(last)
        finally:
            self._muted = False

    def keyPressEvent(self, event) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_wanted.emit()
            return
        # Letters and digits are keys of the window (classes, tools), not a search in the list.
        if event.text() and event.text().isprintable() and event.key() != Qt.Key.Key_Space:
            event.ignore()
            return
        super().keyPressEvent(event)

    def _selection_changed(self, *_) -> None:
        if not self._muted:
            rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
            self.chosen_changed.emit(tuple(self.outlines.id_of(row) for row in rows))
