"""Questions to the model about cases: predict, then explain; answers are kept per case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from ..cases import Case
from ..compute.progress import Step
from ..compute.settings import Settings
from ..errors import RenalFusionError
from .answer import Answer
from .case_json import case_to_json
from .engine import Engine


class ModelRuns(QObject):
    """Talks to the engine for the workspace: one run at a time, every later question from memory.

    ``place`` is the case's place in the worklist; signals carry it, because the person may have gone
    on to another case meanwhile.
    """

    started = Signal(int)
    progressed = Signal(object)
    answered = Signal(int)
    explained = Signal(int)
    failed = Signal(int, object)
    ended = Signal()

    def __init__(self, engine: Engine, parent: QObject | None = None):
        super().__init__(parent)
        self._engine = engine
        self._answers: dict[int, Answer] = {}
        self._running: int | None = None
        self._stopping = False

    @property
    def running(self) -> bool:
        return self._running is not None

    def answer(self, place: int) -> Answer | None:
        return self._answers.get(place)

    def run(
        self, place: int, case: Case, settings: Settings, choice: dict[str, list[str]] | None = None
    ) -> None:
        """Ask for a prediction and its explanation; ``choice`` (keys per modality) makes it a what-if."""
        if self.running:
            return

        def done(result: dict) -> None:
            answer = Answer.from_result(result, what_if=choice is not None)
            self._answers[place] = answer
            self.answered.emit(place)
            if answer.prediction.probabilities and not answer.attends:
                self._running = self._ask_to_explain(place, answer, None, settings.cam_method)
            else:
                self._end()

        self._stopping = False
        self._running = self._engine.ask(
            "predict",
            {
                "case": case_to_json(case), "bundle": settings.bundle, "choice": choice,
                "device": settings.device, "threads": settings.threads,
            },
            done, lambda error: self._fail(place, error), self._progress,
        )  # fmt: skip
        self.started.emit(place)

    def explain(self, place: int, class_index: int, method: str) -> None:
        """Ask for another class or method; costs milliseconds, because token maps are kept."""
        answer = self._answers.get(place)
        if answer is None:
            return
        if (class_index, method) in answer.explanations:
            self.explained.emit(place)
            return
        self._ask_to_explain(place, answer, class_index, method)

    def model_input(self, place: int, key: str, done: Callable[[dict], None]) -> None:
        """Ask for the picture that the model saw of one image."""
        answer = self._answers.get(place)
        if answer is not None:
            self._engine.ask(
                "model_input", {"prediction_id": answer.prediction_id, "key": key}, done,
                lambda error: self.failed.emit(place, error),
            )  # fmt: skip

    def report(
        self, place: int, class_index: int, method: str, folder: Path, done: Callable[[dict], None]
    ) -> None:
        """Write the report of a case into ``folder``."""
        answer = self._answers.get(place)
        if answer is None or self.running:
            return

        def finished(result: dict) -> None:
            self._end()
            done(result)

        params = {
            "prediction_id": answer.prediction_id, "class_index": class_index, "method": method,
            "out_dir": str(folder),
        }  # fmt: skip
        self._running = self._engine.ask(
            "report", params, finished, lambda error: self._fail(place, error), self._progress
        )
        self.started.emit(place)

    def sample_patient(self, done: Callable[[Path], None]) -> None:
        """Ask for the folder of the sample patient; drawing it takes a while the first time."""
        if self.running:
            return

        def finished(result: dict) -> None:
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
            self._engine.cancel(self._running)

    def forget(self) -> None:
        """Another worklist was opened: drop answers, and what runs."""
        if self._running is not None:
            self._engine.forget(self._running)
            self._end()
        self._answers.clear()

    def _ask_to_explain(self, place: int, answer: Answer, class_index: int | None, method: str) -> int:
        def done(result: dict) -> None:
            answer.add_explanation(result)
            self._end(number)
            if self._answers.get(place) is answer:
                self.explained.emit(place)

        number = self._engine.ask(
            "explain", {"prediction_id": answer.prediction_id, "class_index": class_index, "method": method},
            done, lambda error: self._fail(place, error, number), self._progress,
        )  # fmt: skip
        return number

    def _progress(self, step: Step) -> None:
        if self._running is not None and not self._stopping:
            self.progressed.emit(step)

    def _fail(self, place: int, error: RenalFusionError, number: int | None = None) -> None:
        self._end(number)
        if error.code != "cancelled":
            self.failed.emit(place, error)

    def _end(self, number: int | None = None) -> None:
        # A quick second question may end while a long run of another case goes on.
        if number is None or number == self._running:
            self._running = None
            self.ended.emit()
