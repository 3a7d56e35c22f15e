"""The main job from a messy folder to a report, with real key and mouse events, every action counted."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.case_key import KEY_FILE
from napari_renal_fusion.cases.sorting import Correction, accept, sort_source
from napari_renal_fusion.phantoms.messy import write_messy
from napari_renal_fusion.readings import CaseLog
from napari_renal_fusion.viewer.sorter.choices import STAINS

from ..cases.sorting.driver import corrected
from ..cases.sorting.pictures import pictures
from .conftest import settled

Key = Qt.Key
ALT = Qt.KeyboardModifier.AltModifier


class Person:
    """Somebody in front of the window: each drop, click, key or typed word is one action."""

    def __init__(self, workspace, qtbot):
        self.workspace, self.qtbot, self.done = workspace, qtbot, []

    @property
    def window(self):
        return self.workspace.viewer.window._qt_window

    def drop(self, *paths):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        rest = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, *rest)
        drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, *rest)
        worklist = self.workspace.worklist

        def act():
            QApplication.sendEvent(worklist, enter)
            assert enter.isAccepted()
            QApplication.sendEvent(worklist, drop)

        self._do(f"drop {len(paths)}", act)

    def press(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        self._do(f"press {key}", lambda: QTest.keyClick(self._focus(), key, modifier))

    def type(self, word):
        def act():
            for letter in word:
                QTest.keyClicks(self._focus(), letter)

        self._do(f"type {word}", act)

    def click(self, widget):
        self._do(f"click {widget}", lambda: QTest.mouseClick(widget, Qt.MouseButton.LeftButton))

    def answer_dialog(self, folder, key, modifier):
        """A key that opens a folder dialog, a path pasted into it, Enter: three actions."""
        chosen = []

        def fill():
            dialog = QApplication.activeModalWidget()
            if not isinstance(dialog, QFileDialog):
                return
            timer.stop()
            line = dialog.findChild(QLineEdit, "fileNameEdit")
            QApplication.clipboard().setText(str(folder))
            line.selectAll()
            QTest.keyClick(line, Key.Key_V, Qt.KeyboardModifier.ControlModifier)
            chosen.append(folder)
            while dialog.isVisible():
                QTest.keyClick(QApplication.activePopupWidget() or line, Key.Key_Return)
            self.done += ["paste a path", "press Enter"]

        timer = QTimer()
        timer.timeout.connect(fill)
        timer.start(50)
        self.press(key, modifier)
        assert chosen

    def wait(self, condition):
        self.qtbot.waitUntil(condition, timeout=30_000)

    def wait_for_sorter(self):
        self.wait(lambda: self.workspace.sorter.dock is not None)
        dock = self.workspace.sorter.dock
        self.wait(lambda: dock.sorting is not None and not dock.busy)
        return dock

    def wait_for_state(self, *states):
        worklist = self.workspace.worklist
        self.wait(
            lambda: worklist.list.count() > 0 and worklist.state(0) in states and settled(self.workspace)
        )

    def _focus(self):
        """Who gets a key: an open list first, as Qt does it; without a window manager the window is made active."""
        focus = QApplication.activePopupWidget() or QApplication.focusWidget()
        if focus is None:
            self.window.activateWindow()
            focus = self.window.focusWidget() or self.window
        return focus

    def _do(self, what, action):
        self.done.append(what)
        action()


@pytest.fixture(scope="module")
def drawn():
    return pictures()


@pytest.fixture
def messy(tmp_path, drawn):
    return write_messy(tmp_path / "incoming", 7, pictures=drawn)


@pytest.fixture
def known_laboratory(tmp_path, drawn, private_home):
    """Somebody sorted another biopsy of this laboratory before."""
    first = write_messy(tmp_path / "before", 1, pictures=drawn)
    sorting, count = corrected(sort_source(first.folder), first)
    assert 0 < count <= 5
    accept(sorting)


@pytest.fixture
def person(make_napari_viewer, plugin, fake_engine, qtbot):
    """A person at an empty workspace that reads first."""
    from napari_renal_fusion.viewer.workspace import open_workspace

    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, True)
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    workspace = open_workspace(viewer, engine=fake_engine)
    one = Person(workspace, qtbot)
    qtbot.waitUntil(lambda: workspace._arrived and settled(workspace), timeout=20_000)
    if workspace.reader.run.bundle is None:  # no bundle ships with a bare source tree
        workspace.reader.run.bundles.addItem("Demonstration", "demo")
    one.window.activateWindow()
    yield one
    workspace.shut()


def says_nothing(workspace):
    """Nothing on screen tells what the fake model answered."""
    from qtpy.QtWidgets import QLabel

    shown = [one.text() for one in workspace.viewer.window._qt_window.findChildren(QLabel) if one.isVisible()]
    return not any("88" in text or "embranous" in text for text in shown)


def test_known_laboratory_to_sealed_in_three_actions_and_a_report_in_eight_more(
    person, messy, known_laboratory, tmp_path
):
    workspace = person.workspace
    before = {path: path.read_bytes() for path in messy.folder.iterdir()}
    person.drop(messy.folder)
    dock = person.wait_for_sorter()
    assert not dock.sorting.doubtful
    person.press(Key.Key_Return)
    person.wait_for_state("sealed")
    assert len(person.done) <= 3, person.done
    assert len(workspace.case.images) == 56
    assert not dock.isVisible()
    assert workspace.answer is None
    assert workspace.sealed
    assert says_nothing(workspace)

    person.done.clear()
    person.press(Key.Key_I, ALT)
    person.type("membranous")
    person.press(Key.Key_Return)
    person.press(Key.Key_2, ALT)
    person.wait(lambda: workspace.reading.section.reveal_button.isEnabled() and settled(workspace))
    person.press(Key.Key_O, ALT)
    person.wait(lambda: not workspace.sealed and settled(workspace))
    person.press(Key.Key_K, ALT)
    person.wait(lambda: settled(workspace) and workspace.reader.report_button.isEnabled())
    out = tmp_path / "report"
    out.mkdir()
    person.answer_dialog(out, Key.Key_W, ALT)
    person.wait(lambda: (out / "report.html").is_file() and settled(workspace))
    assert len(person.done) - 1 <= 8, person.done  # the path in a dialog is the person's own business
    kinds = [entry["kind"] for entry in CaseLog(workspace.case.code, workspace.work).entries()]
    assert kinds == ["run", "impression", "revealed", "decision", "export"]
    assert workspace.worklist.state(0) == "read"
    assert {path: path.read_bytes() for path in messy.folder.iterdir() if path.name != KEY_FILE} == before


def test_all_of_it_by_keyboard_alone(person, messy, tmp_path):
    workspace = person.workspace
    person.answer_dialog(messy.folder, Key.Key_N, ALT)
    dock = person.wait_for_sorter()
    truth = {file.path.name: file for file in messy.images}
    corrections = 0
    while dock.sorting.doubtful:  # the person sees what the image under the cursor is, and says so
        seen = truth[dock.gallery.current]
        person.press(str(1 + STAINS[Modality(seen.modality)].index(seen.stain)))
        person.wait(lambda: not dock.busy)
        corrections += 1
    assert corrections <= 5
    person.press(Key.Key_Return)
    person.wait_for_state("sealed")
    person.press(Key.Key_Right, ALT)
    person.wait(lambda: settled(workspace))
    person.press(Key.Key_I, ALT)
    person.type("IgA")
    person.press(Key.Key_Return)
    person.press(Key.Key_3, ALT)
    person.wait(lambda: workspace.reading.section.reveal_button.isEnabled() and settled(workspace))
    person.press(Key.Key_O, ALT)
    person.wait(lambda: not workspace.sealed and settled(workspace))
    person.press(Key.Key_U, ALT)
    person.wait(lambda: settled(workspace) and workspace.reader.report_button.isEnabled())
    out = tmp_path / "report"
    out.mkdir()
    person.answer_dialog(out, Key.Key_W, ALT)
    person.wait(lambda: (out / "report.html").is_file() and settled(workspace))
    assert not any(action.startswith(("click", "drop")) for action in person.done)
    assert workspace.worklist.state(0) == "disagree"


def test_electron_images_days_later_join_the_case_that_waits(person, messy, known_laboratory, tmp_path):
    workspace = person.workspace
    late = tmp_path / "late"
    late.mkdir()
    electron = [one.path for one in messy.images if one.modality == "TEM"]
    for path in electron:
        path.rename(late / path.name)
    person.drop(messy.folder)
    person.wait_for_sorter()
    person.press(Key.Key_Return)
    person.wait(lambda: workspace.case is not None and settled(workspace))
    code = workspace.case.code
    assert "images_awaited" in {notice.code for notice in workspace.case.notices}
    for path in electron:
        (late / path.name).rename(path)
    person.drop(messy.folder)
    person.wait(lambda: workspace.sorter.dock.isVisible())
    person.wait_for_sorter()
    person.press(Key.Key_Return)
    person.wait(
        lambda: workspace.case is not None and len(workspace.case.images) == 56 and settled(workspace)
    )
    assert workspace.case.code == code
    assert workspace.worklist.list.count() == 1


def test_a_selection_of_files_and_the_sorter_again(person, messy, known_laboratory):
    workspace = person.workspace
    person.drop(*(file.path for file in messy.images))
    dock = person.wait_for_sorter()
    assert dock.title.text() == "56 chosen files"
    person.click(dock.accepting.footer.button)
    person.wait_for_state("sealed")
    assert len(person.done) == 2
    assert not (messy.folder / KEY_FILE).exists()
    person.press(Key.Key_S, ALT)
    person.wait(lambda: dock.isVisible())
    person.wait_for_sorter()
    person.press(Key.Key_Home)
    first = dock.gallery.current
    person.press(Key.Key_Space)
    person.wait(lambda: not dock.busy)
    assert dock.sorting.corrections == {first: Correction(left_out=True)}
    person.press(Key.Key_Return)
    person.wait(lambda: len(workspace.case.images) == 55 and settled(workspace))
