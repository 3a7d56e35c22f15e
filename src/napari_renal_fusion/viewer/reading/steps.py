"""What a person does with a case, written into its log: impression, reveal, decision, final diagnosis, export."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from ...cases.work_folder import WorkFolder
from ...errors import RenalFusionError
from ...readings import CaseLog, StoredAnswer, log_decision, log_final, log_impression, log_reveal
from ..threads import Threads
from . import known as on_disk
from .known import Known

if TYPE_CHECKING:
    from ...readings import Reading


class Steps(QObject):
    """Writes in one thread, one step after the other; each is told when it is on the disk."""

    written = Signal(object)
    """The :class:`.Known` with the log as it is then."""
    failed = Signal(object)

    def __init__(self, work: WorkFolder, writing: Threads, parent: QObject):
        super().__init__(parent)
        self._work, self._writing = work, writing

    def impression(self, known: Known, diagnosis: str, confidence: str) -> None:
        """The own impression, unless it is the one that stands there already."""
        if not _stands(known.reading, diagnosis, confidence):
            self.write(known, lambda log: log_impression(log, known.version, diagnosis, confidence))

    def reveal(self, known: Known, diagnosis: str, confidence: str, stored: StoredAnswer) -> None:
        """The own impression first, then that the opinion is shown."""

        def both(log: CaseLog) -> None:
            # The impression may have been written a moment ago, by another step in the queue.
            if not _stands(on_disk.read_again(known, self._work).reading, diagnosis, confidence):
                log_impression(log, known.version, diagnosis, confidence)
            _reveal(log, known, stored, read_first=True)

        self.write(known, both)

    def show_at_once(self, known: Known, stored: StoredAnswer, *, read_first: bool) -> None:
        """That an opinion is shown without another impression: as the setting has it, or beside one that was revealed."""
        self.write(known, lambda log: _reveal(log, known, stored, read_first=read_first))

    def decide(self, known: Known, decision: str, diagnosis: str) -> None:
        self.write(known, lambda log: log_decision(log, known.version, decision, diagnosis))

    def final(self, known: Known, diagnosis: str, source: str) -> None:
        self.write(known, lambda log: log_final(log, diagnosis, source))

    def export(self, known: Known, what: str, files: list[str], what_if: int) -> None:
        """That something left the program: what, and the names of its files."""
        version = known.version
        self.write(
            known, lambda log: log.append("export", what=what, files=files, version=version, what_if=what_if)
        )

    def write(self, known: Known, act: Callable[[CaseLog], object]) -> None:
        """Write a step of a case."""
        work = self._work

        def write() -> Known:
            act(CaseLog(known.code, work))
            return on_disk.read_again(known, work)

        self._writing.run(write, self.written.emit, self._fail)

    def _fail(self, error: RenalFusionError) -> None:
        self.failed.emit(error)


def _stands(reading: Reading, diagnosis: str, confidence: str) -> bool:
    last = reading.impression
    return last is not None and (last["diagnosis"], last["confidence"]) == (diagnosis, confidence)


def _reveal(log: CaseLog, known: Known, stored: StoredAnswer, *, read_first: bool) -> None:
    log_reveal(
        log, known.version, stored.prediction, bundle=on_disk.bundle_name(known.bundle), bundle_sha256=known.bundle_sha256,
        read_first=read_first, what_if=stored.what_if,
    )  # fmt: skip
