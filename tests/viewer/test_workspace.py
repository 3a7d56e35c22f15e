"""The workspace in a real window: keys, clicks, failures, and closing at any moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QDockWidget

from .conftest import settled

ALT = Qt.KeyboardModifier.AltModifier
PATIENCE_MS = 30_000
"""What is awaited either happens or never does: how long it takes is for the benchmarks to say."""


def press(workspace, qtbot, key):
    """A real key event on the canvas."""
    canvas = workspace._viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    qtbot.keyClick(canvas, key, ALT)


def click(widget, qtbot):
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def run(workspace, qtbot):
    """Run with the mouse and wait for answer and heat map."""
    click(workspace.reader.run.run_button, qtbot)
    qtbot.waitUntil(lambda: workspace.runs.answer(0) is not None and settled(workspace), timeout=20_000)


def text(workspace):
    return workspace._viewer.canvas.overlays.text.text


def test_a_case_opens_with_its_images(workspace):
    viewer = workspace._viewer
    assert workspace.reader.header.title.text() == f"Case {workspace.case.code}"
    assert workspace.reader.header.details.text() == "Light 1 · IF 1 · Electron 5"
    assert workspace.board.order == ["OM-1", "IM-1", *(f"TEM-{n}" for n in range(1, 6))]
    assert [layer.name for layer in viewer.layers] == ["Light (OM)"]
    assert viewer.canvas.overlays.scale_bar.visible
    assert "PASM" in text(workspace)
    assert viewer.layers[0].scale[0] == pytest.approx(0.1)
    assert workspace.docks.folded


def test_the_main_path_with_keys(workspace, qtbot):
    viewer = workspace._viewer
    press(workspace, qtbot, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: workspace.runs.answer(0) is not None and settled(workspace), timeout=20_000)
    assert workspace.reader.opinion.bars.values == (0.05, 0.88, 0.07)
    assert "Can only answer" in workspace.reader.opinion.scope.text()
    assert "darker" in workspace.reader.opinion.warnings.text()
    assert text(workspace).startswith(
        "Heat map for membranous nephropathy (not a segmentation)\nGrad-CAM · cell"
    )
    assert viewer.layers["Heat map"].visible
    press(workspace, qtbot, Qt.Key.Key_H)
    assert not viewer.layers["Heat map"].visible
    press(workspace, qtbot, Qt.Key.Key_H)
    assert viewer.layers["Heat map"].visible
    press(workspace, qtbot, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: workspace.canvas.model_input_shown, timeout=PATIENCE_MS)
    np.testing.assert_allclose(
        viewer.layers["What the model saw"]._extent_augmented.world,
        viewer.layers["Light (OM)"]._extent_augmented.world,
    )
    press(workspace, qtbot, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: settled(workspace))
    assert not workspace.canvas.model_input_shown
    press(workspace, qtbot, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: settled(workspace) and workspace.stage.key == "IM-1", timeout=PATIENCE_MS)
    assert [layer.name for layer in viewer.layers if layer.visible] == ["Immunofluorescence (IM)", "Heat map"]
    assert "uncalibrated" in text(workspace)
    press(workspace, qtbot, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: settled(workspace) and workspace.stage.key == "OM-1", timeout=PATIENCE_MS)
    press(workspace, qtbot, Qt.Key.Key_L)
    assert not workspace.docks.folded
    press(workspace, qtbot, Qt.Key.Key_L)
    assert workspace.docks.folded


def test_the_board_after_a_run(workspace, qtbot):
    run(workspace, qtbot)
    board = workspace.board
    assert board.order[:2] == ["OM-1", "IM-1"]
    assert board.order[2:] == ["TEM-1", "TEM-2", "TEM-4", "TEM-3", "TEM-5"]  # by effect, set aside last
    assert board.thumbnail("TEM-1").marks.badge == "typical"
    assert board.thumbnail("TEM-5").marks.entered is False
    click(board.thumbnail("TEM-5"), qtbot)
    qtbot.waitUntil(lambda: settled(workspace) and workspace.stage.key == "TEM-5", timeout=PATIENCE_MS)
    assert text(workspace) == "TEM-5 · set aside: unlike the others (not: unimportant)"
    assert all(not layer.visible for layer in workspace._viewer.layers if layer.name == "Heat map")


def test_class_method_style_and_opacity(workspace, qtbot):
    from napari.layers import Image, Surface

    run(workspace, qtbot)
    section, layers = workspace.reader.heat_map, workspace._viewer.layers
    assert isinstance(layers["Heat map"], Surface)
    click(section.cells, qtbot)
    qtbot.waitUntil(lambda: settled(workspace) and isinstance(layers["Heat map"], Image), timeout=PATIENCE_MS)
    assert layers["Heat map"].contrast_limits == [0.0, 2.0]
    assert layers["Heat map"].interpolation2d == "nearest"
    section.classes.setCurrentIndex(2)
    section.classes.activated.emit(2)
    qtbot.waitUntil(lambda: settled(workspace) and "lupus nephritis" in text(workspace), timeout=PATIENCE_MS)
    assert layers["Heat map"].contrast_limits == [0.0, 3.0]
    section.opacity.setValue(30)
    assert layers["Heat map"].opacity == pytest.approx(0.3)
    section.methods.setCurrentIndex(2)
    section.methods.activated.emit(2)
    qtbot.waitUntil(lambda: settled(workspace) and "LayerCAM" in text(workspace), timeout=PATIENCE_MS)
    assert workspace.preferences.settings.cam_method == "layercam"


def test_another_choice_is_a_what_if(workspace, qtbot):
    run(workspace, qtbot)
    click(workspace.reader.selection.edit_button, qtbot)
    click(workspace.board.thumbnail("TEM-2"), qtbot)
    assert workspace.board.choice()["TEM"] == ["TEM-1", "TEM-3", "TEM-4", "TEM-5"]
    before = workspace.runs.answer(0)
    click(workspace.reader.selection.rerun_button, qtbot)
    qtbot.waitUntil(lambda: workspace.runs.answer(0) is not before and settled(workspace), timeout=10_000)
    assert workspace.runs.answer(0).what_if
    assert workspace.reader.opinion.what_if.isVisible()
    assert "TEM-2" not in workspace.runs.answer(0).prediction.selection.keys
    assert not workspace.board.editing


def test_cancel(workspace, qtbot, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE_DELAY", "20")
    click(workspace.reader.run.run_button, qtbot)
    progress = workspace.reader.run.progress
    qtbot.waitUntil(lambda: "Encoding" in progress.words.text(), timeout=10_000)
    assert progress.isVisible()
    click(progress.cancel_button, qtbot)
    qtbot.waitUntil(lambda: not workspace.runs.running, timeout=4_000)
    assert not progress.isVisible()
    assert workspace.reader.run.run_button.isEnabled()
    assert workspace.reader.run.message.text() == ""


@pytest.mark.parametrize(
    ("mood", "sentence"), [("error", "The bundle demo was edited."), ("crash", "ended unexpectedly")]
)
def test_what_goes_wrong_is_said_where_it_happened(workspace, qtbot, monkeypatch, mood, sentence):
    workspace.engine.shutdown()
    workspace.engine._closing = False
    monkeypatch.setenv("FAKE_ENGINE_MOOD", mood)
    click(workspace.reader.run.run_button, qtbot)
    qtbot.waitUntil(lambda: sentence in workspace.reader.run.message.text(), timeout=10_000)
    assert workspace.reader.run.message.isVisible()
    assert workspace.reader.run.run_button.isEnabled()


def test_closing_the_viewer_mid_run(workspace, qtbot, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE_DELAY", "20")
    workspace.run()
    qtbot.waitUntil(lambda: workspace.engine.is_ready, timeout=10_000)
    pid = workspace.engine.pid
    workspace._viewer.close()
    qtbot.wait(300)
    assert not psutil.pid_exists(pid)


def test_closing_the_reader_mid_run_closes_the_workspace(workspace, qtbot, monkeypatch):
    monkeypatch.setenv("FAKE_ENGINE_DELAY", "20")
    viewer = workspace._viewer
    workspace.run()
    qtbot.waitUntil(lambda: workspace.engine.is_ready, timeout=10_000)
    pid = workspace.engine.pid
    viewer.window.remove_dock_widget(workspace)
    qtbot.waitUntil(lambda: not psutil.pid_exists(pid), timeout=20_000)
    shown = [
        dock.objectName() for dock in viewer.window._qt_window.findChildren(QDockWidget) if dock.isVisible()
    ]
    assert "layer list" in shown
    assert "Board" not in shown


def test_a_closed_board_comes_back(workspace, qtbot):
    workspace._viewer.window.remove_dock_widget(workspace.board)
    qtbot.wait(50)
    press(workspace, qtbot, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: workspace.board.isVisible(), timeout=20_000)
    workspace.step_image(1)
    qtbot.waitUntil(lambda: settled(workspace) and workspace.stage.key == "IM-1", timeout=PATIENCE_MS)


def test_a_removed_layer_comes_back_with_its_image(workspace, qtbot):
    run(workspace, qtbot)
    workspace._viewer.layers.clear()
    assert workspace.canvas.toggle_heat_map() is None
    workspace.stage.show_image("OM-1")
    qtbot.waitUntil(lambda: settled(workspace), timeout=PATIENCE_MS)
    assert {layer.name for layer in workspace._viewer.layers} == {"Light (OM)", "Heat map"}


def test_a_folder_that_is_dropped_opens(workspace, qtbot, tmp_path):
    empty = tmp_path / "nothing here"
    empty.mkdir()
    drop(workspace.worklist, empty)
    qtbot.waitUntil(lambda: bool(workspace.worklist.message.text()), timeout=PATIENCE_MS)
    assert "nothing here" in workspace.worklist.message.text()
    assert workspace.case is not None  # the case that was open stays open


def test_an_unreadable_image_is_named(workspace, qtbot, small_case):
    (small_case / "TEM" / "03.ome.tif").write_bytes(b"II*\0 truncated")
    workspace.open_path(small_case)
    qtbot.wait(50)
    qtbot.waitUntil(lambda: settled(workspace), timeout=10_000)
    workspace.stage.show_image("TEM-3")
    qtbot.waitUntil(lambda: settled(workspace) and "03.ome.tif" in text(workspace), timeout=PATIENCE_MS)


def test_the_report_is_written(workspace, qtbot, tmp_path):
    run(workspace, qtbot)
    workspace.write_report(tmp_path)
    qtbot.waitUntil(lambda: workspace.reader.message.text() != "", timeout=PATIENCE_MS)
    assert (tmp_path / "report.html").exists()
    assert "report.html" in workspace.reader.message.text()


def test_a_theme_change_reaches_the_docks(workspace):
    workspace._viewer.theme = "light"
    light = workspace.styleSheet()
    workspace._viewer.theme = "dark"
    assert workspace.styleSheet() != light


def test_the_menu_opens_the_workspace(make_napari_viewer, plugin, qtbot):
    viewer = make_napari_viewer()
    dock, _ = viewer.window.add_plugin_dock_widget("napari-renal-fusion", "Renal fusion workspace")
    workspace = dock.inner_widget()
    qtbot.waitUntil(lambda: workspace.docks._window is not None, timeout=PATIENCE_MS)
    from napari_renal_fusion.viewer import open_workspace

    assert open_workspace(viewer) is workspace
    assert "Drop a folder here" in workspace.worklist._empty.text()
    workspace.shut()


def drop(widget, path: Path):
    """A real drop event with a folder."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    widget.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def test_going_through_a_worklist(workspace, qtbot, small_case, tmp_path):
    import shutil

    cohort = tmp_path / "cohort"
    for name in ("A1", "B2"):
        shutil.copytree(small_case, cohort / name)
    shutil.rmtree(cohort / "B2" / "TEM")
    drop(workspace.worklist, cohort)
    qtbot.waitUntil(lambda: workspace.case.case_id == "A1" and settled(workspace), timeout=10_000)
    run(workspace, qtbot)
    assert workspace.runs.answer(0) is not None
    assert workspace.worklist.state(1) == "awaiting electron images"
    press(workspace, qtbot, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: workspace.case.case_id == "B2" and settled(workspace), timeout=10_000)
    assert workspace.reader.opinion.bars.isHidden()
    assert "Not asked yet" in workspace.reader.opinion.verdict.text()
    assert all(not layer.visible for layer in workspace._viewer.layers if layer.name == "Heat map")
    press(workspace, qtbot, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: workspace.case.case_id == "A1" and settled(workspace), timeout=10_000)
    assert workspace.reader.opinion.bars.values == (0.05, 0.88, 0.07)
    assert workspace._viewer.layers["Heat map"].visible


def test_an_answer_stays_with_its_case(workspace, qtbot, small_case, tmp_path, monkeypatch):
    import shutil

    monkeypatch.setenv("FAKE_ENGINE_DELAY", "1.5")
    for name in ("A1", "B2"):
        shutil.copytree(small_case, tmp_path / "cohort" / name)
    workspace.open_path(tmp_path / "cohort")
    qtbot.waitUntil(lambda: workspace.case.case_id == "A1" and settled(workspace), timeout=10_000)
    workspace.run()
    workspace.step_case(1)
    qtbot.waitUntil(lambda: workspace.runs.answer(0) is not None and settled(workspace), timeout=15_000)
    assert workspace.case.case_id == "B2"
    assert workspace.runs.answer(1) is None
    assert workspace.reader.opinion.bars.isHidden()
    assert workspace.runs.answer(0) is not None
