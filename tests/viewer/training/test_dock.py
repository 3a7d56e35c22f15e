"""The dock in a real window with real clicks: the whole way, refusals, closing and coming back."""

from __future__ import annotations

import json

import psutil
import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent, QGuiApplication

from napari_renal_fusion.bundles.format import manifest_sha256
from napari_renal_fusion.training.run import Run
from napari_renal_fusion.viewer.training.dock import PATIENTS, RESULTS, RUNS, SETTINGS, TRAINING


def click(widget, qtbot):
    assert widget.isVisible()
    assert widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def wait(qtbot, condition, timeout=30_000):
    qtbot.waitUntil(condition, timeout=timeout)


def start(dock, qtbot):
    """Click through to a run whose first curve is drawn."""
    dock.go(TRAINING)
    click(dock.training.buttons["start"], qtbot)
    wait(qtbot, lambda: any(curve.points for curve in dock.training.curves.loss.curves))


def rename_bundle(folder, name):
    """Give a bundle another name and seal it again."""
    content = json.loads((folder / "bundle.json").read_text()) | {"name": name, "title": name.capitalize()}
    content["sha256"]["bundle.json"] = manifest_sha256(json.dumps(content))
    (folder / "bundle.json").write_text(json.dumps(content))


def test_an_empty_dock_says_what_to_do(dock):
    assert dock.pages.currentIndex() == PATIENTS
    assert dock.patients.drop.isVisible()
    assert not dock.patients.findings.isVisible()
    assert not dock.steps.buttons[RESULTS].isEnabled()
    assert "finished" in dock.steps.buttons[RESULTS].toolTip()
    dock.go(RUNS)
    assert dock.runs.nothing.isVisible()
    dock.go(TRAINING)
    assert not dock.training.buttons["start"].isEnabled()
    assert dock.training.advice.text() == "Choose patients first."


def test_the_whole_way_with_the_mouse(dock, cohort_folder, qtbot):
    click(dock.patients.drop.sample_button, qtbot)
    assert dock.patients.path == cohort_folder
    click(dock.patients.check_button, qtbot)
    wait(qtbot, lambda: dock.patients.report is not None and not dock.busy)
    assert "6 patients" in dock.patients.counts.text()
    click(dock.patients.next_button, qtbot)
    assert dock.pages.currentIndex() == SETTINGS
    for name, digits in (("folds", "2"), ("epochs", "5")):
        box = dock.settings.form.inputs[name].box
        box.selectAll()
        qtbot.keyClicks(box, digits)
    assert (dock.settings.config.folds, dock.settings.config.epochs) == (2, 5)
    click(dock.settings.next_button, qtbot)
    assert dock.pages.currentIndex() == TRAINING
    assert dock.busy  # other folds: the patients are checked again by themselves
    wait(qtbot, dock.training.buttons["start"].isEnabled)
    click(dock.training.buttons["start"], qtbot)
    wait(qtbot, lambda: dock.live.state == "finished")
    run = Run.open(dock.live.folder)
    assert run.config == dock.settings.config
    for plot, figure in ((dock.training.curves.loss, "val_loss"), (dock.training.curves.auc, "val_auc")):
        drawn = {curve.name: list(curve.points) for curve in plot.curves if not curve.dotted}
        for number in (1, 2):
            wanted = [(e["epoch"], e[figure]) for e in run.epochs() if e["unit"] == f"fold-{number}"]
            assert drawn[f"Fold {number}"] == wanted
    assert dock.training.folds.item(1, 2).text() == "5 of 5"
    click(dock.training.buttons["results"], qtbot)
    wait(qtbot, lambda: dock.results.run is not None and not dock.busy)
    assert dock.pages.currentIndex() == RESULTS
    assert dock.results.run.folder == run.folder


def test_a_folder_and_a_table_can_be_dropped(dock, cohort_folder):
    for path in (cohort_folder, cohort_folder / "cohort.csv"):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        event = QDropEvent(
            QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        target = dock.patients.drop if dock.patients.path is None else dock.patients
        target.dropEvent(event)
        assert dock.patients.path == path
    assert dock.patients.check_button.isEnabled()


def test_findings_are_sorted_filtered_and_copied(dock, cohort_folder, qtbot, wish):
    wish(error=True)
    dock.choose_cohort(cohort_folder)
    click(dock.patients.check_button, qtbot)
    wait(qtbot, lambda: dock.patients.report is not None and not dock.busy)
    findings = dock.patients.findings
    assert [one.severity for one in findings.shown()] == ["error", "warning", "warning", "info", "info"]
    shown = [findings.table.item(row, 0).foreground().color().name() for row in range(3)]
    assert shown[0] == shown[1] != shown[2]  # a shortcut is as red as what forbids training
    click(findings.kinds["warning"], qtbot)
    assert [one.code for one in findings.shown()] == ["shortcut_antibody", "calibration_missing"]
    qtbot.keyClicks(findings.search, "P004")
    assert [one.code for one in findings.shown()] == ["shortcut_antibody"]
    click(findings.copy_button, qtbot)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("P001-B1, P004-B1")
    findings.search.setText("no such words")
    assert findings.nothing.isVisible()


def test_an_error_of_the_check_forbids_training(dock, cohort_folder, qtbot, wish):
    wish(error=True)
    dock.choose_cohort(cohort_folder)
    dock.check()
    wait(qtbot, lambda: dock.patients.report is not None and not dock.busy)
    assert not dock.patients.next_button.isEnabled()
    assert "forbids" in dock.patients.verdict.text()
    dock.go(TRAINING)
    assert not dock.training.buttons["start"].isEnabled()
    dock.start()
    assert not dock.busy


def test_a_check_can_be_cancelled(dock, cohort_folder, qtbot, wish):
    wish(check_s=30)
    dock.choose_cohort(cohort_folder)
    click(dock.patients.check_button, qtbot)
    wait(qtbot, lambda: "40 of 80" in dock.patients.progress.words.text())
    click(dock.patients.progress.cancel_button, qtbot)
    wait(qtbot, lambda: not dock.busy)
    assert dock.patients.report is None
    assert dock.patients.check_button.isEnabled()
    assert not dock.patients.message.isVisible()


def test_stop_and_resume(checked, qtbot, wish):
    wish(pause=0.15)
    start(checked, qtbot)
    assert checked.training.state.text() == "training"
    click(checked.training.buttons["stop"], qtbot)
    assert "Stopping" in checked.training.words.text()
    wait(qtbot, lambda: checked.live.state == "stopped")
    before = len(Run.open(checked.live.folder).epochs())
    assert 0 < before < 12
    assert not checked.training.buttons["stop"].isVisible()
    click(checked.training.buttons["resume"], qtbot)
    wait(qtbot, lambda: checked.live.state == "finished")
    assert len(checked.live.picture.units["fold-1"].epochs) == 6
    assert len(checked.live.picture.units["fold-2"].epochs) == 6


def test_closing_napari_ends_no_training_and_a_new_dock_finds_it(make_dock, checked, qtbot, wish):
    wish(
        pause=2.0
    )  # longer than any computer takes to open the second window; the run is ended with the test
    start(checked, qtbot)
    run = Run.open(checked.live.folder)
    pid = run.pid
    helper = psutil.Process(checked.preparing.engine.pid)
    checked._viewer.close()
    assert checked._closed
    helper.wait(timeout=5)
    assert psutil.pid_exists(pid)
    assert run.state == "running"
    again = make_dock()
    wait(qtbot, lambda: again.live.folder == run.folder and bool(again.live.picture.units))
    assert again.pages.currentIndex() == TRAINING
    assert again.training.buttons["stop"].isVisible()


def test_a_killed_training_is_said_to_be_interrupted(checked, qtbot, wish):
    wish(pause=0.3)
    start(checked, qtbot)
    psutil.Process(Run.open(checked.live.folder).pid).kill()
    wait(qtbot, lambda: checked.live.state == "interrupted")
    assert "Resume goes on" in checked.training.message.text()
    assert checked.training.buttons["resume"].isVisible()


def test_a_failure_shows_its_sentence(checked, qtbot, wish):
    wish(ending="fail")
    checked.go(TRAINING)
    click(checked.training.buttons["start"], qtbot)
    wait(qtbot, lambda: checked.live.state == "failed")
    assert checked.training.message.text().startswith("The disk is full")
    assert checked.training.buttons["resume"].isVisible()


def test_memory_of_a_graphics_card_is_shown(checked, qtbot, wish):
    wish(memory=5120.0)
    start(checked, qtbot)
    wait(qtbot, lambda: "graphics memory 5.0 GB" in checked.training.machine.toolTip())


def test_a_fold_is_brought_to_the_front(checked, qtbot):
    start(checked, qtbot)
    wait(qtbot, lambda: checked.live.state == "finished")
    table = checked.training.folds
    place = table.visualItemRect(table.item(1, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    strong = {one.name for one in checked.training.curves.auc.curves if one.strong}
    assert strong == {"Fold 2"}
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert all(one.strong for one in checked.training.curves.auc.curves)


def test_the_list_of_runs(checked, qtbot, monkeypatch):
    for epochs in (2, 3):
        checked.settings.form.inputs["epochs"].box.setValue(epochs)
        checked.live.follow(None)
        start(checked, qtbot)
        wait(qtbot, lambda: checked.live.state == "finished")
    click(checked.steps.buttons[RUNS], qtbot)
    wait(qtbot, lambda: len(checked.runs.rows) == 2)
    assert {row.differs for row in checked.runs.rows} == {"Epochs 2", "Epochs 3"}
    assert checked.runs.rows[0].auc == "0.900 ± 0.050"
    older = next(row for row in checked.runs.rows if row.differs == "Epochs 2")
    checked.runs.table.selectRow(checked.runs.rows.index(older))
    click(checked.runs.settings_button, qtbot)
    wait(qtbot, lambda: checked.pages.currentIndex() == SETTINGS)
    assert checked.settings.config.epochs == 2
    checked.go(RUNS)
    wait(qtbot, lambda: not checked.busy)
    checked.runs.table.selectRow(checked.runs.rows.index(older))
    monkeypatch.setattr(checked.runs, "ask_to_remove", lambda row: False)
    click(checked.runs.remove_button, qtbot)
    assert older.folder.exists()
    monkeypatch.setattr(checked.runs, "ask_to_remove", lambda row: True)
    click(checked.runs.remove_button, qtbot)
    wait(qtbot, lambda: len(checked.runs.rows) == 1)
    assert not older.folder.exists()
    checked.runs.table.selectRow(0)
    click(checked.runs.open_button, qtbot)
    wait(qtbot, lambda: checked.results.run is not None and not checked.busy)
    assert checked.pages.currentIndex() == RESULTS


def test_a_running_run_cannot_be_removed(checked, qtbot, wish):
    from napari_renal_fusion.errors import RenalFusionError
    from napari_renal_fusion.viewer.training.runs_page import remove_run

    wish(pause=0.4)
    start(checked, qtbot)
    click(checked.steps.buttons[RUNS], qtbot)
    wait(qtbot, lambda: bool(checked.runs.rows))
    checked.runs.table.selectRow(0)
    assert not checked.runs.remove_button.isEnabled()
    with pytest.raises(RenalFusionError, match="still training"):
        remove_run(checked.live.folder)


def test_a_run_that_cannot_be_deleted_is_said_in_a_sentence(tmp_path, monkeypatch):
    from napari_renal_fusion.errors import RenalFusionError
    from napari_renal_fusion.training import Run
    from napari_renal_fusion.viewer.training.runs_page import remove_run
    from tests.training.tiny import tiny_cohort, tiny_config

    run = Run.create(tiny_cohort(tmp_path / "cohort"), tiny_config(), tmp_path / "run")

    def held(path, *args, **kwargs):  # as Windows does while another program has a file open
        raise PermissionError(13, "Access is denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("os.rmdir", held)
        with pytest.raises(RenalFusionError, match="could not be deleted, or not all of it") as raised:
            remove_run(run.folder)
    assert raised.value.code == "run_not_removed"


def test_the_model_is_used_in_the_workspace(checked, workspace_beside, qtbot, private_home):
    workspace = workspace_beside(checked)
    start(checked, qtbot)
    wait(qtbot, lambda: checked.live.state == "finished")
    click(checked.training.buttons["results"], qtbot)
    wait(qtbot, lambda: checked.results.run is not None and not checked.busy)
    chooser = workspace.reader.run.bundles
    assert chooser.findData("ours") < 0
    rename_bundle(checked.results.run.bundle, "ours")
    click(checked.results.use_button, qtbot)
    wait(qtbot, lambda: chooser.findData("ours") >= 0)
    assert chooser.findData("demo") >= 0
    assert (private_home / "data" / "bundles" / "ours" / "model.safetensors").is_file()
    assert "list of models" in checked.results.message.text()


def test_a_patient_of_the_gallery_opens_in_the_workspace(checked, workspace_beside, qtbot):
    workspace = workspace_beside(checked)
    start(checked, qtbot)
    wait(qtbot, lambda: checked.live.state == "finished")
    checked.go(RESULTS)
    wait(qtbot, lambda: checked.results.run is not None and not checked.busy)
    checked.results.page.case_opened.emit("P003-B1")
    wait(qtbot, lambda: workspace.case is not None and workspace.case.case_id == "P003-B1")
    assert workspace.isVisible()


def test_the_workspace_leads_here(workspace, qtbot):
    from napari_renal_fusion.viewer.training import dock as module

    click(workspace.worklist.training_button, qtbot)
    opened = next(one for one in module._open if one.belongs_to(workspace._viewer))
    wait(qtbot, lambda: opened.isVisible() and not opened.busy)
    canvas = workspace._viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, Qt.Key.Key_T, Qt.KeyboardModifier.AltModifier)
    assert sum(one.belongs_to(workspace._viewer) for one in module._open) == 1
    opened.shut()


def test_the_manifest_opens_the_dock(make_napari_viewer, plugin, qtbot):
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-renal-fusion", "Train a model")
    wait(qtbot, lambda: widget.patients.drop.isVisible() and not widget.busy)
    widget.shut()


def test_a_cancelled_second_check_says_so_no_longer_and_is_asked_for_again(checked, qtbot, wish):
    wish(check_s=20)
    checked.settings.choose_preset("paper")
    checked.settings.next_button.click()
    wait(qtbot, lambda: checked.preparing.busy and "Checking" in checked.training.advice.text())
    checked.patients.cancel_wanted.emit()
    wait(qtbot, lambda: not checked.preparing.busy)
    assert "Checking" not in checked.training.advice.text()
    checked.settings.next_button.click()
    assert checked.preparing.busy
