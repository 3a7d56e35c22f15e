import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from napari_renal_fusion.cases.legend import Legend, find_legend
from napari_renal_fusion.cases.legend_look import legend_look, same_scale
from napari_renal_fusion.cases.scale_bar import bar_in_legend, bar_near, pixel_size_of
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.phantoms.legend import scale_bar, with_legend

from .test_legend import as_jpeg, tissue


@pytest.mark.parametrize("quality", [None, 70])
@pytest.mark.parametrize(("side", "nm"), [(2048, 2.3), (1024, 5.1), (700, 0.7)])
def test_the_bar_of_a_phantom_gives_its_pixel_size_back(side, nm, quality):
    length, caption, pixels = scale_bar(side, nm)
    picture = with_legend(tissue(side, side), nm, 8000, 1)
    picture = picture if quality is None else as_jpeg(picture, quality)
    bar = bar_in_legend(picture, find_legend(picture))
    assert bar.length == pytest.approx(pixels, abs=1.1)
    value, unit = (length / 1000, "um") if caption.endswith("um") else (length, "nm")
    assert pixel_size_of(bar.length, value, unit).um * 1000 == pytest.approx(nm, rel=0.015)


def test_clicks_near_the_ends_of_a_bar_become_its_ends_and_clicks_elsewhere_stay():
    picture = (tissue(600, 800) * 0.5 + 90).astype(np.uint8)
    picture[500:509, 97:303], picture[502:507, 100:300] = 255, 0  # black with a white outline
    for first, second in (((507, 93), (501, 308)), ((498, 304), (505, 96))):
        bar = bar_near(picture, first, second, reach=10)
        assert (bar.left, bar.right, bar.row) == (
            pytest.approx(99.5, abs=0.6),
            pytest.approx(299.5, abs=0.6),
            504,
        )
        assert bar.length == pytest.approx(200, abs=1)
    assert bar_near(picture, (200, 100), (200, 300), reach=10) is None
    assert bar_near(picture, (504, 100), (504, 340), reach=10) is None  # one end is far away
    assert bar_near(picture, (504, 100), (300, 300), reach=10) is None  # slanting
    assert bar_near(picture, (504, 100), (504, 103), reach=10) is None


def test_the_frame_of_a_caption_box_is_no_bar_but_the_bar_with_ticks_in_it_is():
    picture = (tissue(1024, 1024) * 0.7 + 30).astype(np.uint8)
    box = Image.new("L", (200, 60), 255)
    draw = ImageDraw.Draw(box)
    draw.rectangle([2, 2, 197, 57], outline=0, width=2)
    draw.rectangle([20, 15, 169, 19], fill=0)
    draw.rectangle([20, 9, 22, 25], fill=0)
    draw.rectangle([167, 9, 169, 25], fill=0)
    draw.text((80, 38), "200 nm", fill=0)
    picture[950:1010, 30:230] = box
    found = find_legend(picture)
    assert found.kind == "captions"
    bar = bar_in_legend(picture, found)
    assert (bar.left, bar.right, bar.row) == (
        pytest.approx(49.5, abs=0.1),
        pytest.approx(199.5, abs=0.1),
        967,
    )


def test_no_bar_in_a_legend_without_one():
    picture = tissue(500, 500)
    assert bar_in_legend(picture, Legend(0, "none", 0.8)) is None
    picture[-40:] = 12
    assert bar_in_legend(picture, find_legend(picture)) is None


@pytest.mark.parametrize(
    ("pixels", "length", "unit", "expected"),
    [(200, 500, "nm", (2.5, "nm")), (200, 0.5, "um", (2.5, "nm")), (400, 100, "um", (0.25, "um"))],
)
def test_units(pixels, length, unit, expected):
    size = pixel_size_of(pixels, length, unit)
    assert (size.value, size.unit, size.source) == (*expected, "scale bar")


@pytest.mark.parametrize(
    ("pixels", "length", "unit", "code"),
    [
        (3.0, 500, "nm", "scale_bar_too_short"),
        (0.0, 500, "nm", "scale_bar_too_short"),
        (200, 0, "nm", "scale_bar_implausible"),
        (200, 50_000, "um", "scale_bar_implausible"),
        (200, float("nan"), "um", "scale_bar_implausible"),
    ],
)
def test_what_cannot_be_a_scale_is_refused(pixels, length, unit, code):
    with pytest.raises(RenalFusionError) as raised:
        pixel_size_of(pixels, length, unit)
    assert raised.value.code == code


def test_equal_legends_share_a_scale_and_others_do_not():
    def look(seed, nm, magnification, index, side=1024, quality=90):
        return legend_look(as_jpeg(with_legend(tissue(side, side, seed), nm, magnification, index), quality))

    one = look(1, 2.3, 8000, 1)
    assert same_scale(
        one, look(2, 2.3, 8000, 7)
    )  # another field of the same microscope at the same magnification
    assert same_scale(one, look(2, 2.3, 8000, 7, quality=60), 8000, 8000)
    assert not same_scale(one, look(2, 2.3, 8000, 7), 8000, 12000)
    assert not same_scale(one, look(2, 2.2, 8000, 7))  # the bar is longer
    assert not same_scale(one, look(2, 2.3, 8000, 7, side=1000))
    assert legend_look(tissue(600, 600)) is None


def test_the_same_bar_with_another_number_beside_it_is_another_scale():
    a = with_legend(tissue(1024, 1024, 1), 2.3, 8000, 1)
    b = a.copy()
    digit = a[970:1005, 62:76].copy()
    b[970:1005, 62:76] = digit[:, ::-1]  # a mirrored digit: the same ink elsewhere
    assert same_scale(legend_look(a), legend_look(a))
    assert not same_scale(legend_look(a), legend_look(b))


def test_16_bit_and_colour_pictures_are_measured_alike():
    picture = with_legend(tissue(700, 700), 2.3, 8000, 1)
    bar = bar_in_legend(picture, find_legend(picture))
    for other in (picture.astype(np.uint16) * 257, np.repeat(picture[..., None], 3, axis=2)):
        assert bar_in_legend(other, find_legend(other)).length == pytest.approx(bar.length, abs=0.05)


def test_reading_back_from_a_file_changes_nothing(tmp_path):
    picture = with_legend(tissue(700, 700), 2.3, 8000, 1)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    assert find_legend(np.asarray(Image.open(file))) == find_legend(picture)
