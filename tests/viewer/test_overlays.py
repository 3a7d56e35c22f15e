"""Heat maps sit on the right pixels of their image, in its units, and move nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_renal_fusion.cases import Box, Modality, PixelSize
from napari_renal_fusion.explain.explanation import HeatMap
from napari_renal_fusion.viewer.canvas import Canvas
from napari_renal_fusion.viewer.fit import fit_layer
from napari_renal_fusion.viewer.overlays import cell_arguments, contour_arguments
from napari_renal_fusion.viewer.pictures import Picture
from napari_renal_fusion.viewer.strokes import Mesh, stroke

HOT = (2, 5)


def heat_map(box, modality=Modality.OM, key="OM-1"):
    raw = np.zeros((7, 7), np.float32)
    raw[HOT] = 2.0
    return HeatMap(
        key=key,
        modality=modality,
        class_index=0,
        method="gradcam",
        layer="encoder output",
        used=True,
        raw=raw,
        box=box,
    )


def centre_of_hot_token(box):
    """In pixels, a pixel's centre at whole numbers."""
    return (
        box.top + (HOT[0] + 0.5) * box.height / 7 - 0.5,
        box.left + (HOT[1] + 0.5) * box.width / 7 - 0.5,
    )


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (Box(0, 0, 2048, 3072), PixelSize(value=0.12, unit="um")),
        (Box(0, 0, 1900, 2048), PixelSize(value=1.5, unit="nm")),  # a TEM image without its legend
        (Box(-100, 40, 900, 900), None),  # padded to keep its aspect, uncalibrated
    ],
)
def test_a_single_hot_token_lands_on_its_pixels(box, size):
    viewer = ViewerModel()
    one_pixel = size.value if size else 1.0
    cells = viewer.add_image(**cell_arguments(heat_map(box), (0.0, 2.0), size))
    found = np.array(cells.data_to_world(HOT)) / one_pixel
    np.testing.assert_allclose(found, centre_of_hot_token(box), atol=0.5)
    # The cells cover the box exactly, edge to edge.
    edges = np.array(cells._extent_augmented.world) / one_pixel
    wanted = [(box.top - 0.5, box.left - 0.5), (box.top + box.height - 0.5, box.left + box.width - 0.5)]
    np.testing.assert_allclose(edges, wanted, atol=1e-6 * max(box.height, box.width))

    lines = viewer.add_surface(
        shading="none", **contour_arguments(heat_map(box), (0.0, 2.0), size, dark=False)
    )
    highest = max(lines.metadata["contours"], key=lambda one: one[0])[1]
    middle = np.array(lines.data_to_world((highest.min(axis=0) + highest.max(axis=0)) / 2)) / one_pixel
    np.testing.assert_allclose(middle, centre_of_hot_token(box), atol=0.5)


def test_extents_stay_when_overlays_come(qapp):
    om, tem = PixelSize(value=0.1, unit="um"), PixelSize(value=2.0, unit="nm")
    viewer = ViewerModel()
    canvas = Canvas(viewer)
    canvas.show(Modality.OM, Picture("OM-1", np.zeros((200, 300, 3), np.uint8), om), "OM")
    finish(canvas, qapp)
    canvas.show_heat_map(heat_map(Box(0, 0, 200, 300)), (0, 2), style="contours", opacity=0.5, title="")
    finish(canvas, qapp)
    canvas.show(Modality.TEM, Picture("TEM-1", np.zeros((100, 100), np.uint8), tem), "TEM")
    finish(canvas, qapp)
    before = {layer.name: extent_um(layer) for layer in viewer.layers if layer.name != "Heat map"}
    for style in ("cells", "contours"):
        tem_map = heat_map(Box(0, 0, 90, 100), Modality.TEM, "TEM-1")
        canvas.show_heat_map(tem_map, (0, 2), style=style, opacity=0.5, title="")
        canvas.show_model_input(np.zeros((224, 224, 3), np.uint8), Box(0, 0, 90, 100))
        finish(canvas, qapp)
    after = {layer.name: extent_um(layer) for layer in viewer.layers if layer.name in before}
    assert before.keys() == {"Light (OM)", "Electron (TEM)"}
    for name, extent in before.items():
        np.testing.assert_allclose(after[name], extent)
    np.testing.assert_allclose(after["Light (OM)"], [[0, 0], [19.9, 29.9]])
    np.testing.assert_allclose(after["Electron (TEM)"], [[0, 0], [0.198, 0.198]])
    assert str(viewer.layers.units[-1]) == "nanometer"  # napari kept units: every layer has them
    world = viewer.layers.get_extent([viewer.layers["Light (OM)"], viewer.layers["Electron (TEM)"]]).world
    np.testing.assert_allclose(world[1], [19900, 29900])


def test_lines_of_another_map_never_meet_the_colours_of_the_one_before(qapp):
    """Napari draws a surface at each change of its data; colours of another number of vertices end the program."""
    viewer = ViewerModel()
    canvas = Canvas(viewer)
    canvas.show(
        Modality.OM,
        Picture("OM-1", np.zeros((70, 70, 3), np.uint8), PixelSize(value=0.1, unit="um")),
        "title",
    )
    finish(canvas, qapp)
    first = heat_map(Box(0, 0, 70, 70))
    canvas.show_heat_map(first, (0.0, 2.0), style="contours", opacity=1.0, title="one")
    finish(canvas, qapp)
    drawn = []

    def look(_):
        colours = canvas.overlay.vertex_colors
        drawn.append((len(canvas.overlay.vertices), None if colours is None else len(colours)))

    canvas.overlay.events.set_data.connect(look)
    raw = np.array(first.raw)
    raw[5, 1] = 1.9
    other = first.model_copy(update={"raw": raw})
    canvas.show_heat_map(other, (0.0, 2.0), style="contours", opacity=1.0, title="two")
    finish(canvas, qapp)
    assert len({vertices for vertices, _ in drawn}) == 2
    assert all(colours in (None, vertices) for vertices, colours in drawn)


def test_an_uncalibrated_image_never_stands_beside_calibrated_ones(qapp):
    viewer = ViewerModel()
    canvas = Canvas(viewer)
    om = Picture("OM-1", np.zeros((200, 300, 3), np.uint8), PixelSize(value=0.1, unit="um"))
    canvas.show(Modality.OM, om, "OM")
    canvas.show(Modality.IM, Picture("IM-1", np.zeros((50, 60, 3), np.uint8), None), "IM")
    finish(canvas, qapp)
    canvas.show(Modality.OM, om, "OM")
    finish(canvas, qapp)
    assert [layer.name for layer in viewer.layers] == ["Light (OM)"]
    assert str(viewer.layers.units[-1]) == "micrometer"


def test_a_layer_fills_the_view_whatever_the_units_of_others(qapp):
    viewer = ViewerModel()
    viewer.canvas.size = (600, 800)
    om = viewer.add_image(np.zeros((200, 400)), scale=(0.1, 0.1), units=("um", "um"))
    fit_layer(viewer, om)
    assert viewer.scene.camera.zoom == pytest.approx(0.97 * 800 / 40)
    tem = viewer.add_image(np.zeros((100, 100)), scale=(2, 2), units=("nm", "nm"))
    fit_layer(viewer, om)
    assert viewer.scene.camera.zoom == pytest.approx(0.97 * 800 / 40_000)
    assert viewer.scene.camera.center[1:] == pytest.approx((9950, 19950))
    fit_layer(viewer, tem, clear=50)
    assert viewer.scene.camera.zoom == pytest.approx(500 / 200)


def test_strokes_lie_side_by_side_and_close():
    square = np.array([[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]], float)
    mesh = stroke(square, 2.0, "#FF00FF", "#000000", 1.0)
    area = sum(abs(np.cross(b - a, c - a)) / 2 for a, b, c in (mesh.vertices[face] for face in mesh.faces))
    assert area == pytest.approx(14**2 - 6**2)  # one ring, nothing counted twice
    assert Mesh.joined([]).colours[:, 3].sum() == 0


def extent_um(layer):
    factor = {"micrometer": 1.0, "nanometer": 1e-3}[str(layer.units[-1])]
    return np.array(layer.extent.world) * factor


def finish(canvas, qapp):
    while canvas.busy:
        qapp.processEvents()
