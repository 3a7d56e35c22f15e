"""The attention dock in a real window: the map on its pixels, flying to a patch, choices, empty states, closing."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_renal_fusion.cases import Case
from napari_renal_fusion.viewer.attention.map_layer import MAP_NAME, OUTLINE_NAME
from napari_renal_fusion.viewer.attention.sections import SurvivalSection
from napari_renal_fusion.viewer.attention.token_bars import short_names

from .conftest import SURVIVAL, made_prediction, settle
from .made_slide import COLUMNS, EMPTY, HOT, PATCH, UM


def click(widget, qtbot):
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def choose(combo, index, dock, qtbot):
    """Choose an entry with real keys, as a person does."""
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_Home)
    for _ in range(index):
        qtbot.keyClick(combo, Qt.Key.Key_Down)
    settle(dock, qtbot)


def middle_of(row, column):
    """Centre of a patch in world units, a pixel's centre at whole numbers."""
    return (row * PATCH + (PATCH - 1) / 2) * UM, (column * PATCH + (PATCH - 1) / 2) * UM


def test_the_map_sits_on_its_pixels_in_the_slides_units(dock):
    layer = dock._viewer.layers[MAP_NAME]
    assert np.array(layer.data_to_world(HOT)) == pytest.approx(middle_of(*HOT), abs=PATCH * UM / 2)
    assert np.array(layer.data_to_world(HOT)) == pytest.approx(middle_of(*HOT), abs=1e-6)
    assert np.unravel_index(np.nanargmax(layer.data), layer.data.shape) == HOT
    assert np.isnan(layer.data[EMPTY])
    assert str(layer.units[-1]) == "micrometer"
    assert layer.contrast_limits == pytest.approx([np.nanmin(layer.data), np.nanmax(layer.data)])
    assert layer.interpolation2d == "nearest"
    assert np.nansum(layer.data) == pytest.approx(1)
    assert dock._viewer.layers.units is not None


def test_in_a_window_colours_stand_over_their_patches_at_every_zoom(shown_dock, qtbot):
    viewer = shown_dock._viewer
    shown_dock.choice.opacity.setValue(100)
    for zoom in (0.7, 2.5, 12.0):
        viewer.scene.camera.center = (0, *middle_of(*HOT))
        viewer.scene.camera.zoom = zoom
        qtbot.wait(200)
        picture = viewer.screenshot(canvas_only=True, flash=False)
        height, width = picture.shape[:2]
        assert is_yellow(picture[height // 2, width // 2])
        # Just inside and just outside of the patch's edges.
        side = PATCH * UM * zoom * height / viewer.canvas.size[0]
        for part, yellow in ((0.42, True), (0.58, False)):
            off = round(part * side)
            if off < min(height, width) // 2:
                for down, right in ((-off, 0), (off, 0), (0, -off), (0, off)):
                    assert is_yellow(picture[height // 2 + down, width // 2 + right]) == yellow
    viewer.scene.camera.center = (0, *middle_of(*EMPTY))
    viewer.scene.camera.zoom = 4
    qtbot.wait(200)
    picture = viewer.screenshot(canvas_only=True, flash=False)
    red, green, blue = (int(part) for part in picture[picture.shape[0] // 2, picture.shape[1] // 2, :3])
    assert red == green == blue == 40  # no tissue: the slide's own grey


def test_in_a_window_a_click_on_a_tile_flies_and_themes_are_followed(shown_dock, qtbot):
    viewer, tile = shown_dock._viewer, shown_dock.patches.gallery.tiles[0]
    click(tile, qtbot)
    settle(shown_dock, qtbot)
    assert viewer.scene.camera.center[1:] == pytest.approx(middle_of(*HOT), abs=1e-6)
    assert PATCH * UM * viewer.scene.camera.zoom / min(viewer.canvas.size) == pytest.approx(1 / 3)
    lightness = {}
    for theme in ("light", "dark"):
        viewer.theme = theme
        qtbot.wait(50)
        for widget in (shown_dock.skip.bars, tile):
            image = widget.grab().toImage()
            lightness[theme, widget] = image.pixelColor(image.width() // 2, image.height() - 2).lightness()
    for widget in (shown_dock.skip.bars, tile):
        assert lightness["light", widget] > 150 > 100 > lightness["dark", widget]


def test_a_click_on_a_top_patch_flies_there(dock, qtbot):
    viewer, tiles = dock._viewer, dock.patches.gallery.tiles
    assert len(tiles) == 12
    second = tiles[1].patch  # the last patch has the second most
    assert (second.x, second.y) == ((COLUMNS - 1) * PATCH, 5 * PATCH)
    for tile, where in ((tiles[0], HOT), (tiles[1], (5, COLUMNS - 1))):
        click(tile, qtbot)
        settle(dock, qtbot)
        assert viewer.scene.camera.center[1:] == pytest.approx(middle_of(*where), abs=1e-6)
        part = PATCH * UM * viewer.scene.camera.zoom / min(viewer.canvas.size)
        assert part == pytest.approx(1 / 3)
        outline = viewer.layers[OUTLINE_NAME]
        low, high = np.array(outline.extent.world)[:, -2:]
        assert (low + high) / 2 == pytest.approx(middle_of(*where), abs=1e-6)
        assert high - low == pytest.approx([PATCH * UM] * 2, rel=0.08)
    assert [tile._current for tile in tiles[:2]] == [False, True]
    assert [layer.name for layer in viewer.layers] == ["Slide", MAP_NAME, OUTLINE_NAME]
    assert viewer.layers.selection.active.name == "Slide"


def test_the_keyboard_chooses_patches_too(dock, qtbot):
    tile = dock.patches.gallery.tiles[2]
    tile.setFocus()
    qtbot.keyClick(tile, Qt.Key.Key_Return)
    settle(dock, qtbot)
    assert dock._viewer.scene.camera.center[2] == pytest.approx((tile.patch.x + (PATCH - 1) / 2) * UM)


def test_tiles_show_the_patches_pixels(dock):
    picture = dock.patches.gallery.tiles[0].picture
    assert picture.pixelColor(50, 50).red() == 40 + 4 * (HOT[0] * COLUMNS + HOT[1])


def test_the_legend_says_raw_numbers_and_sizes(dock):
    choice = dock.choice
    assert choice.cell.text() == "patch 64 µm"
    assert choice.said.text().startswith("Mean over layers, latents and heads. Over all 47 patches")
    assert choice.legend._range == pytest.approx(dock.attention.raw_range)
    assert choice.modalities.itemText(0) == "slide · 47 patches"


def test_one_head_and_back(dock, qtbot):
    engine = dock.host.engine
    choose(dock.choice.heads, 2, dock, qtbot)
    layer = dock._viewer.layers[MAP_NAME]
    assert layer.data[HOT] == pytest.approx(1 / 47)
    assert dock.choice.said.text().startswith("Head 2, mean over layers and latents")
    asked = engine.count("attention")
    choose(dock.choice.heads, 0, dock, qtbot)
    assert layer.data[HOT] > 0.2
    assert engine.count("attention") == asked  # kept
    assert not dock.choice.layers.isEnabled()  # there is only one


def test_genes_are_ranked_and_one_token_says_why_not(dock, qtbot):
    choose(dock.choice.modalities, 1, dock, qtbot)
    assert dock.tokens.isVisible()
    assert not dock.patches.isVisible()
    assert [one.name for one in dock.tokens.attention.ranked] == ["C", "B", "A", "D"]
    assert MAP_NAME not in dock._viewer.layers
    choose(dock.choice.modalities, 2, dock, qtbot)
    assert not dock.tokens.isVisible()
    assert "1 by construction" in dock.choice.said.text()
    choose(dock.choice.modalities, 0, dock, qtbot)
    assert MAP_NAME in dock._viewer.layers
    assert dock.patches.isVisible()


def test_names_lose_the_ending_that_all_share():
    assert short_names(["TP53_rnaseq", "A_B_rnaseq"]) == ["TP53", "A_B"]
    assert short_names(["TP53_rnaseq", "TP53_cnv"]) == ["TP53_rnaseq", "TP53_cnv"]
    assert short_names(["age", "sex"]) == ["age", "sex"]


def test_the_skip_table_is_there(dock):
    table = dock.skip.bars.table
    assert [row.kind for row in table.rows] == ["everything"] + ["without"] * 3 + ["only"] * 3
    assert "Without slide" in dock.skip.bars.accessibleDescription()


def test_nuclei_are_counted_one_after_the_other_and_can_be_stopped(dock, qtbot):
    counted = []
    dock.questions.nuclei_ready.connect(lambda box, count: counted.append(count))
    click(dock.patches.count_button, qtbot)
    assert dock.patches.progress.isVisible()
    qtbot.waitUntil(lambda: len(counted) == 2, timeout=60_000)
    click(dock.patches.progress.cancel_button, qtbot)
    settle(dock, qtbot)
    done = sum(tile.count is not None for tile in dock.patches.gallery.tiles)
    assert 2 <= done < 12
    assert not dock.patches.progress.isVisible()
    assert "Haematoxylin count" in dock.patches.note.text()
    click(dock.patches.count_button, qtbot)
    settle(dock, qtbot)
    assert all(tile.count is not None for tile in dock.patches.gallery.tiles)
    assert dock.host.engine.count("nuclei") <= 13  # what was counted is not counted again


def test_another_image_takes_the_map_away_and_a_click_brings_its_slide_back(dock, qtbot, item):
    host = dock.host
    host.now_shown = None
    host.slide_changed.emit()
    settle(dock, qtbot)
    assert MAP_NAME not in dock._viewer.layers
    click(dock.patches.gallery.tiles[0], qtbot)
    settle(dock, qtbot)
    assert host.wanted == [item]
    assert MAP_NAME in dock._viewer.layers
    assert dock._viewer.scene.camera.center[1:] == pytest.approx(middle_of(*HOT), abs=1e-6)


def test_what_is_missing_says_what_to_do(dock, qtbot, case):
    host = dock.host

    def show(now_case, now_answer):
        host.now_case, host.now_answer = now_case, now_answer
        host.case_changed.emit()
        settle(dock, qtbot)

    show(case, None)
    assert "Press Run" in dock.empty.text()
    assert MAP_NAME not in dock._viewer.layers
    assert not dock.patches.isVisible()
    click(dock.run_button, qtbot)
    assert host.ran == 1
    show(Case("K 2", "P"), None)
    assert "WSI" in dock.empty.text()
    assert not dock.run_button.isVisible()
    show(None, None)
    assert dock.empty.text().startswith("Open a case")


def test_a_model_without_attention_says_so(dock, qtbot, answer):
    answer.prediction._session = object()
    answer.prediction_id = "two"
    dock.host.now_answer = answer
    dock.host.case_changed.emit()
    settle(dock, qtbot)
    assert "reads images of light" in dock.empty.text()
    assert not dock.skip.isVisible()


def test_a_modality_that_the_patient_lacks(dock, qtbot, session, answer):
    session.tensors["slide"] = None
    session.features = {}
    answer.prediction_id = "three"
    dock.host.case_changed.emit()
    settle(dock, qtbot)
    assert dock.choice.modalities.currentIndex() == 1  # the first that there is
    choose(dock.choice.modalities, 0, dock, qtbot)
    assert dock.choice.said.text().startswith("This patient has no slide")
    assert "lacks slide" in dock.skip.note.text()


def test_the_curve_carries_its_labels(qtbot):
    section = SurvivalSection()
    qtbot.addWidget(section)
    section.resize(330, 300)
    section.show_answer(SURVIVAL)
    section.show()
    for words in ("death of any cause", "TCGA", "diagnosis", "months"):
        assert words in section.said.text()
    assert section.plot.corners()[:2] == [(0, 1), (12, 0.95)]
    assert section.plot.corners()[-1] == (60, 0.5)
    assert section.plot.grab().toImage().width() > 0


def test_survival_shows_its_curve_in_the_dock(dock, qtbot, answer, session):
    prediction = made_prediction(risk=-2.0, survival=SURVIVAL)
    prediction._session = session
    answer.prediction, answer.prediction_id = prediction, "four"
    dock.host.case_changed.emit()
    settle(dock, qtbot)
    assert dock.survival.isVisible()
    assert dock.survival.plot.answer == SURVIVAL


def test_closing_takes_the_layers_and_is_safe_twice(dock, qtbot):
    viewer = dock._viewer
    click(dock.patches.count_button, qtbot)
    dock.shut()
    dock.shut()
    for _ in range(10):
        QApplication.processEvents()
    assert [layer.name for layer in viewer.layers] == ["Slide"]


def is_yellow(pixel):
    red, green, blue = (int(part) for part in pixel[:3])
    return red > 200 and green > 180 and blue < 120
