"""Our token maps against pytorch-grad-cam, which runs the encoder and hooks its output."""

import numpy as np
import pytest
import torch
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.explain import explain
from napari_renal_fusion.explain.deeper import OneImageVaries

from .conftest import make_images, make_network, make_session, predict

LIBRARY = {
    "gradcam": GradCAM,
    "gradcam++": GradCAMPlusPlus,
    "layercam": LayerCAM,
    "eigencam": EigenCAM,
    "hirescam": HiResCAM,
}


def library_raw(session, key, method, class_index, target, reshape):
    """The raw map of the library, by its own forward and backward pass and nothing of ours but the wrapping."""
    modality = Modality(key.split("-")[0])
    model = OneImageVaries(session, modality, session.order[modality].index(key))
    kept = {}

    class Raw(LIBRARY[method]):
        def get_cam_image(self, *args):
            kept["raw"] = super().get_cam_image(*args)
            return kept["raw"]

    cam = Raw(model, [target], reshape)
    cam(session.inputs[key][None], [ClassifierOutputTarget(class_index)])
    cam.activations_and_grads.release()
    model.zero_grad()
    return kept["raw"][0]


def relative_difference(ours, theirs):
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    return np.abs(ours - theirs).max() / np.ptp(theirs)


@pytest.mark.parametrize("method", LIBRARY)
@pytest.mark.parametrize("encoder", ["resnet", "swin"])
def test_equals_the_library_at_the_encoder_output(networks, encoder, method):
    session = make_session(networks[encoder], make_images())
    explanation = explain(predict(session), class_index=1, method=method)
    in_use = [one.key for one in explanation.heat_maps if one.used and one.modality == Modality.TEM]
    assert len(in_use) >= 3
    for key in ("OM-1", "IM-1", *in_use):
        encoder_module = session.network.encoders[key.split("-")[0]]
        theirs = library_raw(
            session, key, method, 1, encoder_module.feature_map, lambda x: x.permute(0, 3, 1, 2)
        )
        assert relative_difference(explanation.heat_map(key).raw, theirs) <= 1e-5


@pytest.mark.parametrize("preset", ["paper", "published_code"])
def test_equals_the_library_in_both_presets_and_without_smil(preset):
    for smil in (True, False):
        network = make_network(preset=preset, smil=smil)
        session = make_session(network, make_images(4))
        explanation = explain(predict(session), class_index=0)
        for one in explanation.heat_maps:
            if one.used:
                layer = network.encoders[one.modality].feature_map
                theirs = library_raw(session, one.key, "gradcam", 0, layer, lambda x: x.permute(0, 3, 1, 2))
                assert relative_difference(one.raw, theirs) <= 1e-5


def test_every_map_belongs_to_the_class_that_was_asked_for(session):
    maps = {c: explain(predict(session), class_index=c) for c in range(3)}
    assert all(one.class_index == c for c, made in maps.items() for one in made.heat_maps)
    assert not np.allclose(maps[0].heat_map("OM-1").raw, maps[1].heat_map("OM-1").raw)
    prediction = predict(session)
    top = explain(prediction)
    assert top.class_index == prediction.top
    assert top.class_name == session.class_names[prediction.top]
    np.testing.assert_array_equal(top.heat_map("IM-1").raw, maps[prediction.top].heat_map("IM-1").raw)


def test_eigencam_is_the_same_for_every_class(session):
    first, second = (explain(predict(session), class_index=c, method="eigencam") for c in (0, 2))
    np.testing.assert_array_equal(first.heat_map("OM-1").raw, second.heat_map("OM-1").raw)


@pytest.mark.parametrize("method", LIBRARY)
def test_one_hot_token_is_found_where_it_is(networks, method):
    network = make_network(cmsa=False)
    session = make_session(network, make_images(1))
    for key in session.tokens:
        session.tokens[key] = torch.zeros_like(session.tokens[key])
    # Along a direction that raises class 2, so that no method may call it evidence against.
    hot = torch.zeros(1, 1, 48)
    om = hot.clone().requires_grad_()
    network.fuse(om, hot, hot[None], torch.ones(1, 1, dtype=torch.bool)).fusion[0, 2].backward()
    session.tokens["OM-1"][1, 2] = om.grad[0, 0].clamp(min=0) * 1e-3
    raw = explain(predict(session), class_index=2, method=method).heat_map("OM-1").raw
    assert raw.shape == (3, 4)
    assert np.unravel_index(np.abs(raw).argmax(), raw.shape) == (1, 2)
    if method != "eigencam":
        assert raw[1, 2] > 0
        assert np.count_nonzero(raw) == 1


def test_no_image_is_encoded_again_and_no_weight_gets_a_gradient(session, no_encoding):
    for method in LIBRARY:
        explain(predict(session), method=method)
    assert all(parameter.grad is None for parameter in session.network.parameters())


def test_works_in_inference_mode_and_without_gradients(session):
    expected = explain(predict(session)).heat_map("OM-1").raw
    with torch.inference_mode():
        np.testing.assert_array_equal(explain(predict(session)).heat_map("OM-1").raw, expected)
    with torch.no_grad():
        np.testing.assert_array_equal(explain(predict(session)).heat_map("OM-1").raw, expected)


def test_maps_lie_on_the_part_of_the_image_that_the_model_saw(session):
    one = explain(predict(session)).heat_map("TEM-1")
    assert one.box == session.boxes["TEM-1"]
    assert one.placement.scale == (320, 480)
    assert one.placement.translate == (3 + 159.5, 5 + 239.5)
    assert one.layer == "encoder output"


def test_order_in_the_network_changes_no_map(networks):
    session = make_session(networks["resnet"], make_images())
    turned = make_session(networks["resnet"], make_images())
    turned.order[Modality.TEM] = tuple(reversed(turned.order[Modality.TEM]))
    first, second = explain(predict(session)), explain(predict(turned))
    assert [one.key for one in first.heat_maps] == [one.key for one in second.heat_maps]
    for a, b in zip(first.heat_maps, second.heat_maps, strict=True):
        assert a.used == b.used
        if a.used:
            np.testing.assert_allclose(a.raw, b.raw, rtol=1e-4, atol=1e-5 * np.ptp(a.raw))
