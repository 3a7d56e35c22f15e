"""A run beside a model that is installed already: asked about the same patients, on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ...bundles.installed import BundleInfo
from ...compute.settings import load_settings
from ...errors import RenalFusionError
from ...training.beside import Beside
from ..progress_row import ProgressRow
from ..theme import RHYTHM, label, say
from .preparing import Preparing
from .small_table import SmallTable


class BesideSheet(QWidget):
    """What both models made of the same patients, or the button that asks; the asking has a process of its own."""

    def __init__(self, command: list[str] | None = None, parent: QWidget | None = None):
        super().__init__(parent)
        self.child = Preparing(command, self._ended, self)
        self._folder: Path | None = None
        self._info: BundleInfo | None = None
        self.message = label("", "secondary")
        self.ask_button = QPushButton("Ask it about these patients")
        self.ask_button.clicked.connect(self.ask)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self._cancel)
        self.table = SmallTable()
        self.verdict = label("", "")
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = QHBoxLayout()
        line.addWidget(self.ask_button)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        for widget in (self.table, self.verdict, self.message, self.progress):
            column.addWidget(widget)
        column.addLayout(line)
        column.addStretch(1)

    @property
    def busy(self) -> bool:
        return self.child.busy

    def show_model(self, folder: Path, info: BundleInfo, beside: Beside | None) -> None:
        """Show what ``info`` said about the run in ``folder``, or offer to ask it."""
        if self.busy and (folder, info.path) != (self._folder, self._info.path):
            self._cancel()
        self._folder, self._info = folder, info
        self.ask_button.setVisible(not self.busy)
        if beside is None:
            self.table.hide()
            self.verdict.hide()
            self._say(
                f"{info.title} has not been asked about the patients of this run. Those in its own training are "
                "left out. Every patient is read and asked anew, which takes some seconds each."
            )
            self.ask_button.setText("Ask it about these patients")
        else:
            self._show(beside)

    def ask(self) -> None:
        """Ask the model that is shown, in the child."""
        if self.busy or self._info is None:
            return
        folder, info = self._folder, self._info
        self.ask_button.hide()
        self.progress.start(f"Asking {info.title}")
        self.child.beside(
            folder, info.path, load_settings(), lambda result: self._take(folder, info, result),
            lambda error: self._refuse(folder, info, error), self.progress.report,
        )  # fmt: skip

    def forget(self, folder: Path) -> None:
        """Ask no more about a run that is being removed."""
        if self.busy and folder == self._folder:
            self._cancel()

    def shut(self) -> None:
        """End the child; nothing is shown afterwards."""
        self.child.engine.shutdown()

    def _take(self, folder: Path, info: BundleInfo, result: dict[str, Any]) -> None:
        if (folder, info) == (self._folder, self._info):
            self._show(Beside.model_validate(result["beside"]))

    def _refuse(self, folder: Path, info: BundleInfo, error: RenalFusionError) -> None:
        if (folder, info) == (self._folder, self._info):
            ended = error.code == "engine_stopped"  # its remedy names a button of the workspace
            self._say(f"{error.message.rstrip('.')}. Ask again." if ended else str(error), "warning")

    def _show(self, beside: Beside) -> None:
        titles, *rows = beside.table("This run")
        self.table.show_rows(titles, rows)
        self.verdict.setText("\n".join(beside.sentences))
        self.verdict.show()
        self._say(
            f"Asked on {beside.asked_on}. No case is known to have been in the training of a model that answered "
            "it. Cases are taken for independent of each other."
        )
        self.ask_button.setText("Ask again")

    def _cancel(self) -> None:
        self.progress.wait_for_cancel()
        self.child.cancel()

    def _ended(self) -> None:
        self.progress.finish()
        self.ask_button.show()

    def _say(self, sentence: str, role: str = "secondary") -> None:
        say(self.message, sentence, role)
