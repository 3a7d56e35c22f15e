"""The whole way with nothing faked: patients, training in its own process, the new model about a patient."""

from __future__ import annotations

import subprocess
import sys

import pytest
from qtpy.QtCore import Qt

from napari_renal_fusion.training.run import Run
from napari_renal_fusion.viewer.training.dock import RESULTS, open_training


def click(widget, qtbot):
    assert widget.isVisible()
    assert widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def type_number(box, digits, qtbot):
    box.selectAll()
    qtbot.keyClicks(box, digits)


@pytest.fixture
def viewer(make_napari_viewer, plugin, no_run_left):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1400, 900)
    return viewer


def points(dock):
    return sum(len(curve.points) for curve in dock.training.curves.loss.curves)


@pytest.mark.slow
@pytest.mark.timeout(900)  # torch is imported in five processes, which a busy computer does slowly
def test_from_a_folder_of_patients_to_an_answer(viewer, qtbot, cohort_folder, tmp_path):
    from napari_renal_fusion.viewer.workspace import _open as workspaces

    dock = open_training(viewer)
    qtbot.waitUntil(lambda: dock.isVisible() and not dock.busy, timeout=20_000)
    try:
        click(dock.patients.drop.sample_button, qtbot)
        click(dock.patients.check_button, qtbot)
        qtbot.waitUntil(lambda: not dock.busy, timeout=240_000)
        assert dock.patients.message.text() == ""
        # Two patients of each class are too few for the preset's five folds, which settings can change.
        assert {one.group for one in dock.patients.report.errors} == {"Folds"}
        click(dock.patients.next_button, qtbot)
        click(dock.settings.presets["small"], qtbot)
        inputs = dock.settings.form.inputs
        type_number(inputs["folds"].box, "2", qtbot)
        type_number(inputs["epochs"].box, "8", qtbot)
        click(dock.settings.form.advanced_button, qtbot)
        inputs["patience"].box.setValue(0)  # three patients a fold leave none for validation
        inputs["threads"].box.setValue(1)
        click(dock.settings.next_button, qtbot)
        qtbot.waitUntil(dock.training.buttons["start"].isEnabled, timeout=240_000)
        assert not dock.patients.report.errors
        click(dock.training.buttons["start"], qtbot)

        qtbot.waitUntil(lambda: points(dock) >= 2 or dock.live.state == "failed", timeout=240_000)
        assert dock.training.message.text() == ""
        seen = points(dock)
        click(dock.training.buttons["stop"], qtbot)
        qtbot.waitUntil(lambda: dock.live.state in ("stopped", "finished"), timeout=60_000)
        assert dock.live.state == "stopped"
        stopped_at = points(dock)
        assert seen <= stopped_at < 16
        click(dock.training.buttons["resume"], qtbot)
        # The curves move on, or a sentence says why not.
        qtbot.waitUntil(
            lambda: points(dock) > stopped_at or bool(dock.training.message.text()), timeout=120_000
        )
        assert dock.training.message.text() == ""
        qtbot.waitUntil(lambda: dock.live.state in ("finished", "failed"), timeout=300_000)
        assert dock.training.message.text() == ""
        assert points(dock) == 16

        run = Run.open(dock.live.folder)
        click(dock.training.buttons["results"], qtbot)
        qtbot.waitUntil(lambda: dock.results.run is not None and not dock.busy, timeout=30_000)
        assert dock.pages.currentIndex() == RESULTS
        click(dock.results.use_button, qtbot)
        qtbot.waitUntil(lambda: dock.results.workspace_button.isVisible(), timeout=30_000)

        # The model that was there before is asked about the same patients.
        compare = dock.results.page.compare
        qtbot.waitUntil(lambda: not dock.results.page.busy, timeout=60_000)
        dock.results.page.show_tab("Compare")
        current = next(
            compare.runs.itemText(i)
            for i in range(compare.runs.count())
            if "Demo" in compare.runs.itemText(i)
        )
        compare.choose(current)
        qtbot.waitUntil(compare.beside.ask_button.isVisible, timeout=30_000)
        click(compare.beside.ask_button, qtbot)
        qtbot.waitUntil(lambda: not compare.beside.busy, timeout=240_000)
        assert compare.beside.table.item(0, 1) is not None, compare.beside.message.text()
        assert "of 6" in compare.beside.table.item(0, 2).text()

        held_out = run.folds.folds[0].test[0]
        dock.results.page.case_opened.emit(held_out)
        workspace = next(one for one in workspaces if one.belongs_to(viewer))
        qtbot.waitUntil(
            lambda: (
                workspace.case is not None
                and workspace.case.case_id == held_out
                and workspace.reader.run.bundle is not None
                and not workspace.docks.busy
            ),
            timeout=60_000,
        )
        chooser = workspace.reader.run.bundles
        assert chooser.findData("demo") >= 0  # the current one stands beside it
        chooser.setCurrentIndex(chooser.findData("small"))
        chooser.activated.emit(chooser.currentIndex())
        click(workspace.reader.run.run_button, qtbot)
        place = workspace.worklist.current
        qtbot.waitUntil(
            lambda: workspace.runs.held(place) is not None or bool(workspace.reader.run.message.text()),
            timeout=180_000,
        )
        answer = workspace.runs.held(place)  # sealed, as nobody has read the case yet
        assert answer is not None, workspace.reader.run.message.text()
        assert answer.prediction.provenance.bundle_name == "small"
        assert answer.prediction.status in ("answered", "abstained")
        workspace.shut()
    finally:
        dock.shut()

    # The same by the command line, undisturbed: the same weights to the last bit.
    command = [
        sys.executable, "-c", "from napari_renal_fusion.cli import main; main()", "train", str(cohort_folder),
        "--out", str(tmp_path / "run"), "--preset", "small", "--folds", "2", "--epochs", "8",
        "--set", "patience=0", "--set", "threads=1",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    mine, other = (one / "bundle" / "model.safetensors" for one in (run.folder, tmp_path / "run"))
    assert mine.read_bytes() == other.read_bytes()
