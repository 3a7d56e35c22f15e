"""The panel in a real window: stored at once, kept over reopening, on the canvas under the same display range."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.record import read_record
from napari_renal_fusion.viewer.case_json import case_to_json
from napari_renal_fusion.viewer.panel.display import DisplayRange
from tests.viewer.conftest import settled


@pytest.fixture
def small_case(small_case):
    """The common small case with two more antibodies."""
    rng = np.random.default_rng(4)
    for name in ("IgG", "C3"):
        pixels = rng.integers(0, 120, (100, 140, 3), dtype=np.uint8)
        tifffile.imwrite(small_case / "IM" / f"{name}.tif", pixels, photometric="rgb")
    return small_case


def test_the_panel_from_its_key_to_the_record_and_back(workspace, qtbot, small_case):
    panel = workspace.panel
    dock = panel.dock

    def quiet():
        return settled(workspace) and not panel.busy

    qtbot.waitUntil(lambda: dock._pages.currentIndex() == 0 and quiet(), timeout=20_000)
    workspace.viewer.window._qt_window.activateWindow()
    assert dock.visibleRegion().isEmpty()  # a tab behind the board until it is asked for
    assert all(cell.image is None for cell in dock.grid.cells)  # which reads nothing
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_J, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: all(one.image for one in dock.grid.cells if one.key) and quiet(), timeout=20_000)
    by_name = {cell.name: cell for cell in dock.grid.cells if cell.key}
    iga, igg = by_name["IgA"], by_name["IgG"]
    iga.setFocus()
    qtbot.waitUntil(iga.hasFocus)

    for one in (Qt.Key.Key_2, Qt.Key.Key_G, Qt.Key.Key_M):
        QTest.keyClick(QApplication.focusWidget(), one)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_0)
    qtbot.waitUntil(quiet, timeout=10_000)
    code = workspace.case.code
    stored = read_record(code, workspace.work).images
    assert (stored[iga.key].intensity, stored[iga.key].pattern, stored[iga.key].location) == (
        2.0,
        "granular",
        "mesangial",
    )
    assert (stored[igg.key].intensity, stored[igg.key].pattern) == (0.0, None)
    graded = {one.image_id: one.intensity for one in workspace.case.of(Modality.IM)}
    assert graded[iga.key] == 2.0  # the case follows, so the model gets the grades
    assert set(graded) == {one.key for one in by_name.values()}

    told = case_to_json(workspace.case)
    QTest.keyClick(igg, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: workspace.stage.key == igg.key and quiet(), timeout=10_000)
    layer = workspace.canvas.shown_layer
    before = layer.data.copy()
    dock._display_moved(DisplayRange(0.1, 0.4))
    qtbot.waitUntil(quiet, timeout=10_000)
    assert layer.contrast_limits == pytest.approx([25.5, 102])
    np.testing.assert_array_equal(layer.data, before)
    assert "Display 10 to 40 % (grey 26 to 102 of 255)" in workspace.viewer.canvas.overlays.text.text
    assert case_to_json(workspace.case) == told
    workspace.stage.show_image("OM-1")
    qtbot.waitUntil(lambda: workspace.canvas.shown_layer is not layer and quiet(), timeout=10_000)
    assert "Display" not in workspace.viewer.canvas.overlays.text.text

    # Opened anew: readings and display range are there, and IgA comes with that range at once.
    qtbot.wait(600)
    workspace.open_path(small_case)
    qtbot.waitUntil(lambda: quiet() and not dock.display.as_stored, timeout=20_000)
    assert workspace.case.code == code
    again = {cell.name: cell for cell in dock.grid.cells if cell.key}
    assert again["IgA"].reading.text == "2+, granular, mesangial"
    assert again["IgG"].reading.text == "0"
    assert not dock.undo_button.isEnabled()
    assert dock.display == DisplayRange(0.1, 0.4)
    workspace.stage.show_image(again["IgA"].key)
    qtbot.waitUntil(lambda: workspace.stage.key == again["IgA"].key and quiet(), timeout=10_000)
    assert workspace.canvas.shown_layer.contrast_limits == pytest.approx([25.5, 102])
    names = [one.name for one in workspace.viewer.layers]
    assert names == list(dict.fromkeys(names))
