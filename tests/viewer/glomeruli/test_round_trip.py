"""From the canvas to GeoJSON as QuPath counts, and back onto the canvas."""

import json

import numpy as np
import pytest

from napari_renal_fusion.glomeruli.geojson import read_geojson, write_geojson
from napari_renal_fusion.glomeruli.outline import Outline
from napari_renal_fusion.viewer.glomeruli.ring_path import RingPath

TURN = np.linspace(0, 2 * np.pi, 30)


def test_drawn_outlines_come_back_to_a_hundredth_of_a_pixel_with_holes_and_classes(
    editor, mouse, make_editor, tmp_path
):
    editor.set_tool("brush")
    mouse().drag(*[(150 + 60 * np.sin(t), 200 + 60 * np.cos(t)) for t in TURN])
    editor.follow()
    editor.classify_chosen("Segmentally sclerosed")
    editor.set_tool("box")
    mouse().drag((20.25, 30.75), (40, 60), (60.5, 90.125))
    editor.follow()
    editor.rename(editor.outlines[1].id, "肾小球 2")
    editor.lock([editor.outlines[1].id], True)
    editor.set_tool("polygon")
    for point in ((220, 20), (220, 90), (280, 90)):
        mouse().click(point)
    mouse().double_click((270, 30))
    editor.follow()
    drawn = editor.outlines
    write_geojson(tmp_path / "a.geojson", drawn)
    read = read_geojson(tmp_path / "a.geojson", (300, 400)).outlines
    other = make_editor(tmp_path / "other.jsonl")
    other.draw(read)
    other.follow()
    assert [(one.name, one.class_name, one.locked, one.kind, one.id) for one in other.outlines] == [
        (one.name, one.class_name, one.locked, one.kind, one.id) for one in drawn
    ]
    assert len(drawn[0].rings) == 2
    for before, after in zip(drawn, other.outlines, strict=True):
        assert [len(part) for part in before.parts] == [len(part) for part in after.parts]
        for ring, back in zip(before.rings, after.rings, strict=True):
            assert np.abs(np.subtract(ring, back)).max() < 1e-5
    # What napari itself holds of them, in its float32.
    other.set_tool("select")
    free = [one for one in other.outlines if not one.locked]
    for shown, outline in zip(other.shapes.layer.data, free, strict=True):
        assert np.abs(shown - RingPath.of(outline).points).max() < 0.01


@pytest.mark.parametrize("offset", [0, 90_000])
def test_the_files_count_from_the_pixels_corner_x_first(tmp_path, offset):
    pixel = Outline.polygon(
        [(offset + 9.5, 19.5), (offset + 9.5, 29.5), (offset + 14.5, 29.5), (offset + 14.5, 19.5)]
    )
    write_geojson(tmp_path / "a.geojson", [pixel])
    (feature,) = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert feature["geometry"]["coordinates"][0][0] == [20.0, offset + 10.0]
