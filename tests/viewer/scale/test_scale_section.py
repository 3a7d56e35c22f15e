from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_renal_fusion.cases import ImageItem, Modality, PixelSize
from napari_renal_fusion.notices import Notice
from napari_renal_fusion.phantoms.legend import with_legend
from napari_renal_fusion.viewer.scale.facts import read_facts
from napari_renal_fusion.viewer.scale.words import measured, measured_both, scale_sentence
from napari_renal_fusion.viewer.scale_section import ScaleSection
from tests.cases.test_legend import tissue

LEFT = Qt.MouseButton.LeftButton


def electron(**fields) -> ImageItem:
    picture = with_legend(tissue(700, 700), 2.3, 8000, 1)
    return ImageItem(Path("a.png"), Modality.TEM, pixels=picture, image_id="TEM-1", **fields)


def facts_of(item, **more):
    found = read_facts("TEM-1", item, item.pixels)
    return found if not more else type(found)(**{**found.__dict__, **more})


@pytest.fixture
def section(show):
    return show(ScaleSection(), 320, 500)


def test_an_uncalibrated_image_says_so_and_offers_the_ways(section):
    section.show_image(facts_of(electron()))
    assert section.sentence.text() == "Uncalibrated: the file states no pixel size."
    assert section.image.ways.isVisible()
    assert section.image.found_button.isVisible()  # a bar was found in the legend
    assert section.image.size.unit.currentData() == "nm"
    assert not section.change_button.isVisible()
    assert not section.image.bar_row.isVisible()


def test_a_typed_size_carries_its_unit(section, qtbot):
    section.show_image(facts_of(electron()))
    given = []
    section.image.size_given.connect(lambda *one: given.append(one))
    field = section.image.size
    assert not field.button.isEnabled()
    qtbot.keyClicks(field.number, "2,3")
    qtbot.keyClick(field.number, Qt.Key.Key_Return)
    field.unit.setCurrentIndex(1)
    qtbot.mouseClick(field.button, LEFT)
    assert given == [(2.3, "nm"), (2.3, "um")]  # a comma is a point, never nothing


def test_a_measured_bar_asks_for_its_length(section, qtbot):
    facts = facts_of(electron())
    section.show_image(facts)
    section.image.ask_length(facts.bar, facts.bar.length)
    assert section.image.bar_words.text() == f"The bar is {facts.bar.length:.1f} pixels. How long is it?"
    section.image.ask_length(None, 40.0)
    assert section.image.bar_words.text().startswith("No bar was recognised there.")
    given = []
    section.image.length_given.connect(lambda *one: given.append(one))
    qtbot.keyClicks(section.image.length.number, "200")
    section.image.length.unit.setCurrentIndex(0)
    qtbot.mouseClick(section.image.length.button, LEFT)
    assert given == [(200.0, "nm")]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("person", "2.3 nm a pixel, as a person said."),
        ("scale bar", "2.3 nm a pixel, from its scale bar."),
        ("TVIPS tags", "2.3 nm a pixel, from the file (TVIPS tags)."),
        ("cohort.csv", "2.3 nm a pixel, from the table."),
        (
            "laboratory: ×400, 50 x 40",
            "2.3 nm a pixel, as your laboratory told for images of this kind (×400, 50 x 40).",
        ),
    ],
)
def test_where_a_scale_comes_from_is_said(source, words):
    assert scale_sentence(PixelSize(value=2.3, unit="nm", source=source)) == words


def test_what_was_said_can_be_forgotten_and_what_the_file_says_changed(section, qtbot):
    forgotten = []
    section.forget_wanted.connect(lambda: forgotten.append(1))
    section.show_image(facts_of(electron(stated_pixel_size=PixelSize(value=2.3, unit="nm"))))
    assert section.change_button.text() == "Forget"
    qtbot.mouseClick(section.change_button, LEFT)
    assert forgotten == [1]
    of_file = facts_of(electron(), pixel_size=PixelSize(value=5.0, unit="nm", source="FEI tags"))
    section.show_image(of_file)
    assert section.change_button.text() == "Change"
    assert not section.image.isVisible()
    qtbot.mouseClick(section.change_button, LEFT)
    assert forgotten == [1]
    assert section.image.ways.isVisible()


def test_a_scale_that_was_refused_is_explained_without_the_files_name(section):
    notice = Notice(
        code="pixel_size_not_a_length", message="a.png states its scale in 1/nm, which is no length."
    )
    section.show_image(facts_of(electron(), notice=notice))
    assert section.sentence.text() == "The file states its scale in 1/nm, which is no length."


def test_the_legend_is_said_brought_back_and_cut_again(section, qtbot):
    wanted, row = [], section.legend
    row.rows_wanted.connect(wanted.append)
    section.show_image(facts_of(electron()))
    assert (row.words.text(), row.button.text()) == ("Legend cut: 37 rows", "Bring back")
    assert row.words.toolTip().startswith("A strip across the whole width, found surely (")
    assert not row.note.isVisible()
    qtbot.mouseClick(row.button, LEFT)
    section.show_image(facts_of(electron(legend=0)))
    assert (row.words.text(), row.button.text()) == (
        "Legend brought back: the model sees all of it",
        "Cut again",
    )
    assert row.note.text() == "In everything exported the lowest 37 rows are black."
    qtbot.mouseClick(row.button, LEFT)
    section.show_image(facts_of(electron(legend=60)))
    assert row.words.text() == "Legend cut: 60 rows (as a person said)"
    assert wanted == [0, None]


def test_an_image_without_a_legend_can_be_told_so(section, qtbot):
    item = ImageItem(Path("a.png"), Modality.TEM, pixels=tissue(500, 500))
    section.show_image(facts_of(item))
    assert (section.legend.words.text(), section.legend.button.text()) == ("No legend found", "There is none")
    assert section.legend.edge_button.isVisible()
    assert not section.image.found_button.isVisible()
    light = ImageItem(Path("a.png"), Modality.OM, pixels=np.zeros((80, 80, 3), np.uint8))
    section.show_image(facts_of(light))
    assert not section.legend.isVisible()
    assert section.image.size.unit.currentData() == "um"


def test_remembering_needs_a_magnification(section, qtbot):
    image, kept = section.image, []
    image.remember_wanted.connect(lambda *one: kept.append(one))
    section.show_image(
        facts_of(electron(stated_pixel_size=PixelSize(value=2.3, unit="nm", source="scale bar")))
    )
    assert not image.remember_row.isVisible()
    qtbot.mouseClick(image.remember_link, LEFT)
    assert image.remember_row.isVisible()
    assert not image.remember_button.isEnabled()
    qtbot.keyClicks(image.magnification, "x8000")
    qtbot.keyClicks(image.device, "HT7800")
    qtbot.mouseClick(image.remember_button, LEFT)
    assert kept == [(8000.0, "HT7800")]


def test_the_ruler_lists_lengths_and_deletes_the_one_that_is_meant(section, qtbot):
    deleted = []
    section.ruler.delete_wanted.connect(deleted.append)
    section.show_image(facts_of(electron()))
    section.ruler.show_measured(["842 nm", "1.2 µm"])
    assert section.ruler.texts == ["842 nm", "1.2 µm"]
    qtbot.mouseClick(section.ruler.delete_buttons[1], LEFT)
    assert deleted == [1]


@pytest.mark.parametrize(
    ("um", "short", "both"),
    [
        (0.842, "842 nm", "842 nm = 0.842 µm"),
        (0.0123, "12.3 nm", "12.3 nm = 0.0123 µm"),
        (3.214, "3.21 µm", "3214 nm = 3.21 µm"),
        (151.26, "151 µm", "151260 nm = 151 µm"),
    ],
)
def test_lengths(um, short, both):
    assert (measured(um), measured_both(um)) == (short, both)


def test_nothing_is_wider_than_the_reader(section):
    for item in (electron(), electron(stated_pixel_size=PixelSize(value=2.3, unit="nm"))):
        facts = facts_of(item)
        section.show_image(facts)
        section.image.ask_length(facts.bar, 200.0)
        section.image._open_remember()
        section.image.offer_others(4)
        assert section.minimumSizeHint().width() <= 316  # the reader is 340 wide, less its margins
