"""Slides in a real window: in their place at every zoom, read beside the main thread, asked about when in doubt."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_renal_fusion.cases import SlideItem
from napari_renal_fusion.cases.sidecar import read_answer
from napari_renal_fusion.cases.slide import Slide
from tests.cases.slides import picture, write_pyramid

from .conftest import settled

ROWS, COLUMNS = 2600, 2200


@pytest.fixture(scope="module")
def pixels():
    """A slide with a red square of 64 pixels whose centre is (1800, 500), in a plain surrounding."""
    made = np.full((ROWS, COLUMNS, 3), 150, np.uint8)
    made[..., 2] += picture(ROWS, COLUMNS)[..., 0] // 4
    made[1768:1832, 468:532] = (220, 20, 30)
    return made


@pytest.fixture
def slide_file(tmp_path, pixels):
    return write_pyramid(tmp_path / "kidney.tif", [pixels], um=None)


@pytest.fixture
def case_with_slides(small_case, pixels):
    """The small case with a slide whose pixel size is 100 times too small, and one without a question."""
    (small_case / "WSI").mkdir()
    write_pyramid(small_case / "WSI/HE 1.tif", [pixels], um=0.005)
    write_pyramid(small_case / "WSI/PAS 2.tif", [pixels[:900, :800]], um=0.5)
    return small_case


@pytest.fixture
def with_slides(case_with_slides, workspace):
    return workspace


def quiet(workspace) -> bool:
    from napari_renal_fusion.viewer.slide_layer import tiles_of

    layer = workspace.canvas.slide_layer
    return settled(workspace) and (layer is None or not tiles_of(layer).busy)


def still(layer) -> bool:
    from napari_renal_fusion.viewer.slide_layer import tiles_of

    return not tiles_of(layer).busy


def look(viewer, qtbot) -> np.ndarray:
    qtbot.wait(60)
    return viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)


def red(shot: np.ndarray) -> np.ndarray:
    return (shot[..., 0] > 180) & (shot[..., 1] < 90)


def test_the_layer_lies_in_its_place_at_every_zoom(make_napari_viewer, slide_file, qtbot, pixels):
    from napari_renal_fusion.viewer.slide_layer import add_slide, set_pixel_size, tiles_of

    viewer = make_napari_viewer(show=True)
    viewer.window.resize(900, 800)
    layer = add_slide(viewer, SlideItem(slide_file))
    assert str(layer.units[0]) == "pixel"
    set_pixel_size(layer, _half_um())
    assert (layer.scale.tolist(), str(layer.units[0])) == ([0.5, 0.5], "micrometer")
    assert len(layer.data) == 3
    qtbot.waitUntil(lambda: still(layer), timeout=20_000)
    camera, found = viewer.scene.camera, []
    for zoom in (0.45, 0.9, 2.0, 6.0):  # canvas pixels per um: levels 2, 1, 0, 0
        camera.center = (0.0, 0.5 * 1799.5, 0.5 * 499.5)
        camera.zoom = zoom
        qtbot.wait(60)
        qtbot.waitUntil(lambda: still(layer), timeout=20_000)
        where = np.argwhere(red(look(viewer, qtbot)))
        found.append(layer.data_level)
        height, width = viewer.canvas.size
        off = where.mean(axis=0) - ((height - 1) / 2, (width - 1) / 2)
        assert np.abs(off).max() < max(1.0, 0.5 * zoom), (zoom, off)
        side = np.sqrt(len(where))
        assert side == pytest.approx(64 * 0.5 * zoom, abs=2.5)  # so the scale bar is right as well
    assert len(set(found)) == 3
    tiles = tiles_of(layer)
    viewer.layers.remove(layer)
    assert not tiles.busy


def test_only_other_threads_read_and_programs_get_true_pixels(
    make_napari_viewer, slide_file, qtbot, pixels, monkeypatch
):
    from napari_renal_fusion.viewer.slide_layer import add_slide

    read, readers, gate = Slide.read, set(), threading.Event()

    def watched(self, *region):
        readers.add(threading.current_thread())
        if threading.current_thread() is not threading.main_thread():
            assert gate.wait(20)
        return read(self, *region)

    monkeypatch.setattr(Slide, "read", watched)
    viewer = make_napari_viewer(show=True)
    layer = add_slide(viewer, SlideItem(slide_file))
    camera = viewer.scene.camera
    for zoom in (0.3, 1.0, 2.0):
        camera.zoom = zoom
        for column in (300, 900, 1500):
            camera.center = (0.0, 1200.0, float(column))
            qtbot.wait(15)
    assert threading.main_thread() not in readers
    # Nothing has been read, and what is on screen is provisional; by indexing one gets the file's own pixels.
    np.testing.assert_array_equal(layer.data[0][1760:1840, 460:540], pixels[1760:1840, 460:540])
    np.testing.assert_array_equal(layer.data[0][-5, ::7, 1], pixels[-5, ::7, 1])
    np.testing.assert_array_equal(layer.data[0][100:90:-2, 3], pixels[100:90:-2, 3])
    with pytest.raises(IndexError):
        layer.data[0][[1, 2]]
    gate.set()
    qtbot.waitUntil(lambda: still(layer), timeout=20_000)
    top, left = layer.corner_pixels[0][:2]
    shown = layer._slice.image.raw
    np.testing.assert_array_equal(shown, pixels[top : top + shown.shape[0], left : left + shown.shape[1]])


def test_removing_the_layer_while_tiles_are_read(make_napari_viewer, slide_file, qtbot, monkeypatch):
    from napari_renal_fusion.viewer.slide_layer import add_slide, tiles_of

    read, gate = Slide.read, threading.Event()
    monkeypatch.setattr(Slide, "read", lambda self, *region: gate.wait(20) and read(self, *region))
    viewer = make_napari_viewer(show=True)
    layer = add_slide(viewer, SlideItem(slide_file))
    tiles = tiles_of(layer)
    assert tiles.busy
    viewer.layers.clear()
    gate.set()
    qtbot.wait(100)
    assert not tiles.busy
    add_slide(viewer, SlideItem(slide_file))
    viewer.close()  # and the whole window


def test_a_slide_of_a_case_and_the_question(with_slides, qtbot, case_with_slides):
    workspace, viewer = with_slides, with_slides._viewer
    assert workspace.reader.header.details.text() == "Light 1 · IF 1 · Electron 5 · Slides 2"
    assert workspace.board.order[-2:] == ["WSI-1", "WSI-2"]
    assert workspace.reader.scale.sentence.text() == "0.1 µm a pixel, from the file (OME-XML)."
    changes = []
    workspace.stage.slide_changed.connect(lambda: changes.append(workspace.stage.shown_slide))
    qtbot.mouseClick(workspace.board.thumbnail("WSI-1"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: quiet(workspace) and workspace.stage.shown_slide is not None, timeout=20_000)
    key, item, layer = workspace.stage.shown_slide
    assert (key, item.stain, changes[-1][0]) == ("WSI-1", "HE", "WSI-1")
    assert [one.name for one in viewer.layers if one.visible] == ["Slide (WSI)"]
    assert str(layer.units[0]) == "pixel"
    section = workspace.reader.scale
    assert section.isVisible()
    assert "This slide states 0.005 µm a pixel" in section.sentence.text()
    assert [button.text() for button in section.choices] == ["0.5", "0.25"]
    assert not section.slide.use_button.isEnabled()
    section.slide.field.setFocus()
    qtbot.keyClicks(section.slide.field, "0.48")
    qtbot.keyClick(section.slide.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: quiet(workspace) and layer.scale[0] == 0.48, timeout=20_000)
    assert str(layer.units[0]) == "micrometer"
    assert read_answer(item.path).um == 0.48
    assert section.sentence.text() == "0.48 µm a pixel, as a person said."
    assert viewer.canvas.overlays.text.text == "Slide (WSI) · HE · 0.48 µm a pixel"
    workspace.stage.show_image("OM-1")
    qtbot.waitUntil(lambda: quiet(workspace) and workspace.stage.shown_slide is None, timeout=20_000)
    qtbot.waitUntil(lambda: "OME-XML" in section.sentence.text(), timeout=20_000)
    assert not section.slide.isVisible()
    assert [one.name for one in viewer.layers if one.visible] == ["Light (OM)"]
    assert layer in viewer.layers  # its tiles stay, for coming back
    workspace.stage.show_image("WSI-1")
    qtbot.waitUntil(lambda: quiet(workspace) and workspace.stage.shown_slide is not None, timeout=20_000)
    assert workspace.stage.shown_slide[2] is layer
    qtbot.mouseClick(section.change_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: quiet(workspace) and section.choices != [], timeout=20_000)
    assert read_answer(item.path) is None
    qtbot.waitUntil(lambda: str(layer.units[0]) == "pixel", timeout=20_000)
    workspace.stage.show_image("WSI-2")
    qtbot.waitUntil(
        lambda: quiet(workspace) and (workspace.stage.shown_slide or " ")[0] == "WSI-2", timeout=20_000
    )
    assert layer not in viewer.layers
    assert not section.slide.isVisible()
    assert workspace.stage.shown_slide[2].scale[0] == pytest.approx(0.5)


def test_slides_do_not_get_in_the_way_of_choosing_images(with_slides, qtbot):
    board = with_slides.board
    board.edit({"OM-1", "TEM-1"}, set())
    qtbot.mouseClick(board.thumbnail("WSI-1"), Qt.MouseButton.LeftButton)
    assert board.choice() == {"OM": ["OM-1"], "IM": [], "TEM": ["TEM-1"]}
    assert board.thumbnail("WSI-1").ticked is None
    board.end_edit()
    for _ in range(9):  # round the board with keys, over both slides and back to the first image
        with_slides.step_image(1)
    qtbot.waitUntil(lambda: quiet(with_slides), timeout=20_000)
    with_slides.stage.toggle_model_input()  # says nothing and does nothing over a slide


def test_an_unreadable_slide_says_why(small_case, make_napari_viewer, plugin, fake_engine, qtbot, pixels):
    from napari_renal_fusion.viewer.workspace import open_workspace

    (small_case / "WSI").mkdir()
    file = write_pyramid(small_case / "WSI/a.tif", [pixels[:600, :600]])
    file.write_bytes(file.read_bytes()[:2000])
    opened = open_workspace(make_napari_viewer(show=True), small_case, engine=fake_engine)
    qtbot.waitUntil(lambda: opened.case is not None and settled(opened), timeout=20_000)
    opened.stage.show_image("WSI-1")
    qtbot.waitUntil(lambda: "truncated" in opened._viewer.canvas.overlays.text.text, timeout=20_000)
    assert opened.stage.shown_slide is None
    assert "truncated" in opened.board.thumbnail("WSI-1").toolTip()
    opened.shut()


def test_the_case_for_the_model_carries_its_slides(case_with_slides):
    from napari_renal_fusion.cases import Case
    from napari_renal_fusion.viewer.case_json import case_from_json, case_to_json

    case = Case.from_folder(case_with_slides)
    assert case_from_json(case_to_json(case)).slides == case.slides


def test_napari_opens_slides_by_itself(make_napari_viewer, plugin, tmp_path, qtbot, pixels):
    from napari_renal_fusion.viewer.slide_layer import tiles_of
    from tests.cases.slides import write_aperio

    path = write_aperio(tmp_path / "Zhang.svs", pixels, "|MPP = 0.25", compression="jpeg")
    viewer = make_napari_viewer(show=True)
    (layer,) = viewer.open(path, plugin="napari-renal-fusion")
    assert (layer.multiscale, layer.scale.tolist(), str(layer.units[0])) == (True, [0.25, 0.25], "micrometer")
    qtbot.waitUntil(lambda: still(layer), timeout=20_000)
    assert "Drawn" in str(layer._slicing_state._slice_request_class.__mro__)
    tiles = tiles_of(layer)
    viewer.layers.clear()
    assert not tiles.busy


def _half_um():
    from napari_renal_fusion.cases import PixelSize

    return PixelSize(value=0.5, unit="um")
