"""The model and its Run button, with progress below."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton

from ..bundles import BundleInfo
from .progress_row import ProgressRow
from .section import Section
from .theme import RHYTHM, label, set_role


class RunSection(Section):
    """Choose a model, run it, cancel it."""

    run_wanted = Signal()
    cancel_wanted = Signal()
    bundle_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.bundles = QComboBox()
        self.bundles.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.bundles.setMinimumContentsLength(10)
        self.bundles.setToolTip("The model that answers")
        self.bundles.activated.connect(lambda _: self.bundle_chosen.emit(self.bundle or ""))
        self.run_button = QPushButton("Run")
        self.run_button.setProperty("role", "main")
        self.run_button.setToolTip("Alt+R")
        self.run_button.clicked.connect(self.run_wanted)
        row = QHBoxLayout()
        row.setSpacing(RHYTHM)
        row.addWidget(self.bundles, 1)
        row.addWidget(self.run_button)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self.cancel_wanted)
        self.message = label("", "warning")
        self.body.addLayout(row)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.message)
        self._case_open = self._running = False
        self.show_message("")
        self._enable()

    @property
    def bundle(self) -> str | None:
        """Name of the chosen bundle."""
        return self.bundles.currentData()

    def show_bundles(self, infos: Sequence[BundleInfo], wanted: str) -> None:
        """List the usable bundles; ``wanted`` (a name, or a folder) is chosen."""
        self.bundles.clear()
        for info in infos:
            if info.config is not None:
                self.bundles.addItem(info.title, info.name)
        if self.bundles.findData(wanted) < 0 and ("/" in wanted or "\\" in wanted):
            self.bundles.addItem(wanted.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1], wanted)
        self.bundles.setCurrentIndex(max(0, self.bundles.findData(wanted)))
        broken = [info.problem for info in infos if info.config is None]
        if not self.bundles.count():
            self.show_message(
                "No model installed: train one or load a file (renal-fusion train, bundle check)."
            )
        elif broken:
            self.show_message(broken[0])
        self._enable()

    def choose_bundle(self, name: str) -> None:
        """Choose a bundle by name, if it is in the list."""
        if self.bundles.findData(name) >= 0:
            self.bundles.setCurrentIndex(self.bundles.findData(name))

    def set_case_open(self, case_open: bool) -> None:
        self._case_open = case_open
        self._enable()

    def set_asked(self, asked: bool) -> None:
        """Once the model has answered, something else is the next thing to do."""
        set_role(self.run_button, "" if asked else "main")

    def set_running(self, running: bool, message: str = "") -> None:
        """Swap between "can run" and "is running"."""
        self._running = running
        if running:
            self.show_message("")
            self.progress.start(message)
        else:
            self.progress.finish()
        self._enable()

    def show_message(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def _enable(self) -> None:
        ready = self._case_open and not self._running and self.bundle is not None
        self.run_button.setEnabled(ready)
        self.bundles.setEnabled(not self._running)
