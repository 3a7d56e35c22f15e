"""What the reader, the board and the settings show of a model that reads the whole panel."""

from __future__ import annotations

import pytest

from napari_renal_fusion.cases import Case, ImageItem, Modality
from napari_renal_fusion.explain.explanation import GRADIENT_METHODS, BagEntry, BagRecord
from napari_renal_fusion.training import preset
from napari_renal_fusion.viewer.board import Board
from napari_renal_fusion.viewer.heat_map_section import HeatMapSection
from napari_renal_fusion.viewer.selection_section import SelectionSection
from napari_renal_fusion.viewer.training.config_form import ConfigForm
from napari_renal_fusion.viewer.training.settings_page import SettingsPage
from napari_renal_fusion.viewer.words import METHOD_TITLES, heat_map_title


@pytest.fixture
def shown(qtbot):
    def show(widget):
        qtbot.addWidget(widget)
        widget.show()
        return widget

    return show


def test_attention_is_offered_by_models_that_have_it_and_stays_when_the_style_changes(shown):
    section = shown(HeatMapSection())
    section.apply("layercam", "contours", 0.6)
    assert section.method == "layercam"
    assert section.methods.findData("attention") == -1
    section.show_methods((*GRADIENT_METHODS, "attention"), "attention")
    assert section.methods.currentText() == METHOD_TITLES["attention"]
    section.apply("layercam", "cells", 0.8)
    assert (section.method, section.style) == ("attention", "cells")
    section.apply("gradcam", "cells", 0.8)
    assert section.method == "gradcam"
    section.show_methods(GRADIENT_METHODS, "gradcam")
    assert section.methods.count() == len(GRADIENT_METHODS)


def test_attention_is_never_called_evidence_for_a_class():
    said = heat_map_title("Lupus nephritis", "attention", "cell 10 µm")
    assert "upus" not in said
    assert "for every class alike" in said


@pytest.mark.parametrize(
    ("singles", "sentence"),
    [
        ((), "Tick images on the board below: any number of light, IF and electron images."),
        ((Modality.OM, Modality.IM), "Tick images on the board below: one light, one IF, any number of electron images."),
    ],
)  # fmt: skip
def test_the_choice_says_how_many_images_the_model_takes(shown, singles, sentence):
    section = shown(SelectionSection())
    section.begin_edit(singles)
    assert section.lines.text() == sentence


def test_the_board_calls_attention_by_its_name(shown, tmp_path):
    board = shown(Board())
    images = tuple(ImageItem(tmp_path / f"{i}.png", Modality.TEM) for i in range(2))
    board.show_case(Case("c", "p", images))
    entries = tuple(
        BagEntry(
            key=f"TEM-{i + 1}", name=f"{i}", is_centre=False, kept=True, weight=weight, distance=0.0,
            effect=(0.1 * i, 0.0), probabilities_without=(0.5, 0.5),
        )
        for i, weight in enumerate((0.75, 0.25))
    )  # fmt: skip
    board.show_bag(BagRecord(entries=entries, threshold=0, mean_distance=0, weighs_by="attention"), 0, "A")
    tip = board.thumbnail("TEM-2").toolTip()
    assert "share of the attention: 0.25" in tip
    assert "typicality" not in tip


def test_the_form_opens_what_the_network_can_do(shown):
    form = shown(ConfigForm(preset("small")))
    assert form.inputs["subsets"].isEnabled()
    assert not form.inputs["part_shown"].isEnabled()
    page = shown(SettingsPage())
    page.choose_preset("panel")
    assert page.config == preset("panel")
    assert page.form.inputs["part_shown"].isEnabled()
    assert not page.form.inputs["subsets"].isEnabled()
