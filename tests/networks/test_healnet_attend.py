import pytest
import torch

from napari_renal_fusion.networks import HEALNet, healnet_attend
from napari_renal_fusion.networks.healnet_attend import attend

from .test_healnet import SMALL, make, patients


def loops(query, key, value, scale, mask):
    """One query at a time."""
    out, seen = torch.zeros(*query.shape[:3], value.shape[-1]), torch.zeros(*query.shape[:3], key.shape[2])
    for k, head, i in torch.cartesian_prod(*[torch.arange(size) for size in query.shape[:3]]).tolist():
        real = mask[k, 0, 0].nonzero()[:, 0]
        weights = (key[k, head, real] @ query[k, head, i] * scale).softmax(0)
        out[k, head, i], seen[k, head, i, real] = weights @ value[k, head, real], weights
    return out, seen


@torch.no_grad()
@pytest.mark.parametrize("width", [8, 7, 200])
def test_agrees_with_loops(width, monkeypatch):
    query, key, value = torch.randn(2, 3, 5, width), torch.randn(2, 3, 9, width), torch.randn(2, 3, 9, width)
    mask = torch.arange(9).expand(2, 1, 1, 9) < torch.tensor([9, 4])[:, None, None, None]
    expected, weights = loops(query, key, value, 0.3, mask)
    lean, nothing = attend(query, key, value, 0.3, mask)
    shown, seen = attend(query, key, value, 0.3, mask, need_weights=True)
    assert nothing is None
    for out in (lean, shown):
        torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(seen, weights, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(healnet_attend, "_PIECE", 100)
    torch.testing.assert_close(attend(query, key, value, 0.3, mask)[0], expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("width", [8, 200])
@pytest.mark.parametrize("heads", [1, 3])
def test_heads_may_share_their_keys_and_values(width, heads, monkeypatch):
    query, key, value = (
        torch.randn(2, heads, 5, width),
        torch.randn(2, 1, 9, width),
        torch.randn(2, 1, 9, width),
    )
    mask = torch.arange(9).expand(2, 1, 1, 9) < torch.tensor([9, 4])[:, None, None, None]
    everyone = key.expand(-1, heads, -1, -1), value.expand(-1, heads, -1, -1)
    expected, weights = loops(query, *everyone, 0.3, mask)
    shown, seen = attend(query, key, value, 0.3, mask, need_weights=True)
    torch.testing.assert_close(seen, weights, rtol=1e-4, atol=1e-5)
    for out in (shown, attend(query, key, value, 0.3, mask)[0]):
        torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(healnet_attend, "_PIECE", 50)
    torch.testing.assert_close(attend(query, key, value, 0.3, mask)[0], expected, rtol=1e-4, atol=1e-5)


def test_dropout_in_pieces_has_the_right_mean_and_learns_what_it_dropped(monkeypatch):
    monkeypatch.setattr(healnet_attend, "_PIECE", 16 * 50)
    query = torch.randn(1, 2, 32, 4, requires_grad=True)
    key, value = torch.randn(1, 2, 50, 4), torch.randn(1, 2, 50, 4, requires_grad=True)
    with torch.no_grad():
        expected = attend(query, key, value, 0.3)[0]
        many = torch.stack([attend(query, key, value, 0.3, dropout=0.4)[0] for _ in range(400)])
    assert not torch.equal(many[0], many[1])
    assert float((many.mean(0) - expected).abs().mean()) < 0.2 * float((many[0] - expected).abs().mean())
    # What is computed again for the gradient must have dropped the same weights: the output is linear in value.
    out = attend(query, key, value, 0.3, dropout=0.4)[0]
    out.square().sum().backward()
    torch.testing.assert_close((value.grad * value).sum(), 2 * out.square().sum(), rtol=1e-4, atol=1e-4)


def test_weights_are_never_held_at_once(monkeypatch):
    """Nothing as large as the attention is kept for the backward pass unless somebody wants to see it."""
    model = HEALNet(
        n_modalities=2, channel_dims=(1, 600), num_spatial_axes=(1, 1), out_dims=4, l_d=16, depth=2
    )
    tensors = [torch.randn(1, 3000, 1), torch.randn(1, 400, 600)]
    weights, keys_and_values = 8 * 128 * 3000, 2 * 8 * 64 * 400
    monkeypatch.setattr(healnet_attend, "_PIECE", weights // 50)

    def kept(**keywords):
        """Numbers in each storage that is kept; views that repeat or share one are one."""
        storages = {}

        def pack(x):
            storages[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes() // 4
            return x

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
            output = model(tensors, **keywords)
        assert output.logits.requires_grad
        return list(storages.values())

    assert max(kept(attention=True)) >= weights
    assert max(kept()) < weights / 4
    # Slides: of every layer only keys and values, and with checkpointing not even those.
    assert kept().count(keys_and_values) == model.config.depth
    model.set_gradient_checkpointing()
    assert kept().count(keys_and_values) == 0
    model.set_gradient_checkpointing(False)
    for block in (block for layer in model.layers for block in layer[:4:2]):
        block.dropout = 0.3
    assert max(kept()) < weights / 4


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_checkpointing_learns_the_same(dropout):
    model, tensors = make(attn_dropout=dropout).train(), patients(2)
    gradients = []
    for enable in (False, True):
        model.set_gradient_checkpointing(enable)
        model.zero_grad()
        torch.manual_seed(5)
        model(
            tensors, present=torch.tensor([[True, True, True], [True, False, True]])
        ).logits.sum().backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    for ours, again in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, again, rtol=1e-9, atol=1e-12)


def test_dropout_only_in_training():
    model, tensors = make(attn_dropout=0.4, ff_dropout=0.3), patients(1)
    with torch.no_grad():
        assert torch.equal(model(tensors).logits, model(tensors).logits)
        model.train()
        assert not torch.equal(model(tensors).logits, model(tensors).logits)
        seen = model(tensors, attention=True).attention
    # What is shown is the attention before dropout.
    torch.testing.assert_close(seen[0][1].sum(-1), torch.ones(1, 2, 6, dtype=torch.float64))


@torch.no_grad()
@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("changes", [{}, {"l_c": 40}])
def test_autocast_and_bfloat16(attention, changes):
    model = HEALNet(**{**SMALL, **changes}).eval()
    tensors = [x.float() for x in patients(2)]
    present = torch.tensor([[True, True, True], [True, False, True]])
    mask = torch.ones(2, 70, dtype=torch.bool)
    mask[0, 50:] = False
    arguments = {"masks": [None, mask, None], "present": present, "attention": attention}
    exact = model(tensors, **arguments)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model(tensors, **arguments)
    low = model.bfloat16()([x.bfloat16() for x in tensors], **arguments)
    for output in (mixed, low):
        torch.testing.assert_close(output.logits.float(), exact.logits, rtol=0.1, atol=0.1)
        if attention:
            for one, expected in zip(output.attention[0], exact.attention[0], strict=True):
                assert one.dtype == torch.float32
                torch.testing.assert_close(one, expected, rtol=0.2, atol=0.03)
    assert low.logits.dtype == torch.bfloat16


def test_training_under_autocast_gives_finite_gradients():
    model = HEALNet(**SMALL, attn_dropout=0.1)
    with torch.autocast("cpu", torch.bfloat16):
        loss = model([x.float() for x in patients(2)]).logits.float().square().sum()
    loss.backward()
    assert all(p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in model.parameters())


@torch.no_grad()
def test_positions_keep_their_precision_in_bfloat16():
    """20,000 positions are told apart before they are rounded, not after."""
    model = HEALNet(n_modalities=1, channel_dims=(1,), num_spatial_axes=(1,), out_dims=2, l_c=4, l_d=8).eval()
    x = torch.randn(1, 2000, 1)
    expected = model([x]).logits
    torch.testing.assert_close(model.bfloat16()([x]).logits.float(), expected, rtol=0.1, atol=0.1)
