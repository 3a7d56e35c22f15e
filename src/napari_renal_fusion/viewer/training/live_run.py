"""Watches one run folder: new events twice a second, read in another thread, added up on the main one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from ...errors import RenalFusionError
from ..threads import Threads
from .run_picture import RunPicture

INTERVAL_MS = 500
"""Curves are drawn at most this often; a finer picture of a training that takes minutes tells nothing."""


@dataclass(frozen=True)
class _Look:
    folder: Path
    events: list[dict[str, Any]]
    offset: int
    state: str


class LiveRun(QObject):
    """Everything it shows is read from the run's folder, so it makes no difference who started the run."""

    changed = Signal()
    """A curve or the state of a fold changed."""
    progressed = Signal()
    """Only how far the run is."""
    state_changed = Signal(str)
    failed = Signal(object)

    def __init__(self, threads: Threads, parent: QObject | None = None):
        super().__init__(parent)
        self._threads = threads
        self._looking = False
        self._offset = 0
        self.folder: Path | None = None
        self.picture = RunPicture()
        self.state = ""
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.look)

    def follow(self, folder: Path | None) -> None:
        """Show another run, or none."""
        self.folder, self.picture, self._offset, self.state = folder, RunPicture(), 0, ""
        self._looking = False
        if folder is None:
            self._timer.stop()
            self.state_changed.emit("")
        else:
            self._timer.start()
            self.look()
        self.changed.emit()

    def look(self) -> None:
        """Read what is new, unless the last reading is still under way."""
        if self.folder is None or self._looking:
            return
        self._looking = True
        folder, offset = self.folder, self._offset
        self._threads.run(
            lambda: _look(folder, offset), self._took, lambda error: self._missed(folder, error)
        )

    def stop(self) -> None:
        self._timer.stop()
        self.folder = None

    def _took(self, look: _Look) -> None:
        if look.folder != self.folder:
            return
        self._looking = False
        self._offset = look.offset
        curves = self.picture.add(look.events)
        if look.state != self.state:
            self.state = look.state
            self.state_changed.emit(look.state)
            curves = True
        if curves:
            self.changed.emit()
        elif look.events:
            self.progressed.emit()

    def _missed(self, folder: Path, error: RenalFusionError) -> None:
        if folder == self.folder:
            self._looking = False
            self._timer.stop()
            self.failed.emit(error)


def _look(folder: Path, offset: int) -> _Look:
    from ...training.run import Run

    run = Run.open(folder)
    state = run.state  # before the events: a run that ends in between is seen to end at the next look
    events, end = run.events(offset)
    return _Look(folder, events, end, state)
