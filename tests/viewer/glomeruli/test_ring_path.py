"""Outlines as paths of napari's Shapes and back: holes, parts, and every digit of a point that did not move."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_renal_fusion.cases import Box
from napari_renal_fusion.glomeruli.edits import MoveVertex, Replace
from napari_renal_fusion.glomeruli.outline import Outline
from napari_renal_fusion.viewer.glomeruli.ring_path import RingPath

SQUARE = ((0.1, 0.2), (0.1, 40.3), (40.7, 40.3), (40.7, 0.2))
HOLE = ((10.1, 10.0), (10.1, 20.0), (20.0, 20.0))
SECOND = ((60.0, 60.0), (60.0, 90.0), (90.0, 90.0), (90.0, 60.0))


def outline(parts=((SQUARE, HOLE), (SECOND,))):
    return Outline(parts=parts)


def test_nothing_moved_is_no_edit_even_in_float32():
    path = RingPath.of(outline())
    assert path.edit_to(path.points.astype(np.float32)) is None


@pytest.mark.parametrize("parts", [((SQUARE,),), ((SQUARE, HOLE),), ((SQUARE, HOLE), (SECOND,))])
def test_every_point_can_be_dragged_by_each_of_its_copies(parts):
    path = RingPath.of(outline(parts))
    for place, (part, ring, vertex) in enumerate(path.corners):
        points = path.points.astype(np.float32)
        points[place] = (33.25, -4.5)
        edit = path.edit_to(points)
        assert edit == MoveVertex(id=path.outline.id, part=part, ring=ring, vertex=vertex, to=(33.25, -4.5))


def test_moving_all_of_it_keeps_rings_and_their_order():
    path = RingPath.of(outline())
    edit = path.edit_to(path.points + 8)
    assert isinstance(edit, Replace)
    assert np.allclose(edit.parts[0][1], np.add(HOLE, 8), atol=1e-4)
    assert np.allclose(edit.parts[1][0], np.add(SECOND, 8), atol=1e-4)


def test_a_box_that_is_moved_stays_a_box_and_one_that_is_turned_does_not():
    path = RingPath.of(Outline.box(Box(10, 10, 20, 30)))
    assert path.shape_type == "rectangle"
    assert path.edit_to(path.points + 5).kind == "box"
    turned = path.points @ np.array([[0.8, -0.6], [0.6, 0.8]])
    assert path.edit_to(turned).kind == "polygon"


def test_points_are_added_to_and_taken_from_the_ring_that_they_lie_on():
    path = RingPath.of(outline())
    there = path.corners.index((0, 1, 1))
    more = np.insert(path.points, there + 1, (15.0, 21.0), axis=0)
    assert path.edit_to(more).parts[0][1] == (*HOLE[:2], (15.0, 21.0), HOLE[2])
    fewer = np.delete(path.points, path.corners.index((1, 0, 2)), axis=0)
    assert path.edit_to(fewer).parts[1][0] == (SECOND[0], SECOND[1], SECOND[3])


def test_a_hole_that_loses_its_third_point_is_gone():
    path = RingPath.of(outline())
    fewer = np.delete(path.points, path.corners.index((0, 1, 2)), axis=0)
    assert path.edit_to(fewer).parts == ((SQUARE,), (SECOND,))


def test_a_point_on_the_line_between_two_rings_belongs_to_neither():
    path = RingPath.of(outline(((SQUARE, HOLE),)))
    bridge = next(i for i in range(1, len(path.corners)) if path.corners[i - 1][1] != path.corners[i][1])
    assert path.edit_to(np.insert(path.points, bridge, (5.0, 5.0), axis=0)) is None


def test_napari_draws_the_hole_empty_and_no_line_to_it():
    from napari.layers import Shapes

    one = outline(((SQUARE, HOLE),))
    layer = Shapes([RingPath.of(one).points], shape_type="polygon")
    assert layer._data_view.inside((13.0, 18.0)) is None
    assert layer._data_view.inside((30.0, 30.0)) == 0
    assert layer._data_view.inside((5.0, 5.0)) == 0
    lines = layer._data_view.shapes[0]._edge_vertices
    assert not [p for p in lines if 2 < p[0] < 8 and 2 < p[1] < 8]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-9e4, 9e4), st.floats(-9e4, 9e4)), min_size=4, max_size=30, unique=True),
    st.data(),
)
def test_a_moved_point_moves_nothing_else(points, data):
    from napari_renal_fusion.glomeruli.edits import Past

    try:
        one = Outline(parts=((points,),))
    except ValueError:
        return
    path = RingPath.of(one)
    place = data.draw(st.integers(0, len(path.points) - 1))
    moved = path.points.astype(np.float32)
    moved[place] += 7
    edit = path.edit_to(moved)
    if edit is None or not isinstance(edit, MoveVertex):
        return
    past = Past()
    past._states = [(one,)]
    (after,) = past.applied(edit)
    same = [i for i in range(len(one.parts[0][0])) if i != edit.vertex]
    if len(after.parts[0][0]) == len(one.parts[0][0]):
        assert [after.parts[0][0][i] for i in same] == [one.parts[0][0][i] for i in same]
