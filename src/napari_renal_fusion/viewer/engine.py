"""The model's process as seen from napari: requests out, callbacks on the main thread back."""

from __future__ import annotations

import json
import logging
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QCoreApplication, QObject, QProcess, QProcessEnvironment, QTimer, Signal

from ..compute.progress import Step
from ..errors import RenalFusionError

_log = logging.getLogger(__name__)

CANCEL_PATIENCE_MS = 5000
"""How long a cancelled request may go on politely before its process is ended."""


@dataclass
class Request:
    """One question that waits for its answer; every callback runs on the main thread."""

    number: int
    line: bytes
    done: Callable[[dict[str, Any]], None]
    failed: Callable[[RenalFusionError], None]
    progress: Callable[[Step], None] | None = None


class Engine(QObject):
    """Runs the model in a process of its own.

    ``import torch`` alone holds Python's lock for a third of a second, and a forward pass for longer, so
    nothing of the model runs in napari's process. A crash (out of memory) ends the requests that were
    under way with one sentence; the next request starts a new process.
    """

    ready = Signal()
    stopped = Signal()

    def __init__(self, command: list[str] | None = None, parent: QObject | None = None):
        super().__init__(parent)
        self._command = command or [sys.executable, "-m", "napari_renal_fusion.viewer.engine_child"]
        self._process: QProcess | None = None
        self._requests: dict[int, Request] = {}
        self._next = 1
        self._last_words: deque[str] = deque(maxlen=20)
        self._closing = False
        self.is_ready = False

    @property
    def pid(self) -> int | None:
        """Process id of the child while it runs."""
        running = self._process is not None and self._process.state() != QProcess.ProcessState.NotRunning
        return int(self._process.processId()) if running else None

    @property
    def busy(self) -> bool:
        return bool(self._requests)

    def start(self) -> None:
        """Start the process early, so that it imports torch while the person still looks at images."""
        if self._process is not None or self._closing:
            return
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONIOENCODING", "utf-8")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_last_words)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._failed_to_start)
        self._process = process
        process.start(self._command[0], self._command[1:])

    def ask(
        self,
        method: str,
        params: dict[str, Any],
        done: Callable[[dict[str, Any]], None],
        failed: Callable[[RenalFusionError], None],
        progress: Callable[[Step], None] | None = None,
    ) -> int:
        """Send one request; requests are answered in order. Returns its number, for :meth:`cancel`."""
        number, self._next = self._next, self._next + 1
        line = json.dumps({"id": number, "method": method, "params": params}).encode() + b"\n"
        self._requests[number] = Request(number, line, done, failed, progress)
        self.start()
        if self._process is not None:
            self._process.write(line)
        return number

    def cancel(self, number: int) -> None:
        """Ask a request to stop; if it does not within five seconds, its process is ended."""
        if number not in self._requests or self._process is None:
            return
        line = json.dumps({"id": 0, "method": "cancel", "params": {"id": number}}).encode() + b"\n"
        self._process.write(line)
        patience = QTimer(self)
        patience.setSingleShot(True)
        patience.timeout.connect(lambda: self._lose_patience(number))
        patience.timeout.connect(patience.deleteLater)
        patience.start(CANCEL_PATIENCE_MS)

    def forget(self, number: int) -> None:
        """Drop a request whose answer nobody wants any more, without a callback."""
        if number in self._requests:
            self.cancel(number)
            silent = self._requests[number]
            silent.done, silent.failed, silent.progress = _ignore, _ignore, None

    def shutdown(self) -> None:
        """End the process; no callback runs afterwards."""
        self._closing = True
        self._requests.clear()
        process, self._process = self._process, None
        if process is None:
            return
        process.blockSignals(True)
        if process.state() != QProcess.ProcessState.NotRunning:
            process.closeWriteChannel()  # the child leaves as soon as its input closes
            if not process.waitForFinished(300):
                process.kill()
                process.waitForFinished(1000)
        process.deleteLater()

    def _read(self) -> None:
        process = self._process
        while process is not None and process is self._process and process.canReadLine():
            event = json.loads(bytes(process.readLine()))
            if event["event"] == "ready":
                self.is_ready = True
                self.ready.emit()
                continue
            request = self._requests.get(event["id"])
            if request is None:
                continue
            if event["event"] == "progress":
                if request.progress is not None:
                    request.progress(Step(event["fraction"], event["message"], event["remaining_s"]))
                continue
            del self._requests[request.number]
            if event["event"] == "result":
                request.done(event["result"])
            else:
                request.failed(RenalFusionError(event["code"], event["message"]))

    def _read_last_words(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError()).decode("utf-8", "replace")
            self._last_words.extend(text.splitlines())
            _log.debug("engine: %s", text.rstrip())

    def _lose_patience(self, number: int) -> None:
        if number in self._requests and self._process is not None:
            request = self._requests.pop(number)
            self._process.kill()
            request.failed(RenalFusionError("cancelled", "Cancelled"))

    def _failed_to_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end_all(
                RenalFusionError(
                    "engine_not_started",
                    f"The model's process could not be started ({self._command[0]})",
                    remedy="Reinstall the plugin, or run `renal-fusion doctor`.",
                )
            )

    def _ended(self) -> None:
        self._read()
        self._read_last_words()
        if self._last_words:
            _log.info("the model's process ended; its last words: %s", " | ".join(self._last_words))
        self._end_all(
            RenalFusionError(
                "engine_stopped",
                "The model's process ended unexpectedly (was the memory full?)",
                remedy="Close other programs or choose a smaller model, then press Run again.",
            )
        )

    def _end_all(self, error: RenalFusionError) -> None:
        process, self._process, self.is_ready = self._process, None, False
        if process is not None:
            process.deleteLater()
        waiting, self._requests = list(self._requests.values()), {}
        for request in waiting:
            request.failed(error)
        self.stopped.emit()


_shared: Engine | None = None
_users: set[int] = set()


def borrow_engine(user: QObject) -> Engine:
    """Return the engine that all docks of this napari share, so that torch is in memory once."""
    global _shared
    if _shared is None:
        _shared = Engine()
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(_shared.shutdown)
    _users.add(id(user))
    return _shared


def return_engine(user: QObject) -> None:
    """Say that ``user`` is done; the last one to leave ends the process."""
    global _shared
    _users.discard(id(user))
    if not _users and _shared is not None:
        engine, _shared = _shared, None
        engine.shutdown()
        engine.deleteLater()


def _ignore(_: object) -> None:
    return None
