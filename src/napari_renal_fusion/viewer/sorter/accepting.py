"""Accepting: what the case will hold, the one button, and the writing in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ...cases import Case, Modality
from ...cases.case_key import Source
from ...cases.sorting import Sorting, accept, join
from ...compute.progress import Cancelled, Progress, Step
from ...errors import RenalFusionError
from ..theme import RHYTHM, label
from ..threads import Threads
from .desk import usable
from .words import count_of, what_accepting_does


@dataclass(frozen=True)
class Waiting:
    """A case that the images may join: its code, its folder, and how it reads in a list."""

    code: str
    folder: Path
    text: str


class Footer(QWidget):
    """Below the images: one line on what follows, choices that are seldom made, and Accept."""

    accept_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.summary = label()
        self.others = label("", "secondary")
        self._waiting: tuple[Waiting, ...] = ()
        self._count = 0
        self.into = QComboBox()
        self.into.setToolTip(
            "Electron images that came later, in a folder of their own, join the case that waits for them."
        )
        self.into.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.into.setAccessibleName("Case that the images go to")
        self.into.currentIndexChanged.connect(lambda _: self._say_where())
        self.awaited = QCheckBox("Electron images are still to come")
        self.awaited.setToolTip("The case waits for them; copied into the same folder later, they join it.")
        self.awaited.setChecked(True)
        self.beside = QCheckBox("Key file with the originals")
        self.beside.setToolTip(
            "The key says which patient a case code is. Without this it is kept among this program's keys, as for "
            "folders that cannot be written."
        )
        self.beside.setChecked(True)
        self.button = QPushButton("Accept")
        self.button.setProperty("role", "main")
        self.button.setToolTip(
            "Give the case a code and open it (Enter). Originals are not moved, renamed or changed."
        )
        self.button.clicked.connect(self.accept_wanted)
        row = QHBoxLayout()
        row.setSpacing(2 * RHYTHM)
        row.addWidget(self.beside)
        row.addStretch(1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        for one in (self.summary, self.others, self.into, self.awaited):
            column.addWidget(one)
        column.addLayout(row)
        self.into.hide()
        for box in (self.awaited, self.beside):
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def offer(self, waiting: Sequence[Waiting]) -> None:
        """Cases that the images may join instead of becoming a new one; nothing is chosen by itself."""
        self._waiting = tuple(waiting)
        self.into.clear()
        self.into.addItems(["A new case", *(one.text for one in self._waiting)])
        self.into.setVisible(bool(self._waiting))

    @property
    def offers(self) -> bool:
        """Whether there is a case that the images may join."""
        return bool(self._waiting)

    @property
    def chosen(self) -> Waiting | None:
        """The case that the images join, None for a new one."""
        place = self.into.currentIndex() - 1
        return self._waiting[place] if 0 <= place < len(self._waiting) else None

    def _say_where(self) -> None:
        joined = self.chosen
        count = count_of(self._count, "image")
        self.button.setText(f"Add {count} to {joined.code}" if joined else f"Accept {count}")
        self.beside.setEnabled(joined is None)
        self.awaited.setEnabled(joined is None)

    def show_sorting(self, sorting: Sorting | None, source: Source | None) -> None:
        """Say what accepting does; None while that is not known."""
        self.button.setEnabled(sorting is not None)
        self.beside.setVisible(isinstance(source, Path))
        for one in (self.summary, self.others, self.awaited):
            one.setVisible(sorting is not None)
        if sorting is None:
            return
        counts = usable(sorting)
        kept = [file for file in sorting.files if not file.left_out]
        unknown = sum(file.modality.value is None for file in kept)
        doubtful = sum(file.doubtful and file.modality.value is not None for file in kept)
        self.summary.setText(what_accepting_does(counts, doubtful, unknown, len(sorting.biopsies)))
        self.awaited.setVisible(not counts[Modality.TEM])
        self._count = sum(counts.values())
        self._say_where()
        self.button.setEnabled(any(counts.values()))
        self.others.setVisible(bool(sorting.others))
        several = len(sorting.others) != 1
        self.others.setText(
            f"{count_of(len(sorting.others), 'file')} {'are no images and stay' if several else 'is no image and stays'}"
            " where they are." if several else "1 file is no image and stays where it is."
        )  # fmt: skip
        self.others.setToolTip("\n".join(f"{one.name}: {one.what}" for one in sorting.others[:30]))


class Accepting(QObject):
    """Runs :func:`accept` in a writing thread."""

    stepped = Signal(object)
    ended = Signal(object, object)
    """The cases, and what they were sorted from."""
    failed = Signal(object)
    """The error, or None if the person cancelled."""

    def __init__(self, writing: Threads | None = None, parent: QObject | None = None):
        super().__init__(parent)
        self.footer = Footer()
        self._own = writing is None
        self._writing = writing or Threads(1, self)
        self._progress: Progress | None = None

    @property
    def running(self) -> bool:
        return self._progress is not None

    def start(self, sorting: Sorting, source: Source) -> None:
        """Write key and records; originals are read for their hashes only."""
        progress = self._progress = Progress(self._step)
        beside = self.footer.beside.isChecked()
        awaiting = None if self.footer.awaited.isChecked() else ()
        joined = self.footer.chosen

        def work() -> tuple[Case, ...] | None:
            try:
                if joined is not None:
                    return join(sorting, joined.folder, joined.code, tell=progress.update)
                return accept(sorting, beside=beside, awaiting=awaiting, tell=progress.update)
            except Cancelled:
                return None

        self.footer.button.setEnabled(False)
        self._writing.run(work, lambda cases: self._done(cases, source), self._gave_up)

    def cancel(self) -> None:
        """Ask to stop; nothing is written before every file was read."""
        if self._progress is not None:
            self._progress.cancel()

    def close(self) -> None:
        """Stop; what is being written is written whole or not at all."""
        self.cancel()
        self._progress = None
        if self._own:
            self._writing.close()

    def _step(self, step: Step) -> None:
        self.stepped.emit(step)  # from the writing thread: Qt queues it

    def _done(self, cases: tuple[Case, ...] | None, source: Source) -> None:
        self._progress = None
        self.footer.button.setEnabled(True)
        if cases is None:
            self.failed.emit(None)
        else:
            self.ended.emit(cases, source)

    def _gave_up(self, error: RenalFusionError) -> None:
        self._progress = None
        self.footer.button.setEnabled(True)
        self.failed.emit(error)
