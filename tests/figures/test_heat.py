"""A heat map on its image: the right pixels, also after the picture was made smaller."""

from __future__ import annotations

import numpy as np
import pytest

from napari_renal_fusion.cases import Box, placement
from napari_renal_fusion.figures import draw_heat, whole_zoom, zoom_box, zoom_image, zoom_placement

CASES = [
    ((2048, 3072), Box(0, 0, 2048, 3072)),
    ((2048, 2048), Box(0, 0, 1940, 2048)),
    ((301, 403), Box(0, 0, 301, 403)),
]


def hot(row, column):
    raw = np.zeros((7, 7), dtype=np.float32)
    raw[row, column] = 1.0
    return raw


def drawn(shape, box, cell, style):
    """A hot cell on a grey image as drawn at its whole zoom; returns picture, plain picture, zoom."""
    image = np.full(shape, 90, dtype=np.uint8)
    zoom = whole_zoom(shape)
    picture = zoom_image(image, zoom)
    raw = hot(*cell)
    place = placement(raw.shape, box)
    scale, translate = zoom_placement(place.scale, place.translate, zoom)
    how = {"limits": (0.0, 1.0), "dark": True, "style": style}
    out = draw_heat(picture, raw, scale, translate, **how)
    none = draw_heat(picture, np.zeros_like(raw), scale, translate, **how)
    return out, none, zoom


def centre_of_change(out, none, zoom):
    """Centre of what differs, in pixels of the original."""
    weight = np.abs(out.astype(float) - none.astype(float)).sum(axis=-1)
    rows, columns = np.arange(weight.shape[0]), np.arange(weight.shape[1])
    middle = np.array([(weight.sum(1) * rows).sum(), (weight.sum(0) * columns).sum()]) / weight.sum()
    return (middle + 0.5) / zoom - 0.5


@pytest.mark.parametrize(("shape", "box"), CASES)
@pytest.mark.parametrize("style", ["cells", "contours"])
@pytest.mark.parametrize("cell", [(1, 5), (3, 2)])
def test_a_hot_cell_lies_on_its_pixels_to_half_a_pixel(shape, box, style, cell):
    out, none, zoom = drawn(shape, box, cell, style)
    expected = (
        box.top + box.height * (cell[0] + 0.5) / 7 - 0.5,
        box.left + box.width * (cell[1] + 0.5) / 7 - 0.5,
    )
    np.testing.assert_allclose(centre_of_change(out, none, zoom), expected, atol=0.5)


@pytest.mark.parametrize(("shape", "box"), CASES[:2])
def test_the_edges_of_a_cell_lie_where_they_are(shape, box):
    out, none, zoom = drawn(shape, box, (6, 6), "cells")
    change = np.abs(out.astype(float) - none).sum(axis=-1)
    # Summed coverage along one line through the cell is its length, whatever the pixel grid.
    inside = change.max()
    height = change[:, change.shape[1] - 3].sum() / inside / zoom
    assert height == pytest.approx(box.height / 7, abs=0.5)
    assert change[int(np.ceil(box.height * zoom)) :].max(initial=0) == 0


@pytest.mark.parametrize("style", ["cells", "contours"])
def test_the_result_has_the_shape_of_the_image(style):
    for shape in [(113, 257), (113, 257, 3), (1, 1), (64, 2)]:
        image = np.zeros(shape, dtype=np.uint8)
        scale = (shape[0] / 7, shape[1] / 7)
        out = draw_heat(image, hot(0, 0), scale, (0.0, 0.0), limits=(0, 1), dark=True, style=style)
        assert out.shape == (*shape[:2], 3)
        assert out.dtype == np.uint8


def test_without_positive_values_the_image_stays_as_it_is():
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    out = draw_heat(image, -hot(1, 1), (10, 10), (4.5, 4.5), limits=(-1.0, 0.0), dark=False)
    np.testing.assert_array_equal(out, image)
    assert out is not image


def test_the_outline_stands_only_where_the_model_saw_a_part():
    image = np.full((200, 200), 40, dtype=np.uint8)
    how = {"limits": (0.0, 0.0), "dark": True}
    whole = draw_heat(image, None, (1, 1), (0, 0), box=(0, 0, 200, 200), **how)
    assert (whole == 40).all()
    padded = draw_heat(image, None, (1, 1), (0, 0), box=(-30, 0, 260, 200), **how)
    assert (padded == 40).all()
    part = draw_heat(image, None, (1, 1), (0, 0), box=(20, 30, 100, 120), **how)
    changed = np.argwhere((part != 40).any(axis=-1))
    middle = (changed.min(axis=0) + changed.max(axis=0)) / 2
    np.testing.assert_allclose(middle, (20 + 50 - 0.5, 30 + 60 - 0.5), atol=1)


@pytest.mark.parametrize("style", ["cells", "contours"])
def test_never_green_or_red_on_dark_images(style):
    image = np.zeros((210, 210, 3), dtype=np.uint8)
    out = draw_heat(image, hot(3, 3), (30, 30), (14.5, 14.5), limits=(0, 1), dark=True, style=style)
    red, green, blue = (out[..., i].astype(int) for i in range(3))
    assert not (green > 1.3 * np.maximum(red, blue) + 20).any()
    assert not (red > 1.3 * np.maximum(green, blue) + 20).any()


def test_a_constant_scale_of_zero_width_does_not_divide():
    image = np.zeros((70, 70), dtype=np.uint8)
    out = draw_heat(image, np.zeros((7, 7)), (10, 10), (4.5, 4.5), limits=(0, 0), dark=True, style="cells")
    assert np.isfinite(out.astype(float)).all()


def test_zoom_is_whole_and_bounded():
    assert whole_zoom((2048, 3072)) == 0.5
    assert whole_zoom((2048, 1600)) == 1
    assert whole_zoom((224, 224)) == 4
    assert whole_zoom((300, 20000)) == 1 / 13
    assert whole_zoom((1, 1)) <= 1600
    assert whole_zoom((9000, 500)) == 1 / 4
    assert zoom_box((10, 20, 30, 40), 0.5) == (5, 10, 15, 20)


def test_making_smaller_keeps_positions():
    image = np.zeros((101, 203), dtype=np.uint8)
    image[40:42, 80:82] = 200
    small = zoom_image(image, 0.5)
    assert small.shape == (51, 102)
    np.testing.assert_array_equal(np.argwhere(small > 100), [[20, 40]])
