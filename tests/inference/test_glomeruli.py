"""A bundle that reads single glomeruli: refuses a whole field, answers for each chosen one and once for the patient."""

from pathlib import Path

import numpy as np
import pytest

from napari_renal_fusion.bundles import load
from napari_renal_fusion.cases import Box, Case, ImageItem, Modality
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.explain import explain
from napari_renal_fusion.glomeruli import Drawing, Outline, with_glomeruli
from napari_renal_fusion.glomeruli.edits import Exclude
from napari_renal_fusion.inference import Engine, model_input, predict
from napari_renal_fusion.inputs import CropRule, Margin

RULE = {Modality.OM: CropRule(margin=Margin(value=10, unit="px"), background="remove")}


@pytest.fixture(scope="module")
def bundle(make_tiny_bundle):
    return make_tiny_bundle(crop=RULE)


def image(modality, seed, key):
    pixels = np.random.default_rng(seed).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    return ImageItem(Path(f"{key}.png"), Modality(modality), pixels=pixels, image_id=key)


@pytest.fixture
def case():
    images = (
        image("OM", 1, "OM-1"),
        image("IM", 2, "IM-1"),
        image("TEM", 3, "TEM-1"),
        image("TEM", 4, "TEM-2"),
    )
    return Case("7K2F", "P", images, code="7K2F")


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path / "work")


def outlined(case, work, *boxes):
    with Drawing.of_case("7K2F", "OM-1", work=work, image_shape=(300, 400)) as drawing:
        drawing.draw([Outline.box(box) for box in boxes])
    return with_glomeruli(case, work)


def test_the_rule_of_crops_survives_the_bundle_on_disk_and_old_bundles_have_none(bundle, tiny_bundle):
    assert load(bundle).config.crop == RULE
    assert load(tiny_bundle).config.crop is None


def test_a_whole_field_is_refused_with_a_sentence(case, bundle):
    prediction = predict(case, bundle, engine=Engine())
    assert prediction.status == "refused"
    assert prediction.probabilities == ()
    assert [one.code for one in prediction.reasons] == ["crop_needed"]
    left = {one.key: one.reason for one in prediction.selection.left_out}
    assert left["OM-1"] == "a whole field; this model reads single glomeruli"


def test_every_chosen_glomerulus_is_asked_and_one_answer_is_the_patients(case, bundle, work):
    boxes = (Box(20, 30, 60, 60), Box(150, 200, 80, 90), Box(20, 250, 60, 60))
    whole = outlined(case, work, *boxes)
    with Drawing.of_case("7K2F", "OM-1", work=work) as drawing:
        drawing.do(Exclude(ids=(drawing.outlines[1].id,)))
    kept = with_glomeruli(case, work)
    assert [one.image_id for one in whole.images[:4]] == ["OM-1", "OM-1.1", "OM-1.2", "OM-1.3"]
    assert [one.image_id for one in kept.images[:3]] == ["OM-1", "OM-1.1", "OM-1.3"]
    prediction = predict(kept, bundle, engine=Engine())
    assert prediction.selection.of(Modality.OM)[0].key == "OM-1.1"
    asked = [one.images[Modality.OM] for one in prediction.alternatives.combinations]
    assert asked == ["OM-1.1", "OM-1.3"]


def test_heat_maps_and_the_models_picture_lie_where_the_glomerulus_is(case, bundle, work):
    prediction = predict(outlined(case, work, Box(150, 200, 80, 90)), bundle, engine=Engine())
    seen = model_input(prediction, "OM-1.1")
    assert seen.box == Box(140, 190, 100, 110)
    assert (seen.pixels[0] == 255).all()  # the background was removed
    heat_map = explain(prediction).heat_map("OM-1.1")
    rows, columns = heat_map.raw.shape
    scale, at = heat_map.placement.scale, heat_map.placement.translate
    assert np.allclose(np.multiply(scale, (rows, columns)), (100, 110))
    assert np.allclose(np.subtract(at, np.divide(scale, 2)), (139.5, 189.5))


def test_a_bundle_of_whole_images_gives_the_same_answer_with_and_without_marks(case, tiny_bundle, work):
    plain = predict(case, tiny_bundle, engine=Engine())
    marked = predict(outlined(case, work, Box(20, 30, 60, 60)), tiny_bundle, engine=Engine())
    assert marked.probabilities == plain.probabilities
    assert marked.selection.keys == plain.selection.keys


def test_a_glomerulus_of_the_persons_choice_enters(case, bundle, work):
    given = outlined(case, work, Box(20, 30, 60, 60), Box(150, 200, 80, 90))
    prediction = predict(given, bundle, choice={Modality.OM: ("OM-1.2",)}, engine=Engine())
    assert prediction.selection.of(Modality.OM)[0].key == "OM-1.2"
    by_board = predict(given, bundle, choice={Modality.OM: ("OM-1",)}, engine=Engine())
    assert by_board.selection.of(Modality.OM)[0].key == "OM-1.1"
