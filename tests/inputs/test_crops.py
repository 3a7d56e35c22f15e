"""Glomeruli in place of whole images: which enter, how large, and what becomes of their background."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_renal_fusion.cases import Box, Case, ImageItem, Modality, PixelSize
from napari_renal_fusion.cases.cut_out import CutOut
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import (
    CropRule,
    Margin,
    PictureStore,
    Preprocessing,
    for_bundle,
    prepare_image,
)
from napari_renal_fusion.inputs.crops import chosen_glomeruli, cut
from napari_renal_fusion.inputs.selection import keyed_images, parent_of

RING = ((9.5, 19.5), (9.5, 59.5), (49.5, 59.5), (49.5, 19.5))
HOLE = ((19.5, 29.5), (19.5, 39.5), (29.5, 39.5), (29.5, 29.5))
SIXTEENTH = Preprocessing(size=(48, 48))


def field(modality="OM", key="OM-1", **more):
    pixels = np.full((100, 120, 3), 120, np.uint8)
    pixels[10:50, 20:60] = (200, 40, 90)
    return ImageItem(Path("a.png"), Modality(modality), pixels=pixels, image_id=key, **more)


def glomerulus(number=1, parts=((RING, HOLE),), **more):
    image = field(**more)
    return replace(image, image_id=f"{image.image_id}.{number}", cut_out=CutOut(parts))


def case(*images):
    return Case("C", "P", images, code="7K2F")


def keys(admissible):
    return list(keyed_images(admissible.case))


def test_a_bundle_that_reads_whole_images_never_sees_glomeruli():
    given = case(field(), glomerulus(), field("TEM", "TEM-1"))
    assert keys(for_bundle(given, None)) == ["OM-1", "TEM-1"]
    assert keys(for_bundle(given, {Modality.IM: CropRule()})) == ["OM-1", "TEM-1"]


def test_a_bundle_that_reads_glomeruli_never_sees_a_whole_field():
    given = case(field(), glomerulus(1), glomerulus(3), field("IM", "IM-1"))
    found = for_bundle(given, {Modality.OM: CropRule()})
    assert keys(found) == ["OM-1.1", "OM-1.3", "IM-1"]
    assert [one.key for one in found.left_out] == ["OM-1"]
    assert found.refusals == ()
    assert [parent_of(key) for key in keys(found)] == ["OM-1", "OM-1", "IM-1"]
    assert found.case.images[1].name == "OM-1, glomerulus 3"


def test_a_whole_field_alone_is_refused_with_what_to_do():
    found = for_bundle(case(field(), field("IM", "IM-1")), {Modality.OM: CropRule(), Modality.IM: CropRule()})
    assert [one.code for one in found.refusals] == ["crop_needed", "crop_needed"]
    assert "Outline one" in found.refusals[0].message
    assert "Light (OM)" in found.refusals[0].message


def test_files_that_were_cut_before_and_crops_of_a_person_are_read():
    drawn = field(key="OM-2", crop=Box(0, 0, 50, 50))
    given = case(field(key="OM-1", is_cut=True), drawn)
    assert keys(for_bundle(given, {Modality.OM: CropRule()})) == ["OM-1", "OM-2"]
    removed = {Modality.OM: CropRule(background="remove")}
    assert keys(for_bundle(given, removed)) == ["OM-1"]  # a box does not say what its background is


def test_a_margin_in_micrometres_needs_a_pixel_size():
    rule = {Modality.OM: CropRule(margin=Margin(value=5, unit="um"))}
    found = for_bundle(case(field(), glomerulus()), rule)
    assert [one.code for one in found.refusals] == ["crop_uncalibrated"]
    sized = glomerulus(stated_pixel_size=PixelSize(value=0.5, unit="um"))
    assert cut(sized, rule[Modality.OM]).crop == Box(0, 10, 60, 60)


@pytest.mark.parametrize("margin", [0, 4])
def test_the_box_of_what_the_model_sees_lies_in_whole_image_pixels(margin):
    item = cut(glomerulus(), CropRule(margin=Margin(value=margin, unit="px")))
    seen = prepare_image(item, SIXTEENTH)
    assert seen.box == Box(10 - margin, 20 - margin, 40 + 2 * margin, 40 + 2 * margin)


@pytest.mark.parametrize(("modality", "colour"), [("OM", 255), ("IM", 0)])
def test_a_removed_background_is_white_in_light_and_black_in_fluorescence(modality, colour):
    rule = CropRule(margin=Margin(value=8, unit="px"), background="remove")
    item = cut(glomerulus(modality=modality, key=f"{modality}-1"), rule)
    seen = prepare_image(item, Preprocessing(size=(56, 56))).pixels  # one to one
    assert (seen[:8] == colour).all()
    assert (seen[-8:] == colour).all()
    assert (seen[18:28, 18:28] == colour).all()  # the hole
    assert (seen[10:17, 10:46] == (200, 40, 90)).all()


def test_a_kept_background_stays_and_a_blurred_one_has_no_structure():
    item = glomerulus()
    item.pixels[50:60, ::2] = 0
    margin = Margin(value=8, unit="px")
    kept, blurred = (
        prepare_image(cut(item, CropRule(margin=margin, background=one)), Preprocessing(size=(56, 56))).pixels
        for one in ("keep", "blur")
    )
    assert np.array_equal(kept, item.pixels[2:58, 12:68])
    assert np.ptp(blurred[52, 4:52].astype(int)) < np.ptp(kept[52, 4:52].astype(int)) / 3
    assert np.array_equal(blurred[10:17, 10:46], kept[10:17, 10:46])


def test_two_backgrounds_of_one_file_are_two_stored_pictures(tmp_path):
    from PIL import Image

    file = tmp_path / "a.png"
    Image.fromarray(field().pixels).save(file)
    store = PictureStore(tmp_path / "store")
    item = replace(glomerulus(), path=file, pixels=None)
    pictures = [
        store.get(cut(item, CropRule(background=one)), SIXTEENTH).input_sha256
        for one in ("keep", "remove", "keep")
    ]
    assert pictures[0] == pictures[2] != pictures[1]


def test_a_whole_image_chosen_on_the_board_means_the_first_glomerulus_on_it():
    given = for_bundle(case(field(), glomerulus(2), glomerulus(5)), {Modality.OM: CropRule()}).case
    assert chosen_glomeruli(given, ("OM-1",)) == ("OM-1.2",)
    assert chosen_glomeruli(given, ("OM-1.5", "OM-9")) == ("OM-1.5", "OM-9")


def test_a_crop_that_leaves_nothing_is_said():
    item = replace(glomerulus(), crop=Box(0, 0, 4, 4))
    with pytest.raises(RenalFusionError) as caught:
        prepare_image(item, SIXTEENTH)
    assert caught.value.code == "crop_empty"


def test_what_entered_of_an_image_is_found_by_the_images_key():
    from napari_renal_fusion.inputs import SelectedImage, Selection

    chosen = [
        SelectedImage(key=key, modality=Modality(key[:2]), name="", reason="", by="rule")
        for key in ("OM-1.2", "IM-11")
    ]
    selection = Selection(images=tuple(chosen))
    assert [selection.on_image(key) for key in ("OM-1", "OM-1.2", "IM-11", "IM-1", "OM-1.1")] == [
        "OM-1.2", "OM-1.2", "IM-11", None, None,
    ]  # fmt: skip
