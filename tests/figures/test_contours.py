"""Contour lines: closed, placed, symmetric, finite, quick."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_renal_fusion.cases import Box, placement
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.figures import contour_levels, contours

UNIT = (1.0, 1.0), (0.0, 0.0)


def hot(row, column, shape=(7, 7)):
    raw = np.zeros(shape)
    raw[row, column] = 1.0
    return raw


def test_levels_are_fractions_of_the_largest_value():
    assert contour_levels((-1.0, 0.4)) == pytest.approx((0.1, 0.2, 0.3))
    assert contour_levels((-1.0, 0.0)) == ()
    assert contour_levels((0.0, 0.0)) == ()


def test_one_hot_cell_gives_a_closed_symmetric_line_around_its_centre():
    found = contours(hot(3, 2), *UNIT, (0.5,))
    assert len(found) == 1
    level, path = found[0]
    assert level == 0.5
    np.testing.assert_array_equal(path[0], path[-1])
    np.testing.assert_allclose((path.min(axis=0) + path.max(axis=0)) / 2, (3, 2), atol=1e-9)
    # Linear between centres: the level 0.5 is crossed half way to the neighbour.
    np.testing.assert_allclose(path.max(axis=0) - path.min(axis=0), (1, 1), atol=1e-6)
    flipped = np.sort(6 - path[:-1, 0])
    np.testing.assert_allclose(flipped, np.sort(path[:-1, 0]), atol=1e-6)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((3072, 2048), Box(0, 0, 2048, 3072)),
        ((2048, 2048), Box(0, 0, 1940, 2048)),
        ((512, 512), Box(-64, 10, 640, 300)),
    ],
)
def test_a_line_lies_on_the_image_pixels_of_its_cell(size, box):
    place = placement((7, 7), box)
    ((_, path),) = contours(hot(4, 1), place.scale, place.translate, (0.75,))
    middle = (path.min(axis=0) + path.max(axis=0)) / 2
    centre = (box.top + box.height * 4.5 / 7 - 0.5, box.left + box.width * 1.5 / 7 - 0.5)
    np.testing.assert_allclose(middle, centre, atol=0.01)


def test_lines_close_along_the_edge_of_the_box():
    ((_, path),) = contours(hot(0, 0), *UNIT, (0.5,))
    np.testing.assert_array_equal(path[0], path[-1])
    np.testing.assert_allclose(path.min(axis=0), (-0.5, -0.5), atol=1e-5)
    np.testing.assert_allclose(path.max(axis=0), (0.5, 0.5), atol=1e-5)


def test_flat_maps():
    assert contours(np.zeros((7, 7)), *UNIT, (0.1,)) == []
    assert contours(np.full((7, 7), 0.1), *UNIT, (0.1,)) == []
    ((_, path),) = contours(np.full((7, 7), 0.3), *UNIT, (0.1,))
    np.testing.assert_allclose(path.min(axis=0), (-0.5, -0.5), atol=1e-5)
    np.testing.assert_allclose(path.max(axis=0), (6.5, 6.5), atol=1e-5)
    assert len(path) < 12


def test_a_map_of_one_cell_and_no_level():
    assert len(contours(np.ones((1, 1)), *UNIT, (0.5,))) == 1
    assert contours(np.ones((7, 7)), *UNIT, ()) == []


def test_values_that_are_not_numbers_are_an_error():
    raw = hot(1, 1)
    raw[0, 0] = np.nan
    with pytest.raises(RenalFusionError, match="not numbers") as caught:
        contours(raw, *UNIT, (0.5,))
    assert caught.value.code == "heat_map_not_finite"


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-2, 2, width=32)),
    st.lists(st.floats(-2, 2), max_size=4),
)
def test_any_map_gives_closed_finite_lines_inside_its_box(raw, levels):
    for level, path in contours(raw, *UNIT, levels):
        assert level in levels
        assert np.isfinite(path).all()
        np.testing.assert_array_equal(path[0], path[-1])
        assert path.min() >= -0.5 - 1e-9
        assert (path.max(axis=0) <= np.array(raw.shape) - 0.5 + 1e-9).all()


def test_contours_are_quick():
    raw = np.random.default_rng(0).normal(size=(7, 7))
    contours(raw, *UNIT, (0.5,))
    started = time.perf_counter()
    for _ in range(10):
        contours(raw, *UNIT, (0.2, 0.5, 0.8))
    assert (time.perf_counter() - started) / 10 < 0.05  # about 2 ms; a busy machine is allowed for
