"""Progress, time remaining and cancel: the one object that long work reports to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Cancelled(Exception):
    """The person asked the running work to stop; nothing is wrong."""


@dataclass(frozen=True)
class Step:
    """One report: the fraction done (0 to 1), what is being done, and seconds left if they can be told."""

    fraction: float
    message: str
    remaining_s: float | None = None


class Progress:
    """Handed into long work. The work calls :meth:`update`; the other side listens and may cancel.

    Parameters
    ----------
    listener
        Called with a :class:`Step` on the thread that works. Command-line bars, child-process
        lines and docks differ only in this function.
    """

    def __init__(self, listener: Callable[[Step], None] | None = None):
        self._listener = listener
        self._cancel = threading.Event()
        self._started = time.monotonic()
        self._low, self._high, self._called = 0.0, 1.0, ""

    def update(self, fraction: float, message: str) -> None:
        """Report that ``fraction`` of the current part is done.

        Raises
        ------
        Cancelled
            If :meth:`cancel` was called; every report is a place where work may stop.
        """
        if self._cancel.is_set():
            raise Cancelled
        if self._listener is None:
            return
        whole = self._low + (self._high - self._low) * min(max(fraction, 0.0), 1.0)
        elapsed = time.monotonic() - self._started
        remaining = elapsed * (1 - whole) / whole if whole > 0.05 and elapsed > 1 else None
        self._listener(Step(whole, self._called or message, remaining))

    @contextmanager
    def part(self, low: float, high: float, called: str = "") -> Iterator[Progress]:
        """Let what runs inside report 0 to 1 while the whole moves from ``low`` to ``high``.

        With ``called`` every report says that instead of what is being done inside: "Case 3 of 120".
        """
        before, called_before = (self._low, self._high), self._called
        width = self._high - self._low
        self._low, self._high = before[0] + width * low, before[0] + width * high
        self._called = called_before or called
        try:
            yield self
        finally:
            (self._low, self._high), self._called = before, called_before

    def cancel(self) -> None:
        """Ask the work to stop at its next report; may be called from any thread."""
        self._cancel.set()

    @property
    def cancelled(self) -> bool:
        return self._cancel.is_set()
