import pytest
import torch
from torch.nn import functional as F
from torchvision.models import swin_b
from torchvision.models.swin_transformer import SwinTransformer

from napari_renal_fusion.networks import CheckpointMismatch, CMUSNet

MODALITIES = ("TEM", "OM", "IM")
SMALL_SWIN = {
    "name": "swin_tiny_patch4_window7_224",
    "kwargs": {"embed_dim": 16, "depths": [1, 1, 2, 1], "num_heads": [1, 1, 2, 2]},
}


def small_torchvision_swin():
    return SwinTransformer([4, 4], 16, [1, 1, 2, 1], [1, 1, 2, 2], [7, 7], stochastic_depth_prob=0.0)


def published_checkpoint(make_swin, n_classes=3):
    """Random weights in the layout of the published checkpoint, and the torchvision encoders they are of."""
    entries, encoders = {}, {}
    for modality in MODALITIES:
        swin = make_swin().eval()
        for name, value in swin.state_dict().items():
            if name.startswith("features."):
                entries[f"{modality}_encoder.0.{name.removeprefix('features.')}"] = value
            elif name.startswith("norm."):
                entries[f"{modality}_encoder.1.{name.removeprefix('norm.')}"] = value
        encoders[modality] = swin
    width = swin.head.in_features
    shapes = {f"CrossAttn.W_{letter}": (width, width, False) for letter in "qkv"}
    shapes["CrossAttn.proj"] = (width, width, True)
    shapes |= {f"{modality}_fc.linear": (n_classes, width, True) for modality in MODALITIES}
    shapes |= {"MLP.linear1": (128, 3 * width, True), "MLP.linear2": (n_classes, 128, True)}
    for name, (rows, columns, bias) in shapes.items():
        entries[f"{name}.weight"] = torch.randn(rows, columns) / columns**0.5
        if bias:
            entries[f"{name}.bias"] = torch.randn(rows) / 10
    return entries, encoders


def plain_fuse(entries, om, im, bag):
    """The published network on tokens of one patient (om, im [L, d], bag [n, L, d]), written out plainly."""

    def linear(name, x):
        return F.linear(x, entries[f"{name}.weight"], entries.get(f"{name}.bias"))

    flat = bag.flatten(1)
    n, width = len(bag), bag.shape[-1]
    distance = torch.stack([(flat - one).pow(2).sum(1).sqrt() for one in flat])
    mean = distance.sum() / (n * (n - 1))
    c = int(distance.sum(0).argmin())
    kept = [i for i in range(n) if i != c and distance[c, i] <= 1.5 * mean]
    inverse = 1 / (distance[c, kept] + 1e-8)
    weights = (inverse - inverse.min()) / (inverse.max() - inverse.min())
    tem = bag[c] + (weights[:, None, None] * bag[kept]).sum(0)

    def attend(partner):
        logits = linear("CrossAttn.W_q", tem) @ linear("CrossAttn.W_k", partner).T
        out = (logits * (width / 4) ** -0.5).softmax(-1) @ linear("CrossAttn.W_v", partner)
        return linear("CrossAttn.proj", out.T.reshape(out.shape)) + partner

    vectors = {"TEM": tem.mean(0), "OM": attend(om).mean(0), "IM": attend(im).mean(0)}
    branches = {m: F.relu(linear(f"{m}_fc.linear", v)) for m, v in vectors.items()}
    hidden = F.relu(linear("MLP.linear1", torch.cat([vectors[m] for m in MODALITIES])))
    return {"fusion": linear("MLP.linear2", hidden), **branches}


def torchvision_tokens(swin, images):
    return swin.norm(swin.features(images)).flatten(1, 2)


@torch.no_grad()
def check_against_torchvision_and_plain_fuse(model, entries, encoders, counts, size=224):
    images = torch.randn(3, 3, size, size)
    for modality, swin in encoders.items():
        ours = model.encode_images(modality, images).flatten(1, 2)
        torch.testing.assert_close(ours, torchvision_tokens(swin, images), rtol=0, atol=1e-5)
    width = model.encoders["TEM"].width
    for n in counts:
        om, im, bag = torch.randn(49, width), torch.randn(49, width), torch.randn(n, 49, width)
        bag *= torch.rand(n, 1, 1) + 0.5
        expected = plain_fuse(entries, om, im, bag)
        output = model.fuse(om[None], im[None], bag[None], torch.ones(1, n, dtype=torch.bool))
        for name, logits in {"fusion": output.fusion, **output.branches}.items():
            error = (logits[0] - expected[name]).norm() / expected[name].norm().clamp_min(1e-6)
            assert error < 1e-4, (n, name)


@pytest.fixture(scope="module")
def small_checkpoint():
    torch.manual_seed(1)
    return published_checkpoint(small_torchvision_swin, n_classes=4)


def test_a_small_checkpoint_gives_the_published_logits(small_checkpoint):
    entries, encoders = small_checkpoint
    model = CMUSNet.from_published(entries, encoder=SMALL_SWIN)
    assert model.config.preset == "published_code"
    assert model.config.n_classes == 4
    assert not model.training
    check_against_torchvision_and_plain_fuse(model, entries, encoders, counts=range(3, 11))


def test_the_whole_file_can_be_given(small_checkpoint):
    entries, _ = small_checkpoint
    model = CMUSNet.from_published({"state_dict": entries, "epoch": 3}, encoder=SMALL_SWIN)
    assert torch.equal(model.cmsa.query.weight, entries["CrossAttn.W_q.weight"])


def test_entries_that_do_not_fit_are_refused_by_name(small_checkpoint):
    entries, _ = small_checkpoint
    name = "OM_encoder.0.1.0.mlp.3.weight"
    without = {k: v for k, v in entries.items() if k != name}
    with pytest.raises(CheckpointMismatch, match=f"missing: {name}") as caught:
        CMUSNet.from_published(without, encoder=SMALL_SWIN)
    assert caught.value.missing == [name]
    with pytest.raises(CheckpointMismatch, match=r"not known: other\.weight"):
        CMUSNet.from_published({**entries, "other.weight": torch.zeros(1)}, encoder=SMALL_SWIN)
    with pytest.raises(CheckpointMismatch, match=r"of another shape: TEM_fc\.linear\.bias \(is \[7\]"):
        CMUSNet.from_published({**entries, "TEM_fc.linear.bias": torch.zeros(7)}, encoder=SMALL_SWIN)
    with pytest.raises(CheckpointMismatch, match=r"missing: MLP\.linear1\.weight"):
        CMUSNet.from_published({})
    index = "IM_encoder.0.5.1.attn.relative_position_index"
    with pytest.raises(CheckpointMismatch, match=index):
        CMUSNet.from_published({k: v for k, v in entries.items() if k != index}, encoder=SMALL_SWIN)
    with pytest.raises(ValueError, match="not a weight of a Swin encoder"):
        CMUSNet.from_published(entries, encoder="resnet18")


@pytest.mark.slow
def test_swin_b_has_the_published_size_and_logits():
    entries, encoders = published_checkpoint(lambda: swin_b(weights=None))
    assert len(entries) == 1068
    model = CMUSNet.from_published({"state_dict": entries})
    assert sum(p.numel() for p in model.parameters()) == 264_827_956
    assert sum(p.numel() for p in model.encoders["OM"].parameters()) == 86_743_224
    check_against_torchvision_and_plain_fuse(model, entries, encoders, counts=range(3, 11))
