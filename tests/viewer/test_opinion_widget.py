"""The plain widget on ordinary layers: the command line's answer, and heat maps that sit on their parents."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_renal_fusion.cases import Box, Case, ImageItem, Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.viewer.open_layers import OpenImage, heat_map_arguments, request_case, whole_pixels

from .test_overlays import HOT, centre_of_hot_token, heat_map


@pytest.fixture
def files(phantom_case_folder):
    case = Case.from_folder(phantom_case_folder)
    return [
        case.of(Modality.OM)[0].path,
        case.of(Modality.IM)[0].path,
        *(one.path for one in case.of(Modality.TEM)[:3]),
    ]


def test_the_widget_answers_as_predict_does(
    make_napari_viewer, plugin, npe2pm, qtbot, files, make_tiny_bundle, install_bundle
):
    from napari_renal_fusion.inference import predict

    folder = install_bundle(make_tiny_bundle(trained_on="synthetic"), "tiny")
    with npe2pm.tmp_plugin(package="napari"):
        viewer = make_napari_viewer(show=True)
        layers = [viewer.open(file)[0] for file in files]
    before = [layer.extent.world.copy() for layer in layers]
    _, widget = viewer.window.add_plugin_dock_widget("napari-renal-fusion", "Model opinion for open layers")
    qtbot.waitUntil(lambda: not widget.busy, timeout=10_000)
    widget.bundle.value = "tiny"
    widget.settings_form.device.value = "cpu"
    widget.om.value, widget.im.value, widget.tem.value = layers[0], layers[1], layers[2:]
    qtbot.mouseClick(widget.run_button.native, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(widget.probabilities) and widget._running is None, timeout=60_000)
    qtbot.waitUntil(lambda: not widget._turns.busy, timeout=10_000)

    modalities = [Modality.OM, Modality.IM, Modality.TEM, Modality.TEM, Modality.TEM]
    case = Case(
        "A", "A", images=tuple(ImageItem(file, kind) for file, kind in zip(files, modalities, strict=True))
    )
    wanted = predict(case, folder, device="cpu")
    assert widget.probabilities == pytest.approx(wanted.probabilities, abs=1e-6)
    assert widget.opinion.bars.isVisible()
    maps = {one.key: one for one in next(iter(widget._answer.explanations.values())).heat_maps}
    for layer, extent, key in zip(layers, before, ("OM-1", "IM-1", "TEM-1", "TEM-2", "TEM-3"), strict=True):
        np.testing.assert_allclose(layer.extent.world, extent)
        if not maps[key].used:
            continue
        cells, box = viewer.layers[f"Heat map of {layer.name}"], maps[key].box
        assert cells.units == layer.units
        corners = [(box.top, box.left), (box.top + box.height, box.left + box.width)]
        edges = [layer.data_to_world(np.array(corner) - 0.5) for corner in corners]
        np.testing.assert_allclose(cells._extent_augmented.world, edges)
    assert f"Heat map of {layers[0].name}" in viewer.layers
    # Another class is answered from memory and replaces the maps.
    count = len(viewer.layers)
    widget.class_name.value = 1
    qtbot.waitUntil(lambda: widget._running is None and not widget._turns.busy, timeout=10_000)
    assert len(viewer.layers) == count
    assert viewer.layers[f"Heat map of {layers[0].name}"].metadata["class"] == wanted.class_names[1]
    viewer.window.remove_dock_widget(widget.native)
    widget.shut()


def test_no_layer_and_no_model_say_what_to_do(make_napari_viewer, plugin, fake_engine, qtbot):
    from napari_renal_fusion.viewer.opinion_widget import OpinionWidget

    viewer = make_napari_viewer()
    widget = OpinionWidget(viewer, engine=fake_engine)
    viewer.window.add_dock_widget(widget)
    qtbot.waitUntil(lambda: not widget._threads.busy, timeout=20_000)
    widget._bundles = [("Demonstration", "demo")]
    widget.bundle.reset_choices()
    widget.run()
    assert "Choose at least one layer" in widget.message.value
    widget.om.value = viewer.add_image(np.zeros((3, 20, 20), np.uint8), name="stack")
    widget.run()
    assert "The layer stack has 3 dimensions" in widget.message.value
    widget.shut()


def test_layers_removed_mid_run(make_napari_viewer, plugin, fake_engine, qtbot, monkeypatch):
    from napari_renal_fusion.viewer.opinion_widget import OpinionWidget

    monkeypatch.setenv("FAKE_ENGINE_DELAY", "1")
    viewer = make_napari_viewer()
    widget = OpinionWidget(viewer, engine=fake_engine)
    viewer.window.add_dock_widget(widget)
    qtbot.waitUntil(lambda: not widget._threads.busy, timeout=20_000)
    widget._bundles = [("Demonstration", "demo")]
    widget.bundle.reset_choices()
    widget.om.value = viewer.add_image(np.zeros((20, 20, 3), np.uint8), rgb=True)
    widget.run()
    viewer.layers.clear()
    qtbot.waitUntil(lambda: bool(widget.probabilities) and widget._running is None, timeout=10_000)
    qtbot.wait(50)
    assert len(viewer.layers) == 0
    widget.shut()


@pytest.mark.parametrize(
    "transform",
    [
        {"scale": (0.5, 0.5), "translate": (100, -20), "units": ("um", "um")},
        {"scale": (2, 3), "rotate": 30, "translate": (5, 6), "units": ("nm", "nm")},
        {"scale": (2, 2), "affine": [[0, 1, 7], [1, 0, -3], [0, 0, 1]]},
    ],
)
def test_heat_maps_follow_whatever_their_parent_does(transform):
    box = Box(0, 10, 90, 100)
    viewer = ViewerModel()
    parent = viewer.add_image(np.zeros((100, 120), np.uint8), **transform)
    cells = viewer.add_image(**heat_map_arguments(parent, heat_map(box), (0, 2)))
    assert cells.units == parent.units
    for index, pixel in [
        (HOT, centre_of_hot_token(box)),
        ((-0.5, -0.5), (-0.5, 9.5)),
        ((6.5, 6.5), (89.5, 109.5)),
    ]:
        np.testing.assert_allclose(cells.data_to_world(index), parent.data_to_world(pixel), atol=1e-9)


def test_the_file_is_preferred_while_the_layer_shows_it(tmp_path):
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    same = OpenImage("a", Modality.OM, pixels, True, tmp_path / "a.png")
    assert same.item().pixels is None
    edited = OpenImage("a", Modality.OM, 255 - pixels, True, tmp_path / "a.png")
    assert (edited.item().pixels == 255 - pixels).all()
    gone = OpenImage("a", Modality.OM, pixels, True, tmp_path / "gone.png")
    assert (gone.item().pixels == pixels).all()


def test_layer_values_become_pixels(tmp_path):
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[..., 0], rgba[..., 3] = 200, 255
    assert whole_pixels(rgba, True, tmp_path).shape == (4, 4, 3)
    assert whole_pixels(np.linspace(0, 1, 16).reshape(4, 4), False, tmp_path).dtype == np.uint16
    with pytest.raises(RenalFusionError, match="NaN"):
        whole_pixels(np.full((4, 4), np.nan), False, tmp_path)


def test_a_request_names_every_image():
    images = [
        OpenImage("x", Modality.OM, np.zeros((4, 4, 3), np.uint8), True, None),
        OpenImage("y", Modality.TEM, np.zeros((4, 4), np.uint8), False, None),
        OpenImage("z", Modality.TEM, np.ones((4, 4), np.uint8), False, None),
    ]
    case, choice = request_case(images)
    assert choice == {"OM": ["OM-1"], "TEM": ["TEM-1", "TEM-2"]}
    for image in case["images"]:
        assert np.load(image["pixels"], allow_pickle=False).shape[:2] == (4, 4)
