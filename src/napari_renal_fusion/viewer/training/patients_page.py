"""Step 1: which patients, and what their check found."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ...errors import RenalFusionError
from ...training.check import CohortReport
from ..progress_row import ProgressRow
from ..theme import RHYTHM, label, set_role
from .drop_place import DropPlace, first_path
from .findings_table import FindingsTable
from .path_line import PathLine

SETTINGS_GROUPS = ("Folds", "Encoders", "Settings")
"""Groups of findings that depend on the settings as much as on the patients."""


class PatientsPage(QWidget):
    """Choose a cohort, check it, read what was found, go on."""

    cohort_chosen = Signal(object)
    check_wanted = Signal()
    cancel_wanted = Signal()
    next_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.path: Path | None = None
        self.report: CohortReport | None = None
        self.drop = DropPlace()
        self.drop.chosen.connect(self.cohort_chosen)
        self.source = PathLine()
        self.folder_button, self.table_button = QPushButton("Folder…"), QPushButton("Table…")
        self.folder_button.clicked.connect(self.drop.ask_for_folder)
        self.table_button.clicked.connect(self.drop.ask_for_table)
        self.check_button = QPushButton("Check")
        self.check_button.clicked.connect(self.check_wanted)
        self.chosen = QWidget()
        row = QHBoxLayout(self.chosen)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(RHYTHM)
        row.addWidget(self.source, 1)
        for button in (self.folder_button, self.table_button, self.check_button):
            row.addWidget(button)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self.cancel_wanted)
        self.message = label("", "error")
        self.counts = label("", "")
        self.advice = label("", "secondary")
        self.findings = FindingsTable()
        self.next_button = QPushButton("Continue to settings")
        self.next_button.clicked.connect(self.next_wanted)
        self.verdict = label("", "secondary")
        foot = QHBoxLayout()
        foot.setSpacing(RHYTHM)
        foot.addWidget(self.verdict, 1)
        foot.addWidget(self.next_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        for widget in (self.drop, self.chosen, self.progress, self.message, self.counts, self.advice):
            column.addWidget(widget)
        column.addWidget(self.findings, 1)
        column.addStretch(0)
        column.addLayout(foot)
        self._running = False
        self._spring = column
        self._show()

    def show_cohort(self, path: Path) -> None:
        """Another cohort was chosen; what was found about the last one is forgotten."""
        self.path, self.report = path, None
        self.source.show_path(path)
        self.show_problem("")
        self._show()

    def set_running(self, running: bool, message: str = "") -> None:
        self._running = running
        if running:
            self.show_problem("")
            self.progress.start(message)
        else:
            self.progress.finish()
        self._show()

    def show_report(self, report: CohortReport) -> None:
        self.report = report
        self.findings.show_report(report)
        self._show()

    def show_problem(self, problem: RenalFusionError | str) -> None:
        """Say why the cohort could not be checked; an empty text takes it away."""
        self.message.setText(str(problem))
        self.message.setVisible(bool(str(problem)))

    @property
    def checking(self) -> bool:
        return self._running

    @property
    def forbidden(self) -> str:
        """Why no training may start yet, in one sentence; empty if nothing forbids it."""
        if self.path is None:
            return "Choose patients first."
        if self.report is None:
            return "Check the patients first."
        errors = len(self.report.errors)
        if errors == 1:
            return "Correct what forbids training, then check again: with it no model is trained."
        if errors:
            return f"Correct the {errors} findings that forbid training, then check again."
        return ""

    @property
    def only_settings_forbid(self) -> bool:
        """Whether other settings alone (fewer folds, other weights) could make a training possible."""
        errors = self.report.errors if self.report else ()
        return bool(errors) and all(one.group in SETTINGS_GROUPS for one in errors)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = first_path(event)
        if path is not None:
            event.acceptProposedAction()
            self.cohort_chosen.emit(path)

    def _show(self) -> None:
        there, report = self.path is not None, self.report
        self.drop.setVisible(not there)
        self.chosen.setVisible(there)
        self.findings.setVisible(report is not None)
        self.counts.setVisible(report is not None)
        self.advice.setVisible(report is None and there and not self._running)
        self.advice.setText(
            "Check reads every image once: classes, missing images, the same image twice, calibration, and "
            "whether something other than the disease (stain, file size, scanner, year) gives the label away."
        )
        for button in (self.folder_button, self.table_button):
            button.setEnabled(not self._running)
        self.check_button.setEnabled(there and not self._running)
        self.check_button.setText("Check again" if report else "Check")
        _as_main(self.check_button, report is None)
        _as_main(self.next_button, report is not None)
        self.next_button.setVisible(there)
        self.next_button.setEnabled(not self._running and (not self.forbidden or self.only_settings_forbid))
        self._say(report)

    def _say(self, report: CohortReport | None) -> None:
        role, text = "secondary", ""
        if report is not None:
            shares = ", ".join(f"{name} {count}" for name, count in report.class_counts.items())
            self.counts.setText(
                f"<b>{_count(report.patients, 'patient')}, {_count(report.cases, 'case')}, "
                f"{_count(report.images, 'image')}</b><br>{shares}"
            )
            if self.only_settings_forbid:
                role, text = (
                    "error",
                    "With the present settings no model can be trained: change them in step 2.",
                )
            elif report.errors:
                role, text = "error", self.forbidden
            elif report.warnings:
                role, text = "warning", f"{_count(len(report.warnings), 'warning')}: read before you train."
            else:
                text = "Nothing speaks against training."
        self.verdict.setProperty("role", role)
        self.verdict.style().polish(self.verdict)
        self.verdict.setText(text)


def _as_main(button: QPushButton, main: bool) -> None:
    """Give the accent to the one button that comes next."""
    set_role(button, "main" if main else "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
