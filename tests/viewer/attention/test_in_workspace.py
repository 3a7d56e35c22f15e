"""The attention dock in the workspace: it comes and goes with slides, follows the canvas, and opens from the menu."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget

from napari_renal_fusion.viewer.attention.map_layer import MAP_NAME, OUTLINE_NAME
from napari_renal_fusion.viewer.engine import Engine

from ..conftest import offer_bundle, settled
from .made_slide import HOT, PATCH, UM, write_slide

COMMAND = [sys.executable, "-c", "from tests.viewer.attention.fake_process import main; main()"]


@pytest.fixture
def cohort(tmp_path):
    """Case A has a slide and a light image, case B only a light image without a pixel size."""
    for name in "AB":
        (tmp_path / "cohort" / name / "OM").mkdir(parents=True)
        tifffile.imwrite(
            tmp_path / "cohort" / name / "OM" / "PASM.tif",
            np.full((60, 80, 3), 90, np.uint8),
            photometric="rgb",
        )
    (tmp_path / "cohort" / "A" / "WSI").mkdir()
    write_slide(tmp_path / "cohort" / "A" / "WSI" / "HE.tiff")
    return tmp_path / "cohort"


@pytest.fixture
def engine(qapp):
    made = Engine(COMMAND)
    yield made
    made.shutdown()


@pytest.fixture
def workspace(make_napari_viewer, plugin, engine, cohort, qtbot):
    from napari_renal_fusion.compute.settings import Settings, save_settings
    from napari_renal_fusion.viewer.workspace import open_workspace

    save_settings(Settings(read_first=False))
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 800)
    opened = open_workspace(viewer, cohort, engine=engine)
    rest(opened, qtbot)
    offer_bundle(opened)
    yield opened
    opened.shut()


def rest(workspace, qtbot):
    def done():
        return workspace.case is not None and settled(workspace) and not workspace.attention.busy

    for _ in range(2):
        qtbot.waitUntil(done, timeout=90_000)
        qtbot.wait(60)


def frame_of(widget):
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parentWidget()
    return widget


def test_from_the_case_to_a_patch_and_away(workspace, qtbot):
    viewer, place = workspace._viewer, workspace.attention
    dock = place.dock
    assert "Press Run" in dock.empty.text()
    assert frame_of(dock) in viewer.window._qt_window.tabifiedDockWidgets(frame_of(workspace))
    workspace.stage.show_image("WSI-1")
    rest(workspace, qtbot)
    assert MAP_NAME not in viewer.layers
    place.bring_to_front()
    qtbot.mouseClick(dock.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: workspace.answer is not None, timeout=90_000)
    rest(workspace, qtbot)
    assert workspace.reader.report_button.isEnabled()  # its answer needs no heat maps
    assert np.array(viewer.layers[MAP_NAME].data_to_world(HOT)) == pytest.approx(
        [(part * PATCH + (PATCH - 1) / 2) * UM for part in HOT]
    )
    assert viewer.layers.units is not None
    text = viewer.canvas.overlays.text
    assert text.text.startswith("Attention to slide (not a segmentation)")
    # A click on the tile brings the slide back from another image, and flies.
    workspace.stage.show_image("OM-1")
    rest(workspace, qtbot)
    assert MAP_NAME not in viewer.layers
    assert "PASM" in text.text
    qtbot.mouseClick(dock.patches.gallery.tiles[0], Qt.MouseButton.LeftButton)
    rest(workspace, qtbot)
    assert workspace.stage.key == "WSI-1"
    assert {MAP_NAME, OUTLINE_NAME} <= {layer.name for layer in viewer.layers}
    assert viewer.scene.camera.center[1:] == pytest.approx(
        [(part * PATCH + (PATCH - 1) / 2) * UM for part in HOT]
    )
    # The next case has no slide: the dock goes, and so do its layers.
    workspace.step_case(1)
    rest(workspace, qtbot)
    assert not frame_of(dock).isVisible()
    assert not {MAP_NAME, OUTLINE_NAME} & {layer.name for layer in viewer.layers}
    workspace.step_case(-1)
    rest(workspace, qtbot)
    assert place.dock is dock
    assert len(dock.patches.gallery.tiles) == 12  # the answer was kept
    # Closing the dock closes only the dock; a key brings it back.
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: place.dock is None, timeout=20_000)
    assert MAP_NAME not in viewer.layers
    canvas = viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    rest(workspace, qtbot)
    assert place.dock is not None
    assert len(place.dock.patches.gallery.tiles) == 12
    workspace.shut()
    assert place.dock is None


def test_alone_from_the_menu_it_opens_a_case_and_asks(
    make_napari_viewer, plugin, engine, cohort, qtbot, monkeypatch
):
    from napari_renal_fusion.viewer.attention import own_host

    monkeypatch.setattr(own_host, "borrow_engine", lambda user: engine)
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget(plugin.name, "Attention over slides and omics")
    host = widget.host
    qtbot.waitUntil(lambda: not widget.busy, timeout=90_000)
    assert widget.empty.text().startswith("Open a case")
    if host.section.bundle is None:
        host.section.bundles.addItem("Demonstration", "demo")
    monkeypatch.setattr(own_host.QFileDialog, "getExistingDirectory", lambda *_: str(cohort))
    qtbot.mouseClick(host.open_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: host.shown is not None and not widget.busy, timeout=90_000)
    assert host.cases.count() == 2
    qtbot.mouseClick(host.section.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: MAP_NAME in viewer.layers and not widget.busy, timeout=90_000)
    assert viewer.layers[MAP_NAME].units == viewer.layers[0].units
    qtbot.mouseClick(widget.patches.gallery.tiles[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: OUTLINE_NAME in viewer.layers and not widget.busy, timeout=20_000)
    viewer.window.remove_dock_widget(widget)
    qtbot.waitUntil(lambda: widget._closed, timeout=20_000)
    assert MAP_NAME not in viewer.layers
