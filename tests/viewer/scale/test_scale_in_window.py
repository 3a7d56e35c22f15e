"""Calibrating, measuring and the legend in a real window, with real clicks on its canvas."""

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_renal_fusion.cases.lab_scales import lab_scales
from napari_renal_fusion.cases.record import read_record
from napari_renal_fusion.phantoms.legend import scale_bar, with_legend
from napari_renal_fusion.viewer.scale.marks import canvas_of
from tests.cases.test_legend import tissue
from tests.viewer.conftest import settled

LEFT = Qt.MouseButton.LeftButton
NM = 2.3
LENGTH, CAPTION, PIXELS = scale_bar(700, NM)


@pytest.fixture
def small_case(tmp_path):
    """Three electron images of one microscope, a fourth of another magnification, a light image; none with a scale."""
    folder = tmp_path / "Wang Wei"
    for part in ("OM", "TEM"):
        (folder / part).mkdir(parents=True)
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(60, 200, (200, 300, 3), dtype=np.uint8)).save(folder / "OM/PASM.png")
    for number in range(3):
        picture = with_legend(tissue(700, 700, number), NM, 8000, number)
        Image.fromarray(picture).save(folder / f"TEM/{number}.jpg", quality=90)
    Image.fromarray(with_legend(tissue(700, 700, 9), 5.1, 4000, 3)).save(folder / "TEM/9.png")
    return folder


def show(workspace, qtbot, key):
    workspace.stage.show_image(key)
    qtbot.waitUntil(
        lambda: settled(workspace) and workspace.scale.facts is not None and workspace.scale.facts.key == key,
        timeout=20_000,
    )


def click(workspace, qtbot, row, column):
    """A real click on a place of the image that is shown."""
    canvas = canvas_of(workspace.viewer)
    layer, camera = workspace.canvas.shown_layer, workspace.viewer.scene.camera
    from napari_renal_fusion.viewer.fit import factor_of

    unit = factor_of(workspace.viewer, layer) * layer.scale[-1]
    x = (column * unit - camera.center[2]) * camera.zoom + canvas.width() / 2
    y = (row * unit - camera.center[1]) * camera.zoom + canvas.height() / 2
    where = QPoint(round(x), round(y))
    QTest.mouseMove(canvas, where)
    QTest.mouseClick(canvas, LEFT, Qt.KeyboardModifier.NoModifier, where)
    qtbot.wait(20)


def changed(workspace, qtbot, what):
    qtbot.waitUntil(lambda: settled(workspace) and what(), timeout=20_000)


def test_two_clicks_a_length_and_every_image_of_equal_legend(workspace, qtbot):
    place, section = workspace.scale, workspace.reader.scale
    show(workspace, qtbot, "TEM-1")
    assert section.sentence.text().startswith("Uncalibrated")
    qtbot.mouseClick(section.ruler.button, LEFT)
    assert section.ruler.message.text().startswith(
        "Nothing can be measured on an image without a pixel size."
    )
    assert place.tools.tool == ""
    assert not section.ruler.button.isChecked()

    bar = place.facts.bar
    assert bar.length == pytest.approx(PIXELS, abs=1.1)
    qtbot.mouseClick(section.image.bar_button, LEFT)
    assert place.tools.tool == "bar"
    assert "Click on one end" in workspace.viewer.canvas.overlays.text.text
    click(workspace, qtbot, bar.row + 3, bar.left - 4)  # near enough
    click(workspace, qtbot, bar.row - 2, bar.right + 5)
    assert place.tools.tool == ""
    assert section.image.bar_words.text().startswith(f"The bar is {bar.length:.1f} pixels.")
    assert [mark.words for mark in place.tools.marks if not mark.quiet] == ["Scale bar"]
    qtbot.keyClicks(section.image.length.number, f"{LENGTH:g}")
    section.image.length.unit.setCurrentIndex(0)
    qtbot.mouseClick(section.image.length.button, LEFT)
    changed(workspace, qtbot, lambda: section.sentence.text().endswith("from its scale bar."))
    size = workspace.case.images[1].pixel_size
    assert size.value == pytest.approx(NM, rel=0.02)
    assert str(workspace.canvas.shown_layer.units[-1]) == "nanometer"

    changed(workspace, qtbot, lambda: section.image.spread_row.isVisible())
    assert section.image.spread_words.text() == "2 more uncalibrated images carry the same legend."
    qtbot.mouseClick(section.image.spread_button, LEFT)
    sizes = lambda: [one.stated_pixel_size for one in workspace.case.images]  # noqa: E731
    changed(workspace, qtbot, lambda: sizes().count(size) == 3)
    assert sizes() == [
        None,
        size,
        size,
        size,
        None,
    ]  # not the one of another magnification, not the light image
    record = read_record(workspace.case.code, workspace.work)
    assert record.images["TEM-3"].pixel_size == size

    show(workspace, qtbot, "TEM-2")
    qtbot.mouseClick(section.change_button, LEFT)
    changed(workspace, qtbot, lambda: section.sentence.text().startswith("Uncalibrated"))
    assert sizes() == [None, size, None, size, None]


def test_the_ruler_measures_the_same_at_every_zoom_and_several_times(workspace, qtbot):
    place, section = workspace.scale, workspace.reader.scale
    show(workspace, qtbot, "OM-1")
    qtbot.keyClicks(section.image.size.number, "0.5")
    qtbot.keyClick(section.image.size.number, Qt.Key.Key_Return)
    changed(workspace, qtbot, lambda: section.sentence.text() == "0.5 µm a pixel, as a person said.")
    ruler = section.ruler
    qtbot.mouseClick(ruler.button, LEFT)
    assert ruler.button.isChecked()
    camera = workspace.viewer.scene.camera
    for zoom in (1.0, 1.7):
        camera.zoom = camera.zoom * zoom
        qtbot.wait(30)
        click(workspace, qtbot, 80, 120)
        click(workspace, qtbot, 120, 150)  # 3-4-5: 50 pixels, 25 um
    lines = place.tools.measurements.of((workspace.case.code, "OM-1"))
    screen = 1.0 / (camera.zoom / 1.7 * 0.5)  # a click is right to a pixel of the screen
    assert [line.pixels for line in lines] == pytest.approx([50.0, 50.0], abs=1.5 * screen)
    assert len(ruler.texts) == 2
    assert all("nm = 2" in text for text in ruler.texts)
    QTest.keyClick(workspace.viewer.window._qt_window, Qt.Key.Key_Escape)
    assert place.tools.tool == ""
    assert not ruler.button.isChecked()
    click(workspace, qtbot, 60, 60)  # the mouse is napari's again
    click(workspace, qtbot, 90, 90)
    assert len(place.tools.measurements.of((workspace.case.code, "OM-1"))) == 2

    # In nm beside um the same click is the same place: here the whole list counts in nm.
    show(workspace, qtbot, "TEM-1")
    assert ruler.texts == []
    qtbot.keyClicks(section.image.size.number, "2.3")
    qtbot.keyClick(section.image.size.number, Qt.Key.Key_Return)
    changed(workspace, qtbot, lambda: section.sentence.text().startswith("2.3 nm"))
    show(workspace, qtbot, "OM-1")
    assert len(ruler.texts) == 2
    workspace.key_table._actions["Alt+E"]()
    click(workspace, qtbot, 80, 120)
    click(workspace, qtbot, 120, 150)
    assert place.tools.measurements.of((workspace.case.code, "OM-1"))[2].pixels == pytest.approx(
        50.0, abs=1.5 * screen
    )
    qtbot.mouseClick(ruler.delete_buttons[0], LEFT)
    assert len(place.tools.measurements.of((workspace.case.code, "OM-1"))) == 2
    assert len(workspace.viewer.layers) <= 5  # the ruler is no layer


def test_a_cut_legend_can_be_brought_back_and_cut_again(workspace, qtbot):
    from napari_renal_fusion.inputs import Preprocessing, prepare_image

    place, section = workspace.scale, workspace.reader.scale
    show(workspace, qtbot, "TEM-1")
    row = section.legend
    seen = lambda: prepare_image(workspace.case.images[1], Preprocessing(cut_bottom=0.05)).box.height  # noqa: E731
    assert (row.words.text(), seen()) == ("Legend cut: 37 rows", 663)
    assert [mark.words for mark in place.tools.marks] == ["Legend: not for the model"]
    whole = workspace.canvas.shown_layer.data
    qtbot.mouseClick(row.button, LEFT)
    changed(workspace, qtbot, lambda: row.button.text() == "Cut again")
    assert seen() == 700
    assert place.tools.marks == ()
    qtbot.mouseClick(row.button, LEFT)
    changed(workspace, qtbot, lambda: row.button.text() == "Bring back")
    assert seen() == 663
    np.testing.assert_array_equal(
        workspace.canvas.shown_layer.data, whole
    )  # on the canvas nothing was ever cut


def test_a_person_shows_where_a_legend_begins(workspace, qtbot):
    section = workspace.reader.scale
    show(workspace, qtbot, "TEM-1")
    qtbot.mouseClick(section.legend.button, LEFT)
    changed(workspace, qtbot, lambda: section.legend.button.text() == "Cut again")
    qtbot.mouseClick(section.legend.edge_button, LEFT)
    click(workspace, qtbot, 600, 300)
    changed(workspace, qtbot, lambda: "as a person said" in section.legend.words.text())
    assert workspace.case.images[1].legend == pytest.approx(100, abs=2)


def test_a_laboratory_tells_its_scale_once(workspace, qtbot):
    section = workspace.reader.scale
    show(workspace, qtbot, "OM-1")
    qtbot.keyClicks(section.image.size.number, "0.17")
    qtbot.mouseClick(section.image.size.button, LEFT)
    changed(workspace, qtbot, lambda: section.image.remember_link.isVisible())
    qtbot.mouseClick(section.image.remember_link, LEFT)
    qtbot.keyClicks(section.image.magnification, "400")
    qtbot.mouseClick(section.image.remember_button, LEFT)
    changed(workspace, qtbot, lambda: len(lab_scales()) == 1)
    (scale,) = lab_scales()
    assert (scale.magnification, scale.height, scale.width, scale.pixel_size.value) == (400, 200, 300, 0.17)
    workspace.change_record(lambda record: record.with_image("OM-1", pixel_size=None, magnification=400.0))
    changed(workspace, qtbot, lambda: "as your laboratory told" in section.sentence.text())
    assert workspace.case.images[0].pixel_size.um == 0.17
    qtbot.mouseClick(section.change_button, LEFT)  # "Forget"
    changed(workspace, qtbot, lambda: section.sentence.text().startswith("Uncalibrated"))
    assert lab_scales() == ()
