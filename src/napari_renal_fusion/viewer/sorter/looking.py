"""Sorting in a thread, told as it goes: what names say, each image as it is looked at, the result; and thumbnails after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QImage

from ...cases.case_key import Source
from ...cases.sorting import Look, Sorting, small_picture, sort_source
from ...compute.progress import Cancelled, Progress, Step
from ...errors import RenalFusionError
from ..pictures import to_qimage
from ..threads import Threads

PREVIEW = 560
"""Longest side in pixels of the picture beside the gallery."""


class Looking(QObject):
    """One sorting at a time; another :meth:`start` or :meth:`stop` silences the one before."""

    begun = Signal(object)
    """Sorting by names alone."""
    pictured = Signal(object, object)
    """Path, and QImage or the sentence why it cannot be read."""
    stepped = Signal(object)
    ended = Signal(object)
    """The Sorting, or None if it was cancelled."""
    failed = Signal(object)
    _told = Signal(int, str, object)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._sorter = Threads(1, self)
        self._readers = Threads(2, self)
        self._previews = Threads(1, self)
        self._number = 0
        self._progress: Progress | None = None
        self._told.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    @property
    def looking(self) -> bool:
        """Whether files are being sorted (thumbnails may still come afterwards)."""
        return self._progress is not None

    @property
    def busy(self) -> bool:
        return any(one.busy for one in (self._sorter, self._readers, self._previews))

    def start(self, source: Source) -> None:
        """Sort a folder or files; signals follow."""
        self.stop()
        number = self._number
        progress = self._progress = Progress(lambda step: self._tell(number, "step", step))

        def seen(path: Path, look: Look | str) -> None:
            what = look if isinstance(look, str) else _image(look.thumbnail)
            if what is not None:
                self._tell(number, "picture", (path, what))

        def work() -> Sorting | None:
            try:
                return sort_source(
                    source if isinstance(source, Path) else list(source),
                    tell=progress.update,
                    begun=lambda sorting: self._tell(number, "begun", sorting),
                    seen=seen,
                )
            except Cancelled:
                return None

        self._sorter.run(work, self._done, self._gave_up)

    def cancel(self) -> None:
        """Ask the sorting to stop; :attr:`ended` then says None."""
        if self._progress is not None:
            self._progress.cancel()

    def stop(self) -> None:
        """Forget everything that is under way."""
        self._number += 1
        self.cancel()
        self._progress = None
        for one in (self._sorter, self._readers, self._previews):
            one.drop()

    def close(self) -> None:
        self.stop()
        for one in (self._sorter, self._readers, self._previews):
            one.close()

    def read(self, paths: Iterable[Path]) -> None:
        """Make thumbnails of files that were not looked at while sorting, in this order."""
        for path in paths:
            self._readers.run(
                lambda path=path: _image(small_picture(path)[0]),
                lambda image, path=path: self.pictured.emit(path, image),
                lambda error, path=path: self.pictured.emit(path, str(error)),
            )

    def preview(self, path: Path, done: Callable[[QImage], None]) -> None:
        """A larger picture of one file; only the last one asked for is made."""
        self._previews.drop()
        self._previews.run(
            lambda: _image(small_picture(path, side=PREVIEW)[0]), done, lambda error: None, urgent=True
        )

    def _tell(self, number: int, what: str, value: object) -> None:
        self._told.emit(number, what, value)

    def _hear(self, number: int, what: str, value: object) -> None:
        if number != self._number:
            return
        if what == "step":
            assert isinstance(value, Step)
            self.stepped.emit(value)
        elif what == "begun":
            self.begun.emit(value)
        else:
            self.pictured.emit(*value)

    def _done(self, sorting: Sorting | None) -> None:
        self._progress = None
        self.ended.emit(sorting)

    def _gave_up(self, error: RenalFusionError) -> None:
        self._progress = None
        self.failed.emit(error)


def _image(thumbnail: np.ndarray | None) -> QImage | None:
    return None if thumbnail is None else to_qimage(thumbnail)
