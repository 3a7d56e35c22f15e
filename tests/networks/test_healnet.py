import itertools

import pytest
import torch
from pydantic import ValidationError

from napari_renal_fusion.networks import CheckpointMismatch, HEALNet, HEALNetConfig

from .healnet_oracle import healnet

# One wide token, many narrow ones, and a grid: each goes another way through the attention.
SHAPES = ((1, 90), (70, 1), (3, 4, 5))
SMALL = {
    "n_modalities": 3,
    "channel_dims": (90, 1, 5),
    "num_spatial_axes": (1, 1, 2),
    "out_dims": 4,
    "l_c": 6,
    "l_d": 8,
    "x_heads": 2,
    "l_heads": 3,
    "cross_dim_head": 5,
    "latent_dim_head": 4,
}


def make(**changes):
    """A small HEALNet in float64 and eval mode whose norms and biases are not those of a fresh network."""
    model = HEALNet(**{**SMALL, **changes}).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def patients(count=2):
    return [torch.randn(count, *shape, dtype=torch.float64) for shape in SHAPES]


VARIANTS = ["0.1.0", "2023-12"]


@torch.no_grad()
@pytest.mark.parametrize(
    ("variant", "tied", "own", "snn"),
    list(itertools.product(VARIANTS, [False, True], [0, 1, 2], [True, False])),
)
def test_agrees_with_the_description(variant, tied, own, snn):
    model = make(variant=variant, weight_tie_layers=tied, self_per_cross_attn=own, snn=snn)
    tensors = patients()
    lean, shown = model(tensors), model(tensors, attention=True)
    assert lean.attention is None
    for b in range(2):
        logits, latents, weights = healnet(model.state_dict(), [x[b] for x in tensors], model.config)
        for output in (lean, shown):
            torch.testing.assert_close(output.logits[b], logits, rtol=1e-9, atol=1e-9)
            torch.testing.assert_close(output.latents[b], latents, rtol=1e-9, atol=1e-9)
        for (layer, m), expected in weights.items():
            torch.testing.assert_close(shown.attention[layer][m][b], expected, rtol=1e-9, atol=1e-9)


@torch.no_grad()
@pytest.mark.parametrize(
    "changes",
    [
        {"fourier_encode_data": False},
        {"num_freq_bands": 4, "max_freq": 7.0},
        {"num_freq_bands": 1},
        {"num_freq_bands": 0},
        {"l_c": 1},
        {"l_c": 40, "x_heads": 1, "cross_dim_head": 130},
        {"depth": 1, "x_heads": 4},
        {"final_classifier_head": False},
    ],
)
def test_agrees_with_other_settings(changes):
    model = make(**changes)
    tensors = patients(1)
    output = model(tensors)
    logits, latents, _ = healnet(model.state_dict(), [x[0] for x in tensors], model.config)
    torch.testing.assert_close(output.latents[0], latents, rtol=1e-9, atol=1e-9)
    if logits is None:
        assert output.logits is None
    else:
        torch.testing.assert_close(output.logits[0], logits, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_agree_with_the_description(variant):
    model = make(variant=variant, weight_tie_layers=True)
    tensors = patients(1)
    inputs = [x.clone().requires_grad_() for x in tensors]
    model(inputs).logits.square().sum().backward()
    state = {name: value.detach() for name, value in model.state_dict().items()}
    leaves = {id(value): value.detach().clone().requires_grad_() for value in model.parameters()}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        state[name] = leaves[id(parameter)]
    others = [x.clone().requires_grad_() for x in tensors]
    healnet(state, [x[0] for x in others], model.config)[0].square().sum().backward()
    for parameter in model.parameters():
        torch.testing.assert_close(parameter.grad, leaves[id(parameter)].grad, rtol=1e-7, atol=1e-9)
    for ours, theirs in zip(inputs, others, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-7, atol=1e-9)


@torch.no_grad()
def test_variants_share_their_keys_and_differ_in_what_they_compute():
    old = make(variant="2023-12")
    new = HEALNet(**SMALL).double().eval()
    new.load_state_dict(old.state_dict())
    tensors = patients(1)
    assert not torch.allclose(old(tensors).logits, new(tensors).logits, atol=1e-3)


def published_shapes(c):
    """State entries of the published network, by the list in its description."""
    inner_x, inner_l = c["x_heads"] * c["cross_dim_head"], c["l_heads"] * c["latent_dim_head"]
    width, count = c["l_d"], c["n_modalities"]
    shapes = {"latents": (c["l_c"], width)}

    def norm(name, size):
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (size,)

    def attention(name, context, inner):
        norm(f"{name}.norm", width)
        shapes[f"{name}.fn.to_q.weight"] = (inner, width)
        shapes[f"{name}.fn.to_kv.weight"] = (2 * inner, context)
        shapes[f"{name}.fn.to_out.0.weight"] = (width, inner)
        shapes[f"{name}.fn.to_out.0.bias"] = (width,)

    def feed_forward(name):
        norm(f"{name}.norm", width)
        shapes[f"{name}.fn.net.0.weight"], shapes[f"{name}.fn.net.0.bias"] = (8 * width, width), (8 * width,)
        shapes[f"{name}.fn.net.2.weight"], shapes[f"{name}.fn.net.2.bias"] = (width, 4 * width), (width,)

    for layer in range(c["depth"]):
        for i in range(count):
            context = c["channel_dims"][i] + 5 * c["num_spatial_axes"][i]
            attention(f"layers.{layer}.{2 * i}", context, inner_x)
            norm(f"layers.{layer}.{2 * i}.norm_context", context)
            feed_forward(f"layers.{layer}.{2 * i + 1}")
        attention(f"layers.{layer}.{2 * count}.0", width, inner_l)
        feed_forward(f"layers.{layer}.{2 * count}.1")
    norm("to_logits.1", width)
    shapes["to_logits.2.weight"], shapes["to_logits.2.bias"] = (c["out_dims"], width), (c["out_dims"],)
    return shapes


def published_state(**changes):
    arguments = {**SMALL, "depth": 3, **changes}
    shapes = published_shapes(arguments)
    return {name: torch.randn(shape, dtype=torch.float64) / 3 for name, shape in shapes.items()}, arguments


@torch.no_grad()
@pytest.mark.parametrize("variant", [None, "2023-12"])
def test_a_published_state_dict_loads(variant):
    state, arguments = published_state()
    arguments["channel_dims"] = list(arguments["channel_dims"])  # the published constructor takes lists
    if variant:
        arguments["variant"] = variant
    model = HEALNet.from_published({"state_dict": state}, **arguments)
    assert not model.training
    assert model.config == HEALNetConfig(**arguments)
    assert set(model.state_dict()) == set(state)
    tensors = patients(1)
    expected = healnet(state, [x[0] for x in tensors], model.config)[0]
    torch.testing.assert_close(model.double()(tensors).logits[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [1, 3])
def test_state_keys_of_the_library_defaults(count):
    fields = {
        "n_modalities": count,
        "channel_dims": [2] * count,
        "num_spatial_axes": [1] * count,
        "out_dims": 4,
    }
    defaults = {
        "l_c": 128, "l_d": 128, "x_heads": 8, "l_heads": 8, "cross_dim_head": 64, "latent_dim_head": 64, "depth": 3
    }  # fmt: skip
    state = HEALNet(**fields).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == published_shapes(fields | defaults)


def test_a_foreign_state_dict_is_refused_by_name():
    state, arguments = published_state()
    name = "layers.1.3.fn.net.2.bias"
    with pytest.raises(CheckpointMismatch, match=f"published HEALNet checkpoint.*missing: {name}") as caught:
        HEALNet.from_published({k: v for k, v in state.items() if k != name}, **arguments)
    assert caught.value.missing == [name]
    with pytest.raises(CheckpointMismatch, match=r"not known: layers\.3\.0\.norm\.weight"):
        HEALNet.from_published({**state, "layers.3.0.norm.weight": torch.ones(8)}, **arguments)
    with pytest.raises(
        CheckpointMismatch, match=r"of another shape: latents \(is \[6, 7\], must be \[6, 8\]\)"
    ):
        HEALNet.from_published({**state, "latents": torch.ones(6, 7)}, **arguments)
    # A modality with three more channels, of which the published program says nothing.
    with pytest.raises(CheckpointMismatch, match=r"layers\.0\.4\.fn\.to_kv\.weight \(is \[20, 15\]"):
        HEALNet.from_published(state, **{**arguments, "channel_dims": (90, 1, 8)})


def test_weights_that_are_not_shared_are_no_tied_network():
    state, arguments = published_state()
    with pytest.raises(CheckpointMismatch, match=r"layers\.1\.3\.fn\.net\.0\.bias \(is not layers\.1\.1\."):
        HEALNet.from_published(state, **arguments, weight_tie_layers=True)


def test_what_sharing_shares():
    model = HEALNet(**SMALL, depth=4, weight_tie_layers=True)
    first, second, *later = model.layers
    for layer in later:
        assert all(a is b for a, b in zip(layer, second, strict=True))
    assert second[1] is second[3] is second[5]
    assert len({id(first[k]) for k in (1, 3, 5)} | {id(second[1])}) == 4
    assert {id(p) for p in first.parameters()}.isdisjoint(id(p) for p in second.parameters())
    free = HEALNet(**SMALL, depth=4)
    assert len({id(block) for layer in free.layers for block in layer}) == 4 * 7
    assert set(free.state_dict()) == set(model.state_dict())
    tied = HEALNet.from_published(model.state_dict(), **SMALL, depth=4, weight_tie_layers=True)
    tensors = [x.float() for x in patients(1)]
    with torch.no_grad():
        assert torch.equal(tied(tensors).logits, model.eval()(tensors).logits)


def test_latents_start_as_standard_normal():
    latents = HEALNet(n_modalities=1, channel_dims=(1,), num_spatial_axes=(1,), out_dims=2).latents
    assert latents.shape == (128, 128)
    assert abs(float(latents.detach().mean())) < 0.03
    assert abs(float(latents.detach().std()) - 1) < 0.03


def test_the_configuration():
    config = HEALNetConfig(n_modalities=2, channel_dims=[4, 1], num_spatial_axes=[1, 2], out_dims=3)
    assert config.context_widths == (9, 11)
    assert HEALNetConfig.model_validate_json(config.model_dump_json()) == config
    assert HEALNet(config).config is config
    assert HEALNet(config.model_dump()).config == config
    with pytest.raises(
        ValidationError, match="channel_dims must have 2 entries, one for each modality, not 1"
    ):
        HEALNetConfig(n_modalities=2, channel_dims=(4,), num_spatial_axes=(1, 1), out_dims=3)
    with pytest.raises(ValidationError, match="variant"):
        HEALNetConfig(n_modalities=1, channel_dims=(4,), num_spatial_axes=(1,), out_dims=3, variant="0.2")
    with pytest.raises(TypeError, match="not both"):
        HEALNet(config, depth=2)
