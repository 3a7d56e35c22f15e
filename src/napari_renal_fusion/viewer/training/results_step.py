"""Step 4: the figures of a finished run, and its bundle put to use."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ..theme import RHYTHM, label, say
from .results_page import ResultsPage


class ResultsStep(QWidget):
    """A line with the run's name and "Use this model", and below it the results page."""

    use_wanted = Signal()
    workspace_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.run = None
        self.title = label("", "title", wrap=False)
        self.use_button = QPushButton("Use this model")
        self.use_button.setProperty("role", "main")
        self.use_button.setToolTip("Install its bundle, so that it stands in the workspace's list of models")
        self.use_button.clicked.connect(self.use_wanted)
        self.workspace_button = QPushButton("Open the workspace")
        self.workspace_button.clicked.connect(self.workspace_wanted)
        self.workspace_button.hide()
        self.message = label("", "")
        self.page = ResultsPage()
        head = QHBoxLayout()
        head.setSpacing(RHYTHM)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.workspace_button)
        head.addWidget(self.use_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        column.addLayout(head)
        column.addWidget(self.message)
        column.addWidget(self.page, 1)
        self.say("")

    def show_run(self, run) -> None:
        """Show a finished run."""
        self.run = run
        self.title.setText(run.name)
        self.use_button.setVisible(run.bundle is not None)
        self.use_button.setEnabled(True)
        self.use_button.setText("Use this model")
        self.workspace_button.hide()
        self.say("")
        self.page.show_run(run)

    def set_installed(self, names: list[str], title: str) -> None:
        """The bundle is in the list of models from now on."""
        more = "" if len(names) < 2 else f", and {len(names) - 1} for cases without some images"
        self.say(f"“{title}” now stands in the workspace's list of models{more}.")
        self.use_button.setText("Installed")
        self.use_button.setEnabled(False)
        self.workspace_button.show()

    def say(self, sentence: str, role: str = "") -> None:
        say(self.message, sentence, role)
