"""Corrections thought through in a thread, one after the other; the result is a new sorting."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QObject, Signal

from ...cases.sorting import Correction, Sorting
from ...errors import RenalFusionError
from ..threads import Threads
from .desk import Desk, judged

Done = Callable[[Sorting], None]


class Corrector(QObject):
    """Holds what was said of one sorting; every question has one answer, given on the main thread."""

    free = Signal()
    """The last question is answered; the next may be asked."""
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._threads = Threads(1, self)
        self.desk: Desk | None = None
        self.thinking = False

    @property
    def busy(self) -> bool:
        return self._threads.busy

    def begin(self, base: Sorting) -> None:
        """Another sorting, or the same one known better: what was said of it stays."""
        if self.desk is None:
            self.desk = Desk(base)
        else:
            self.desk.base = base

    def say(self, names: Sequence[str], change: Correction, done: Done) -> None:
        """Say one thing of some files."""
        self.desk.say(names, change)
        self.think(done)

    def step(self, back: bool, done: Done) -> None:
        """Undo (``back``) or redo, if there is anything."""
        if self.desk.undo() if back else self.desk.redo():
            self.think(done)

    def think(self, done: Done) -> None:
        """Judge every file anew from everything that was said."""
        self.thinking = True
        base, corrections = self.desk.base, dict(self.desk.corrections)

        def finish(sorting: Sorting) -> None:
            self.thinking = False
            done(sorting)
            self.free.emit()

        def fail(error: RenalFusionError) -> None:
            self.thinking = False
            self.failed.emit(str(error))
            self.free.emit()

        self._threads.run(lambda: judged(base, corrections), finish, fail, urgent=True)

    def forget(self) -> None:
        self._threads.drop()
        self.desk, self.thinking = None, False

    def close(self) -> None:
        self.forget()
        self._threads.close()
