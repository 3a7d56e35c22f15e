"""The empty place that says what to do: drop a folder of patients or a table, or choose one."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from qtpy.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ..theme import RHYTHM, label


class DropPlace(QFrame):
    """Emits the path of a folder or a ``cohort.csv`` that was dropped or chosen."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("role", "drop")
        self.setAcceptDrops(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * RHYTHM, 6 * RHYTHM, 4 * RHYTHM, 6 * RHYTHM)
        column.setSpacing(RHYTHM)
        title = label("Drop a folder of patients or a cohort.csv here", "heading")
        text = label(
            "One folder per patient with OM, IM and TEM inside and the disease in cohort.csv, or one folder "
            "per disease with its patients inside. Files are only read, never changed or moved.",
            "secondary",
        )
        for one in (title, text):
            one.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(one)
        self.folder_button = QPushButton("Choose folder…")
        self.folder_button.clicked.connect(self.ask_for_folder)
        self.table_button = QPushButton("Choose cohort.csv…")
        self.table_button.clicked.connect(self.ask_for_table)
        self.sample_button = QPushButton("Sample cohort")
        self.sample_button.setToolTip("Six synthetic patients, to try the whole way in a minute")
        self.sample_button.clicked.connect(lambda: self.chosen.emit(sample_cohort()))
        row = QHBoxLayout()
        row.setSpacing(RHYTHM)
        row.addStretch(1)
        for button in (self.folder_button, self.table_button, self.sample_button):
            row.addWidget(button)
        row.addStretch(1)
        column.addSpacing(RHYTHM)
        column.addLayout(row)

    def ask_for_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of patients")
        if chosen:
            self.chosen.emit(Path(chosen))

    def ask_for_table(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Cohort table", "", "Tables (*.csv *.tsv)")
        if chosen:
            self.chosen.emit(Path(chosen))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            self._show_over(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._show_over(False)
        path = first_path(event)
        if path is not None:
            event.acceptProposedAction()
            self.chosen.emit(path)

    def _show_over(self, over: bool) -> None:
        self.setProperty("over", "true" if over else "false")
        self.style().unpolish(self)
        self.style().polish(self)


def first_path(event: QDropEvent) -> Path | None:
    """The first file or folder of a drop."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return paths[0] if paths else None


def sample_cohort() -> Path:
    """Folder of the synthetic cohort that ships with the program."""
    from importlib.resources import files

    return Path(str(files("napari_renal_fusion"))) / "sample_data" / "cohort"
