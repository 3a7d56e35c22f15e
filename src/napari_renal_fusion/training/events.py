"""``events.jsonl``: what a run says while it goes on, one JSON object a line, only ever appended to."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..compute.atomic import explain_os_error
from ..compute.progress import Step

EVENTS = "events.jsonl"
_RESERVE = ".reserve"
_RESERVE_BYTES = 64 * 1024
_EVERY_S = 0.5


class EventLog:
    """Appends events to a run's ``events.jsonl``; a line is written in one piece.

    A line that a kill tore is cut off first, so that every line but the last is whole at any instant. A few
    kilobytes are set aside, so that the end of a run can be told even when the disk is full. ``clean`` takes
    names of patients and files out of every sentence.
    """

    def __init__(self, folder: Path, *, repair: bool = True, clean: Callable[[str], str] = str):
        self._clean = clean
        self.path = folder / EVENTS
        self._reserve = folder / _RESERVE
        self._lock = threading.Lock()
        self._last_progress = 0.0
        self._first: tuple[float, float] | None = None
        try:
            if repair:
                self._cut_torn_line()
            if repair and not self._reserve.exists():
                self._reserve.write_bytes(b"\0" * _RESERVE_BYTES)
        except OSError as error:
            raise explain_os_error(error, self.path) from error

    def write(self, event: str, **values: Any) -> None:
        """Append one event.

        Raises
        ------
        RenalFusionError
            ``disk_full`` or ``folder_not_writable``.
        """
        values = {key: self._clean(one) if isinstance(one, str) else one for key, one in values.items()}
        line = json.dumps({"time": _now(), "event": event, **values}, ensure_ascii=False) + "\n"
        with self._lock:
            try:
                with self.path.open("ab") as file:
                    file.write(line.encode("utf-8"))
            except OSError as error:
                raise explain_os_error(error, self.path) from error

    def write_last(self, event: str, **values: Any) -> None:
        """Append the event that ends a run, with the space that was set aside."""
        self._reserve.unlink(missing_ok=True)
        self._cut_torn_line()
        self.write(event, **values)

    def progress(self, step: Step) -> None:
        """A listener for :class:`Progress`: at most two lines a second; remaining time counts from this start."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, step.fraction
        if now - self._last_progress < _EVERY_S and step.fraction < 1:
            return
        self._last_progress = now
        started, fraction = self._first
        gained = step.fraction - fraction
        remaining = (now - started) * (1 - step.fraction) / gained if gained > 0.02 else None
        self.write(
            "progress",
            fraction=round(step.fraction, 5),
            message=step.message,
            remaining_s=None if remaining is None else round(remaining, 1),
        )

    def _cut_torn_line(self) -> None:
        if not self.path.exists():
            return
        with self.path.open("rb+") as file:
            content = file.read()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                file.truncate(whole)


def read_events(folder: Path, start: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Whole events from byte ``start`` on, and the byte at which the next call begins.

    A torn last line waits for the next call; a line that is not JSON is passed over.
    """
    try:
        with (folder / EVENTS).open("rb") as file:
            file.seek(start)
            content = file.read()
    except FileNotFoundError:
        return [], start
    whole = content[: content.rfind(b"\n") + 1]
    events = []
    for line in whole.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            events.append(event)
    return events, start + len(whole)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def last_event(folder: Path) -> str:
    """Name of the last whole event; empty if there is none. Reads the end of the file only."""
    try:
        with (folder / EVENTS).open("rb") as file:
            file.seek(0, 2)
            start = max(0, file.tell() - 2**17)
    except FileNotFoundError:
        return ""
    events, _ = read_events(folder, start)
    return events[-1]["event"] if events else ""
