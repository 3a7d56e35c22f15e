"""How long the main thread is held: the longest turn of the event loop, and waiting in which the windows live."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple


class Turn(NamedTuple):
    """A turn of the event loop, in ms."""

    clock: float
    """By the clock; on a busy computer this includes waiting for a processor and for Python's lock."""
    own: float
    """Processor time of the main thread alone."""


class LongestTurn:
    """The longest time between two turns of the event loop since it was last asked; clock and own work apart."""

    def __init__(self):
        from qtpy.QtCore import QTimer

        self._timer = QTimer()
        self._timer.timeout.connect(self._turn)
        self._timer.start(1)
        self._longest = Turn(0.0, 0.0)
        self.take()

    def take(self) -> Turn:
        """The longest turn so far (its two figures may be of different turns); counting begins anew."""
        longest, self._longest, self._last = self._longest, Turn(0.0, 0.0), _now()
        return longest

    def _turn(self) -> None:
        now = _now()
        gaps = (this - last for this, last in zip(now, self._last, strict=True))
        self._longest = Turn(*map(max, self._longest, gaps))
        self._last = now


def _now() -> Turn:
    return Turn(1000 * time.perf_counter(), 1000 * time.thread_time())


def wait(seconds: float) -> None:
    """Let the windows live for a while."""
    ends = time.monotonic() + seconds
    until(lambda: time.monotonic() > ends)


def until(condition: Callable[[], bool], limit_s: float = 180) -> None:
    """Let the windows live until ``condition`` holds.

    Raises
    ------
    TimeoutError
        If it does not hold after ``limit_s``.
    """
    from qtpy.QtCore import QCoreApplication, QEventLoop

    ends = time.monotonic() + limit_s
    while not condition():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
        time.sleep(0.0005)  # the threads that are waited for need Python's lock
        if time.monotonic() > ends:
            raise TimeoutError("the window did not come to rest")
