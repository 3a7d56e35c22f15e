import pytest
import torch
from pydantic import ValidationError

from napari_renal_fusion.networks import CMUSNet, EncoderConfig, NetworkInputError, TimmEncoder

from .conftest import SMALL_RESNET
from .test_encoders import SMALL_CROSSVIT, SMALL_SWIN, SMALL_VIT

SMALL_CONVNEXT = {
    "name": "convnext_atto",
    "kwargs": {"depths": [1, 1, 1, 1], "dims": [8, 16, 32, 64]},
    "input_size": 64,
}
LITE0 = {"name": "tf_efficientnet_lite0", "input_size": 64}
# Encoder, stage, [h, w, d], and a name that only later blocks have.
CUTS = [
    (SMALL_RESNET, 3, (4, 4, 64), "layer4"),
    (SMALL_RESNET, 1, (16, 16, 16), "layer2"),
    (LITE0, 3, (4, 4, 112), "blocks.5"),
    (LITE0, 4, (2, 2, 320), "conv_head"),
    (SMALL_SWIN, 2, (14, 14, 64), "layers.3"),
    (SMALL_SWIN, 0, (56, 56, 16), "layers.1"),
    (SMALL_SWIN, 3, (7, 7, 128), "norm.weight"),
    (SMALL_CONVNEXT, 2, (4, 4, 32), "stages.3"),
    (SMALL_CONVNEXT, 0, (16, 16, 8), "stages.1"),
    (SMALL_VIT, 0, (14, 14, 32), "blocks.1"),
    ({"name": "densenet121", "input_size": 64}, 2, (8, 8, 512), "features.denseblock3"),
]


@torch.no_grad()
@pytest.mark.parametrize(("config", "stage", "shape", "later"), CUTS)
def test_a_backbone_is_cut_at_a_stage(config, stage, shape, later):
    whole = TimmEncoder(EncoderConfig(**config)).eval()
    encoder = TimmEncoder(EncoderConfig(**config, stage=stage)).eval()
    names = [name.removeprefix("backbone.") for name in encoder.state_dict()]
    assert not [name for name in names if name.startswith(later)]
    assert any(name.removeprefix("backbone.").startswith(later) for name in whole.state_dict())
    # The same weights give exactly what the whole backbone computes on the way.
    encoder.load_state_dict({name: whole.state_dict()[name] for name in encoder.state_dict()})
    images = torch.randn(2, 3, *encoder.input_size)
    tokens = encoder(images)
    assert tokens.shape == (2, *shape)
    assert encoder.width == shape[-1]
    (expected,) = whole.backbone.forward_intermediates(images, indices=[stage], intermediates_only=True)
    torch.testing.assert_close(tokens, expected.permute(0, 2, 3, 1))


@pytest.mark.parametrize("config", [cut[0] for cut in CUTS[::3]])
def test_every_weight_that_is_left_gets_a_gradient(config):
    encoder = TimmEncoder(EncoderConfig(**config, stage=0))
    encoder(torch.randn(2, 3, *encoder.input_size)).square().mean().backward()
    assert [name for name, one in encoder.named_parameters() if one.grad is None] == []


def test_a_stage_that_is_not_there_is_refused():
    with pytest.raises(
        ValueError, match=r"resnet18 has no stage 5; its stages are 0 \(64 channels\), 1 \(16 channels\)"
    ):
        TimmEncoder(EncoderConfig(**SMALL_RESNET, stage=5))
    with pytest.raises(ValueError, match="crossvit_tiny_240 cannot be cut"):
        TimmEncoder(EncoderConfig(**SMALL_CROSSVIT, stage=1))
    with pytest.raises(ValidationError):
        EncoderConfig(**SMALL_RESNET, stage=-1)


def test_a_network_of_cut_encoders(make_batch):
    model = CMUSNet(encoder={**SMALL_RESNET, "stage": 3}).eval()
    output = model(make_batch())
    assert output.fusion.shape == (2, 3)
    assert output.features.shape == (2, 3 * 64)
    assert CMUSNet(model.config.model_dump(mode="json")).config == model.config


@pytest.mark.parametrize(
    "config",
    [
        SMALL_SWIN,
        SMALL_CONVNEXT,
        LITE0,
        {**SMALL_SWIN, "stage": 2},
        {**LITE0, "stage": 3},
        {**SMALL_RESNET, "stage": 3},
    ],
)
def test_checkpointing_changes_no_output_and_no_gradient(config):
    # Without the random parts (dropped paths), which are drawn again the same way but cannot be compared here.
    encoder = TimmEncoder(EncoderConfig(**config))
    images = torch.randn(2, 3, *encoder.input_size)
    found = []
    state = {name: one.clone() for name, one in encoder.state_dict().items()}
    for enable in (False, True):
        encoder.load_state_dict(state)
        encoder.zero_grad(set_to_none=True)
        encoder.set_gradient_checkpointing(enable)
        torch.manual_seed(1)
        tokens = encoder(images)
        tokens.square().mean().backward()
        # ConvNeXt keeps the norm of its head, which makes no tokens.
        found.append((tokens.detach(), [one.grad for one in encoder.parameters() if one.grad is not None]))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-6)


def test_checkpointing_keeps_fewer_activations():
    encoder = TimmEncoder(EncoderConfig(**SMALL_SWIN))
    images = torch.randn(1, 3, 224, 224)

    def kept(enable):
        encoder.set_gradient_checkpointing(enable)
        sizes = []

        def pack(tensor):
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            encoder(images)
        return sum(sizes)

    assert kept(True) < 0.5 * kept(False)


def test_checkpointing_of_a_network_and_of_a_backbone_without_it(make_model):
    model = make_model()
    model.set_gradient_checkpointing(True)
    assert all(one.backbone.grad_checkpointing for one in model.encoders.values())
    model.set_gradient_checkpointing(False)
    assert not any(one.backbone.grad_checkpointing for one in model.encoders.values())
    crossvit = TimmEncoder(EncoderConfig(**SMALL_CROSSVIT))
    with pytest.raises(ValueError, match="crossvit_tiny_240 cannot compute gradients from checkpoints"):
        crossvit.set_gradient_checkpointing(True)
    crossvit.set_gradient_checkpointing(False)


def test_another_size_is_still_refused():
    with pytest.raises(NetworkInputError):
        TimmEncoder(EncoderConfig(**SMALL_RESNET, stage=2))(torch.randn(1, 3, 96, 96))
