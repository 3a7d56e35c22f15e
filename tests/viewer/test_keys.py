"""Keys act wherever the focus is, before menus and text lines get them, and stand on one sheet."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel, QLineEdit, QListWidget, QMainWindow, QVBoxLayout, QWidget

from napari_renal_fusion.viewer.key_sheet import KeySheet
from napari_renal_fusion.viewer.keys import KEY_TABLE, KeyRow, KeyTable

ALT = Qt.KeyboardModifier.AltModifier


class Viewer:
    """A window with a menu on Alt+H, as napari's, and a key map that hears what reaches the window."""

    def __init__(self):
        self.bound = {}
        self.main = QMainWindow()
        self.menu = self.main.menuBar().addMenu("&Help")
        self.menu.addAction("About")
        self.window = SimpleNamespace(_qt_window=self.main)
        middle = QWidget()
        column = QVBoxLayout(middle)
        self.line, self.list = QLineEdit(), QListWidget()
        self.list.addItems(["Run", "Help", "Other"])
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.main.setCentralWidget(middle)

    def bind_key(self, key, function, overwrite=False):
        self.bound[key] = function


@pytest.fixture
def viewer(qtbot):
    made = Viewer()
    qtbot.addWidget(made.main)
    made.main.show()
    made.main.activateWindow()
    QTest.qWaitForWindowActive(made.main, 3000)
    return made


@pytest.fixture
def table(viewer):
    made = KeyTable(viewer, viewer.main)
    yield made
    made.release()


@pytest.mark.parametrize("where", ["line", "list"])
def test_a_key_acts_once_from_a_text_line_and_a_list_and_no_menu_opens(viewer, table, qtbot, where):
    heard = []
    table.add(
        [("Alt-R", "run", lambda: heard.append("R")), ("Alt-H", "map", lambda: heard.append("H"))], "General"
    )
    focus = getattr(viewer, where)
    focus.setFocus()
    qtbot.keyClick(focus, Qt.Key.Key_R, ALT)
    qtbot.keyClick(focus, Qt.Key.Key_H, ALT)
    assert heard == ["R", "H"]
    assert not viewer.menu.isVisible()
    assert viewer.line.text() == ""
    qtbot.keyClick(viewer.line, "r")
    assert viewer.line.text() == "r"
    assert heard == ["R", "H"]


def test_a_key_that_is_not_ours_goes_its_way(viewer, table, qtbot):
    viewer.list.setFocus()
    qtbot.keyClick(viewer.list, Qt.Key.Key_H, ALT)
    assert viewer.menu.isVisible()
    viewer.menu.close()


def test_the_question_mark_shows_the_sheet_but_can_be_written(viewer, table, qtbot):
    shown = []
    table.show_sheet = lambda: shown.append(True)
    viewer.line.setFocus()
    qtbot.keyClicks(viewer.line, "MN?")
    assert viewer.line.text() == "MN?"
    assert shown == []
    viewer.list.setFocus()
    qtbot.keyClick(viewer.list, "?")
    assert shown == [True]


def test_a_later_meaning_replaces_the_earlier_and_release_takes_all_away(viewer, table, qtbot):
    heard = []
    table.add([("Alt-G", "one", lambda: heard.append(1))], "A")
    table.add([("Alt-G", "two", lambda: heard.append(2))], "B")
    assert [(row.what, row.group) for row in table.rows] == [("two", "B")]
    viewer.line.setFocus()
    qtbot.keyClick(viewer.line, Qt.Key.Key_G, ALT)
    assert heard == [2]
    table.release()
    qtbot.keyClick(viewer.line, Qt.Key.Key_G, ALT)
    assert heard == [2]
    assert viewer.bound["Alt-G"] is None


def test_no_key_has_two_meanings_and_the_sheet_shows_every_row(viewer, qtbot):
    keys = [key for key, *_ in KEY_TABLE]
    assert len(keys) == len(set(keys))
    rows = [KeyRow(key, what, "Cases and images") for key, what, _ in KEY_TABLE]
    rows += [KeyRow("Alt-I", "enter your own diagnosis", "Your reading")]
    viewer.main.resize(1200, 800)
    sheet = KeySheet(rows, viewer.main, "")
    qtbot.addWidget(sheet)
    sheet.show()
    said = [one.text() for one in sheet.findChildren(QLabel)]
    assert {row.what for row in rows} <= set(said)
    assert {"Alt+Right", "Alt+I", "Your reading"} <= set(said)
    qtbot.keyClick(sheet, "?")
    assert not sheet.isVisible()
