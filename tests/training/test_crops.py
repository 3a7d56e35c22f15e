"""Training on single glomeruli: the rule is stated once, whole fields stay out, and the bundle says the same."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from napari_renal_fusion.cases import Cohort, Modality
from napari_renal_fusion.cases.cut_out import CutOut
from napari_renal_fusion.cli.train import chosen_config
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import CropRule, Margin
from napari_renal_fusion.training.patients import picture_store, prepare

from .tiny import tiny_cohort, tiny_config

RULE = {Modality.OM: CropRule(margin=Margin(value=2, unit="px"), background="remove")}
RING = ((9.5, 9.5), (9.5, 21.5), (21.5, 21.5), (21.5, 9.5))


def with_outlines(cohort):
    """Every light image outlined once; its glomerulus follows it."""
    cases = []
    for case in cohort.cases:
        images = []
        for number, image in enumerate(case.images, start=1):
            named = replace(image, image_id=f"{image.modality.value}-{number}")
            images.append(named)
            if image.modality == Modality.OM:
                cut = CutOut(((RING,),))
                images.append(replace(named, image_id=f"{named.image_id}.1", crop=cut.bounds, cut_out=cut))
        cases.append(replace(case, images=tuple(images)))
    return replace(cohort, cases=tuple(cases))


def test_glomeruli_are_trained_on_and_whole_fields_are_not(tmp_path):
    cohort = with_outlines(tiny_cohort(tmp_path, per_class=1))
    config = tiny_config(crop=RULE)
    cases, notices = prepare(cohort, config, store=picture_store(tmp_path / "store"))
    assert notices == ()
    pictures = [case.pictures[Modality.OM] for case in cases]
    assert [len(one) for one in pictures] == [1, 1, 1]
    for (one,) in pictures:
        assert one.image.image_id == "OM-1.1"
        assert (one.pixels[0] == 255).all()
    whole, _ = prepare(cohort, tiny_config(), store=picture_store(tmp_path / "store"))
    assert [case.pictures[Modality.OM][0].image.image_id for case in whole] == ["OM-1"] * 3


def test_whole_fields_alone_stop_a_training_on_glomeruli(tmp_path):
    cohort = tiny_cohort(tmp_path, per_class=1)
    with pytest.raises(RenalFusionError) as caught:
        prepare(cohort, tiny_config(crop=RULE), store=picture_store(tmp_path / "store"))
    assert caught.value.code == "training_image_missing"
    images = [tuple(replace(one, is_cut=True) for one in case.images) for case in cohort.cases]
    cut = [replace(case, images=these) for case, these in zip(cohort.cases, images, strict=True)]
    cases, _ = prepare(
        Cohort(tuple(cut), cohort.class_names),
        tiny_config(crop=RULE),
        store=picture_store(tmp_path / "store"),
    )
    assert len(cases) == 3


def test_the_rule_is_stated_on_the_command_line_and_goes_with_its_modality():
    stated = 'crop={"OM": {"margin": {"value": 20, "unit": "um"}, "background": "blur"}}'
    config = chosen_config("small", {}, [stated], ())
    assert config.crop == {Modality.OM: CropRule(margin=Margin(value=20, unit="um"), background="blur")}
    assert config.restricted_to((Modality.OM, Modality.IM)).crop == config.crop
    assert config.restricted_to((Modality.IM, Modality.TEM)).crop is None


def test_electron_images_have_no_glomeruli_to_cut_out():
    with pytest.raises(ValidationError, match="light and fluorescence"):
        tiny_config(crop={Modality.TEM: CropRule()})
