"""Maps at a layer inside an encoder: sizes, layouts, and agreement with the library run by hand."""

import numpy as np
import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.explain import explain, layer_names
from napari_renal_fusion.explain.deeper import OneImageVaries

from .conftest import make_images, make_session, predict
from .test_cams import LIBRARY, library_raw, relative_difference

CASES = {
    "resnet": ("layer2", (12, 16), lambda x: x),
    "swin": ("layers.1", (12, 16), lambda x: x.permute(0, 3, 1, 2)),
    "vit": ("blocks.1", (6, 8), lambda x: x[:, 1:].reshape(1, 6, 8, -1).permute(0, 3, 1, 2)),
}


@pytest.mark.parametrize("encoder", CASES)
@pytest.mark.parametrize("method", LIBRARY)
def test_equals_the_library_inside_the_encoder(networks, encoder, method):
    layer, grid, reshape = CASES[encoder]
    session = make_session(networks[encoder], make_images(2))
    explanation = explain(predict(session), class_index=2, method=method, layer=layer)
    for one in explanation.heat_maps:
        assert one.layer == layer
        assert one.raw.shape == grid
        assert one.box == session.boxes[one.key]
    for key in ("OM-1", "TEM-2"):
        target = session.network.encoders[key.split("-")[0]].backbone.get_submodule(layer)
        theirs = library_raw(session, key, method, 2, target, reshape)
        assert relative_difference(explanation.heat_map(key).raw, theirs) <= 1e-5
    assert all(parameter.grad is None for parameter in session.network.parameters())
    assert not any(module._forward_hooks for module in session.network.modules())


def test_the_last_layer_through_the_library_is_our_map_from_tokens(networks):
    session = make_session(networks["resnet"], make_images(2))
    tokens, library = explain(predict(session)), explain(predict(session), layer="layer4")
    for a, b in zip(tokens.heat_maps, library.heat_maps, strict=True):
        assert relative_difference(a.raw, b.raw) <= 1e-5


def test_an_in_place_activation_after_the_layer_does_not_change_the_map(networks):
    session = make_session(networks["resnet"], make_images(1))
    recorded = explain(predict(session), method="layercam", layer="layer1.0.bn1").heat_map("OM-1").raw
    backbone = session.network.encoders["OM"].backbone
    backbone.layer1[0].act1.inplace = False
    try:
        target = backbone.get_submodule("layer1.0.bn1")
        theirs = library_raw(session, "OM-1", "layercam", explain(predict(session)).class_index, target, None)
    finally:
        backbone.layer1[0].act1.inplace = True
    assert relative_difference(recorded, theirs) <= 1e-5


def test_the_wrapped_network_answers_as_the_prediction_does(networks):
    session = make_session(networks["swin"], make_images(3))
    for key, picture in session.inputs.items():
        modality = Modality(key.split("-")[0])
        varies = OneImageVaries(session, modality, session.order[modality].index(key))
        probabilities = session.calibrate(varies(picture[None]))[0].tolist()
        assert probabilities == pytest.approx(predict(session).probabilities, abs=1e-6)


def test_images_that_are_not_used_are_not_encoded(networks, monkeypatch):
    session = make_session(networks["resnet"], make_images(3))
    session.tokens["TEM-3"] = session.tokens["TEM-1"]
    encoded = []
    encode = type(session.network).encode_images
    monkeypatch.setattr(
        type(session.network),
        "encode_images",
        lambda self, modality, images: (
            encoded.append((modality, len(images))) or encode(self, modality, images)
        ),
    )
    explanation = explain(predict(session), layer="layer3")
    assert encoded == [("OM", 1), ("IM", 1), ("TEM", 1), ("TEM", 1)]
    np.testing.assert_array_equal(explanation.heat_map("TEM-3").raw, explanation.heat_map("TEM-1").raw)


def test_layer_names(networks):
    for encoder, (layer, _, _) in CASES.items():
        names = layer_names(predict(make_session(networks[encoder], make_images(1))))
        assert layer in names
        assert names[-1] == "encoder output"


@pytest.mark.parametrize(
    ("encoder", "layer", "code"),
    [
        ("resnet", "layers.9", "layer_unknown"),
        ("swin", "layers.1.blocks.0.attn.qkv", "layer_not_spatial"),
        ("swin", "layers.1.downsample.reduction.weight", "layer_unknown"),
        ("resnet", "global_pool", "layer_not_spatial"),
    ],
)
def test_a_layer_that_cannot_be_shown_is_refused(networks, encoder, layer, code):
    session = make_session(networks[encoder], make_images(1))
    with pytest.raises(RenalFusionError) as caught:
        explain(predict(session), layer=layer)
    assert caught.value.code == code
    assert layer in str(caught.value)
    assert "encoder output" in str(caught.value)
    assert not any(module._forward_hooks for module in session.network.modules())
