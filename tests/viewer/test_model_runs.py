"""Questions to the model: the queue of the worklist, and answers that the model's process no longer holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_renal_fusion.cases import Case, ImageItem, Modality
from napari_renal_fusion.compute.settings import Settings
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.viewer.answer import Answer
from napari_renal_fusion.viewer.model_runs import ModelRuns

SETTINGS = Settings()
GONE = RenalFusionError("prediction_gone", "The model was restarted")


class Asked:
    """An engine that answers when the test says so."""

    def __init__(self):
        self.requests: list[tuple[str, dict[str, Any], Callable, Callable]] = []
        self.cancelled: list[int] = []
        self.forgotten: list[int] = []

    def ask(self, method, params, done, failed, progress=None) -> int:
        self.requests.append((method, params, done, failed))
        return len(self.requests)

    def cancel(self, number):
        self.cancelled.append(number)

    def forget(self, number):
        self.forgotten.append(number)

    @property
    def methods(self) -> list[str]:
        return [method for method, *_ in self.requests]


def _case(number: int) -> Case:
    return Case(f"A{number}", f"A{number}", (ImageItem(Path("/x.png"), Modality.OM, image_id="OM-1"),))


def _prediction(name: str, first: float = 0.7, status: str = "answered") -> dict[str, Any]:
    probabilities = [first, 1 - first] if status == "answered" else []
    selection = {"images": [{"key": "OM-1", "modality": "OM", "name": "OM-1", "reason": "first"}]}
    return {
        "prediction_id": name,
        "prediction": {
            "case_id": "A", "status": status, "verdict": "v", "class_names": ["a", "b"], "names_shown": True,
            "probabilities": probabilities, "scope": "s", "selection": selection,
        },
    }  # fmt: skip


@pytest.fixture
def engine():
    return Asked()


@pytest.fixture
def runs(engine, qtbot):
    return ModelRuns(engine)


def _answer_refused(engine: Asked) -> None:
    """The last question gets an answer that nothing follows."""
    engine.requests[-1][2](_prediction(f"p{len(engine.requests)}", status="refused"))


def test_cases_of_the_queue_follow_one_another(runs, engine):
    moved = []
    runs.queue_moved.connect(lambda done, total: moved.append((done, total)))
    runs.queue([(place, _case(place)) for place in range(3)], SETTINGS)
    for place in range(3):
        assert len(engine.requests) == place + 1
        assert runs.waiting
        _answer_refused(engine)
    assert [params["case"]["case_id"] for _, params, *_ in engine.requests] == ["A0", "A1", "A2"]
    assert moved == [(0, 3), (1, 3), (2, 3), (0, 0)]
    assert not runs.waiting
    assert not runs.running


def test_a_persons_question_comes_next(runs, engine):
    runs.queue([(place, _case(place)) for place in range(3)], SETTINGS)
    runs.run(9, _case(9), SETTINGS)
    assert len(engine.requests) == 1  # the one that runs is not disturbed
    for _ in range(4):
        _answer_refused(engine)
    assert [params["case"]["case_id"] for _, params, *_ in engine.requests] == ["A0", "A9", "A1", "A2"]


def test_a_persons_question_about_a_case_of_the_queue_comes_next_and_once(runs, engine):
    moved = []
    runs.queue([(place, _case(place)) for place in range(4)], SETTINGS)
    runs.queue_moved.connect(lambda done, total: moved.append((done, total)))
    runs.run(3, _case(3), SETTINGS)
    for _ in range(4):
        _answer_refused(engine)
    assert [params["case"]["case_id"] for _, params, *_ in engine.requests] == ["A0", "A3", "A1", "A2"]
    assert moved == [(1, 4), (2, 4), (3, 4), (0, 0)]


def test_a_case_that_fails_does_not_hold_up_the_others(runs, engine):
    failed = []
    runs.failed.connect(lambda place, error: failed.append((place, error.code)))
    runs.queue([(place, _case(place)) for place in range(2)], SETTINGS)
    engine.requests[-1][3](RenalFusionError("memory_full", "No memory is left"))
    assert failed == [(0, "memory_full")]
    assert len(engine.requests) == 2
    _answer_refused(engine)
    assert runs.answer(1) is not None


def test_cancelling_the_queue_stops_what_runs_and_asks_no_more(runs, engine):
    runs.queue([(place, _case(place)) for place in range(3)], SETTINGS)
    runs.cancel_queue()
    assert engine.cancelled == [1]
    engine.requests[-1][3](RenalFusionError("cancelled", "Cancelled"))
    assert len(engine.requests) == 1
    assert not runs.waiting


def test_another_worklist_ends_everything(runs, engine):
    runs.queue([(place, _case(place)) for place in range(3)], SETTINGS)
    runs.forget()
    assert engine.forgotten == [1]
    assert (runs.running, runs.waiting, len(engine.requests)) == (False, False, 1)


def _restored(first: float = 0.7) -> Answer:
    return Answer.from_result(_prediction("", first), question={"case": {"case_id": "A"}})


def test_a_stored_answer_is_asked_about_again_when_more_is_wanted(runs, engine, tmp_path):
    written = []
    runs.restore(0, _restored())
    runs.report(0, 0, "gradcam", tmp_path, written.append, version="v1")
    method, params, _, failed = engine.requests[-1]
    assert (method, params["prediction_id"], params["version"]) == ("report", "", "v1")
    failed(GONE)
    assert engine.methods == ["report", "predict"]
    assert engine.requests[-1][1] == {"case": {"case_id": "A"}}
    engine.requests[-1][2](_prediction("fresh", 0.7002))  # another device rounds otherwise
    method, params, done, _ = engine.requests[-1]
    assert (method, params["prediction_id"], params["version"]) == ("report", "fresh", "v1")
    assert runs.running
    runs.cancel()
    assert engine.cancelled == [3]
    done({"files": []})
    assert written == [{"files": []}]
    assert not runs.running
    assert runs.answer(0).prediction.probabilities[0] == 0.7  # what was stored stays


def test_an_answer_that_is_no_longer_the_same_is_never_put_in_its_place(runs, engine, tmp_path):
    failed = []
    runs.failed.connect(lambda place, error: failed.append(error.code))
    runs.restore(0, _restored())
    runs.report(0, 0, "gradcam", tmp_path, pytest.fail)
    engine.requests[-1][3](GONE)
    engine.requests[-1][2](_prediction("fresh", 0.4))
    assert failed == ["answer_changed"]
    assert engine.methods == ["report", "predict"]
    assert not runs.running


def test_an_answer_that_cannot_be_repeated_says_so(runs, engine, tmp_path):
    failed = []
    runs.failed.connect(lambda place, error: failed.append(error.code))
    answer = _restored()
    answer.question = {}
    runs.restore(0, answer)
    runs.report(0, 0, "gradcam", tmp_path, pytest.fail)
    engine.requests[-1][3](GONE)
    assert failed == ["prediction_gone"]


def test_a_report_is_written_while_the_queue_goes_on(runs, engine, tmp_path):
    written = []
    runs.restore(9, _restored())
    runs.queue([(place, _case(place)) for place in range(2)], SETTINGS)
    runs.report(9, 0, "gradcam", tmp_path, written.append)
    assert engine.methods == ["predict", "report"]
    engine.requests[0][2](_prediction("p0", status="refused"))
    assert engine.methods == ["predict", "report", "predict"]
    engine.requests[1][2]({"files": []})
    assert written == [{"files": []}]
    assert runs.running  # the queue's second case is still being asked about
    _answer_refused(engine)
    assert (runs.running, runs.waiting) == (False, False)
