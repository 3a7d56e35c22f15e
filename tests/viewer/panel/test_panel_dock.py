"""The panel's dock alone: where antibodies stand, what keys do, and what the display range leaves untouched."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_renal_fusion.cases import Case, ImageItem, Modality
from napari_renal_fusion.viewer.case_json import case_to_json
from napari_renal_fusion.viewer.panel.display import DisplayRange
from napari_renal_fusion.viewer.panel.dock import PanelDock
from napari_renal_fusion.viewer.panel.readings import Reading
from napari_renal_fusion.viewer.panel.small import read_small

STAINS = ("C3", "IgG", "PLA2R", "IgA", None, "IgG")


def antibody(place, stain, shape=(120, 160, 3), dtype=np.uint8, top=256):
    pixels = np.random.default_rng(place).integers(0, top, shape, dtype=dtype)
    return ImageItem(Path(f"IM-{place}.png"), Modality.IM, stain, pixels=pixels, image_id=f"IM-{place}")


def light(place):
    pixels = np.random.default_rng(place).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    modality = Modality.OM if place < 20 else Modality.TEM
    key = f"{modality.value}-{place}"
    return ImageItem(Path(f"{key}.png"), modality, pixels=pixels, image_id=key)


@pytest.fixture
def case():
    images = [antibody(place, stain) for place, stain in enumerate(STAINS, 1)]
    return Case("7K2F", "P", (light(11), *images, light(21), light(22)), code="7K2F")


@pytest.fixture
def dock(qtbot, case):
    made = PanelDock()
    qtbot.addWidget(made)
    made.resize(900, 260)
    made.show_case(case)
    made.show()
    qtbot.waitExposed(made)
    for image in case.of(Modality.IM):
        made.set_picture(image.image_id, read_small(image))
    made.activateWindow()
    made.grid.cell("IM-4").setFocus()
    qtbot.waitUntil(lambda: made.grid.cell("IM-4").hasFocus())
    return made


def key(dock, key, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(dock.focusWidget() or dock, key, modifier)


def pixels(cell):
    image = cell.image
    rows = np.frombuffer(image.constBits().asarray(image.sizeInBytes()), np.uint8)
    return rows.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()]


def test_antibodies_stand_in_the_order_of_the_panel_with_empty_places(dock):
    assert [(cell.name, cell.key) for cell in dock.grid.cells] == [
        ("IgA", "IM-4"), ("IgG", "IM-2"), ("IgG", "IM-6"), ("IgM", ""), ("C3", "IM-1"), ("C1q", ""), ("Kappa", ""),
        ("Lambda", ""), ("Fibrinogen", ""), ("IM-5", "IM-5"), ("PLA2R", "IM-3"),
    ]  # fmt: skip
    assert dock.summary.text() == "6 images, none graded"
    rooms = [cell.geometry() for cell in dock.grid.cells]
    assert not any(a.intersects(b) for i, a in enumerate(rooms) for b in rooms[:i])
    assert all(dock.grid.rect().contains(room) for room in rooms)


def test_real_keys_grade_and_go_along_the_grid(dock):
    said = []
    dock.reading_changed.connect(lambda key, reading: said.append((key, reading.text)))
    for one in (Qt.Key.Key_2, Qt.Key.Key_G, Qt.Key.Key_M, Qt.Key.Key_Right, Qt.Key.Key_T, Qt.Key.Key_Right):
        key(dock, one)
    assert dock.current == "IM-6"
    key(dock, Qt.Key.Key_Right)  # over the empty place of IgM
    assert dock.current == "IM-1"
    key(dock, Qt.Key.Key_0)
    assert said == [
        ("IM-4", "2+"), ("IM-4", "2+, granular"), ("IM-4", "2+, granular, mesangial"), ("IM-2", "trace"), ("IM-1", "0"),
    ]  # fmt: skip
    assert dock.summary.text() == "1 positive of 3 graded"
    assert dock.grid.cell("IM-1").isVisible()  # negatives stay
    assert dock.grid.cell("IM-4").accessibleName() == "IgA: 2+, granular, mesangial"


def test_undo_and_redo_by_keys_go_back_to_the_antibody(dock):
    key(dock, Qt.Key.Key_3)
    key(dock, Qt.Key.Key_Right)
    key(dock, Qt.Key.Key_1)
    key(dock, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (dock.current, dock.book["IM-2"]) == ("IM-2", Reading())
    key(dock, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (dock.current, dock.book["IM-4"]) == ("IM-4", Reading())
    assert not dock.undo_button.isEnabled()
    key(dock, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert dock.book["IM-4"] == Reading(3.0)
    key(dock, Qt.Key.Key_Delete)
    assert dock.book["IM-4"] == Reading()


def test_buttons_say_and_show_the_same(dock, qtbot):
    buttons = {mark.text: button for mark, button in dock.bar.buttons.items()}
    for text in ("3+", "linear", "capillary wall"):
        qtbot.mouseClick(buttons[text], Qt.MouseButton.LeftButton)
    assert dock.book["IM-4"] == Reading(3.0, "linear", "capillary wall")
    assert [text for text, button in buttons.items() if button.isChecked()] == [
        "3+",
        "linear",
        "capillary wall",
    ]
    assert dock.grid.cell("IM-4").hasFocus()  # the keyboard stays with the antibody
    key(dock, Qt.Key.Key_Right)
    assert not any(button.isChecked() for button in buttons.values())


def test_enter_and_a_double_click_ask_for_the_canvas(dock, qtbot):
    wanted = []
    dock.shown_wanted.connect(wanted.append)
    key(dock, Qt.Key.Key_Return)
    qtbot.mouseDClick(dock.grid.cell("IM-1"), Qt.MouseButton.LeftButton)
    dock.show_button.click()
    assert wanted == ["IM-4", "IM-1", "IM-1"]
    dock.set_on_canvas("IM-2")
    assert dock.current == "IM-2"


def test_handles_and_keys_move_one_range_for_all(dock, qtbot):
    slider = dock.slider
    before = {cell.key: pixels(cell).copy() for cell in dock.grid.cells if cell.key}
    end = QPoint(slider.width() - 5, slider.height() // 2)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=end)
    qtbot.mouseMove(slider, QPoint(slider.width() // 2, slider.height() // 2))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton)
    assert dock.display.low == 0
    assert dock.display.high == pytest.approx(0.5, abs=0.02)
    for cell in dock.grid.cells:
        if cell.key:
            expected = dock.display.applied(before[cell.key])
            np.testing.assert_array_equal(pixels(cell), expected)
    assert "grey 0 to" in dock.range_text.full
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert dock.display.low == pytest.approx(0.01)
    dock.stored_button.click()
    assert dock.display.as_stored
    assert dock.range_text.text() == "as stored"
    assert all((pixels(cell) == before[cell.key]).all() for cell in dock.grid.cells if cell.key)


def test_handles_never_pass_each_other(dock):
    slider = dock.slider
    for _ in range(150):
        QTest.keyClick(slider, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert (dock.display.low, dock.display.high) == (0.98, 1.0)


ASK = """
import json, sys
from napari_renal_fusion.inference import Engine, predict
from napari_renal_fusion.viewer.case_json import case_from_json
for told in json.load(sys.stdin):
    answer = predict(case_from_json(told), "demo", engine=Engine(), device="cpu")
    kept = answer.model_dump(mode="json", include={"probabilities", "branches", "alternatives", "distance"})
    print(json.dumps([kept, answer.provenance.input_sha256]))
"""


def test_the_display_range_leaves_the_answer_bit_identical(dock, case, tmp_path):
    images = []
    for image in case.images:
        path = tmp_path / f"{image.image_id}.png"
        Image.fromarray(image.pixels).save(path)
        graded = 2.0 if image.stain in ("IgA", "C3") else None
        images.append(replace(image, path=path, pixels=None, intensity=graded))
    stored = replace(case, images=tuple(images))
    before, files = case_to_json(stored), [image.path.read_bytes() for image in images]
    dock.show_case(stored)
    for image in stored.of(Modality.IM):
        dock.set_picture(image.image_id, read_small(image))
    dock._display_moved(DisplayRange(0.3, 0.45))
    after = case_to_json(stored)
    assert [image.path.read_bytes() for image in images] == files
    # Another process answers: importing torch into one that draws is not safe.
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        input=json.dumps([before, after]),
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = done.stdout.splitlines()
    assert first == second
    assert len(json.loads(first)[0]["alternatives"]["combinations"]) == 2


def test_sixteen_bit_images_share_one_white(dock, case):
    deep = antibody(1, "IgA", (80, 90), np.uint16, 3000)
    brighter = antibody(2, "IgG", (80, 90), np.uint16, 16000)
    dock.show_case(Case("8", "8", (deep, brighter), code="8888"))
    for image in (deep, brighter):
        dock.set_picture(image.image_id, read_small(image))
    assert dock.white == 2**14 - 1
    assert pixels(dock.grid.cell("IM-1"))[:, :90].max() == 47  # 3000 of 16383, not of its own range


def test_an_unreadable_image_says_so_and_can_still_be_graded(dock):
    dock.set_problem("IM-4", "IM-4 is truncated.")
    assert dock.grid.cell("IM-4").toolTip() == "IM-4 is truncated."
    key(dock, Qt.Key.Key_1)
    assert dock.book["IM-4"] == Reading(1.0)


def test_a_case_without_fluorescence_says_what_to_do(dock):
    dock.show_case(Case("9", "9", (light(1),), code="9999"))
    assert dock._pages.currentIndex() == 1
    assert dock.current == ""
    dock.say(next(iter(dock.bar.buttons)))  # nothing in hand, nothing said


def test_nothing_is_cut_off_in_a_small_window(dock, qtbot):
    dock.resize(936, 216)
    qtbot.wait(10)
    assert dock.width() == 936
    right = dock.redo_button.mapTo(dock, QPoint(dock.redo_button.width(), 0)).x()
    assert right <= dock.width()
    for button in dock.bar.buttons.values():
        assert button.mapTo(dock, QPoint(button.width(), button.height())).x() <= dock.width()
        assert button.width() >= button.minimumSizeHint().width()
    assert min(cell.height() for cell in dock.grid.cells) >= 90
