import pytest
import torch
from pydantic import ValidationError
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from napari_renal_fusion.networks import EncoderConfig, NetworkInputError, TimmEncoder

from .conftest import SMALL_RESNET

SMALL_SWIN = {
    "name": "swin_tiny_patch4_window7_224",
    "kwargs": {"embed_dim": 16, "depths": (1, 1, 1, 1), "num_heads": (1, 1, 2, 2)},
}
SMALL_VIT = {"name": "vit_tiny_patch16_224", "kwargs": {"embed_dim": 32, "depth": 2, "num_heads": 2}}
SMALL_CROSSVIT = {
    "name": "crossvit_tiny_240",
    "kwargs": {"embed_dim": [32, 64], "num_heads": [2, 2], "depth": [[1, 1, 0], [1, 1, 0]]},
}
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

FAMILIES = [
    (SMALL_RESNET, (64, 64), (2, 2, 128), IMAGENET),
    ({**SMALL_RESNET, "input_size": (64, 96)}, (64, 96), (2, 3, 128), IMAGENET),
    (SMALL_SWIN, (224, 224), (7, 7, 128), IMAGENET),
    (SMALL_VIT, (224, 224), (14, 14, 32), HALF),
    ({**SMALL_VIT, "input_size": (64, 96)}, (64, 96), (4, 6, 32), HALF),
    (SMALL_CROSSVIT, (240, 240), (20, 20, 32), IMAGENET),
    ({"name": "densenet121", "input_size": 64}, (64, 64), (2, 2, 1024), IMAGENET),
    ({"name": "vgg11", "input_size": 64}, (64, 64), (2, 2, 512), IMAGENET),
    ({"name": "inception_v3"}, (299, 299), (8, 8, 2048), HALF),
    ({"name": "res2net50_26w_4s", "input_size": 64}, (64, 64), (2, 2, 2048), IMAGENET),
]


@torch.no_grad()
@pytest.mark.parametrize(("config", "size", "shape", "statistics"), FAMILIES)
def test_every_family_gives_a_map_of_tokens(config, size, shape, statistics):
    encoder = TimmEncoder(EncoderConfig(**config)).eval()
    assert encoder.input_size == size
    assert (encoder.mean, encoder.std) == statistics
    assert encoder.width == shape[-1]
    assert encoder(torch.randn(2, 3, *size)).shape == (2, *shape)


@torch.no_grad()
def test_tokens_lie_on_the_grid_of_the_backbone():
    images = torch.randn(2, 3, 224, 224)
    vit = TimmEncoder(EncoderConfig(**SMALL_VIT)).eval()
    tokens = vit.backbone.forward_features(images)
    assert torch.equal(vit(images)[:, 3, 5], tokens[:, 1 + 3 * 14 + 5])
    resnet = TimmEncoder(EncoderConfig(**SMALL_RESNET)).eval()
    features = resnet.backbone.forward_features(images[..., :64, :64])
    assert torch.equal(resnet(images[..., :64, :64])[:, 1, 0], features[:, :, 1, 0])
    crossvit = TimmEncoder(EncoderConfig(**SMALL_CROSSVIT)).eval()
    images = torch.randn(1, 3, 240, 240)
    fine = crossvit.backbone.forward_features(images)[0]
    assert torch.equal(crossvit(images)[:, 2, 7], fine[:, 1 + 2 * 20 + 7])


def test_layers_that_make_no_tokens_are_left_out():
    assert sum(p.numel() for p in TimmEncoder("vgg11").parameters()) < 10_000_000


def test_the_feature_map_can_be_hooked_by_grad_cam():
    encoder = TimmEncoder(EncoderConfig(**SMALL_RESNET)).eval()
    model = torch.nn.Sequential(encoder, torch.nn.Flatten(1, 2), PoolTokens())
    with GradCAM(model, [encoder.feature_map], reshape_transform=lambda x: x.permute(0, 3, 1, 2)) as cam:
        heat = cam(torch.randn(1, 3, 64, 64), [ClassifierOutputTarget(5)])
    assert heat.shape == (1, 64, 64)


class PoolTokens(torch.nn.Module):
    def forward(self, tokens):
        return tokens.mean(dim=1)


def test_another_image_size_is_refused():
    encoder = TimmEncoder(EncoderConfig(**SMALL_RESNET))
    for wrong in ((1, 3, 96, 96), (1, 1, 64, 64), (3, 64, 64)):
        with pytest.raises(NetworkInputError, match=r"needs images \[K, 3, 64, 64\]"):
            encoder(torch.randn(wrong))


def test_unknown_models_and_keywords_are_refused():
    with pytest.raises(ValueError, match="no model named 'swin_gigantic'"):
        TimmEncoder("swin_gigantic")
    with pytest.raises(ValueError, match="cannot build 'resnet18'"):
        TimmEncoder(EncoderConfig(name="resnet18", kwargs={"no_such_keyword": 1}))


def test_a_configuration_cannot_reach_out_for_weights():
    for name in ("hf-hub:someone/model", "local-dir:/tmp/x", "../x", ""):
        with pytest.raises(ValidationError, match="plain name"):
            EncoderConfig(name=name)
    for keyword in ("pretrained", "pretrained_cfg", "checkpoint_path", "cache_dir"):
        with pytest.raises(ValidationError, match=keyword):
            EncoderConfig(name="resnet18", kwargs={keyword: "x"})
    with pytest.raises(ValidationError, match="input_size"):
        EncoderConfig(name="resnet18", kwargs={"img_size": 64})
