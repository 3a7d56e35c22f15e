"""The dock: the list and the canvas follow each other, keys, classes, locks, files in and out."""

from pathlib import Path

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtTest import QTest

from napari_renal_fusion.cases import Box
from napari_renal_fusion.glomeruli.outline import Outline
from napari_renal_fusion.viewer.glomeruli.table import AREA, LOCK, MODEL, NAME


def box(top, left, height=40, width=50, **said):
    return Outline.box(Box(top, left, height, width), **said)


@pytest.fixture
def dock(show, editor):
    from napari_renal_fusion.viewer.glomeruli.dock import GlomeruliDock

    return show(GlomeruliDock(editor), 344, 600)


@pytest.fixture
def three(editor, dock):
    outlines = [box(10, 10, name="G1"), box(100, 10), box(200, 10)]
    editor.draw(outlines)
    editor.choose(())
    editor.follow()
    return outlines


def cell(dock, row, column, role=Qt.ItemDataRole.DisplayRole):
    return dock.table.outlines.data(dock.table.outlines.index(row, column), role)


def test_the_list_says_name_class_and_area_in_um2(dock, editor, three):
    editor.choose([three[0].id])
    editor.classify_chosen("Crescent")
    editor.follow()
    assert cell(dock, 0, NAME) == "G1\nCrescent"
    assert cell(dock, 1, AREA) == "500"  # 40 x 50 pixels of 0.5 um
    assert "3 outlines" in dock.subtitle.text()
    assert dock.counts.text() == "1 crescent"


def test_areas_are_in_pixels_and_said_so_on_an_uncalibrated_image(qtbot, make_editor, tmp_path):
    from napari_renal_fusion.viewer.glomeruli.dock import GlomeruliDock

    editor = make_editor(tmp_path / "IM-1.jsonl", pixel_size=None)
    made = GlomeruliDock(editor)
    qtbot.addWidget(made)
    editor.draw([box(10, 10)])
    editor.follow()
    assert cell(made, 0, AREA) == "2,000 px²"
    assert "uncalibrated" in made.subtitle.text()


def test_list_and_canvas_follow_each_other(dock, editor, three, mouse):
    dock.table.selectRow(1)
    assert editor.chosen == (three[1].id,)
    editor.set_tool("select")
    assert editor.shapes.layer.selected_data == {1}
    mouse().click((220, 30))
    assert [index.row() for index in dock.table.selectionModel().selectedRows()] == [2]


def test_locks_and_the_models_tick_are_set_in_the_list(dock, editor, three):
    model = dock.table.outlines
    for column, wanted in ((LOCK, Qt.CheckState.Checked), (MODEL, Qt.CheckState.Unchecked)):
        row = 0 if column == LOCK else 1
        assert model.setData(model.index(row, column), wanted.value, Qt.ItemDataRole.CheckStateRole)
    editor.follow()
    assert [(one.locked, one.excluded) for one in editor.outlines] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert not model.flags(model.index(0, NAME)) & Qt.ItemFlag.ItemIsEditable
    editor.choose([three[0].id])
    assert not dock.delete.isEnabled()
    assert not dock.classes.isEnabled()


def test_a_name_is_typed_in_the_list(dock, editor, three, qtbot):
    model = dock.table.outlines
    assert model.data(model.index(0, NAME), Qt.ItemDataRole.EditRole) == "G1"
    model.setData(model.index(0, NAME), "  肾小球 7 ")
    editor.follow()
    assert editor.outlines[0].name == "肾小球 7"


def test_keys_choose_classify_delete_and_undo(dock, editor, three, qtbot):
    dock.table.setFocus()
    for key in (Qt.Key.Key_N, Qt.Key.Key_N, Qt.Key.Key_4):
        QTest.keyClick(dock.table, key)
    editor.follow()
    assert editor.chosen == (three[1].id,)
    assert editor.outlines[1].class_name == "Crescent"
    QTest.keyClick(dock.table, Qt.Key.Key_P)
    QTest.keyClick(dock.table, Qt.Key.Key_Delete)
    editor.follow()
    assert [one.id for one in editor.outlines] == [three[1].id, three[2].id]
    QTest.keyClick(dock.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    editor.follow()
    assert len(editor.outlines) == 3
    shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(dock.table, Qt.Key.Key_Z, shift)
    editor.follow()
    assert len(editor.outlines) == 2
    QTest.keyClick(dock.table, Qt.Key.Key_B)
    assert editor.tool == "brush"
    assert dock.tools.buttons["brush"].isChecked()
    assert dock.tools.size_row.isVisible()
    before = editor.gestures.diameter
    QTest.keyClick(dock.table, Qt.Key.Key_BracketRight)
    assert dock.tools.slider.value() == editor.gestures.diameter > before
    QTest.keyClick(dock.table, Qt.Key.Key_B)
    assert editor.tool == ""


def test_any_word_is_a_class(dock, editor, three):
    editor.choose([three[0].id, three[2].id])
    dock.classes.setEditText("Hilar  sclerosis")
    QTest.keyClick(dock.classes.lineEdit(), Qt.Key.Key_Return)
    editor.follow()
    assert [one.class_name for one in editor.outlines] == ["Hilar sclerosis", None, "Hilar sclerosis"]
    assert dock.classes.currentText() == "Hilar sclerosis"


def test_what_is_refused_is_said_in_the_dock(dock, editor, three):
    editor.lock([three[0].id], True)
    editor.choose([three[0].id])
    editor.delete_chosen()
    assert "locked" in dock.message.text()
    assert dock.message.property("role") == "error"
    editor.choose([three[1].id])
    editor.classify_chosen("Normal")
    assert dock.message.isHidden()


def test_without_an_image_the_dock_says_what_to_do(dock, editor):
    editor.show(None, None)
    assert "Open a light or fluorescence image" in dock.subtitle.text()
    assert not dock.tools.isEnabled()


@pytest.mark.parametrize(("name", "wanted"), [("a.geojson", True), ("a.JSON", True), ("a.png", False)])
def test_a_geojson_file_is_dropped_onto_the_dock(dock, name, wanted, tmp_path):
    dropped = []
    dock.import_wanted.connect(dropped.append)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name))])
    event = QDropEvent(
        QPointF(20, 20),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    dock.dropEvent(event)
    assert dropped == ([Path(tmp_path / name)] if wanted else [])


def test_nothing_is_cut_off_in_a_narrow_dock(dock, editor, three, qtbot):
    dock.resize(320, 520)
    editor.set_tool("brush")
    qtbot.wait(1)
    from qtpy.QtWidgets import QPushButton

    for button in dock.findChildren(QPushButton):
        assert button.width() >= button.fontMetrics().horizontalAdvance(button.text()) + 4, button.text()
    assert dock.table.horizontalHeader().length() <= dock.table.viewport().width()
