"""Step 3: start, watch, stop and resume a training."""

from __future__ import annotations

import re

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..progress_row import ProgressRow
from ..theme import RHYTHM, label
from ..words import duration
from .folds_table import FoldsTable, unit_title
from .live_run import LiveRun
from .path_line import PathLine
from .run_curves import RunCurves
from .run_picture import UnitPicture

STATES = {
    "ready": "ready to start",
    "running": "training",
    "stopped": "stopped",
    "interrupted": "interrupted",
    "failed": "failed",
    "finished": "finished",
}


class TrainingPage(QWidget):
    """Before a run: what will be trained, and Start. From then on: everything read from the run's folder."""

    start_wanted = Signal()
    cancel_wanted = Signal()
    stop_wanted = Signal()
    resume_wanted = Signal()
    new_wanted = Signal()
    results_wanted = Signal()

    def __init__(self, live: LiveRun, parent: QWidget | None = None):
        super().__init__(parent)
        self.live = live
        self._stopping = self._preparing = False
        self.title = label("", "title", wrap=False)
        self.state = label("", "secondary", wrap=False)
        self.buttons = {
            "new": _button("New training", self.new_wanted, "Choose patients and settings for another one"),
            "stop": _button(
                "Stop", self.stop_wanted, "Stops after the step under way; Resume goes on from there"
            ),
            "resume": _button(
                "Resume", self.resume_wanted, "Goes on from the last epoch that was written", True
            ),
            "results": _button("See results", self.results_wanted, "", True),
            "start": _button("Start training", self.start_wanted, "", True),
        }
        head = QHBoxLayout()
        head.setSpacing(RHYTHM)
        head.addWidget(self.title)
        head.addWidget(self.state)
        head.addStretch(1)
        for button in self.buttons.values():
            head.addWidget(button)
        self._summary: list[tuple[QLabel, PathLine]] = []
        self.summary = QFrame()
        self.summary.setProperty("role", "card")
        self._lines = QGridLayout(self.summary)
        self._lines.setContentsMargins(2 * RHYTHM, RHYTHM + 4, 2 * RHYTHM, RHYTHM + 4)
        self._lines.setHorizontalSpacing(2 * RHYTHM)
        self._lines.setVerticalSpacing(RHYTHM // 2)
        self._lines.setColumnStretch(1, 1)
        self.advice = label("", "secondary")
        self.preparing = ProgressRow()
        self.preparing.cancelled.connect(self.cancel_wanted)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.words = PathLine("secondary")
        self.machine = PathLine("secondary")
        self.message = label("", "error")
        self.curves = RunCurves()
        self.folds = FoldsTable()
        self.folds.fold_chosen.connect(lambda _: self.show_curves())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        column.addLayout(head)
        for widget in (
            self.summary, self.advice, self.preparing, self.bar, self.words, self.machine, self.message,
        ):  # fmt: skip
            column.addWidget(widget)
        column.addSpacing(RHYTHM // 2)
        column.addWidget(self.curves, 1)
        column.addWidget(self.folds)
        column.addStretch(0)
        live.changed.connect(self.show_run)
        live.progressed.connect(self.show_progress)
        self.show_problem("")
        self.show_run()

    def show_summary(self, lines: dict[str, str], forbidden: str) -> None:
        """What would be trained, line by line; ``forbidden`` says why it cannot start yet."""
        for row, (name, text) in enumerate(lines.items()):
            if row == len(self._summary):
                pair = label("", "secondary", wrap=False), PathLine()
                for column, widget in enumerate(pair):
                    self._lines.addWidget(widget, row, column)
                self._summary.append(pair)
            self._summary[row][0].setText(name)
            self._summary[row][1].show_path(text)
        for row, pair in enumerate(self._summary):
            for widget in pair:
                widget.setVisible(row < len(lines))
        self.advice.setText(
            forbidden
            or "The training runs in a process of its own: napari stays quick, and closing napari does not "
            "end it. Stop and Resume lose no more than the epoch under way."
        )
        self.buttons["start"].setEnabled(not forbidden)
        self.buttons["start"].setToolTip(forbidden)

    def set_preparing(self, there: bool, message: str = "") -> None:
        """A run is being checked and written, which may take minutes with many images."""
        self._preparing = there
        if there:
            self.show_problem("")
            self.preparing.start(message)
        else:
            self.preparing.finish()
        self._show_parts()

    def set_stopping(self) -> None:
        self._stopping = True
        self.show_progress()
        self._show_parts()

    def show_problem(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def show_run(self) -> None:
        """Show the run that is followed anew: state, curves, folds."""
        if self.live.state != "running":
            self._stopping = False
        self._show_parts()
        if self.live.folder is None:
            self.title.setText("New training")
            self.state.setText("")
            return
        self.title.setText(self.live.folder.name)
        self.state.setText(STATES.get(self.live.state, ""))
        picture = self.live.picture
        self.show_problem(picture.problem if self.live.state == "failed" else "")
        if self.live.state == "interrupted":
            self.show_problem(
                "The training ended without a word, as after a power cut or when memory is full. Resume goes on."
            )
        self.show_progress()
        self.show_curves()
        self.folds.show_units(self._units(), self.live.state == "running")

    def show_progress(self) -> None:
        """Show how far the run is."""
        picture = self.live.picture
        self.bar.setValue(round(1000 * picture.fraction))
        self.words.show_path(self._progress_words())
        memory = picture.gpu_memory_mb
        parts = [picture.device_reason or picture.device]
        parts += [f"graphics memory {memory / 1024:.1f} GB"] if memory is not None else []
        self.machine.show_path(" · ".join(part for part in parts if part))
        self.machine.setVisible(bool(self.machine.toolTip()) and self.live.folder is not None)

    def show_curves(self) -> None:
        """Draw the curves of all folds anew."""
        self.curves.show_units(self._units(), self.folds.chosen, self.live.picture.current)

    def _units(self) -> list[UnitPicture]:
        return sorted(self.live.picture.units.values(), key=lambda one: one.index)

    def _progress_words(self) -> str:
        picture = self.live.picture
        if self._stopping:
            return "Stopping after the step under way…"
        if self.live.state == "finished":
            models = len(picture.units)
            return "One model trained" if models == 1 else f"All {models} models trained"
        unit = picture.units.get(picture.current or "")
        parts = []
        if unit is not None and unit.state != "finished":
            count = max(picture.count, len(picture.units))
            plain = unit.name == f"fold-{unit.index + 1}"
            name = "Fold" if plain else f"{unit_title(unit.name)}, model"
            parts.append(f"{name} {unit.index + 1} of {count}")
            if unit.epochs:
                parts.append(f"epoch {max(unit.epochs)} of {unit.epochs_planned}")
        if self.live.state == "running":
            if not parts or "epoch" not in picture.message.casefold():
                parts.append(stage_words(picture.message) or "Starting")
            parts.append(duration(picture.remaining_s))
        return " · ".join(part for part in parts if part)

    def _show_parts(self) -> None:
        state, there = self.live.state, self.live.folder is not None
        self.summary.setVisible(not there)
        self.advice.setVisible(not there and not self._preparing)
        for widget in (self.bar, self.words, self.machine, self.curves, self.folds):
            widget.setVisible(there)
        self.bar.setVisible(there and state != "finished")
        shown = {
            "start": not there and not self._preparing,
            "stop": state == "running",
            "resume": state in ("ready", "stopped", "interrupted", "failed") and not self._preparing,
            "results": state == "finished",
            "new": there and state not in ("", "running"),
        }
        for name, button in self.buttons.items():
            button.setVisible(shown[name])
        self.buttons["stop"].setEnabled(not self._stopping)


def _button(text: str, signal, tip: str, main: bool = False) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    if main:
        button.setProperty("role", "main")
    button.clicked.connect(signal)
    return button


def stage_words(message: str) -> str:
    """The run's own words about what it does, where they name one of its parts by its folder."""
    found = re.match(r"without-(\d+): (.*)", message)
    return f"How it meets unknown diseases: class {found[1]} left out, {found[2]}" if found else message
