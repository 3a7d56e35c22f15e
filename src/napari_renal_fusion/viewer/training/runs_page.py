"""All trainings of this computer: state, figures, what differs, and what can be done with them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMessageBox,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...errors import RenalFusionError
from ...training.config import TrainingConfig
from ..probability_bars import tabular
from ..theme import RHYTHM, label
from .number_edit import number_text
from .training_page import STATES

_HEADS = ("Run", "State", "Patients", "AUC", "Accuracy", "What differs")


@dataclass(frozen=True)
class RunRow:
    """What the list shows of one run; plain values, read in another thread."""

    folder: Path
    state: str
    patients: str
    auc: str
    accuracy: str
    differs: str


class RunsPage(QWidget):
    """The list; its buttons act on the chosen row."""

    open_wanted = Signal(object)
    resume_wanted = Signal(object)
    settings_wanted = Signal(object)
    remove_wanted = Signal(object)
    refresh_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.rows: tuple[RunRow, ...] = ()
        self.nothing = label("No training yet. Begin with step 1, Patients.", "secondary")
        self.table = QTableWidget(0, len(_HEADS))
        self.table.setHorizontalHeaderLabels(_HEADS)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        for column in range(len(_HEADS)):
            self.table.horizontalHeaderItem(column).setTextAlignment(_side(column))
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(_HEADS) - 1, QHeaderView.ResizeMode.Stretch)
        self.table.itemSelectionChanged.connect(self._enable)
        self.table.cellDoubleClicked.connect(lambda row, column: self._emit(self.open_wanted))
        self.message = label("", "error")
        self.open_button = QPushButton("Open")
        self.open_button.setProperty("role", "main")
        self.resume_button = QPushButton("Resume")
        self.settings_button = QPushButton("Use its settings")
        self.settings_button.setToolTip("Fill step 2 with the settings of this run")
        self.remove_button = QPushButton("Remove…")
        for button, signal in (
            (self.open_button, self.open_wanted), (self.resume_button, self.resume_wanted),
            (self.settings_button, self.settings_wanted), (self.remove_button, self.remove_wanted),
        ):  # fmt: skip
            button.clicked.connect(lambda _, signal=signal: self._emit(signal))
        foot = QHBoxLayout()
        foot.setSpacing(RHYTHM)
        for button in (self.remove_button, self.settings_button):
            foot.addWidget(button)
        foot.addStretch(1)
        for button in (self.resume_button, self.open_button):
            foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        column.addWidget(self.nothing)
        column.addWidget(self.table, 1)
        column.addWidget(self.message)
        column.addStretch(0)
        column.addLayout(foot)
        self.show_problem("")
        self.show_rows(())

    @property
    def chosen(self) -> RunRow | None:
        row = self.table.currentRow()
        return self.rows[row] if 0 <= row < len(self.rows) and self.table.selectedItems() else None

    def show_rows(self, rows: Sequence[RunRow]) -> None:
        """Show the list; the chosen run stays chosen."""
        before = self.chosen.folder if self.chosen else None
        self.rows = tuple(rows)
        self.table.setRowCount(len(self.rows))
        for place, row in enumerate(self.rows):
            words = (row.folder.name, STATES.get(row.state, row.state), row.patients, row.auc, row.accuracy,
                     row.differs)  # fmt: skip
            for column, text in enumerate(words):
                item = QTableWidgetItem(text)
                item.setTextAlignment(_side(column))
                item.setFont(tabular(self.font()))
                item.setToolTip(str(row.folder) if column == 0 else text if column == len(_HEADS) - 1 else "")
                self.table.setItem(place, column, item)
            if row.folder == before:
                self.table.selectRow(place)
        self.table.resizeRowsToContents()
        self.table.setVisible(bool(self.rows))
        self.nothing.setVisible(not self.rows)
        self._enable()

    def show_problem(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def ask_to_remove(self, row: RunRow) -> bool:
        """Ask before a run's folder is deleted for good."""
        question = QMessageBox(self)
        question.setWindowTitle("Remove a training")
        question.setText(f"Remove {row.folder.name} for good?")
        question.setInformativeText(
            f"Its folder is deleted, with its checkpoints and figures:\n{row.folder}\n"
            "Models that were installed from it stay."
        )
        remove = question.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        keep = question.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
        question.setDefaultButton(keep)
        question.exec()
        return question.clickedButton() is remove

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.table.resizeRowsToContents()

    def _emit(self, signal) -> None:
        if self.chosen is not None:
            signal.emit(self.chosen)

    def _enable(self) -> None:
        row = self.chosen
        self.open_button.setEnabled(row is not None)
        self.settings_button.setEnabled(row is not None)
        self.resume_button.setEnabled(
            row is not None and row.state in ("ready", "stopped", "interrupted", "failed")
        )
        self.remove_button.setEnabled(row is not None and row.state != "running")
        running = row is not None and row.state == "running"
        self.remove_button.setToolTip("Stop it first" if running else "")


def read_rows(root: Path | None = None) -> list[RunRow]:
    """Read all runs; takes a look at every folder, so call it in another thread."""
    from ...training.run_list import differing_fields, list_runs

    runs = list_runs(root) if root else list_runs()
    differing = differing_fields(runs) if len(runs) > 1 else {}
    rows = []
    for place, run in enumerate(runs):
        results = run.results
        figures = dict(results.mean) if results else {}
        differs = {name: values[place] for name, values in differing.items()}
        rows.append(
            RunRow(run.folder, run.state, str(run.info.patients), _figure(figures.get("auc"), results, "auc"),
                   _figure(figures.get("accuracy"), results, "accuracy"), differing_text(differs))
        )  # fmt: skip
    return rows


def remove_run(folder: Path) -> None:
    """Delete a run's folder, if it is one and nothing trains in it.

    Raises
    ------
    RenalFusionError
        ``run_running``, ``run_not_removed``, or whatever :meth:`Run.open` says about a folder that is no run.
    """
    from ...training.run import Run

    if Run.open(folder).state == "running":
        raise RenalFusionError(
            "run_running", f"{folder.name} is still training", path=folder, remedy="Stop it first."
        )
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RenalFusionError(
            "run_not_removed",
            f"{folder} could not be deleted, or not all of it ({error.strerror or error})",
            path=folder,
            remedy="Close programs that use its files, then delete what is left of the folder.",
        ) from error


def differing_text(values: Mapping[str, Any]) -> str:
    """``Epochs 40, Learning rate 5e-05``: the fields of one run that others have otherwise."""
    said = []
    for name, value in values.items():
        if name in ("name", "title") or value is None:
            continue
        field = TrainingConfig.model_fields.get(name)
        title = field.title if field is not None and field.title else name.replace("_", " ").replace(".", " ")
        said.append(f"{title} {_value(value)}")
    return ", ".join(said)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, (list, tuple)):
        return "–".join(_value(one) for one in value) or "none"
    if isinstance(value, dict):
        return "changed"
    return str(value)


def _figure(mean: float | None, results: Any, name: str) -> str:
    if mean is None:
        return "–"
    sd = results.sd.get(name)
    return f"{mean:.3f}" if sd is None else f"{mean:.3f} ± {sd:.3f}"


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (2, 3, 4) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
