"""The agreement page: how you and the model stand over all cases that were read first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...cases import Case
from ...cases.work_folder import WorkFolder
from ...errors import RenalFusionError
from ...readings import Agreement, agreement, write_labels
from ..theme import RHYTHM, label
from ..threads import Threads
from .agreement_figures import FIGURES
from .agreement_words import COLUMNS, EMPTY, headline, row_of, sentences
from .buttons import VerbButton
from .drawn import Drawn

_COLUMN = 300
_GAP = 3 * RHYTHM
_WIDEST = 520
_NARROWEST = 330


class AgreementPage(QScrollArea):
    """Numbers in words on the left, drawn in the middle, one line a case below; one model at a time."""

    def __init__(
        self,
        work: WorkFolder,
        cases: Callable[[], Sequence[Case]],
        parent: QWidget | None = None,
    ):
        super().__init__(parent)
        self._work, self._cases = work, cases
        self._threads = Threads(
            1, self
        )  # of its own: those of the workspace are emptied when another case opens
        self._found: tuple[Agreement, ...] = ()
        self._shut = False
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        page = QWidget()
        whole = QVBoxLayout(page)
        whole.setContentsMargins(RHYTHM, RHYTHM, RHYTHM, RHYTHM)
        whole.setSpacing(2 * RHYTHM)
        head = QHBoxLayout()
        head.setSpacing(RHYTHM)
        self.title = label("Agreement of you and the model", "heading", wrap=False)
        self.models = QComboBox()
        self.models.setAccessibleName("Model")
        self.models.activated.connect(lambda _: self._show())
        self.labels_button = VerbButton(
            "Write labels into a table…", key="Final diagnoses of the worklist as labels of a cohort.csv"
        )
        self.labels_button.clicked.connect(self._ask_where)
        head.addWidget(self.title)
        head.addWidget(self.models)
        head.addStretch(1)
        head.addWidget(self.labels_button)
        self.words = label("", "")
        self.words.setFixedWidth(_COLUMN)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.message = label("", "secondary")
        self.message.hide()
        self.pictures = [Drawn(self._threads) for _ in FIGURES]
        self._middle = middle = QGridLayout()
        middle.setHorizontalSpacing(_GAP)
        middle.setVerticalSpacing(2 * RHYTHM)
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.table.setTabKeyNavigation(False)
        whole.addLayout(head)
        whole.addWidget(self.message)
        whole.addLayout(middle)
        whole.addWidget(self.table)
        whole.addStretch(1)
        self.setWidget(page)
        self._place()
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        """Words and both figures in one row if there is room, else the second figure below the first, else a column."""
        room = self.viewport().width() - 2 * RHYTHM
        beside, two = room - _COLUMN - _GAP, (room - _COLUMN - 2 * _GAP) // 2
        if two >= _NARROWEST:
            places, width = ((0, 0), (0, 1), (0, 2)), two
        elif beside >= _NARROWEST:
            places, width = ((0, 0), (0, 1), (1, 1)), beside
        else:
            places, width = ((0, 0), (1, 0), (2, 0)), room
        for widget, (row, column) in zip((self.words, *self.pictures), places, strict=True):
            self._middle.addWidget(
                widget, row, column, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
            )
        for column in range(4):
            self._middle.setColumnStretch(column, int(column == 3))
        for picture in self.pictures:
            picture.set_width(max(_NARROWEST - 50, min(_WIDEST, width)))

    def refresh(self) -> None:
        """Count anew, in a thread."""
        self._threads.run(lambda: agreement(self._work), self._take, self._tell)

    def shut(self) -> None:
        """Nothing comes back any more."""
        self._shut = True
        self._threads.close()

    def write_labels(self, path: Path) -> None:
        """Write the worklist's final diagnoses as labels of a cohort table."""
        cases = tuple(self._cases())
        self._threads.run(
            lambda: write_labels(cases, path, self._work),
            lambda number: self._say(f"{number} {'case' if number == 1 else 'cases'} with labels written to {path.name}. "
                                     "The table names files: keep it with the originals."),
            self._tell,
        )  # fmt: skip

    def _take(self, found: tuple[Agreement, ...]) -> None:
        if self._shut:
            return
        chosen = self.models.currentData()
        self._found = found
        self.models.clear()
        for one in found:
            self.models.addItem(one.bundle, one.bundle_sha256)
        self.models.setCurrentIndex(max(0, self.models.findData(chosen)))
        self._show()

    def _show(self) -> None:
        place = self.models.currentIndex()
        shown = self._found[place] if 0 <= place < len(self._found) else None
        self.models.setVisible(len(self._found) > 1)
        some = shown is not None and bool(shown.cases)
        self.words.setText("<br>".join([headline(shown), *sentences(shown)]) if some else EMPTY)
        for picture, draw in zip(self.pictures, FIGURES, strict=True):
            picture.show_figure((lambda width, dark, draw=draw: draw(shown, width, dark)) if some else None)
        cases = shown.cases if some else ()
        self.table.setRowCount(len(cases))
        for row, one in enumerate(cases):
            for column, text in enumerate(row_of(one)):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self.table.setVisible(some)
        rows = self.table.verticalHeader().defaultSectionSize() * len(cases)
        self.table.setFixedHeight(rows + self.table.horizontalHeader().sizeHint().height() + 4)

    def _ask_where(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Table with labels", "cohort.csv", "Tables (*.csv)")
        if chosen:
            self.write_labels(Path(chosen))

    def _say(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def _tell(self, error: RenalFusionError) -> None:
        self._say(str(error))
