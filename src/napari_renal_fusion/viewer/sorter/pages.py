"""The sorter before there is anything to sort, and after a case was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ...cases import Case
from ...cases.image_formats import IMAGE_SUFFIXES
from ..theme import RHYTHM, label
from ..words import what_it_holds


class EmptyPage(QWidget):
    """Says what to do, and what went wrong if something did."""

    paths_given = Signal(object)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        title = label("Drop the folder of a biopsy here, or its files", "heading")
        text = label(
            "Any mess will do: camera names, Chinese names, no folders. Files are only read, never moved, renamed "
            "or changed; a read-only share works too.",
            "secondary",
        )
        self.problem = label("", "warning")
        self.problem.hide()
        self.folder_button = QPushButton("Choose folder…")
        self.folder_button.clicked.connect(self._ask_for_folder)
        self.files_button = QPushButton("Choose files…")
        self.files_button.clicked.connect(self._ask_for_files)
        row = QHBoxLayout()
        row.setSpacing(RHYTHM)
        row.addStretch(1)
        row.addWidget(self.folder_button)
        row.addWidget(self.files_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(RHYTHM)
        column.addStretch(2)
        for one in (self.problem, title, text):
            one.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(one)
        column.addLayout(row)
        column.addStretch(3)

    def show_problem(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def _ask_for_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of a biopsy")
        if chosen:
            self.paths_given.emit((Path(chosen),))

    def _ask_for_files(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        chosen, _ = QFileDialog.getOpenFileNames(self, "Images of a biopsy", "", f"Images ({patterns})")
        if chosen:
            self.paths_given.emit(tuple(Path(one) for one in chosen))


class DonePage(QWidget):
    """What came of it: one line a case."""

    open_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.cases: tuple[Case, ...] = ()
        self.title = label("", "heading")
        self.text = label("", "secondary")
        self.open_button = QPushButton("Open in the workspace")
        self.open_button.setProperty("role", "main")
        self.open_button.clicked.connect(self.open_wanted)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.open_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(RHYTHM)
        column.addStretch(2)
        for one in (self.title, self.text):
            one.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(one)
        column.addLayout(row)
        column.addStretch(3)

    def show_cases(self, cases: Sequence[Case]) -> None:
        self.cases = tuple(cases)
        codes = ", ".join(case.code for case in cases)
        self.title.setText(
            f"{'Cases' if len(cases) > 1 else 'Case'} {codes} {'are' if len(cases) > 1 else 'is'} in order"
        )
        lines = [
            f"{case.code}: {what_it_holds(case)}" if len(cases) > 1 else what_it_holds(case) for case in cases
        ]
        waiting = any(notice.code == "images_awaited" for case in cases for notice in case.notices)
        if waiting:
            lines.append("Electron images awaited: copy them into the same folder and sort it again.")
        self.text.setText("\n".join(lines))
