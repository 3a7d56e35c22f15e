import pytest
import torch
from torch.nn import functional as F

from napari_renal_fusion.networks import CMUSNet, CMUSNetConfig, NetworkInputError, NonFiniteFeatures
from napari_renal_fusion.networks.cmus_net import FusionOutput

from .conftest import SMALL_RESNET

SUBSETS = [("OM",), ("IM",), ("TEM",), ("OM", "IM"), ("OM", "TEM"), ("IM", "TEM"), ("OM", "IM", "TEM")]
PRESETS = ["paper", "published_code"]


def all_logits(output):
    return torch.stack([output.fusion, *output.branches.values()])


def random_tokens(counts=(3, 5), tokens=4, width=128):
    mask = torch.arange(max(counts)) < torch.tensor(counts)[:, None]
    b = len(counts)
    om, im = torch.randn(b, tokens, width), torch.randn(b, tokens, width)
    return om, im, torch.randn(b, max(counts), tokens, width), mask


@torch.no_grad()
@pytest.mark.parametrize("preset", PRESETS)
def test_forward_is_fuse_of_encode(make_model, make_batch, preset):
    model, batch = make_model(preset=preset), make_batch()
    tokens = model.encode(batch)
    assert tokens.om.shape == tokens.im.shape == (2, 4, 128)
    assert tokens.tem.shape == (2, 5, 4, 128)
    assert tokens.grids == {"OM": (2, 2), "IM": (2, 2), "TEM": (2, 2)}
    output = model(batch)
    assert output.fusion.shape == output.om.shape == output.im.shape == output.tem.shape == (2, 3)
    assert output.features.shape == (2, 384)
    assert output.smil.weights.shape == (2, 5)
    assert torch.equal(all_logits(output), all_logits(model.fuse(*tokens)))


@torch.no_grad()
def test_fuse_agrees_with_its_parts(make_model):
    model = make_model()
    om, im, tem, mask = random_tokens()
    output = model.fuse(om, im, tem, mask)
    bag = model.smil(tem, mask).tokens
    pooled = [model.cmsa["OM"](bag, om).mean(1), bag.mean(1), model.cmsa["IM"](bag, im).mean(1)]
    assert torch.equal(output.features, torch.cat(pooled, dim=1))
    first, second = model.classifier[0], model.classifier[3]
    torch.testing.assert_close(output.fusion, second(F.relu(first(output.features))))
    torch.testing.assert_close(output.om, model.heads["OM"](pooled[0]))
    torch.testing.assert_close(output.tem, model.heads["TEM"](pooled[1]))
    assert [type(m).__name__ for m in model.classifier] == ["Linear", "ReLU", "Dropout", "Linear"]


@torch.no_grad()
def test_published_preset_orders_tem_first_and_rectifies_the_branches(make_model):
    model = make_model(preset="published_code")
    output = model.fuse(*random_tokens())
    bag = output.smil.tokens
    torch.testing.assert_close(output.features[:, :128], bag.mean(1))
    torch.testing.assert_close(output.tem, F.relu(model.heads["TEM"](bag.mean(1))))
    assert sum(p.numel() for p in model.cmsa.parameters()) == 4 * 128**2 + 128


@torch.no_grad()
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("modalities", SUBSETS)
def test_every_subset_of_modalities(make_model, make_batch, modalities, preset):
    model, batch = make_model(modalities=modalities, preset=preset), make_batch()
    output = model(batch)
    assert set(output.branches) == set(model.heads) == set(model.encoders) == set(modalities)
    assert output.features.shape == (2, 128 * len(modalities))
    assert (output.smil is not None) == ("TEM" in modalities)
    partners = len(modalities) - 1 if "TEM" in modalities else 0
    if preset == "paper":
        assert len(model.cmsa or ()) == partners
    else:
        assert (model.cmsa is not None) == (partners > 0)
    assert torch.isfinite(model.loss(output, torch.tensor([0, 2])))
    for modality in {"OM", "IM", "TEM"} - set(modalities):
        setattr(batch, modality.lower(), None)
    assert torch.equal(all_logits(model(batch)), all_logits(output))


def test_om_and_im_are_only_concatenated(make_model):
    model = make_model(modalities=("OM", "IM"))
    om, im, _, _ = random_tokens()
    assert torch.equal(model.fuse(om=om, im=im).features, torch.cat([om.mean(1), im.mean(1)], dim=1))


@torch.no_grad()
def test_ablation_switches(make_model):
    tokens = random_tokens()
    om, im, tem, mask = tokens
    plain = make_model(smil=False, cmsa=False)
    mean = torch.stack([tem[0, :3].mean(0), tem[1].mean(0)])
    output = plain.fuse(*tokens)
    assert output.smil is None
    assert plain.cmsa is None
    torch.testing.assert_close(output.features, torch.cat([om.mean(1), mean.mean(1), im.mean(1)], dim=1))
    tem[0, 3:] = float("nan")
    assert torch.equal(plain.fuse(om, im, tem, mask).fusion, output.fusion)

    labels = torch.tensor([0, 2])
    unweighted = make_model(weighted_loss=False)
    output = unweighted.fuse(*random_tokens())
    torch.testing.assert_close(unweighted.loss(output, labels), F.cross_entropy(output.fusion, labels))


@torch.no_grad()
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("at_front", [False, True])
def test_a_copy_of_an_image_changes_no_logit(make_model, make_batch, preset, at_front):
    model, batch = make_model(preset=preset), make_batch(counts=(4, 4))
    mask = torch.ones(2, 5, dtype=torch.bool)
    for copied in range(4):
        image = batch.tem[:, copied : copied + 1]
        parts = [image, batch.tem] if at_front else [batch.tem, image]
        changed = make_batch(om=batch.om, im=batch.im, tem=torch.cat(parts, dim=1), tem_mask=mask)
        difference = (all_logits(model(changed)) - all_logits(model(batch))).abs().max()
        assert difference <= 1e-6


@torch.no_grad()
def test_a_copy_of_the_only_image_changes_no_logit(make_model, make_batch):
    model, batch = make_model(), make_batch(counts=(1, 1))
    copied = make_batch(
        om=batch.om,
        im=batch.im,
        tem=batch.tem.repeat(1, 4, 1, 1, 1),
        tem_mask=torch.ones(2, 4, dtype=torch.bool),
    )
    assert (all_logits(model(copied)) - all_logits(model(batch))).abs().max() <= 1e-6


@torch.no_grad()
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("content", [float("nan"), float("inf"), 1e30])
def test_padding_changes_nothing(make_model, make_batch, preset, content):
    model, batch = make_model(preset=preset), make_batch(counts=(3, 5))
    expected = all_logits(model(batch))
    batch.tem[0, 3:] = content
    assert torch.equal(all_logits(model(batch)), expected)

    om, im, tem, mask = random_tokens()
    exact = all_logits(model.fuse(om, im, tem, mask))
    more = torch.full((2, 8, 4, 128), content)
    more[:, :5][mask] = tem[mask]
    wider = F.pad(mask, (0, 3))
    assert torch.equal(all_logits(model.fuse(om, im, more, wider)), exact)


@torch.no_grad()
def test_padding_is_not_encoded(make_model, make_batch):
    model, batch = make_model(), make_batch(counts=(1, 5))
    seen = []
    model.encoders["TEM"].register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))
    tokens = model.encode(batch)
    assert seen == [6]
    assert not tokens.tem[0, 1:].any()
    for b, i in batch.tem_mask.nonzero().tolist():
        alone = model.encode_images("TEM", batch.tem[b, i][None])
        torch.testing.assert_close(tokens.tem[b, i], alone[0].flatten(0, 1), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_order_of_a_bag_changes_no_logit(make_model):
    model = make_model()
    om, im, tem, mask = random_tokens(counts=(5, 5))
    order = torch.tensor([3, 0, 4, 1, 2])
    expected = all_logits(model.fuse(om, im, tem, mask))
    changed = all_logits(model.fuse(om, im, tem[:, order], mask))
    torch.testing.assert_close(changed, expected, rtol=0, atol=1e-5)


def test_widths_may_differ_between_modalities():
    narrow = {**SMALL_RESNET, "kwargs": {"layers": [1, 1, 1, 1], "channels": [8, 16, 32, 64]}}
    model = CMUSNet(encoder={"OM": narrow, "IM": SMALL_RESNET, "TEM": SMALL_RESNET}).eval()
    om, im, tem, mask = random_tokens()
    assert model.fuse(om[..., :64], im, tem, mask).features.shape == (2, 64 + 128 + 128)
    with pytest.raises(ValueError, match="equal widths"):
        CMUSNet(encoder=model.config.encoder, preset="published_code")


def test_loss_weights_the_branches(make_model):
    labels = torch.tensor([1, 0])
    for preset, reduction in (("paper", "mean"), ("published_code", "sum")):
        model = make_model(preset=preset)
        out = model.fuse(*random_tokens())
        fusion, om, im, tem = (
            F.cross_entropy(logits, labels, reduction=reduction)
            for logits in (out.fusion, out.om, out.im, out.tem)
        )
        torch.testing.assert_close(model.loss(out, labels), 0.3 * om + 0.5 * im + 0.2 * tem + fusion)
        without_im = FusionOutput(out.fusion, out.om, None, out.tem, out.smil, out.features)
        torch.testing.assert_close(model.loss(without_im, labels), 0.6 * om + 0.4 * tem + fusion)
    corner = make_model(loss_weights=(1, 0, 0))
    only_tem = FusionOutput(out.fusion, None, None, out.tem, out.smil, out.features)
    torch.testing.assert_close(corner.loss(only_tem, labels), F.cross_entropy(out.fusion, labels))


def test_training_step_reaches_every_parameter(make_model, make_batch):
    model = make_model().train()
    model.loss(model(make_batch()), torch.tensor([0, 1])).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert without == []


@torch.no_grad()
def test_autocast_to_bfloat16_runs(make_model, make_batch):
    model, batch = make_model(), make_batch()
    with torch.autocast("cpu", torch.bfloat16):
        output = model(batch)
    assert output.smil.distances.dtype == torch.float32
    torch.testing.assert_close(output.fusion.float(), model(batch).fusion, rtol=0.1, atol=0.1)


def test_non_finite_features_name_the_image(make_model, make_batch):
    model = make_model()
    for modality, index in (("OM", None), ("IM", None), ("TEM", 2)):
        om, im, tem, mask = random_tokens()
        {"OM": om, "IM": im, "TEM": tem[:, 2]}[modality][1, 3, 7] = float("nan")
        with pytest.raises(NonFiniteFeatures, match=f"^{modality}: .* patient 1") as caught:
            model.fuse(om, im, tem, mask)
        assert (caught.value.batch_index, caught.value.instance_index) == (1, index)
    batch = make_batch()
    batch.tem[1, 4, 0, 5, 5] = float("nan")
    with pytest.raises(NonFiniteFeatures, match="image 4 of the bag of patient 1"):
        model(batch)
    with pytest.raises(NonFiniteFeatures, match="image 2"):
        make_model(smil=False).fuse(om, im, tem.index_fill(1, torch.tensor(2), float("inf")), mask)


def test_what_is_missing_or_does_not_fit_is_refused(make_model, make_batch):
    model = make_model()
    om, im, tem, mask = random_tokens()
    cases = [
        ((None, im, tem, mask), "needs OM"),
        ((om, im, None, None), "needs TEM"),
        ((om, im, tem, None), "boolean mask"),
        ((om, im, tem, torch.zeros_like(mask)), "no image"),
        ((om[..., :64], im, tem, mask), "d = 128"),
        ((om[:1], im, tem, mask), "different numbers of patients"),
        ((om, im[:, :2], tem, mask), "equal grids"),
        ((om, im, tem[:, 0], mask), r"must be \[B, N, L, d\]"),
    ]
    for arguments, message in cases:
        with pytest.raises(NetworkInputError, match=message):
            model.fuse(*arguments)
    with pytest.raises(NetworkInputError, match="does not use it"):
        make_model(modalities=("OM", "IM")).fuse(*random_tokens())
    with pytest.raises(NetworkInputError, match="no encoder for TEM"):
        make_model(modalities=("OM",)).encode_images("TEM", torch.randn(1, 3, 64, 64))
    with pytest.raises(NetworkInputError, match="needs IM"):
        model.encode(make_batch(im=None))
    with pytest.raises(NetworkInputError, match="no image"):
        model.encode(make_batch(tem_mask=torch.zeros(2, 5, dtype=torch.bool)))
    with pytest.raises(TypeError, match="not both"):
        CMUSNet(CMUSNetConfig(), n_classes=4)


def test_a_stored_configuration_rebuilds_the_network(make_model):
    model = make_model(n_classes=4)
    again = CMUSNet(CMUSNetConfig.model_validate_json(model.config.model_dump_json())).eval()
    again.load_state_dict(model.state_dict())
    tokens = random_tokens()
    assert torch.equal(again.fuse(*tokens).fusion, model.fuse(*tokens).fusion)
