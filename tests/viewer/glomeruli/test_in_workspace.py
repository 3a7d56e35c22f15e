"""Glomeruli in a real window: drawn with the mouse, by image, beside electron images, and back after reopening."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_renal_fusion.cases import Box, PixelSize
from napari_renal_fusion.glomeruli import Outline, write_geojson
from napari_renal_fusion.glomeruli.drawing import journal_path, stored_outlines
from napari_renal_fusion.viewer.glomeruli.view import View

from ..conftest import settled


@pytest.fixture
def window(workspace, qtbot):
    """The workspace with its dock open, and hands for it."""
    return Window(workspace, qtbot)


class Window:
    def __init__(self, workspace, qtbot):
        self.workspace, self.qtbot = workspace, qtbot
        self.place, self.editor = workspace.glomeruli, workspace.glomeruli.editor
        self.native = workspace.viewer.window._qt_viewer.canvas.native

    def wait(self):
        self.qtbot.waitUntil(lambda: settled(self.workspace) and not self.place.busy, timeout=20_000)
        self.qtbot.wait(80)

    def show(self, key):
        self.workspace.stage.show_image(key)
        self.wait()

    def open_dock(self):
        self.place.bring_to_front()
        self.wait()

    def at(self, point):
        """Where a pixel (row, column) of the shown image is on the canvas."""
        view = View.of(self.workspace.viewer, self.editor.subject.layer)
        row, column = np.subtract(point, view.low) / view.pixel
        return QPoint(round(column), round(row))

    def click(self, point, double=False):
        QTest.mouseMove(self.native, self.at(point))
        self.qtbot.wait(30)
        press = QTest.mouseDClick if double else QTest.mouseClick
        press(self.native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, self.at(point))
        self.qtbot.wait(30)

    def polygon(self, *points):
        self.editor.set_tool("polygon")
        self.qtbot.wait(50)
        for point in points:
            self.click(point)
        self.click(points[-1], double=True)
        self.wait()


SQUARE = ((20, 30), (20, 120), (90, 120), (90, 30))


def test_outlines_belong_to_their_image_and_are_there_after_going_back(window):
    workspace, editor = window.workspace, window.editor
    window.show("TEM-1")  # from now on the window counts in nanometres
    window.open_dock()
    assert editor.subject is None
    window.show("OM-1")
    window.polygon(*SQUARE)
    pixel = View.of(workspace.viewer, editor.subject.layer).pixel
    (drawn,) = editor.outlines
    assert np.allclose(drawn.parts[0][0], SQUARE, atol=1.5 * pixel)
    assert editor.subject.pixel_size.um == pytest.approx(0.1)
    area = window.place.dock.table.outlines.data(window.place.dock.table.outlines.index(0, 2))
    assert area == f"{drawn.area_px * 0.01:,.0f}"
    journal = journal_path(workspace.work, workspace.case.code, "OM-1")
    assert stored_outlines(journal) == editor.outlines

    window.show("IM-1")  # uncalibrated: layers of the other kind leave
    assert editor.outlines == ()
    assert editor.tool == "polygon"
    assert editor.subject.pixel_size is None
    lines = editor.lines.layer
    assert lines is None or not lines.visible
    window.polygon((30, 30), (30, 70), (60, 50))
    assert len(editor.outlines) == 1
    window.show("OM-1")
    assert editor.outlines == (drawn,)
    shown = editor.shapes.layer
    assert np.allclose(shown.data[0], drawn.parts[0][0], atol=1e-3)
    names = [layer.name for layer in workspace.viewer.layers]
    assert names.index("Outlines") > names.index("Light (OM)")
    assert workspace.viewer.layers.units is not None

    QTest.keyClick(window.native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    window.wait()
    assert editor.outlines == ()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window.native, Qt.Key.Key_Z, both)
    window.wait()
    assert editor.outlines == (drawn,)


def test_the_lines_lie_on_the_pixels_that_they_enclose(window):
    editor, viewer = window.editor, window.workspace.viewer
    window.show("OM-1")
    window.open_dock()
    editor.draw([Outline.box(Box(20, 30, 60, 90), class_name="Globally sclerosed")])
    editor.choose(())
    window.wait()

    def orange():
        picture = viewer.screenshot(flash=False)[..., :3].astype(int)
        return picture, np.argwhere((abs(picture - (213, 94, 0)) < 24).all(axis=2))

    window.qtbot.waitUntil(lambda: len(orange()[1]) > 100, timeout=20_000)
    picture, drawn = orange()
    ratio = picture.shape[0] / viewer.canvas.size[0]
    pixel = View.of(viewer, editor.subject.layer).pixel
    for place, corner in ((drawn.min(axis=0), (19.5, 29.5)), (drawn.max(axis=0), (79.5, 119.5))):
        there = window.at(corner)
        assert np.abs(place / ratio - (there.y(), there.x())).max() < 4, (place, corner, pixel)


def test_a_file_of_outlines_is_imported_once_and_what_is_wrong_with_it_is_said(window, tmp_path):
    editor = window.editor
    window.show("OM-1")
    window.open_dock()
    many = [Outline.box(Box(2 + 4 * (i // 40), 2 + 4 * (i % 40), 3.5, 3.5)) for i in range(800)]
    write_geojson(tmp_path / "a.geojson", [*many, Outline.box(Box(100, 180, 40, 40))])
    for turn in range(2):
        window.place.import_outlines(tmp_path / "a.geojson")
        window.wait()
        assert len(editor.outlines) == 801
        wanted = "cut at its edge" if turn == 0 else "are here already"
        assert wanted in window.place.dock.message.text()
    editor.undo()
    window.wait()
    assert editor.outlines == ()
    (tmp_path / "b.geojson").write_text("{")
    window.place.import_outlines(tmp_path / "b.geojson")
    window.wait()
    assert "not GeoJSON" in window.place.dock.message.text()
    window.place.export_outlines(tmp_path / "c.geojson")


def test_another_scale_gives_other_areas_and_hidden_docks_lay_the_tool_down(window):
    workspace, editor = window.workspace, window.editor
    window.show("OM-1")
    window.open_dock()
    editor.draw([Outline.box(Box(20, 30, 60, 90))])
    editor.set_tool("select")
    window.wait()
    size = PixelSize(value=0.2, unit="um")
    workspace.change_record(lambda record: record.with_image("OM-1", pixel_size=size.model_dump()))
    window.wait()
    assert editor.subject.pixel_size.um == pytest.approx(0.2)
    assert editor.shapes.layer.data[0].max() < 121
    workspace.docks._dock_of(window.place.dock).hide()
    window.wait()
    assert editor.tool == ""
    assert len(editor.outlines) == 1


def test_with_the_dock_closed_stored_outlines_are_shown_and_nothing_is_opened(window):
    workspace, editor = window.workspace, window.editor
    window.show("OM-1")
    journal = journal_path(workspace.work, workspace.case.code, "OM-1")
    assert not journal.exists()
    window.open_dock()
    editor.draw([Outline.box(Box(20, 30, 60, 90))])
    window.wait()
    workspace.docks._dock_of(window.place.dock).hide()
    window.place._close_drawings()
    window.show("TEM-1")
    window.show("OM-1")
    assert len(editor.outlines) == 1
    assert editor.drawing is None
    assert editor.lines.layer.visible
