"""The error gallery: cases that the run got wrong or had no opinion about, each one step from its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import QModelIndex, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QGuiApplication, QImage, QKeyEvent, QKeySequence, QPainter, QShortcut
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ...cases import ImageItem, Modality
from ...figures import class_colour, class_label, class_letters
from ...figures.style import on_class_colour
from ...reports.run_cases import CaseLine, case_lines
from ...training.results import Results
from ..pictures import read_thumbnail
from ..probability_bars import tabular
from ..theme import RHYTHM, colours_of, label
from ..threads import Threads
from .results_case_rows import (
    ANSWER,
    CASE,
    CHANCE,
    FOLD,
    HEADS,
    KINDS,
    LETTER,
    PICTURE,
    ROW,
    SET,
    THUMBNAIL,
    TRUE,
    WHAT,
    CasesModel,
)  # fmt: skip

_WIDE, _LOW_ROW, _MARGIN = 640, 30, 22


class ClassDelegate(QStyledItemDelegate):
    """A class as its letter on its colour, then its name if there is room for it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        self.initStyleOption(option, index)
        name, option.text = option.text, ""
        option.widget.style().drawControl(
            QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget
        )
        letter, which = index.data(LETTER)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = QRectF(option.rect).adjusted(6, 0, -4, 0)
        only = room.width() < 70
        middle = QPointF(room.center().x() if only else room.left() + 9, room.center().y())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(class_colour(which)))
        painter.drawEllipse(middle, 9, 9)
        painter.setPen(QColor(on_class_colour(which)))
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.drawText(QRectF(middle.x() - 9, middle.y() - 9, 18, 18), Qt.AlignmentFlag.AlignCenter, letter)
        if not only:
            painter.setFont(option.font)
            painter.setPen(colours_of(option.widget).text)
            room.setLeft(room.left() + 26)
            said = option.fontMetrics.elidedText(name, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, said)
        painter.restore()


class CasesTable(QTableView):
    """Enter or a double click opens the case; thumbnails are read for rows that are on the screen."""

    opened = Signal(str)

    def __init__(self, model: CasesModel, threads: Threads, parent: QWidget | None = None):
        super().__init__(parent)
        self._threads = threads
        self._images: Mapping[str, ImageItem] = {}
        self._asked: set[str] = set()
        self.setModel(model)
        self._class = ClassDelegate(self)
        for column in (TRUE, ANSWER):
            self.setItemDelegateForColumn(column, self._class)
        self.setIconSize(QSize(THUMBNAIL, ROW - 6))
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setSortIndicator(WHAT, Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(WHAT, QHeaderView.ResizeMode.Stretch)
        self.doubleClicked.connect(lambda index: self.opened.emit(self.line(index).case_id))
        self.setAccessibleName("Cases of the run")
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        model.modelReset.connect(self._ask_soon)
        self.verticalScrollBar().valueChanged.connect(self._ask_soon)

    def line(self, index: QModelIndex) -> CaseLine:
        return self.model().lines[index.row()]

    def show_images(self, images: Mapping[str, ImageItem]) -> None:
        """The image that stands for each case; without any the column is hidden."""
        self._images, self._asked = images, set()
        self._fit()
        self._ask_soon()

    def copy(self) -> None:
        """Put the chosen rows, or all that are shown, onto the clipboard."""
        model = self.model()
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()}) or range(
            len(model.lines)
        )
        cells = [[model.text(model.lines[row], column) for column in range(CASE, WHAT + 1)] for row in rows]
        QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in [list(HEADS[CASE:]), *cells]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.line(self.currentIndex()).case_id)
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit()
        self._ask_soon()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._ask_soon()

    def _fit(self) -> None:
        wide = self.viewport().width() >= _WIDE
        self.model().short = not wide
        pictures = wide and bool(self._images)
        self.verticalHeader().setDefaultSectionSize(ROW if pictures else _LOW_ROW)
        for column, shown in ((PICTURE, pictures), (SET, wide), (FOLD, wide)):
            self.setColumnHidden(column, not shown)
        metrics = self.fontMetrics()
        longest = max((metrics.horizontalAdvance(one.case_id) for one in self.model().lines), default=0)
        case = min(180 if wide else 110, max(64, longest + _MARGIN))
        widths = {PICTURE: THUMBNAIL + 12, CASE: case, CHANCE: 54, SET: 64, FOLD: 68}
        # What it is must be readable; a class has its letter where its name is cut off.
        what = metrics.horizontalAdvance("No opinion: too unsure") + _MARGIN
        left = self.viewport().width() - sum(widths.values()) - what
        widths |= {TRUE: min(230, max(90, left // 2)), ANSWER: min(230, max(90, left // 2))}
        if not wide:
            widths |= {TRUE: 52, ANSWER: 62}
        for column, width in widths.items():
            self.setColumnWidth(column, width)

    def _ask_soon(self) -> None:
        if not self.isVisible() or self.isColumnHidden(PICTURE) or not self._images:
            return
        lines, first = self.model().lines, max(0, self.rowAt(0))
        last = self.rowAt(self.viewport().height() - 1)
        for line in lines[first : len(lines) if last < 0 else last + 1]:
            item = self._images.get(line.case_id)
            if item is None or line.case_id in self._asked:
                continue
            self._asked.add(line.case_id)
            self._threads.run(_reader(item), self._taker(line.case_id), lambda error: None)

    def _taker(self, case_id: str) -> Callable[[QImage], None]:
        return lambda picture: self.model().picture_came(case_id, picture)


class CasesGallery(QWidget):
    """Buttons for wrong cases and those without an opinion, the table, and a line that says what to do."""

    case_opened = Signal(str)

    def __init__(self, threads: Threads, parent: QWidget | None = None):
        super().__init__(parent)
        self.model = CasesModel(self)
        self.kinds: dict[str, QPushButton] = {}
        top = QHBoxLayout()
        top.setSpacing(RHYTHM // 2)
        for kind in KINDS:
            button = QPushButton()
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.toggled.connect(lambda on, kind=kind: on and self.model.show_kind(kind))
            self.kinds[kind] = button
            top.addWidget(button)
        top.addStretch(1)
        self.legend = label("", "secondary")
        self.table = CasesTable(self.model, threads)
        self.table.setFont(tabular(self.table.font()))
        self.table.opened.connect(self.case_opened)
        self.hint = label("Double click or Enter opens the case with its images.", "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, RHYTHM, 0, 0)
        column.setSpacing(RHYTHM)
        column.addLayout(top)
        column.addWidget(self.legend)
        column.addWidget(self.table, 1)
        column.addWidget(self.hint)

    def show_results(self, results: Results) -> None:
        self.model.show_lines(case_lines(results), results.class_names)
        for kind, count in self.model.counts().items():
            self.kinds[kind].setText(f"{KINDS[kind]} {count}")
            self.kinds[kind].setEnabled(count > 0)
        first = next((kind for kind in KINDS if self.kinds[kind].isEnabled()), "all")
        self.kinds[first].setChecked(True)
        self.model.show_kind(first)
        names = results.class_names
        pairs = zip(class_letters(names), range(len(names)), strict=True)
        self.legend.setText(" · ".join(f"{letter}  {class_label(names, c)}" for letter, c in pairs))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.legend.setVisible(self.width() < _WIDE)


def case_pictures(cases) -> dict[str, ImageItem]:
    """The image that stands for each case in a list: light microscopy before the others."""
    order = {Modality.OM: 0, Modality.IM: 1, Modality.TEM: 2}
    return {
        case.case_id: min(case.images, key=lambda item: order.get(item.modality, 3))
        for case in cases
        if case.images
    }


def _reader(item: ImageItem) -> Callable[[], QImage]:
    return lambda: read_thumbnail(item)
