import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from napari_renal_fusion.cases import ImageItem, Modality
from napari_renal_fusion.cases.legend import exported, find_legend, legend_rows, masked_rows
from napari_renal_fusion.phantoms.legend import legend_rows as true_rows
from napari_renal_fusion.phantoms.legend import with_legend


def tissue(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Something as uneven as an electron micrograph: blobs of every size, and grain."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width))
    for cells in (4, 12, 40, 120):
        coarse = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
        picture += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    picture += rng.normal(0, 0.3, picture.shape)
    low, high = np.percentile(picture, (1, 99))
    return np.clip((picture - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def as_jpeg(array: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def item(array, modality=Modality.TEM, **fields) -> ImageItem:
    return ImageItem(path=Path("image.tif"), modality=modality, pixels=array, **fields)


@pytest.mark.parametrize("quality", [None, 90, 60])
@pytest.mark.parametrize("side", [320, 700, 2048])
def test_the_strip_of_a_phantom_is_found_to_the_row(side, quality):
    picture = with_legend(tissue(side, side), 2.3, 8000, 1)
    found = find_legend(picture if quality is None else as_jpeg(picture, quality))
    assert (found.rows, found.kind) == (true_rows(side), "strip")
    assert found.sure >= 0.8
    if side == 2048:
        assert side - found.rows == 1940


def test_a_tall_white_strip_of_16_bits_in_colour_is_found():
    picture = tissue(900, 800).astype(np.uint16) * 200
    strip = np.asarray(
        Image.fromarray(with_legend(tissue(900, 800), 2.3, 8000, 1)[-true_rows(900) :]).resize((800, 110))
    )
    picture[-110:] = (255 - strip.astype(np.uint16)) * 200
    found = find_legend(np.repeat(picture[..., None], 3, axis=2))
    assert (found.rows, found.kind) == (110, "strip")
    assert found.tone > 230


def test_no_picture_without_a_legend_is_cut():
    for seed in range(12):
        picture = tissue(600, 700, seed)
        for one in (picture, 255 - picture, as_jpeg(picture, 50), np.rot90(picture)):
            assert find_legend(one).kind == "none"


def test_a_dark_fold_at_the_bottom_is_no_strip():
    picture = tissue(800, 800)
    rows, columns = np.mgrid[:800, :800]
    picture[rows > 690 + columns / 20] = 10  # its edge slants, a strip's does not
    assert find_legend(picture).rows == 0
    picture = tissue(800, 800)
    picture[rows > 720 + 6 * np.sin(columns / 40)] = 245
    assert find_legend(picture).rows == 0
    assert find_legend(np.full((500, 500), 30, np.uint8)).rows == 0


def test_boxes_with_text_on_the_picture_are_found_with_their_outlined_letters():
    picture = (tissue(1200, 1600) * 0.7 + 30).astype(np.uint8)
    box = Image.new("L", (500, 40), 255)
    ImageDraw.Draw(box).text((8, 20), "Name: A1--0024", fill=0, font=ImageFont.load_default(24), anchor="lm")
    picture[1130:1170, 200:700] = picture[1135:1175, 1000:1500] = box
    found = find_legend(picture)
    assert (found.kind, found.rows) == ("captions", 1200 - 1130)
    assert found.sure < 0.8  # said with some doubt
    whole = Image.fromarray(picture)
    font = ImageFont.load_default(24)
    ImageDraw.Draw(whole).text((60, 1108), "2 um", fill=0, font=font, stroke_width=2, stroke_fill=255)
    assert 1200 - 1130 < find_legend(np.asarray(whole)).rows <= 1200 - 1105


def test_what_a_person_says_comes_before_what_it_looks_like():
    picture = with_legend(tissue(512, 512), 2.3, 8000, 1)
    rows = true_rows(512)
    assert legend_rows(item(picture), picture) == rows
    assert legend_rows(item(picture, legend=0), picture) == 0
    assert legend_rows(item(picture, legend=60), picture) == 60
    assert legend_rows(item(picture, modality=Modality.OM), picture) == 0
    assert legend_rows(item(picture, modality=Modality.OM, legend=9), picture) == 9


def test_an_export_never_shows_a_legend_that_was_found_not_even_one_that_was_brought_back():
    picture = with_legend(tissue(512, 512), 2.3, 8000, 1)
    rows = true_rows(512)
    for legend in (None, 0, 10):
        clean = exported(item(picture, legend=legend))
        assert clean.shape == picture.shape
        assert not clean[-rows:].any()
        np.testing.assert_array_equal(clean[:-rows], picture[:-rows])
    assert picture[-rows:].any()  # the image itself is as it was
    assert masked_rows(item(picture, legend=80), picture) == 80


def test_bare_letters_may_hide_so_the_lowest_twentieth_is_masked_until_a_person_says_that_there_is_no_legend():
    picture = tissue(512, 512)
    assert masked_rows(item(picture), picture) == 27
    assert exported(item(picture, legend=0)) is picture
    assert exported(item(picture, modality=Modality.OM)) is picture


def test_a_framed_strip_with_fields_is_found_whole():
    picture = (tissue(1100, 1000) * 0.7 + 30).astype(np.uint8)
    strip = Image.new("L", (1000, 77), 0)
    draw = ImageDraw.Draw(strip)
    draw.rectangle([0, 0, 999, 76], outline=255, width=2)
    for left in range(0, 1000, 167):
        draw.line([left, 0, left, 77], fill=255, width=2)
        draw.text((left + 10, 40), "80.00 kV", fill=255, font=ImageFont.load_default(22))
    picture[-77:] = strip
    assert find_legend(picture).rows == 77
