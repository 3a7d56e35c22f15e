"""The sorter's dock alone, with real keys and clicks on real widgets."""

from __future__ import annotations

import pytest
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_renal_fusion.cases import Modality, open_cases
from napari_renal_fusion.cases.case_key import KEY_FILE
from napari_renal_fusion.phantoms.messy import write_messy
from napari_renal_fusion.viewer.sorter.dock import SorterDock

from ...cases.sorting.pictures import electron, light, pictures

OM, IM, TEM = Modality
Key = Qt.Key


@pytest.fixture(scope="module")
def drawn():
    return pictures()


@pytest.fixture
def case(tmp_path, drawn):
    return write_messy(tmp_path, 1, pictures=drawn)


@pytest.fixture
def dock(qtbot):
    made = SorterDock()
    qtbot.addWidget(made, before_close_func=lambda one: one.shut())
    made.resize(760, 700)
    made.show()
    made.accepted_cases = []
    made.accepted.connect(lambda cases, source: made.accepted_cases.append((cases, source)))
    made.activateWindow()
    return made


def settle(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.busy, timeout=20_000)


def press(dock, *keys, **modifier):
    for key in keys:
        QTest.keyClick(QApplication.focusWidget() or dock.gallery, key, **modifier)


def begin(qtbot, dock, source):
    dock.start(source)
    settle(qtbot, dock)
    dock.gallery.setFocus()


def doubtful(dock):
    return [file.name for file in dock.sorting.doubtful]


def right(dock, case):
    truth = {file.path: file for file in case.images}
    return all(
        file.modality.value == truth[file.path].modality
        and (file.modality.value is TEM or file.stain.value == truth[file.path].stain)
        for file in dock.sorting.files
    )


def test_sixty_files_with_chinese_names_take_four_keys_and_enter(qtbot, dock, case):
    begin(qtbot, dock, case.folder)
    assert len(doubtful(dock)) == 12
    assert dock.gallery.current == doubtful(dock)[0]
    # fibrinogen (8), C3 (4), PASM (3), Masson (4): each once, the cursor walks by itself
    for key, word in (
        (Key.Key_8, "Fibrinogen"),
        (Key.Key_4, "C3"),
        (Key.Key_3, "PASM"),
        (Key.Key_4, "Masson"),
    ):
        press(dock, key)
        settle(qtbot, dock)
        assert word in dock.message.text()
        assert "Learnt from it" in dock.message.text()
    assert not doubtful(dock)
    assert right(dock, case)
    assert dock.accepting.footer.summary.text() == "Light 16 · IF 24 · Electron 16."
    press(dock, Key.Key_Return)
    settle(qtbot, dock)
    ((cases, source),) = dock.accepted_cases
    assert source == case.folder
    assert len(cases[0].images) == 56
    assert open_cases(case.folder).cases == cases
    assert "4 files are no images" in dock.accepting.footer.others.text()


def test_the_second_case_of_a_laboratory_takes_enter_alone(qtbot, dock, case, tmp_path, drawn):
    begin(qtbot, dock, case.folder)
    press(
        dock, Key.Key_8, Key.Key_4, Key.Key_3, Key.Key_4, Key.Key_Return
    )  # as fast as a person can, or faster
    settle(qtbot, dock)
    assert len(dock.accepted_cases) == 1
    second = write_messy(tmp_path, 7, pictures=drawn)
    begin(qtbot, dock, second.folder)
    assert not doubtful(dock)
    assert right(dock, second)
    assert "look them over" in dock.message.text()
    press(dock, Key.Key_Return)
    settle(qtbot, dock)
    assert len(dock.accepted_cases[1][0][0].images) == 56


def test_undo_takes_back_a_correction_with_all_that_it_taught(qtbot, dock, case):
    begin(qtbot, dock, case.folder)
    before = dock.sorting
    press(dock, Key.Key_8)
    settle(qtbot, dock)
    after = dock.sorting
    assert len(doubtful(dock)) == 9
    press(dock, Key.Key_Z, modifier=Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, dock)
    assert dock.sorting.files == before.files
    assert dock.message.text().startswith("Taken back:")
    press(dock, Key.Key_Y, modifier=Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, dock)
    assert dock.sorting.files == after.files
    QTest.mouseClick(dock.page.undo_button, Qt.MouseButton.LeftButton)
    settle(qtbot, dock)
    assert dock.sorting.files == before.files
    assert not dock.page.undo_button.isVisible()


def test_typing_space_letters_and_biopsy(qtbot, dock, case):
    begin(qtbot, dock, case.folder)
    first = dock.gallery.current
    press(dock, Key.Key_S)
    assert dock.details.type_ahead.asking
    assert QApplication.focusWidget() is dock.details.type_ahead.line
    QTest.keyClicks(QApplication.focusWidget(), "alb")
    press(dock, Key.Key_Return)
    settle(qtbot, dock)
    assert dock.sorting.get(first).stain.value == "Albumin"
    name = dock.gallery.current
    press(dock, Key.Key_P)  # any other letter begins to type
    assert dock.details.type_ahead.line.text().lower() == "p"
    press(dock, Key.Key_Escape)
    assert not dock.details.type_ahead.asking
    assert dock.gallery.current == name
    press(dock, Key.Key_Space)
    settle(qtbot, dock)
    assert dock.sorting.get(name).left_out
    assert dock.message.text().endswith("is left out of the case; nothing is deleted.")
    name = dock.gallery.current
    press(dock, Key.Key_B)
    QTest.keyClicks(QApplication.focusWidget(), "2026-7")
    press(dock, Key.Key_Return)
    settle(qtbot, dock)
    assert dock.sorting.get(name).biopsy.value == "2026-7"
    assert "2 biopsies, one case each." in dock.accepting.footer.summary.text()
    press(dock, Key.Key_Home, Key.Key_E)
    settle(qtbot, dock)
    assert (
        sum(file.modality.by == "person" and file.modality.value is TEM for file in dock.sorting.files) == 1
    )


def test_the_mouse_chooses_one_several_and_a_whole_group(qtbot, dock, case):
    begin(qtbot, dock, case.folder)
    gallery = dock.gallery
    first, second, third = gallery.order[:3]
    for name, modifier in (
        (second, Qt.KeyboardModifier.NoModifier),
        (third, Qt.KeyboardModifier.ControlModifier),
    ):
        QTest.mouseClick(
            gallery.viewport(), Qt.MouseButton.LeftButton, modifier, gallery.place_of(name).center()
        )
    assert gallery.chosen == (second, third)
    assert dock.details.name.text() == "2 images chosen"
    QTest.mouseClick(
        gallery.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, gallery.place_of(first).center()
    )  # fmt: skip
    assert first in gallery.chosen
    QTest.mouseClick(
        gallery.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(30, 16)
    )  # the heading "To check"
    assert list(gallery.chosen) == doubtful(dock)
    QTest.mouseClick(dock.details.modality_buttons[TEM], Qt.MouseButton.LeftButton)
    settle(qtbot, dock)
    assert not doubtful(dock)
    assert dock.message.text().startswith("12 images are Electron.")
    press(dock, Key.Key_End)
    bottom = gallery.current
    press(dock, Key.Key_Up)
    press(dock, Key.Key_Right, modifier=Qt.KeyboardModifier.ShiftModifier)
    assert len(gallery.chosen) == 2
    assert bottom not in gallery.chosen or gallery.current == bottom
    assert gallery.viewport().rect().intersects(gallery.place_of(gallery.current))


def test_pictures_come_while_it_still_looks_and_corrections_made_meanwhile_stay(qtbot, dock, case):
    dock.start(case.folder)
    qtbot.waitUntil(lambda: len(dock.gallery.pictured) > 3, timeout=20_000)
    assert dock.looking.looking
    assert dock.progress.isVisible()
    name = dock.gallery.current
    press(dock, Key.Key_E)
    press(dock, Key.Key_Return)  # too early: says so, and accepts nothing
    settle(qtbot, dock)
    assert dock.sorting.get(name).modality.value is TEM
    assert dock.sorting.get(name).modality.by == "person"
    assert not dock.accepted_cases
    assert len(dock.gallery.pictured) == 56
    assert not dock.progress.isVisible()


def test_cancel_and_what_cannot_be_sorted(qtbot, dock, case, tmp_path):
    dock.start(case.folder)
    qtbot.waitUntil(lambda: bool(dock.gallery.pictured), timeout=20_000)
    QTest.mouseClick(dock.progress.cancel_button, Qt.MouseButton.LeftButton)
    settle(qtbot, dock)
    assert dock.sorting is None
    assert dock.empty.isVisible()
    (tmp_path / "empty").mkdir()
    begin(qtbot, dock, tmp_path / "empty")
    assert "holds no image" in dock.empty.problem.text()
    (tmp_path / "empty/a.jpg").write_bytes(b"\xff\xd8\xff broken")
    Image.fromarray(light("HE")).save(tmp_path / "empty/HE.jpg")
    begin(qtbot, dock, tmp_path / "empty")
    assert dock.gallery.current == "a.jpg"
    assert dock.gallery.picture_of("a.jpg") is None
    assert "a.jpg" in dock.details.why.text() or "image" in dock.details.why.text()


def test_enter_held_down_does_not_accept_after_a_cancelled_writing(qtbot, dock, case):
    begin(qtbot, dock, case.folder)
    with qtbot.waitSignal(dock.accepting.failed, timeout=20_000):
        press(dock, Qt.Key.Key_Return, Qt.Key.Key_Return)
        dock.accepting.cancel()
    with qtbot.assertNotEmitted(dock.accepted, wait=300):
        press(dock, Qt.Key.Key_Right, Qt.Key.Key_Space)
        settle(qtbot, dock)


def test_electron_images_days_later(qtbot, dock, tmp_path):
    for name in ("HE 1.jpg", "PAS 1.jpg"):
        Image.fromarray(light(name[:2] if name[:2] == "HE" else "PAS")).save(tmp_path / name)
    begin(qtbot, dock, tmp_path)
    footer = dock.accepting.footer
    assert footer.awaited.isVisible()
    assert footer.awaited.isChecked()
    footer.beside.setChecked(False)
    press(dock, Key.Key_Return)
    settle(qtbot, dock)
    assert not (tmp_path / KEY_FILE).exists()
    assert "Electron images awaited" in dock.done.text.text()
    (first,), _ = dock.accepted_cases[0]
    for number in range(2):
        Image.fromarray(electron(number)).save(tmp_path / f"IMG_{number:04d}.tif")
    begin(qtbot, dock, tmp_path)
    assert not footer.awaited.isVisible()
    press(dock, Key.Key_Return)
    settle(qtbot, dock)
    (again,), _ = dock.accepted_cases[1]
    assert (again.code, len(again.of(TEM)), again.notices) == (first.code, 2, ())


def test_a_selection_and_originals_untouched(qtbot, dock, case):
    files = tuple(file.path for file in case.images[:5])
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in case.folder.iterdir()}
    begin(qtbot, dock, files)
    assert dock.page.title.text() == "5 chosen files"
    assert not dock.accepting.footer.beside.isVisible()
    press(dock, Key.Key_Return)
    settle(qtbot, dock)
    assert len(dock.accepted_cases[0][0][0].images) == 5
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in case.folder.iterdir()} == before


def test_closing_in_the_middle_is_safe(qtbot, dock, case):
    dock.start(case.folder)
    qtbot.waitUntil(lambda: bool(dock.gallery.pictured), timeout=20_000)
    press(dock, Key.Key_E)
    dock.shut()
    dock.shut()
    qtbot.wait(50)
