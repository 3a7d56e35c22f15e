"""Waiting, made visible where the person looks: a thin bar, what is done, time left, Cancel."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ..compute.progress import Step
from .theme import RHYTHM, label
from .words import duration


class ProgressRow(QWidget):
    """Hidden while nothing runs."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.words = label("", "secondary", wrap=False)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.clicked.connect(self.cancelled)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        row = QHBoxLayout()
        row.addWidget(self.words, 1)
        row.addWidget(self.cancel_button)
        column.addWidget(self.bar)
        column.addLayout(row)
        self.hide()

    def start(self, message: str) -> None:
        """Show the row before anything is known about how long it takes."""
        self.bar.setRange(0, 0)
        self.words.setText(message)
        self.cancel_button.setEnabled(True)
        self.show()

    def report(self, step: Step) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * step.fraction))
        left = duration(step.remaining_s)
        self.words.setText(f"{step.message} · {left}" if left else step.message)

    def wait_for_cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.words.setText("Cancelling…")

    def finish(self) -> None:
        self.hide()
