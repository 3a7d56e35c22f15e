import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_renal_fusion.cases import Box, PixelSize, placement

sides = st.integers(1, 400)
offsets = st.floats(-500, 5000)
lengths = st.floats(0.5, 5000)


@given(shape=st.tuples(sides, sides), box=st.builds(Box, offsets, offsets, lengths, lengths))
def test_corners_of_the_array_lie_on_the_corners_of_the_box(shape, box):
    placed = placement(shape, box)
    # Array corners are half a cell outside the centres of the outer cells; likewise for pixels.
    corners = placed.to_pixels([[-0.5, -0.5], [shape[0] - 0.5, shape[1] - 0.5]])
    expected = [[box.top - 0.5, box.left - 0.5], [box.top + box.height - 0.5, box.left + box.width - 0.5]]
    np.testing.assert_allclose(corners, expected, rtol=1e-9, atol=1e-6)


@given(factors=st.tuples(st.integers(1, 40), st.integers(1, 40)), cell=st.tuples(sides, sides))
def test_a_hot_cell_lies_on_the_centre_of_its_pixels(factors, cell):
    rows, columns = cell[0] % 7, cell[1] % 7
    placed = placement((7, 7), Box(0, 0, 7 * factors[0], 7 * factors[1]))
    pixels_of_cell = [np.arange(i * k, (i + 1) * k) for i, k in zip((rows, columns), factors, strict=True)]
    np.testing.assert_allclose(placed.to_pixels([rows, columns]), [p.mean() for p in pixels_of_cell])


def test_seven_cells_on_a_224_pixel_image_start_fifteen_and_a_half_pixels_in():
    placed = placement((7, 7), Box(0, 0, 224, 224))
    assert placed.scale == (32, 32)
    assert placed.translate == (15.5, 15.5)


def test_the_image_itself_is_not_moved():
    placed = placement((300, 200), Box(0, 0, 300, 200))
    assert (placed.scale, placed.translate) == ((1, 1), (0, 0))


def test_a_crop_squashed_to_a_square_scales_each_axis_by_itself():
    placed = placement((224, 224), Box(100, 40, 448, 112))
    assert placed.scale == (2, 0.5)
    assert placed.translate == (100.5, 39.75)


def test_a_crop_of_a_crop():
    inner = placement((10, 10), Box(5, 6, 10, 10))
    outer = placement((50, 50), Box(100, 200, 50, 50))
    np.testing.assert_allclose(outer.to_pixels(inner.to_pixels([[0, 0]])), [[105, 206]])


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (None, ((32, 16), (15.5, 7.5), ("pixel", "pixel"))),
        (PixelSize(value=0.25, unit="um"), ((8, 4), (3.875, 1.875), ("um", "um"))),
        (PixelSize(value=2, unit="nm"), ((64, 32), (31, 15), ("nm", "nm"))),
    ],
)
def test_world_units(size, expected):
    assert placement((7, 14), Box(0, 0, 224, 224)).to_world(size) == expected
