from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.networks import CMUSNet, EncoderConfig, TimmEncoder
from napari_renal_fusion.networks.pretrained import load_encoder_weights

from .conftest import SMALL_RESNET
from .test_encoders import SMALL_SWIN
from .test_stage import SMALL_CONVNEXT

REAL = Path(__file__).parents[3] / "shared/data/weights/tf_efficientnet_lite0.safetensors"


@pytest.fixture
def weights(tmp_path):
    """A function that writes the weights of a whole timm model with its classifier."""

    def write(config, change=None, **metadata):
        torch.manual_seed(7)
        state = timm.create_model(config["name"], pretrained=False, **config.get("kwargs", {})).state_dict()
        state = {name: one.clone() for name, one in state.items()}
        if change:
            change(state)
        save_file(state, tmp_path / "weights.safetensors", metadata)
        return tmp_path / "weights.safetensors"

    return write


@pytest.mark.parametrize(
    ("config", "dropped"),
    [
        (SMALL_RESNET, {"fc.weight", "fc.bias"}),
        (SMALL_SWIN, {"head.fc.weight", "head.fc.bias"}),
        (SMALL_CONVNEXT, {"head.fc.weight", "head.fc.bias", "head.norm.weight", "head.norm.bias"}),
    ],
)
def test_all_but_the_classifier_is_loaded(weights, config, dropped):
    path = weights(config)
    encoder = TimmEncoder(EncoderConfig(**config))
    loaded = load_encoder_weights(encoder, path)
    state = load_file(path)
    for name, one in encoder.backbone.state_dict().items():
        assert torch.equal(one, state[name]), name
    assert set(loaded.dropped) <= dropped
    assert {"fc.weight", "head.fc.weight"} & set(loaded.dropped)
    assert (loaded.file, len(loaded.sha256)) == ("weights.safetensors", 64)


@torch.no_grad()
@pytest.mark.parametrize(
    ("config", "stage", "dropped"),
    [(SMALL_RESNET, 3, "layer4."), (SMALL_SWIN, 2, "layers.3."), (SMALL_CONVNEXT, 1, "stages.2.")],
)
def test_blocks_after_the_cut_are_dropped(weights, config, stage, dropped):
    path = weights(config)
    encoder = TimmEncoder(EncoderConfig(**config, stage=stage)).eval()
    loaded = load_encoder_weights(encoder, path)
    assert any(one.startswith(dropped) for one in loaded.dropped)
    whole = timm.create_model(config["name"], pretrained=False, **config["kwargs"]).eval()
    whole.load_state_dict(load_file(path))
    images = torch.randn(1, 3, *encoder.input_size)
    (expected,) = whole.forward_intermediates(images, indices=[stage], intermediates_only=True)
    torch.testing.assert_close(encoder(images), expected.permute(0, 2, 3, 1))


def test_every_encoder_of_a_network_is_loaded(weights):
    path = weights(SMALL_RESNET)
    model = CMUSNet(encoder=SMALL_RESNET)
    heads = model.classifier[0].weight.clone()
    load_encoder_weights(model, path)
    state = load_file(path)
    for encoder in model.encoders.values():
        assert torch.equal(encoder.backbone.conv1.weight, state["conv1.weight"])
    assert torch.equal(model.classifier[0].weight, heads)


def rename(state):
    state["layer9.weight"] = state.pop("layer1.0.conv1.weight")


def extra(state):
    state["adapter.weight"] = torch.zeros(3)


def reshape(state):
    state["conv1.weight"] = torch.zeros(16, 1, 7, 7)


def spoil(state):
    state["bn1.weight"][3] = float("nan")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (rename, "missing: layer1.0.conv1.weight"),
        (extra, "not known: adapter.weight"),
        (reshape, r"conv1.weight \(is \[16, 1, 7, 7\], must be \[64, 3, 7, 7\]\)"),
        (spoil, "not finite: bn1.weight"),
    ],
)
def test_what_does_not_match_is_named_and_nothing_is_changed(weights, change, said):
    path = weights(SMALL_RESNET, change)
    encoder = TimmEncoder(EncoderConfig(**SMALL_RESNET))
    before = {name: one.clone() for name, one in encoder.state_dict().items()}
    with pytest.raises(RenalFusionError, match=said) as caught:
        load_encoder_weights(encoder, path)
    assert caught.value.code == "encoder_weights_mismatch"
    assert caught.value.path == path
    assert all(torch.equal(one, before[name]) for name, one in encoder.state_dict().items())


def test_weights_of_another_model_are_refused(weights):
    path = weights(SMALL_RESNET)
    with pytest.raises(RenalFusionError, match="does not hold the weights of swin_tiny"):
        load_encoder_weights(TimmEncoder(EncoderConfig(**SMALL_SWIN)), path)


def test_half_precision_and_derived_buffers(weights):
    def change(state):
        for name in list(state):
            state[name] = state[name].half() if state[name].is_floating_point() else state[name]
            if name.endswith("num_batches_tracked"):
                del state[name]
        state["layers.0.relative_position_index"] = torch.zeros(4)

    encoder = TimmEncoder(EncoderConfig(**SMALL_RESNET))
    load_encoder_weights(encoder, weights(SMALL_RESNET, change))
    assert encoder.backbone.conv1.weight.dtype == torch.float32


@pytest.mark.parametrize("data", [None, b"", b"\x80\x02pickle", b"\xff" * 64])
def test_files_that_are_no_weights(tmp_path, data):
    path = tmp_path / "w.safetensors"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(RenalFusionError) as caught:
        load_encoder_weights(TimmEncoder(EncoderConfig(**SMALL_RESNET)), path)
    assert caught.value.code == ("encoder_weights_missing" if data is None else "encoder_weights_unreadable")


@torch.no_grad()
@pytest.mark.skipif(not REAL.is_file(), reason="the ImageNet weights are not on this computer")
@pytest.mark.parametrize("stage", [None, 3])
def test_the_real_imagenet_encoder(stage):
    encoder = TimmEncoder(EncoderConfig(name="tf_efficientnet_lite0", input_size=64, stage=stage)).eval()
    loaded = load_encoder_weights(encoder, REAL)
    assert "classifier.weight" in loaded.dropped
    assert ("conv_head.weight" in loaded.dropped) == (stage is not None)
    tokens = encoder(torch.rand(1, 3, 64, 64))
    assert tokens.isfinite().all()
    assert tokens.std() > 0.01
