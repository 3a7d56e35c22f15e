"""The main job from a messy folder to a report, with real key and mouse events, every action counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QLabel, QLineEdit

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

    def __init__(self, workspace, qtbot, patience_ms=40_000):
        self.workspace, self.qtbot, self.patience_ms, self.done = workspace, qtbot, patience_ms, []

    @property
    def window(self):
        return self.workspace.viewer.window._qt_window

    def drop(self, *paths, on=None):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        rest = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, *rest)
        drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, *rest)
        target = on or self.workspace.worklist

        def act():
            QApplication.sendEvent(target, enter)
            assert enter.isAccepted()
            QApplication.sendEvent(target, drop)

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

    def answer_dialog(self, folder, act):
        """What opens a folder dialog; a path pasted into it, unless it stands there already; Enter."""
        seen = []

        def fill():
            dialog = QApplication.activeModalWidget()
            if not isinstance(dialog, QFileDialog):
                return
            timer.stop()
            line = dialog.findChild(QLineEdit, "fileNameEdit")
            if Path(dialog.directory().absolutePath()) != folder:
                QApplication.clipboard().setText(str(folder))
                line.selectAll()
                QTest.keyClick(line, Key.Key_V, Qt.KeyboardModifier.ControlModifier)
                self.done.append("paste a path")
            while dialog.isVisible():
                QTest.keyClick(QApplication.activePopupWidget() or line, Key.Key_Return)
            self.done.append("press Enter")
            seen.append(dialog)

        timer = QTimer()
        timer.timeout.connect(fill)
        timer.start(50)
        act()
        assert seen

    def wait(self, condition):
        self.qtbot.waitUntil(condition, timeout=self.patience_ms)

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
        """Who gets a key: an open list first, as Qt does it.

        After a dialog a window manager makes the window active again; without one nobody does, and a list of
        suggestions does not open in a window that is not.
        """
        if QApplication.activePopupWidget() is None and QApplication.focusWidget() is None:
            self.window.activateWindow()
            self.wait(lambda: QApplication.focusWidget() is not None)
        return QApplication.activePopupWidget() or QApplication.focusWidget()

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
def reports(tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    return folder


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
    shown = [one.text() for one in workspace.viewer.window._qt_window.findChildren(QLabel) if one.isVisible()]
    return not any("88" in text or "embranous" in text for text in shown)


def read_and_report(person, out, word, sure, decide):
    """Own reading, reveal, decision and report, by keys."""
    workspace = person.workspace
    person.press(Key.Key_I, ALT)
    person.type(word)
    person.press(Key.Key_Return)
    person.press(sure, ALT)
    person.wait(lambda: workspace.reading.section.reveal_button.isEnabled() and settled(workspace))
    person.press(Key.Key_O, ALT)
    person.wait(lambda: not workspace.sealed and settled(workspace))
    person.press(decide, ALT)
    person.wait(lambda: settled(workspace) and workspace.reader.report_button.isEnabled())
    person.answer_dialog(out, lambda: person.press(Key.Key_W, ALT))
    person.wait(lambda: (out / "report.html").is_file() and settled(workspace))


def steps(workspace):
    return [entry["kind"] for entry in CaseLog(workspace.case.code, workspace.work).entries()]


def test_known_laboratory_to_sealed_in_three_actions_and_a_report_in_eight_more(
    person, messy, known_laboratory, reports
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

    # The laboratory writes its reports into one folder, where the dialog stands already.
    person.answer_dialog(reports, lambda: QFileDialog.getExistingDirectory(person.window, "", str(reports)))
    person.done.clear()
    read_and_report(person, reports, "membranous", Key.Key_2, Key.Key_K)
    assert len(person.done) <= 8, person.done
    assert steps(workspace) == ["run", "impression", "revealed", "decision", "export"]
    assert workspace.worklist.state(0) == "read"
    assert {path: path.read_bytes() for path in messy.folder.iterdir() if path.name != KEY_FILE} == before


def test_all_of_it_by_keyboard_alone(person, messy, reports):
    workspace = person.workspace
    person.answer_dialog(messy.folder, lambda: person.press(Key.Key_N, ALT))
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
    read_and_report(person, reports, "IgA", Key.Key_3, Key.Key_U)
    assert not any(action.startswith(("click", "drop")) for action in person.done)
    assert workspace.worklist.state(0) == "disagree"


@pytest.mark.slow
def test_the_same_with_the_demonstration_model(
    make_napari_viewer, plugin, qtbot, messy, known_laboratory, install_bundle, reports
):
    from napari_renal_fusion.viewer.workspace import open_workspace

    demo = Path(__file__).parents[2] / "sample_data" / "bundles" / "demo"
    install_bundle(demo, "demo")
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    workspace = open_workspace(viewer)
    person = Person(workspace, qtbot, patience_ms=300_000)
    person.wait(lambda: workspace._arrived and settled(workspace))
    person.window.activateWindow()
    person.drop(messy.folder)
    person.wait_for_sorter()
    person.press(Key.Key_Return)
    person.wait_for_state("sealed")
    assert len(person.done) <= 3
    read_and_report(person, reports, "IgA", Key.Key_1, Key.Key_K)
    page = (reports / "report.html").read_text(encoding="utf-8")
    assert workspace.case.code in page
    assert "IgA nephropathy" in page
    assert messy.patient not in page
    assert messy.accession not in page
    workspace.shut()


@pytest.mark.slow  # the dock's own tests hold the same without a whole window
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


def test_electron_images_in_a_folder_of_their_own_join_the_waiting_case(
    person, messy, known_laboratory, tmp_path
):
    workspace = person.workspace
    stick = tmp_path / "stick"
    stick.mkdir()
    for one in messy.images:
        if one.modality == "TEM":
            one.path.rename(stick / one.path.name)
    person.drop(messy.folder)
    person.wait_for_sorter()
    person.press(Key.Key_Return)
    person.wait(lambda: workspace.case is not None and settled(workspace))
    code = workspace.case.code
    person.drop(stick)
    dock = person.wait_for_sorter()
    into = dock.accepting.footer.into
    assert into.isVisible()
    assert "awaits electron images" in into.itemText(1)
    assert dock.accepting.footer.chosen is None  # a person says whose images these are
    into.setFocus()
    person.press(Key.Key_Down)
    assert dock.accepting.footer.button.text() == f"Add 16 images to {code}"
    person.click(dock.accepting.footer.button)
    person.wait(lambda: len(workspace.case.images) == 56 and settled(workspace))
    assert workspace.case.code == code
    assert workspace.worklist.list.count() == 1


@pytest.mark.slow  # the dock's own tests hold the same without a whole window
def test_a_selection_of_files_and_the_sorter_again(person, messy, known_laboratory):
    workspace = person.workspace
    person.drop(*(file.path for file in messy.images))
    dock = person.wait_for_sorter()
    assert dock.page.title.text() == "56 chosen files"
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


def test_the_sorter_alone_and_its_case_in_a_workspace(
    make_napari_viewer, plugin, qtbot, messy, known_laboratory
):
    from napari_renal_fusion.viewer.workspace import workspace_of

    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    _, dock = viewer.window.add_plugin_dock_widget("napari-renal-fusion", "Sort a messy folder")
    person = Person(None, qtbot)
    person.wait(dock.empty.isVisible)
    person.drop(messy.folder, on=dock)
    person.wait(lambda: dock.sorting is not None and not dock.busy)
    assert messy.folder.name in dock.page.title.text()
    viewer.window._qt_window.activateWindow()
    dock.gallery.setFocus()
    QTest.keyClick(dock.gallery, Key.Key_Return)
    person.wait(lambda: dock.done.isVisible() and not dock.busy)
    (case,) = dock.done.cases
    shown = [one.text() + one.toolTip() for one in dock.findChildren(QLabel)]
    assert any(case.code in text for text in shown)
    assert not any(messy.patient in text or messy.accession in text for text in shown)
    person.click(dock.done.open_button)
    person.wait(lambda: workspace_of(viewer) is not None and workspace_of(viewer).case is not None)
    workspace = workspace_of(viewer)
    assert workspace.case.code == case.code
    person.wait(lambda: settled(workspace))
    workspace.shut()
    dock.shut()
