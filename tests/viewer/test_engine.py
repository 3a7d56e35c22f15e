"""The model's process seen from napari: answers, errors, crashes, cancel, shutdown."""

from __future__ import annotations

import psutil
import pytest

from napari_renal_fusion.cases import Case, ImageItem, Modality
from napari_renal_fusion.viewer import engine as engine_module
from napari_renal_fusion.viewer.case_json import case_from_json, case_to_json

CASE = {"case_id": "A", "patient_id": "A", "biopsy_date": None, "folder": None, "images": []}
PARAMS = {"case": CASE, "bundle": "demo", "choice": None, "device": "cpu", "threads": 0}


class Heard:
    """Collects what an engine says."""

    def __init__(self):
        self.results, self.errors, self.steps = [], [], []

    def ask(self, engine, method="predict", params=PARAMS):
        return engine.ask(method, params, self.results.append, self.errors.append, self.steps.append)


@pytest.fixture
def heard():
    return Heard()


def test_answers_although_libraries_print(fake_engine, heard, qtbot):
    heard.ask(fake_engine)
    qtbot.waitUntil(lambda: bool(heard.results), timeout=15_000)
    assert heard.results[0]["prediction"]["status"] == "answered"
    assert heard.steps[0].message.startswith("Encoding image")
    assert not heard.errors


def test_an_error_is_one_sentence(fake_engine, heard, qtbot, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE_MOOD", "error")
    heard.ask(fake_engine)
    qtbot.waitUntil(lambda: bool(heard.errors), timeout=15_000)
    assert str(heard.errors[0]) == "The bundle demo was edited. Install it again."
    assert heard.errors[0].code == "bundle_edited"


def test_a_crash_is_told_and_the_next_question_starts_again(fake_engine, heard, qtbot, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE_MOOD", "crash")
    heard.ask(fake_engine)
    qtbot.waitUntil(lambda: bool(heard.errors), timeout=15_000)
    assert heard.errors[0].code == "engine_stopped"
    assert "ended unexpectedly" in str(heard.errors[0])
    monkeypatch.delenv("FAKE_ENGINE_MOOD")
    heard.ask(fake_engine)
    qtbot.waitUntil(lambda: bool(heard.results), timeout=15_000)


def test_a_lost_answer_says_to_run_again(fake_engine, heard, qtbot):
    heard.ask(fake_engine, "explain", {"prediction_id": "gone", "class_index": 0, "method": "gradcam"})
    qtbot.waitUntil(lambda: bool(heard.errors), timeout=15_000)
    assert heard.errors[0].code == "prediction_gone"


def test_cancel_stops_at_the_next_report(fake_engine, heard, qtbot, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE_DELAY", "20")
    number = heard.ask(fake_engine)
    qtbot.waitUntil(lambda: bool(heard.steps), timeout=15_000)
    pid = fake_engine.pid
    fake_engine.cancel(number)
    qtbot.waitUntil(lambda: bool(heard.errors), timeout=4_000)
    assert heard.errors[0].code == "cancelled"
    assert fake_engine.pid == pid  # polite: the process and its memory live on


def test_a_deaf_process_is_ended(fake_engine, heard, qtbot, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE_MOOD", "deaf")
    monkeypatch.setattr(engine_module, "CANCEL_PATIENCE_MS", 300)
    number = heard.ask(fake_engine)
    qtbot.waitUntil(lambda: fake_engine.is_ready, timeout=15_000)
    pid = fake_engine.pid
    fake_engine.cancel(number)
    qtbot.waitUntil(lambda: bool(heard.errors), timeout=15_000)
    assert heard.errors[0].code == "cancelled"
    qtbot.waitUntil(lambda: not psutil.pid_exists(pid), timeout=15_000)
    assert len(heard.errors) == 1


def test_shutdown_mid_run_ends_the_process_without_callbacks(fake_engine, heard, qtbot, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE_DELAY", "20")
    heard.ask(fake_engine)
    qtbot.waitUntil(lambda: bool(heard.steps), timeout=15_000)
    pid = fake_engine.pid
    fake_engine.shutdown()
    assert not psutil.pid_exists(pid)
    qtbot.wait(100)
    assert not heard.errors
    assert not heard.results


def test_a_program_that_does_not_exist(qapp, heard, qtbot):
    engine = engine_module.Engine(["/no/such/python"])
    heard.ask(engine)
    qtbot.waitUntil(lambda: bool(heard.errors), timeout=20_000)
    assert heard.errors[0].code == "engine_not_started"
    engine.shutdown()


def test_a_case_survives_the_journey(tmp_path):
    import numpy as np

    from napari_renal_fusion.cases import Box, PixelSize

    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    file = tmp_path / "pixels.npy"
    np.save(file, pixels)
    case = Case(
        "A",
        "P",
        folder=tmp_path,
        images=(
            ImageItem(tmp_path / "光镜 1.png", Modality.OM, stain="PASM", crop=Box(1, 2, 3, 4)),
            ImageItem(
                tmp_path / "b", Modality.TEM, pixels=pixels, stated_pixel_size=PixelSize(value=2, unit="nm")
            ),
        ),
    )
    back = case_from_json(case_to_json(case, {1: file}))
    assert back == case
    assert (back.images[1].pixels == pixels).all()
    assert not file.exists()
