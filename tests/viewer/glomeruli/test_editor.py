"""Drawing and changing with the mouse, choosing, locks, undo and redo over everything, in a viewer without a window."""

import numpy as np
import pytest

from napari_renal_fusion.cases import Box
from napari_renal_fusion.glomeruli.drawing import Drawing, stored_outlines
from napari_renal_fusion.glomeruli.outline import Outline
from napari_renal_fusion.viewer.glomeruli.edit_layer import MOST

TURN = np.linspace(0, 2 * np.pi, 40)


def box(top, left, height=40, width=50, **said):
    return Outline.box(Box(top, left, height, width), **said)


def corners(outline):
    return outline.parts[0][0]


def tool(editor, mouse, name):
    editor.set_tool(name)
    return mouse()


def test_a_polygon_a_box_and_a_stroke_are_drawn_and_written_at_once(editor, mouse, journal):
    hand = tool(editor, mouse, "polygon")
    for point in ((20, 20), (20, 90), (80, 90)):
        hand.click(point)
    hand.double_click((80, 30))
    editor.follow()
    hand = tool(editor, mouse, "box")
    hand.drag((100, 100), (120, 130), (150.25, 180.5))
    editor.follow()
    hand = tool(editor, mouse, "brush")
    editor.choose(())
    hand.drag(*[(200 + 40 * np.sin(t), 250 + 40 * np.cos(t)) for t in TURN])
    editor.follow()
    polygon, drawn, painted = editor.outlines
    assert np.allclose(corners(polygon), ((20, 20), (20, 90), (80, 90), (80, 30)), atol=1e-3)
    assert drawn.kind == "box"
    assert (painted.kind, len(painted.rings)) == ("brush", 2)
    assert np.allclose([drawn.bounds.top, drawn.bounds.left], (100.5, 100.5), atol=0.01)
    assert stored_outlines(journal) == editor.outlines
    assert editor.chosen == (painted.id,)
    assert editor.shapes.layer.nshapes == 3


def test_a_click_with_the_box_and_two_points_of_a_polygon_are_nothing(editor, mouse):
    tool(editor, mouse, "box").click((50, 50))
    hand = tool(editor, mouse, "polygon")
    hand.click((10, 10))
    hand.double_click((10, 40))
    editor.follow()
    assert editor.outlines == ()
    assert editor.shapes.layer.nshapes == 0


def test_a_second_stroke_extends_the_chosen_outline_and_the_eraser_takes_away(editor, mouse):
    hand = tool(editor, mouse, "brush")
    hand.drag((100, 100), (100, 150))
    hand.drag((100, 150), (100, 220))
    editor.follow()
    (one,) = editor.outlines
    assert one.bounds.width == pytest.approx(120 + 2 * editor.gestures.diameter / 4, abs=2)
    hand = tool(editor, mouse, "erase")
    hand.drag((60, 160), (140, 160))
    editor.follow()
    (split,) = editor.outlines
    assert (split.id, len(split.parts)) == (one.id, 2)
    editor.gestures.resize(200)
    hand.drag((100, 80), (100, 240))
    editor.follow()
    assert editor.outlines == ()
    for _ in range(4):
        editor.undo()
    assert editor.outlines == ()
    editor.redo()
    assert editor.outlines[0].bounds.width < one.bounds.width


def test_dragging_moves_an_outline_and_undo_and_redo_follow_on_the_canvas(editor, mouse, journal):
    first = box(50, 60)
    editor.draw([first])
    editor.follow()
    hand = tool(editor, mouse, "select")
    hand.drag((70, 80), (80, 90), (95, 110))
    editor.follow()
    (moved,) = editor.outlines
    assert np.allclose(np.subtract(corners(moved), corners(first)), (25, 30), atol=1e-3)
    assert moved.kind == "box"
    editor.undo()
    editor.follow()
    assert editor.outlines == (first,)
    assert np.allclose(editor.shapes.layer.data[0], corners(first))
    editor.redo()
    editor.follow()
    assert np.allclose(editor.shapes.layer.data[0], corners(moved))
    assert stored_outlines(journal) == (moved,)


def test_a_point_is_dragged_and_no_other_moves(editor, mouse):
    one = Outline.polygon(
        [(20.123456, 20.1), (20.1, 90.2), (80.3, 90.7)], holes=[[(30.1, 60), (30.1, 80), (45, 80)]]
    )
    editor.draw([one])
    editor.follow()
    hand = tool(editor, mouse, "points")
    hand.drag((30.1, 80), (32, 84), (34, 86.5))
    editor.follow()
    (after,) = editor.outlines
    assert after.parts[0][0] == one.parts[0][0]
    assert np.allclose(after.parts[0][1], [(30.1, 60), (34, 86.5), (45, 80)], atol=1e-4)


def test_points_are_added_and_removed(editor, mouse):
    editor.draw([Outline.polygon([(20, 20), (20, 90), (80, 90), (80, 20)])])
    editor.follow()
    tool(editor, mouse, "add point").click((20, 55))
    editor.follow()
    assert len(corners(editor.outlines[0])) == 5
    tool(editor, mouse, "remove point").click((80, 90))
    editor.follow()
    assert len(corners(editor.outlines[0])) == 4
    editor.undo()
    editor.undo()
    assert corners(editor.outlines[0]) == ((20, 20), (20, 90), (80, 90), (80, 20))


def test_a_locked_outline_can_be_chosen_but_not_moved_reshaped_erased_or_deleted(editor, mouse):
    locked, free = box(50, 60, locked=True), box(150, 60)
    editor.draw([locked, free])
    editor.follow()
    for name in ("select", "points"):
        hand = tool(editor, mouse, name)
        hand.drag((70, 80), (80, 90), (95, 110))
        editor.follow()
        assert editor.chosen == (locked.id,)
        assert editor.outlines == (locked, free)
    hand = tool(editor, mouse, "erase")
    hand.drag((40, 80), (100, 80))
    editor.delete_chosen()
    editor.classify_chosen("Crescent")
    editor.follow()
    assert editor.outlines == (locked, free)
    assert {role for role, _ in editor.sentences} == {"error"}
    assert "locked" in editor.sentences[-1][1]
    assert locked.id not in editor.shapes.ids


def test_several_chosen_with_shift_move_together_and_one_undo_takes_them_back(editor, mouse):
    first, second = box(50, 60), box(150, 60)
    editor.draw([first, second])
    editor.follow()
    hand = tool(editor, mouse, "select")
    hand.click((70, 80))
    assert editor.chosen == (first.id,)
    hand.click((170, 80), shift=True)
    assert editor.chosen == (first.id, second.id)
    hand.drag((70, 80), (75, 85), (80, 95))
    editor.follow()
    assert all(
        np.allclose(np.subtract(corners(b), corners(a)), (10, 15))
        for a, b in zip((first, second), editor.outlines, strict=True)
    )
    editor.undo()
    assert editor.outlines == (first, second)
    hand.click((250, 300))
    assert editor.chosen == ()


def test_the_smaller_of_two_is_chosen_and_a_hole_is_not_the_outline(editor, mouse):
    large = Outline.polygon(
        [(10, 10), (10, 200), (200, 200), (200, 10)], holes=[[(100, 100), (100, 150), (150, 150), (150, 100)]]
    )
    small = box(20, 20)
    editor.draw([small, large])
    editor.follow()
    hand = tool(editor, mouse, "select")
    hand.click((40, 40))
    assert editor.chosen == (small.id,)
    hand.click((80, 80))
    assert editor.chosen == (large.id,)
    hand.click((125, 125))
    assert editor.chosen == ()


def test_napari_deleting_a_shape_is_an_edit_that_can_be_undone(editor, mouse):
    first, second = box(50, 60), box(150, 60)
    editor.draw([first, second])
    editor.follow()
    tool(editor, mouse, "select").click((70, 80))
    editor.shapes.layer.remove_selected()
    editor.follow()
    assert editor.outlines == (second,)
    editor.undo()
    editor.follow()
    assert editor.outlines == (first, second)
    assert editor.shapes.layer.nshapes == 2


def test_what_was_refused_goes_back_to_where_it_was(editor, mouse):
    editor.draw([box(50, 60)])
    editor.follow()
    hand = tool(editor, mouse, "select")
    hand.drag((70, 80), (500, 80), (2000, 80))
    editor.follow()
    assert "outside the image" in editor.sentences[-1][1]
    assert np.allclose(editor.shapes.layer.data[0], corners(editor.outlines[0]))
    assert editor.outlines[0].bounds == Box(50, 60, 40, 50)


def test_half_a_polygon_and_half_a_stroke_are_kept_when_another_image_comes(editor, mouse, journal, tmp_path):
    hand = tool(editor, mouse, "polygon")
    for point in ((20, 20), (20, 90), (80, 90)):
        hand.click(point)
    hand.move((85, 60))
    with Drawing(tmp_path / "OM-2.jsonl", "OM-2") as other:
        editor.show(editor.subject, other)
        assert len(stored_outlines(journal)) == 1
        assert editor.outlines == ()
        hand = tool(editor, mouse, "brush")
        hand.press((100, 100))
        hand.move((100, 150), is_dragging=True)
        editor.show(None, None, keep_tool=True)
        assert len(other.outlines) == 1
        hand.release((100, 150))
    assert editor.tool == ""


def test_a_tool_in_hand_stays_in_hand_for_the_next_image(editor, mouse, tmp_path):
    tool(editor, mouse, "box")
    subject = editor.subject
    editor.show(None, None, keep_tool=True)
    assert editor.tool == ""
    with Drawing(tmp_path / "OM-2.jsonl", "OM-2") as other:
        editor.show(subject, other)
        assert (editor.tool, editor.shapes.layer.mode) == ("box", "add_rectangle")
        editor.show(None, None)


def test_undo_while_a_polygon_is_drawn_takes_only_that_away(editor, mouse):
    first = box(150, 60)
    editor.draw([first])
    editor.follow()
    hand = tool(editor, mouse, "polygon")
    for point in ((20, 20), (20, 90), (80, 90)):
        hand.click(point)
    editor.undo()
    editor.follow()
    assert editor.outlines == (first,)
    assert editor.shapes.layer.nshapes == 1


def test_classes_names_locks_and_exclusion_are_edits(editor, journal):
    first, second = box(50, 60), box(150, 60)
    editor.draw([first, second])
    editor.classify_chosen("crescent")
    editor.rename(first.id, "  肾小球 1 ")
    editor.exclude((second.id,), True)
    editor.lock((first.id,), True)
    said = [(one.name, one.class_name, one.locked, one.excluded) for one in stored_outlines(journal)]
    assert said == [("肾小球 1", "Crescent", True, False), ("", "Crescent", False, True)]
    for _ in range(4):
        editor.undo()
    assert editor.outlines == (first, second)


def test_next_and_previous_go_round_and_bring_into_view(editor, viewer):
    outlines = [box(10, 10), box(200, 300), box(100, 100)]
    editor.draw(outlines)
    editor.choose(())
    viewer.scene.camera.zoom = 20
    viewer.scene.camera.center = (0.0, 30.0, 30.0)
    seen = []
    for by in (1, 1, 1, 1, -1):
        editor.step(by)
        seen.append([one.id for one in outlines].index(editor.chosen[0]))
        row, column = viewer.scene.camera.center[-2:]
        bounds = outlines[seen[-1]].bounds
        assert bounds.top <= row <= bounds.top + bounds.height
        assert bounds.left <= column <= bounds.left + bounds.width
    assert seen == [0, 1, 2, 0, 2]


def test_deleting_chooses_the_next(editor):
    outlines = [box(10, 10), box(60, 10), box(110, 10)]
    editor.draw(outlines)
    editor.choose([outlines[1].id])
    editor.delete_chosen()
    assert editor.chosen == (outlines[2].id,)


def test_of_many_outlines_only_the_chosen_ones_are_in_the_layer_and_can_be_dragged_at_once(editor, mouse):
    many = [box(2 + 14 * (i // 20), 2 + 19 * (i % 20), 10, 12) for i in range(MOST + 20)]
    editor.draw(many)
    editor.choose(())
    editor.follow()
    hand = tool(editor, mouse, "select")
    hand.layer.scale_factor = 0.1  # zoomed in, else napari's handles would cover them
    assert editor.shapes.ids == ()
    hand.drag((7, 7), (9, 9), (9, 10))
    editor.follow()
    assert editor.chosen == (many[0].id,)
    assert np.allclose(np.subtract(corners(editor.outlines[0]), corners(many[0])), (2, 3), atol=1e-3)
    assert editor.outlines[1:] == tuple(many[1:])


def test_another_layer_takes_the_mouse_and_the_tool_is_laid_down(editor, mouse, viewer):
    hand = tool(editor, mouse, "polygon")
    for point in ((20, 20), (20, 90), (80, 90)):
        hand.click(point)
    viewer.layers.selection.active = viewer.layers["image"]
    assert editor.tool == ""
    assert len(editor.outlines) == 1


def test_lines_are_visible_only_while_there_are_outlines(editor):
    editor.set_tool("polygon")  # makes both layers, before anything is drawn
    assert not editor.lines.layer.visible
    editor.draw([box(50, 60)])
    editor.follow()
    editor.lines.draw()
    assert editor.lines.layer.visible
    editor.undo()
    editor.follow()
    assert not editor.lines.layer.visible


def test_layers_that_the_person_removed_are_made_again(editor, mouse, viewer):
    editor.draw([box(50, 60)])
    editor.follow()
    tool(editor, mouse, "select")
    for name in ("Glomeruli", "Outlines"):
        viewer.layers.remove(name)
    editor.set_tool("")
    editor.set_tool("select")
    editor.follow()
    assert {"Glomeruli", "Outlines"} <= {layer.name for layer in viewer.layers}
    assert len(editor.outlines) == 1
    assert editor.shapes.layer.nshapes == 1


def test_outlines_lie_above_an_image_that_came_later_and_what_is_edited_above_the_lines(
    editor, mouse, viewer, tmp_path
):
    tool(editor, mouse, "points")
    late = viewer.add_image(np.zeros((300, 400), np.uint8), name="late")
    with Drawing(tmp_path / "IM-1.jsonl", "IM-1") as other:
        editor.show(type(editor.subject)("IM-1", "IF", late, (300, 400), None), other)
        editor.set_tool("points")
        editor.draw([box(50, 60)])
        editor.follow()
        editor.lines.draw()
        names = [layer.name for layer in viewer.layers]
        assert names.index("late") < names.index("Outlines") < names.index("Glomeruli")
        editor.show(None, None)
