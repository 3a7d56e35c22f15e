"""Short work in other threads whose results come back on the main thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

from ..errors import RenalFusionError

_log = logging.getLogger(__name__)


class Threads(QObject):
    """A few threads that belong to one window; after :meth:`close` or :meth:`finish` no callback runs any more."""

    _finished = Signal(int, object, object)

    def __init__(self, count: int = 2, parent: QObject | None = None):
        super().__init__(parent)
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(count)
        self._waiting: dict[int, tuple[Callable[[Any], None], Callable[[RenalFusionError], None]]] = {}
        self._next = 0
        self._finished.connect(self._finish, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[RenalFusionError], None],
        *,
        urgent: bool = False,
    ) -> None:
        """Run ``function`` in a thread, then ``done`` or ``failed`` on the main thread.

        ``urgent`` work (the image the person asked for) goes before thumbnails.
        """
        self._next += 1
        self._waiting[self._next] = done, failed
        self._pool.start(_Work(self._next, function, self), 1 if urgent else 0)

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    def drop(self) -> None:
        """Forget everything that was asked for, for example because another case was opened."""
        self._pool.clear()
        self._waiting.clear()

    def close(self) -> None:
        """Forget everything and wait for the work that is under way."""
        self.drop()
        self._pool.waitForDone(3000)

    def finish(self) -> None:
        """As :meth:`close`, but do what was asked for first: what a person wrote is not lost with the window."""
        self._waiting.clear()
        self._pool.waitForDone(10_000)

    def _finish(self, number: int, result: Any, error: RenalFusionError | None) -> None:
        done, failed = self._waiting.pop(number, (None, None))
        if done is None or failed is None:
            return
        if error is None:
            done(result)
        else:
            failed(error)


class _Work(QRunnable):
    def __init__(self, number: int, function: Callable[[], Any], threads: Threads):
        super().__init__()
        self._number, self._function, self._threads = number, function, threads

    def run(self) -> None:
        result, error = None, None
        try:
            result = self._function()
        except RenalFusionError as problem:
            error = problem
        except Exception as problem:
            _log.exception("unexpected error in a reading thread")
            what = f"{type(problem).__name__}: {problem}"
            error = RenalFusionError("unexpected", f"This could not be read ({what})")
        try:
            self._threads._finished.emit(self._number, result, error)
        except RuntimeError:  # the window was closed meanwhile
            _log.debug("a result came after the window was closed")
