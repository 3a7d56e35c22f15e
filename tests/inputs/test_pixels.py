from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases import Box, ImageItem, Modality, placement
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import Preprocessing, prepare_image, to_rgb8, to_tensor


def item(array, **fields) -> ImageItem:
    return ImageItem(path=Path("image.png"), modality=Modality.OM, pixels=array, **fields)


def test_squash_covers_the_whole_image_and_matches_pillow():
    array = np.random.default_rng(0).integers(0, 255, (300, 500, 3), dtype=np.uint8)
    prepared = prepare_image(item(array), Preprocessing())
    assert prepared.pixels.shape == (224, 224, 3)
    assert prepared.box == Box(0, 0, 300, 500)
    expected = Image.fromarray(array).resize((224, 224), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(prepared.pixels, np.asarray(expected))


def test_the_legend_cut_takes_the_bottom_rows_and_a_crop_by_a_person_replaces_it():
    array = np.random.default_rng(0).integers(0, 255, (2048, 2048), dtype=np.uint8)
    rule = Preprocessing(cut_bottom=108 / 2048)
    assert prepare_image(item(array), rule).box == Box(0, 0, 1940, 2048)
    cropped = prepare_image(item(array, crop=Box(100, 200, 600, 700)), rule)
    assert cropped.box == Box(100, 200, 600, 700)


def test_padding_keeps_the_aspect_and_its_box_reaches_beyond_the_image():
    array = np.zeros((100, 200, 3), dtype=np.uint8)
    array[:, :, 1] = 200
    array[0, 0] = 255
    prepared = prepare_image(item(array), Preprocessing(resize="pad"))
    assert prepared.box == Box(-50, 0, 200, 200)
    where = placement((224, 224), prepared.box)
    # the middle of the picture is the middle of the image
    np.testing.assert_allclose(where.to_pixels([[111.5, 111.5]]), [[49.5, 99.5]])


@pytest.mark.parametrize(("largest", "expected"), [(255, 255), (1000, 249), (4095, 255), (65535, 255)])
def test_sixteen_bits_are_scaled_by_the_depth_that_holds_them(largest, expected):
    array = np.array([[0, largest]], dtype=np.uint16)
    assert to_rgb8(array)[0, 1, 0] == expected


def test_a_flat_image_is_said_to_be_flat():
    assert [n.code for n in prepare_image(item(np.zeros((64, 64), np.uint8)), Preprocessing()).notices] == [
        "image_blank"
    ]


def test_a_crop_outside_the_image_is_an_error():
    with pytest.raises(RenalFusionError) as raised:
        prepare_image(item(np.zeros((64, 64), np.uint8), crop=Box(100, 100, 50, 50)), Preprocessing())
    assert raised.value.code == "crop_empty"


def test_the_original_array_is_never_changed():
    array = np.random.default_rng(1).integers(0, 4000, (64, 64, 3), dtype=np.uint16)
    before = array.copy()
    prepare_image(item(array), Preprocessing())
    np.testing.assert_array_equal(array, before)


def test_tensor_is_normalised_with_the_bundles_mean_and_std():
    prepared = prepare_image(
        item(np.full((32, 32, 3), 51, np.uint8)), Preprocessing(mean=(0.2,) * 3, std=(0.5,) * 3)
    )
    tensor = to_tensor(prepared, Preprocessing(mean=(0.2,) * 3, std=(0.5,) * 3))
    assert tensor.shape == (3, 224, 224)
    assert float(tensor.abs().max()) < 1e-6


def electron(legend=None, crop=None) -> ImageItem:
    from napari_renal_fusion.phantoms.legend import with_legend

    picture = np.random.default_rng(0).normal(128, 40, (2048, 2048)).clip(0, 255).astype(np.uint8)
    picture = with_legend(picture, 2.3, 8000, 0)
    return ImageItem(Path("image.png"), Modality.TEM, pixels=picture, legend=legend, crop=crop)


@pytest.mark.parametrize("rule", [Preprocessing(), Preprocessing(cut_bottom=0.2)])
def test_a_legend_that_is_found_is_cut_to_the_row_and_can_be_brought_back(rule):
    assert prepare_image(electron(), rule).box == Box(0, 0, 1940, 2048)
    assert prepare_image(electron(legend=0), rule).box == Box(0, 0, 2048, 2048)
    assert prepare_image(electron(legend=300), rule).box == Box(0, 0, 1748, 2048)
    assert (
        prepare_image(electron(), rule).input_sha256 != prepare_image(electron(legend=0), rule).input_sha256
    )


def test_the_legend_is_cut_before_the_crop():
    assert prepare_image(electron(crop=Box(1000, 0, 1048, 500)), Preprocessing()).box == Box(
        1000, 0, 940, 500
    )
    with pytest.raises(RenalFusionError, match="8 x 8"):
        prepare_image(electron(crop=Box(1950, 0, 98, 500)), Preprocessing())


def test_a_heat_map_sits_right_on_the_whole_image_of_which_the_legend_was_cut():
    where = placement((7, 7), prepare_image(electron(), Preprocessing()).box)
    np.testing.assert_allclose(
        where.to_pixels([[6.5, 6.5]]), [[1939.5, 2047.5]]
    )  # the last cell's far corner
