"""The form: every field of the configuration once, numbers as people write them, errors at their field."""

from __future__ import annotations

import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.training.config import BASIC, PRESETS, TrainingConfig, preset
from napari_renal_fusion.viewer.training.config_form import ConfigForm, groups
from napari_renal_fusion.viewer.training.number_edit import NumberEdit, number_text
from napari_renal_fusion.viewer.training.settings_page import SettingsPage


@pytest.fixture
def form(show):
    return show(ConfigForm(preset("small")))


def write(form, name, text, qtbot):
    box = form.inputs[name].box
    box.selectAll()
    qtbot.keyClicks(box, text)


def test_every_field_stands_in_exactly_one_place():
    shown = [name for names in groups().values() for name in names] + list(BASIC)
    hidden = {"preset", "network", "rules", "preprocessing", "crop"}
    assert sorted(shown) == sorted(set(TrainingConfig.model_fields) - hidden)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_goes_through_the_form_unchanged(form, name):
    form.show_config(preset(name))
    assert form.config == preset(name)
    assert form.changes == {}


def test_learning_rates_are_written_as_people_write_them(form, qtbot):
    form.show_config(preset("paper"))
    assert form.inputs["learning_rate"].box.text() == "5e-05"
    write(form, "learning_rate", "3e-4", qtbot)
    assert form.config.learning_rate == 3e-4
    assert form.changes == {"learning_rate": 3e-4}
    form.inputs["learning_rate"].box.editingFinished.emit()
    assert form.inputs["learning_rate"].box.text() == "0.0003"


@pytest.mark.parametrize(
    ("value", "text"), [(5e-5, "5e-05"), (0.15, "0.15"), (1.0, "1"), (1 / 3, repr(1 / 3))]
)
def test_number_text_means_exactly_the_number(value, text):
    assert number_text(value) == text
    assert float(text) == value


def test_a_number_line_takes_a_comma_and_refuses_letters(qtbot):
    edit = NumberEdit(0.5)
    qtbot.addWidget(edit)
    edit.selectAll()
    qtbot.keyClicks(edit, "x0,25kg")
    assert edit.value == 0.25
    edit.clear()
    assert edit.value is None


def test_an_error_stands_at_its_field_and_goes_away(form, qtbot):
    write(form, "learning_rate", "0", qtbot)
    assert form.config is None
    assert form.errors == {"learning_rate": "Must be more than 0."}
    assert form._error_labels["learning_rate"].isVisible()
    write(form, "learning_rate", "1e-3", qtbot)
    assert form.config.learning_rate == 1e-3
    assert not form._error_labels["learning_rate"].isVisible()


def test_an_unfinished_number_says_what_is_wanted(form, qtbot):
    write(form, "learning_rate", "5e-", qtbot)
    assert form.errors["learning_rate"].startswith("Must be a number, such as 5e-05")


def test_an_error_between_fields_stands_where_it_can_be_corrected(form, qtbot):
    write(form, "folds", "1", qtbot)
    assert "one fold tests nothing" in form.errors["folds"].casefold()


def test_an_error_in_the_folded_part_opens_it(form, qtbot):
    assert not form.advanced.isVisible()
    form.inputs["coverage"].box.setText("0.2")
    form.inputs["coverage"].edited.emit()
    assert form.errors == {"coverage": "Must be at least 0.5."}
    assert form.advanced.isVisible()


def test_models_for_missing_images_are_ticked(form):
    form.advanced_button.click()
    form.inputs["subsets"].boxes[Modality.OM, Modality.IM].click()
    assert form.config.subsets == ((Modality.OM, Modality.IM),)


def test_a_file_of_encoder_weights_can_be_chosen(form, tmp_path, monkeypatch):
    from napari_renal_fusion.viewer.training import encoder_chooser

    file = tmp_path / "swin base.safetensors"
    monkeypatch.setattr(
        encoder_chooser.QFileDialog, "getOpenFileName", staticmethod(lambda *_: (str(file), ""))
    )
    form.inputs["encoder_weights"].box.file_button.click()
    assert form.config.encoder_weights == str(file)
    assert "swin base" in form.inputs["encoder_weights"].box.box.currentText()


def test_changes_are_counted_and_undone(qtbot):
    page = SettingsPage()
    qtbot.addWidget(page)
    page.show()
    write(page.form, "epochs", "7", qtbot)
    assert page.back_button.text() == "Undo 1 change"
    page.back_button.click()
    assert page.config == preset("small")
    page.set_classes(4)
    page.choose_preset("paper")
    assert page.config.network.n_classes == 4
