"""The worklist: which case. Folders are dropped here or opened with a button."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ..cases import Case, Modality
from ..notices import Notice
from .theme import RHYTHM, label
from .words import what_it_holds

_CASE = Qt.ItemDataRole.UserRole


class Worklist(QWidget):
    """Cases with what they hold and what has been asked about them."""

    case_chosen = Signal(int)
    folder_chosen = Signal(object)
    sample_wanted = Signal()
    training_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._cases: tuple[Case, ...] = ()
        self._states: dict[int, str] = {}
        self.setAcceptDrops(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(RHYTHM, RHYTHM, RHYTHM, RHYTHM)
        column.setSpacing(RHYTHM)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search cases")
        self.search.textChanged.connect(self._filter)
        self.list = QListWidget()
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(self._row_changed)
        self._empty = label("Drop a folder here, or press Open…\n\nA case folder holds OM, IM and TEM, or slides in "
                            "WSI; a folder of such folders is a worklist.", "secondary")  # fmt: skip
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        self.count = label("", "secondary")
        self.message = label("", "warning")
        self.open_button = QPushButton("Open…")
        self.open_button.setToolTip("Open a case folder, a folder of cases, or cohort.csv")
        self.open_button.clicked.connect(self._ask_for_folder)
        self.table_button = QPushButton("Open table…")
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
        for widget in (self.search, self._stack, self.count, self.message):
            column.addWidget(widget, 1 if widget is self._stack else 0)
        for button in (self.open_button, self.table_button, self.sample_button, self.training_button):
            column.addWidget(button)
        self.message.hide()
        self.search.hide()

    def sizeHint(self) -> QSize:
        return QSize(200, 400)

    def show_cases(self, cases: Sequence[Case], problems: Sequence[Notice]) -> None:
        """List cases; what went wrong while reading them stands below, in full in the tooltip."""
        self._cases, self._states = tuple(cases), {}
        self.list.blockSignals(True)
        self.list.clear()
        for place in range(len(self._cases)):
            item = QListWidgetItem()
            item.setData(_CASE, place)
            self.list.addItem(item)
            self._write(place)
        self.list.blockSignals(False)
        self._stack.setCurrentWidget(self.list if self._cases else self._empty)
        self.search.setVisible(len(self._cases) > 8)
        self.show_count()
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

    def set_state(self, place: int, state: str) -> None:
        """Say in a few words what happened to a case ("opinion ready")."""
        self._states[place] = state
        self._write(place)
        self.show_count()

    @property
    def current(self) -> int:
        """Place of the chosen case, -1 if none."""
        return self.list.currentRow()

    def choose(self, place: int) -> None:
        if 0 <= place < len(self._cases):
            self.list.setCurrentRow(place)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.folder_chosen.emit(paths[0])

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
        case = self._cases[place]
        counts = what_it_holds(case)
        awaiting = case.images and not case.of(Modality.TEM)  # slides alone await nothing
        state = self._states.get(place) or ("awaiting electron" if awaiting else "ready")
        item = self.list.item(place)
        item.setText(f"{case.code or case.case_id}\n{state}")
        item.setToolTip(counts if case.case_id == case.code else f"{case.case_id}\n{counts}")

    def show_count(self) -> None:
        """Say how many cases there are and how many were asked about."""
        cases, asked = len(self._cases), sum(bool(state) for state in self._states.values())
        word = "case" if cases == 1 else "cases"
        self.count.setText(f"{cases} {word}, {asked} asked" if cases else "")

    def _filter(self, text: str) -> None:
        for row, case in enumerate(self._cases):
            said = f"{case.code} {case.case_id} {case.patient_id}".casefold()
            self.list.item(row).setHidden(text.casefold() not in said)
