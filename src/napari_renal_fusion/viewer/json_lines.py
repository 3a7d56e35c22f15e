"""A server that answers JSON lines on a pair of pipes: one request at a time, cancel at any time."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from ..compute.progress import Cancelled, Progress, Step
from ..errors import RenalFusionError

Handler = Callable[[dict[str, Any], Progress], dict[str, Any]]

_EVENTS_PER_SECOND = 15


class Server:
    """Reads ``{"id", "method", "params"}`` lines, writes ``{"id", "event", ...}`` lines.

    Events are ``progress`` (``fraction``, ``message``, ``remaining_s``), ``result`` (``result``) and
    ``error`` (``code``, ``message``). The methods ``cancel`` (``params.id``) and ``shutdown`` are served
    by the reading thread, so they work while a request runs. The process ends when its input closes.
    """

    def __init__(self, handlers: Mapping[str, Handler], requests: BinaryIO, answers: BinaryIO):
        self._handlers = handlers
        self._requests = requests
        self._answers = answers
        self._writing = threading.Lock()
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue()
        self._progress: dict[int, Progress] = {}

    def serve(self, prepare: Callable[[], None] | None = None) -> None:
        """Answer until the input closes; ``prepare`` runs first, while requests already queue up."""
        threading.Thread(target=self._read, daemon=True).start()
        if prepare is not None:
            prepare()
        self._send({"id": 0, "event": "ready"})
        while True:
            self._answer(self._waiting.get())

    def _read(self) -> None:
        for line in self._requests:
            request = json.loads(line)
            if request["method"] == "shutdown":
                break
            if request["method"] == "cancel":
                running = self._progress.get(request["params"]["id"])
                if running is not None:
                    running.cancel()
                continue
            self._progress[request["id"]] = Progress(self._listener(request["id"]))
            self._waiting.put(request)
        # A forward pass cannot be interrupted, and nothing of value is half-written: leave at once.
        os._exit(0)

    def _answer(self, request: dict[str, Any]) -> None:
        number, progress = request["id"], self._progress[request["id"]]
        try:
            if progress.cancelled:
                raise Cancelled
            result = self._handlers[request["method"]](request["params"], progress)
            self._send({"id": number, "event": "result", "result": result})
        except Cancelled:
            self._send_error(number, "cancelled", "Cancelled.")
        except RenalFusionError as error:
            self._send_error(number, error.code, str(error))
        except MemoryError:
            self._send_error(
                number, "out_of_memory", "This computer's memory is full. Close other programs and run again."
            )
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            what = f"{type(error).__name__}: {error}".splitlines()[0]
            self._send_error(number, "unexpected", f"The model stopped with an unexpected error ({what}).")
        finally:
            self._progress.pop(number, None)

    def _listener(self, number: int) -> Callable[[Step], None]:
        last = 0.0

        def report(step: Step) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < 1 / _EVENTS_PER_SECOND and step.fraction < 1:
                return
            last = now
            self._send(
                {
                    "id": number, "event": "progress", "fraction": step.fraction, "message": step.message,
                    "remaining_s": step.remaining_s,
                }
            )  # fmt: skip

        return report

    def _send_error(self, number: int, code: str, message: str) -> None:
        self._send({"id": number, "event": "error", "code": code, "message": message})

    def _send(self, event: dict[str, Any]) -> None:
        line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
        with self._writing:
            self._answers.write(line)
            self._answers.flush()


def claim_standard_output() -> BinaryIO:
    """Return a private copy of standard output; what libraries print goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers
