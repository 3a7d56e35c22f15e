"""What a brush paints: areas, holes, joins, and the same at every zoom."""

import numpy as np
import pytest
import shapely

from napari_renal_fusion.cases import Box
from napari_renal_fusion.glomeruli.outline import Outline
from napari_renal_fusion.viewer.glomeruli.brush import added, erased, new_parts, painted

TURN = np.linspace(0, 2 * np.pi, 60)


def circle(radius, at=(0.0, 0.0)):
    return np.column_stack([at[0] + radius * np.sin(TURN), at[1] + radius * np.cos(TURN)])


@pytest.mark.parametrize("radius", [0.8, 5, 40, 3000])
def test_a_dab_is_a_disc(radius):
    area = painted([(12.3, 45.6)], radius)
    assert area.area == pytest.approx(np.pi * radius**2, rel=0.03)
    assert np.allclose([area.centroid.x, area.centroid.y], (12.3, 45.6), atol=radius / 20)


@pytest.mark.parametrize("scale", [0.1, 1, 300])
def test_a_closed_loop_keeps_its_hole(scale):
    area = painted(circle(100 * scale), 20 * scale)
    assert area.area == pytest.approx(np.pi * (120**2 - 80**2) * scale**2, rel=0.03)
    assert len(area.interiors) == 1
    assert shapely.Polygon(area.interiors[0]).area == pytest.approx(np.pi * (80 * scale) ** 2, rel=0.03)


def test_a_straight_stroke_lies_where_the_mouse_went():
    area = painted([(10, 20), (10, 120)], 6)
    assert np.allclose(area.bounds, (4, 14, 16, 126), atol=0.6)


def test_adding_keeps_every_point_that_the_stroke_does_not_touch():
    square = Outline.box(Box(0, 0, 100, 100))
    (part,) = added(square, painted([(50, 99.5), (50, 130)], 10))
    assert {(-0.5, -0.5), (99.5, -0.5)} <= set(part[0])
    assert Outline(parts=(part,)).bounds.width == pytest.approx(140, abs=1)


def test_a_stroke_elsewhere_touches_nothing():
    square = Outline.box(Box(0, 0, 100, 100))
    far = painted([(300, 300)], 10)
    assert added(square, far) is None
    assert erased(square, far) is None
    assert len(new_parts(far)) == 1


def test_erasing_makes_holes_splits_and_takes_the_whole():
    square = Outline.box(Box(0, 0, 100, 100))
    (part,) = erased(square, painted([(50, 50)], 10))
    assert len(part) == 2
    two = erased(square, painted([(50, -20), (50, 120)], 10))
    assert len(two) == 2
    assert erased(square, painted([(50, -20), (50, 120)], 90)) == ()
