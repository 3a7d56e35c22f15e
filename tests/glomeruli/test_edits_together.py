"""Edits of several outlines by one gesture, and glomeruli that are kept from the model."""

from napari_renal_fusion.cases import Box
from napari_renal_fusion.glomeruli.drawing import Drawing
from napari_renal_fusion.glomeruli.edits import Exclude, Replace, Together
from napari_renal_fusion.glomeruli.geojson import read_geojson, write_geojson
from napari_renal_fusion.glomeruli.outline import Outline


def box(top, left=10):
    return Outline.box(Box(top, left, 20, 30))


def test_one_undo_takes_back_what_one_gesture_moved(tmp_path):
    first, second = box(10), box(50)
    with Drawing(tmp_path / "OM-1.jsonl", image_shape=(100, 100)) as drawing:
        drawing.draw([first, second])
        moved = [
            Replace(id=one.id, parts=box(top, 90).parts, kind="box")
            for one, top in ((first, 12), (second, 55))
        ]
        notices = drawing.do(Together(edits=tuple(moved)))
        assert [one.code for one in notices] == ["outline_cut", "outline_cut"]
        after = drawing.outlines
        assert [one.bounds for one in after] == [Box(12, 90, 20, 10), Box(55, 90, 20, 10)]
        drawing.undo()
        assert drawing.outlines == (first, second)
        drawing.redo()
    with Drawing(tmp_path / "OM-1.jsonl") as again:
        assert again.outlines == after
        again.undo()
        assert again.outlines == (first, second)


def test_an_excluded_outline_stays_excluded_in_journal_and_geojson(tmp_path):
    first, second = box(10), box(50)
    with Drawing(tmp_path / "OM-1.jsonl") as drawing:
        drawing.draw([first, second])
        drawing.do(Exclude(ids=(second.id,)))
        write_geojson(tmp_path / "a.geojson", drawing.outlines)
    with Drawing(tmp_path / "OM-1.jsonl") as again:
        assert [one.excluded for one in again.outlines] == [False, True]
    assert [one.excluded for one in read_geojson(tmp_path / "a.geojson").outlines] == [False, True]
