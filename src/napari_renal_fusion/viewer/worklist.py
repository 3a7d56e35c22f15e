"""The worklist: which case. Folders and files are dropped here or opened with a button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ..cases import Case, Modality
from ..notices import Notice
from .progress_row import ProgressRow
from .theme import RHYTHM, label, text_scale
from .words import what_it_holds
from .worklist_filter import WorklistFilter
from .worklist_row import BUSY, CODE, STATE, WorklistRow

_FEW = 8
"""Up to so many cases need neither search nor filter."""


class Worklist(QWidget):
    """Cases with their states; search and filter; the run over all of them in the background."""

    case_chosen = Signal(int)
    folder_chosen = Signal(object)
    """A path, or a tuple of paths."""
    sample_wanted = Signal()
    training_wanted = Signal()
    run_all_wanted = Signal()
    run_all_cancelled = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._cases: tuple[Case, ...] = ()
        self._states: list[str] = []
        self.setAcceptDrops(True)
        self.filter = WorklistFilter()
        self.filter.changed.connect(self._filter)
        self.list = QListWidget()
        self.list.setAccessibleName("Worklist")
        self.list.setItemDelegate(WorklistRow(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(self._row_changed)
        self._empty = label("Drop a folder here, or press Open…\n\nOne patient's images, sorted or not; or a folder "
                            "of patients.", "secondary")  # fmt: skip
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        self.count = label("", "secondary")
        self.message = label("", "warning")
        self.run_all = QPushButton("Ask about all")
        self.run_all.setToolTip(
            "The model is asked about every case that it was not asked about yet, in the background"
        )
        self.run_all.clicked.connect(self.run_all_wanted)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self.run_all_cancelled)
        self.open_button = QPushButton("Open…")
        self.open_button.setToolTip("Open one patient's folder, sorted or not, or a folder of patients")
        self.open_button.clicked.connect(self._ask_for_folder)
        self.table_button = QPushButton("Table…")
        self.table_button.setToolTip("Open a cohort.csv")
        self.table_button.clicked.connect(self._ask_for_table)
        self.sample_button = QPushButton("Open sample patient")
        self.sample_button.setToolTip("A synthetic biopsy, drawn on this computer")
        self.sample_button.clicked.connect(self.sample_wanted)
        self.training_button = QPushButton("Train a model…")
        self.training_button.setToolTip(
            "Train on your own patients: this worklist, or another folder (Alt+T)"
        )
        self.training_button.clicked.connect(self.training_wanted)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(RHYTHM, RHYTHM, RHYTHM, RHYTHM)
        self.column.setSpacing(RHYTHM)
        for widget in (self.filter, self._stack, self.count, self.run_all, self.progress, self.message):
            self.column.addWidget(widget, 1 if widget is self._stack else 0)
        opening = QHBoxLayout()
        opening.setSpacing(RHYTHM)
        opening.addWidget(self.open_button, 1)
        opening.addWidget(self.table_button, 1)
        self.column.addLayout(opening)
        for button in (self.sample_button, self.training_button):
            self.column.addWidget(button)
        for widget in (self.message, self.filter, self.run_all):
            widget.hide()

    def sizeHint(self) -> QSize:
        return QSize(round(200 * text_scale(self)), 400)

    def show_cases(self, cases: Sequence[Case], problems: Sequence[Notice] = ()) -> None:
        """List cases; what went wrong while reading them stands below, in full in the tooltip.

        Their states come later (:meth:`show_states`); until then they follow from the images alone.
        """
        self._cases = tuple(cases)
        self._states = [_first_state(case) for case in self._cases]
        self.list.blockSignals(True)
        self.list.clear()
        for place in range(len(self._cases)):
            self.list.addItem(QListWidgetItem())
            self._write(place)
        self.list.blockSignals(False)
        self._stack.setCurrentWidget(self.list if self._cases else self._empty)
        self.filter.setVisible(len(self._cases) > _FEW)
        self.run_all.setVisible(len(self._cases) > 1)
        self._states_changed()
        if problems:
            more = f" (+{len(problems) - 1} more)" if len(problems) > 1 else ""
            self.show_message(problems[0].message + more, "\n".join(one.message for one in problems))
        else:
            self.show_message("")

    def replace_case(self, place: int, case: Case) -> None:
        """What is known of one case changed."""
        self._cases = (*self._cases[:place], case, *self._cases[place + 1 :])
        self._write(place)

    def show_message(self, sentence: str, details: str = "") -> None:
        """Show one sentence about what went wrong; an empty one takes it away."""
        self.message.setText(sentence)
        self.message.setToolTip(details or sentence)
        self.message.setVisible(bool(sentence))

    def show_states(self, states: Mapping[int, str]) -> None:
        """Take over the states of cases, by place ("sealed")."""
        for place, state in states.items():
            if 0 <= place < len(self._states):
                self._states[place] = state
                self._write(place)
        self._states_changed()

    def state(self, place: int) -> str:
        """State of a case."""
        return self._states[place]

    def set_busy(self, place: int, words: str = "") -> None:
        """Say what is being done about a case ("asking the model"), in place of its state."""
        if 0 <= place < self.list.count():
            self.list.item(place).setData(BUSY, words)

    def show_run_all(self, done: int, total: int) -> None:
        """How far the run over many cases is; 0 of 0 when it is over."""
        self.run_all.setVisible(not total and len(self._cases) > 1)
        if total:
            self.progress.start("")
            self.progress.bar.setRange(0, total)
            self.progress.bar.setValue(done)
            self.progress.words.setText(f"Asking: {done + 1} of {total}")
        else:
            self.progress.finish()

    @property
    def current(self) -> int:
        """Place of the chosen case, -1 if none."""
        return self.list.currentRow()

    def choose(self, place: int) -> None:
        if 0 <= place < len(self._cases):
            self.list.setCurrentRow(place)

    def neighbour(self, by: int) -> int:
        """Place of the case that stands ``by`` lines further among those listed; -1 if there is none."""
        listed = [row for row in range(self.list.count()) if not self.list.item(row).isHidden()]
        further = [row for row in listed if (row - self.current) * by > 0]
        return (further[0] if by > 0 else further[-1]) if further else -1

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = tuple(Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile())
        if paths:
            event.acceptProposedAction()
            self.folder_chosen.emit(paths if len(paths) > 1 else paths[0])

    def show_count(self) -> None:
        """Say how many cases there are and how many are still to be read."""
        cases = len(self._cases)
        unread = sum(state in ("to read", "sealed", "awaiting electron images") for state in self._states)
        word = "case" if cases == 1 else "cases"
        self.count.setText(f"{cases} {word}, {unread} to read" if cases else "")

    def _ask_for_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a case or a folder of cases")
        if chosen:
            self.folder_chosen.emit(Path(chosen))

    def _ask_for_table(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a cohort table", "", "Tables (*.csv)")
        if chosen:
            self.folder_chosen.emit(Path(chosen))

    def _row_changed(self, row: int) -> None:
        if row >= 0:
            self.case_chosen.emit(row)

    def _write(self, place: int) -> None:
        case, item = self._cases[place], self.list.item(place)
        code = case.code or case.case_id
        item.setData(CODE, code)
        item.setData(STATE, self._states[place])
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"Case {code}, {self._states[place]}")
        counts = what_it_holds(case)
        item.setToolTip(counts if case.case_id == case.code else f"{case.case_id}\n{counts}")

    def _states_changed(self) -> None:
        self.filter.show_states(self._states)
        self._filter()
        self.show_count()

    def _filter(self) -> None:
        for row, (case, state) in enumerate(zip(self._cases, self._states, strict=True)):
            self.list.item(row).setHidden(not self.filter.admits(case, state))


def _first_state(case: Case) -> str:
    """What the images alone say; slides alone await nothing."""
    return "awaiting electron images" if case.images and not case.of(Modality.TEM) else "to read"
