import pytest
import torch
from pydantic import ValidationError

from napari_renal_fusion.networks import (
    CMUSNet,
    CMUSNetConfig,
    CMUSNetEnsemble,
    NetworkInputError,
    combined_state,
)
from napari_renal_fusion.networks.token_norm import TokenNorm

from .conftest import SMALL_RESNET


def tokens_of(counts=(3, 5), seed=2):
    draw = torch.Generator().manual_seed(seed)
    scale = torch.linspace(0.1, 30, 128)
    mask = torch.arange(max(counts)) < torch.tensor(counts)[:, None]
    om, im = (torch.randn(len(counts), 4, 128, generator=draw) * scale + 100 for _ in range(2))
    tem = torch.randn(len(counts), max(counts), 4, 128, generator=draw) * scale - 7
    return om, im, tem, mask


def fitted(seed=0, **fields):
    torch.manual_seed(seed)
    model = CMUSNet(encoder=SMALL_RESNET, token_norm=True, **fields).eval()
    om, im, tem, mask = tokens_of(seed=seed)
    model.fit_token_norm({"OM": iter(om), "IM": iter(im), "TEM": (bag for bag in tem[mask])})
    return model


def test_the_norm_is_mean_and_sd_of_all_tokens_in_any_portions():
    rows = torch.randn(1000, 5, dtype=torch.float64) * torch.tensor([0.1, 1, 50, 1, 0]) + 1000
    norm = TokenNorm(5)
    norm.fit([rows[:1].view(1, 1, 5), rows[1:601].view(20, 30, 5), rows[601:]])
    torch.testing.assert_close(norm.mean, rows.mean(dim=0).float())
    expected = rows.std(dim=0, correction=0).float()
    torch.testing.assert_close(norm.sd[:4], expected[:4])
    assert norm.sd[4] == 1  # a channel that never varies
    assert not list(norm.parameters())


@torch.no_grad()
def test_a_normalised_network_is_the_plain_one_on_normalised_tokens():
    model = fitted()
    plain = CMUSNet(encoder=SMALL_RESNET).eval()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("token_norm.")})
    om, im, tem, mask = tokens_of()
    by_hand = [model.token_norm[m](one) for m, one in (("OM", om), ("IM", im), ("TEM", tem))]
    ours, theirs = model.fuse(om, im, tem, mask), plain.fuse(*by_hand, mask)
    assert torch.equal(ours.fusion, theirs.fusion)
    assert torch.equal(ours.smil.weights, theirs.smil.weights)
    assert not torch.equal(ours.fusion, plain.fuse(om, im, tem, mask).fusion)


@torch.no_grad()
def test_padding_changes_nothing():
    model = fitted()
    om, im, tem, mask = tokens_of()
    expected = model.fuse(om, im, tem, mask).fusion
    tem[~mask] = float("nan")
    assert torch.equal(model.fuse(om, im, tem, mask).fusion, expected)


@torch.no_grad()
def test_it_travels_with_the_weights_and_is_off_by_default():
    model = fitted()
    again = CMUSNet(model.config)
    again.load_state_dict(model.state_dict())
    assert torch.equal(again.eval().fuse(*tokens_of()).fusion, model.fuse(*tokens_of()).fusion)
    assert not [
        name for name in CMUSNet(encoder=SMALL_RESNET).state_dict() if "norm." in name and "token" in name
    ]


@torch.no_grad()
@pytest.mark.parametrize("shared", [True, False])
def test_members_of_an_ensemble_keep_their_own(shared):
    members = [fitted(seed) for seed in (0, 1)]
    if shared:
        members[1].encoders.load_state_dict(members[0].encoders.state_dict())
    ensemble = CMUSNetEnsemble(members[0].config, 2, shared).eval()
    ensemble.load_state_dict(combined_state([one.state_dict() for one in members], shared))
    om, im, tem, mask = tokens_of()
    given = (om, im, tem) if shared else tuple(torch.cat([one, one], dim=-1) for one in (om, im, tem))
    output = ensemble.fuse(*given, mask)
    expected = torch.stack([one.fuse(om, im, tem, mask).fusion for one in members])
    torch.testing.assert_close(output.member_logits, expected)
    assert output.smil is not None


def test_what_does_not_fit_is_refused():
    model = CMUSNet(encoder=SMALL_RESNET, token_norm=True)
    with pytest.raises(NetworkInputError, match="needs IM"):
        model.fit_token_norm({"OM": [torch.randn(4, 128)]})
    with pytest.raises(NetworkInputError, match="128 channels, not 64"):
        model.token_norm["OM"].fit([torch.randn(4, 64)])
    for bad in ([], [torch.full((2, 128), float("inf"))]):
        with pytest.raises(NetworkInputError, match="no finite tokens"):
            model.token_norm["OM"].fit(bad)
    with pytest.raises(NetworkInputError, match="no token_norm"):
        CMUSNet(encoder=SMALL_RESNET).fit_token_norm({})
    with pytest.raises(ValidationError, match="published_code has no token_norm"):
        CMUSNetConfig(preset="published_code", token_norm=True)
