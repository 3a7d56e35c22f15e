"""Questions to the model about cases: predict, then explain; answers are kept per case."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from ..cases import Case
from ..compute.progress import Step
from ..compute.settings import Settings
from ..errors import RenalFusionError
from .answer import Answer
from .case_json import case_to_json
from .engine import Engine

Done = Callable[[dict[str, Any]], None]
Failed = Callable[[RenalFusionError], None]


class ModelRuns(QObject):
    """Talks to the engine for the workspace: one run at a time, every later question from memory.

    ``place`` is the case's place in the worklist; signals carry it, because the person may have gone
    on to another case meanwhile. Cases that wait for their turn (:meth:`queue`) follow one another; what a
    person asks goes before them.
    """

    started = Signal(int)
    progressed = Signal(object)
    answered = Signal(int)
    explained = Signal(int)
    failed = Signal(int, object)
    ended = Signal()
    queue_moved = Signal(int, int)
    """Cases of the queue that are done, and how many there are in all; both 0 when it is empty or cancelled."""

    def __init__(self, engine: Engine, parent: QObject | None = None):
        super().__init__(parent)
        self._engine = engine
        self._answers: dict[int, Answer] = {}
        self.sealed: Callable[[int], bool] = lambda place: False
        self._running: int | None = None
        self._stopping = False
        self._queue: deque[tuple[int, Case, Settings]] = deque()
        self._queued = 0
        self._follows: dict[int, int] = {}
        """Number of a request -> number of the one that went out in its place."""

    @property
    def running(self) -> bool:
        return self._running is not None

    @property
    def waiting(self) -> bool:
        """Whether cases wait for their turn, or one of them is being asked about."""
        return self._queued > 0

    def answer(self, place: int) -> Answer | None:
        """The answer about a case that may be shown: none while :attr:`sealed` says so."""
        return None if self.sealed(place) else self._answers.get(place)

    def held(self, place: int) -> Answer | None:
        """The answer about a case, sealed or not: for keeping it and asking more, never for showing it."""
        return self._answers.get(place)

    def restore(self, place: int, answer: Answer) -> None:
        """Keep an answer that was stored earlier; the model runs again only when it must be asked more."""
        self._answers[place] = answer

    def drop(self, place: int) -> None:
        """Forget the answer about a case, whose images are now known to be others."""
        self._answers.pop(place, None)

    def run(
        self, place: int, case: Case, settings: Settings, choice: dict[str, list[str]] | None = None
    ) -> None:
        """Ask for a prediction and its explanation; ``choice`` (keys per modality) makes it a what-if.

        While another run goes on, a person's question waits and comes next.
        """
        if self.running:
            if choice is None and self.waiting:
                others = [one for one in self._queue if one[0] != place]
                self._queued += 1 + len(others) - len(self._queue)
                self._queue = deque([(place, case, settings), *others])
            return
        asked = question(case, settings, choice)

        def done(result: dict[str, Any]) -> None:
            answer = Answer.from_result(result, what_if=choice is not None, question=asked)
            self._answers[place] = answer
            self.answered.emit(place)
            if answer.prediction.probabilities and not answer.attends:
                self._running = self._ask_to_explain(place, answer, None, settings.cam_method)
            else:
                self._end()

        self._stopping = False
        self._running = self._engine.ask(
            "predict", asked, done, lambda error: self._fail(place, error), self._progress
        )
        self.started.emit(place)

    def queue(self, cases: Iterable[tuple[int, Case]], settings: Settings) -> None:
        """Ask about many cases in the background, one after the other."""
        waiting = {place for place, *_ in self._queue}
        fresh = [(place, case, settings) for place, case in cases if place not in waiting]
        self._queue.extend(fresh)
        self._queued += len(fresh)
        self._next()

    def cancel_queue(self) -> None:
        """Take back what waits, and stop what runs."""
        self._queue.clear()
        self._queued = 0
        self.cancel()
        self.queue_moved.emit(0, 0)

    def explain(self, place: int, class_index: int, method: str) -> None:
        """Ask for another class or method; costs milliseconds, because token maps are kept."""
        answer = self._answers.get(place)
        if answer is None:
            return
        if (class_index, method) in answer.explanations:
            self.explained.emit(place)
            return
        self._ask_to_explain(place, answer, class_index, method)

    def wake(self, place: int, done: Callable[[], None]) -> None:
        """Have the model's process hold a stored answer again, for those who ask the process themselves."""
        answer = self._answers.get(place)
        if answer is None or not answer.question or self.running:
            return

        def repeated(result: dict[str, Any]) -> None:
            fresh = Answer.from_result(result)
            if not _same(answer, fresh):
                self._fail(place, _ANSWER_CHANGED)
                return
            answer.prediction_id = fresh.prediction_id
            self._end()
            done()

        self._stopping = False
        self._running = self._engine.ask(
            "predict", answer.question, repeated, lambda error: self._fail(place, error), self._progress
        )
        self.started.emit(place)

    def model_input(self, place: int, key: str, done: Done) -> None:
        """Ask for the picture that the model saw of one image."""
        answer = self._answers.get(place)
        if answer is not None:
            self._ask(
                answer, "model_input", {"key": key}, done, lambda error: self.failed.emit(place, error), None
            )

    def report(
        self, place: int, class_index: int, method: str, folder: Path, done: Done, **about: object
    ) -> None:
        """Write the report of a case into ``folder``; ``about`` goes to the report as it is.

        Where cases of the queue are being asked about, the process writes it after the one that it is at.
        """
        answer = self._answers.get(place)
        if answer is None or (self.running and not self.waiting):
            return

        def finished(result: dict[str, Any]) -> None:
            self._end(number)
            done(result)

        params = {"class_index": class_index, "method": method, "out_dir": str(folder), **about}
        number = self._ask(
            answer, "report", params, finished, lambda error: self._fail(place, error, number), self._progress
        )
        if not self.running:
            self._running = number
            self.started.emit(place)

    def sample_patient(self, done: Callable[[Path], None]) -> None:
        """Ask for the folder of the sample patient; drawing it takes a while the first time."""
        if self.running:
            return

        def finished(result: dict[str, Any]) -> None:
            self._end()
            done(Path(result["folder"]))

        self._running = self._engine.ask(
            "sample_patient", {}, finished, lambda error: self._fail(-1, error), self._progress
        )
        self.started.emit(-1)

    def cancel(self) -> None:
        """Stop what runs."""
        if self._running is not None:
            self._stopping = True
            self._engine.cancel(self._follows.get(self._running, self._running))

    def forget(self) -> None:
        """Another worklist was opened: drop answers, what waits and what runs."""
        self._queue.clear()
        self._queued = 0
        if self._running is not None:
            self._engine.forget(self._follows.get(self._running, self._running))
            self._end()
        self._answers.clear()

    def _ask_to_explain(self, place: int, answer: Answer, class_index: int | None, method: str) -> int:
        def done(result: dict[str, Any]) -> None:
            answer.add_explanation(result)
            if self._answers.get(place) is answer:
                self.explained.emit(place)
            self._end(number)

        number = self._ask(
            answer, "explain", {"class_index": class_index, "method": method}, done,
            lambda error: self._fail(place, error, number), self._progress,
        )  # fmt: skip
        return number

    def _ask(
        self, answer: Answer, what: str, params: dict[str, Any], done: Done, failed: Failed,
        progress: Callable[[Step], None] | None,
    ) -> int:  # fmt: skip
        """Ask more about an answer. If the model's process no longer holds it, the case is asked about again first.

        The process keeps few answers, and a stored one comes from an earlier session. A repeated answer that
        is not the same is never shown in its place: the person is told to run the model.
        """

        def ask(failed: Failed) -> int:
            asked = {"prediction_id": answer.prediction_id, **params}
            return self._engine.ask(what, asked, done, failed, progress)

        def gone(error: RenalFusionError) -> None:
            if error.code != "prediction_gone" or not answer.question:
                failed(error)
                return
            self._follows[number] = self._engine.ask("predict", answer.question, repeated, failed, progress)

        def repeated(result: dict[str, Any]) -> None:
            fresh = Answer.from_result(result)
            if not _same(answer, fresh):
                failed(_ANSWER_CHANGED)
                return
            answer.prediction_id = fresh.prediction_id
            self._follows[number] = ask(failed)

        number = ask(gone)
        return number

    def _progress(self, step: Step) -> None:
        if self._running is not None and not self._stopping:
            self.progressed.emit(step)

    def _fail(self, place: int, error: RenalFusionError, number: int | None = None) -> None:
        if error.code != "cancelled":
            self.failed.emit(place, error)
        self._end(number)

    def _end(self, number: int | None = None) -> None:
        # A quick second question may end while a long run of another case goes on.
        if number is None or number == self._running:
            self._follows.pop(self._running, None)
            self._running = None
            self.ended.emit()
            self._next()

    def _next(self) -> None:
        """Go on with the queue."""
        if not self._queued:
            return
        done, total = self._queued - len(self._queue), self._queued
        if not self.running and self._queue:
            place, case, settings = self._queue.popleft()
            self.queue_moved.emit(done, total)
            self.run(place, case, settings)
        elif not self.running:
            self._queued = 0
            self.queue_moved.emit(0, 0)


_ANSWER_CHANGED = RenalFusionError(
    "answer_changed",
    "The model or the images have changed since this answer was given",
    remedy="Press Run for a new one.",
)


def question(case: Case, settings: Settings, choice: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """What the model's process is asked when it shall predict."""
    return {
        "case": case_to_json(case), "bundle": settings.bundle, "choice": choice,
        "device": settings.device, "threads": settings.threads, "work_folder": settings.work_folder,
    }  # fmt: skip


def _same(first: Answer, second: Answer) -> bool:
    """Whether two answers are one: the same bundle, images and numbers, up to another device's rounding."""
    a, b = first.prediction, second.prediction
    return (
        a.selection.keys == b.selection.keys
        and len(a.probabilities) == len(b.probabilities)
        and bool(np.allclose(a.probabilities, b.probabilities, rtol=0, atol=1e-3))
    )
