import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_renal_fusion.networks import HEALNet, NetworkInputError

from .healnet_oracle import healnet
from .test_healnet import SHAPES, SMALL, VARIANTS, make, patients


def float_model(**changes):
    return make(**changes).float()


def alone(model, tensors, b, present=(True, True, True)):
    """Logits of one patient of a batch by a call without the modalities that are not present."""
    return model([x[b : b + 1] if has else None for x, has in zip(tensors, present, strict=True)]).logits[0]


SUBSETS = [one for one in itertools.product([True, False], repeat=3) if any(one)]


@torch.no_grad()
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_missing_modality_equals_a_forward_without_it(variant):
    model = make(variant=variant)
    tensors = patients(1)
    for has in SUBSETS:
        present = torch.tensor([has])
        marked = model(tensors, present=present)
        without = [x if one else None for x, one in zip(tensors, has, strict=True)]
        expected = healnet(model.state_dict(), [None if x is None else x[0] for x in without], model.config)[
            0
        ]
        for output in (marked, model(without), model(without, present=present)):
            torch.testing.assert_close(output.logits[0], expected, rtol=1e-9, atol=1e-9)
            assert output.present.tolist() == [list(has)]


def check_one_by_one(model, tensors, **tolerance):
    present = torch.tensor(SUBSETS)
    for x, has in zip(tensors, present.T, strict=True):
        x[~has] = torch.nan  # what a patient does not have is not read
    together = model(tensors, present=present).logits
    for b, has in enumerate(SUBSETS):
        torch.testing.assert_close(together[b], alone(model, tensors, b, has), **tolerance)


@torch.no_grad()
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_batch_of_different_patients_equals_them_one_by_one(variant):
    check_one_by_one(make(variant=variant), patients(len(SUBSETS)), rtol=1e-9, atol=1e-9)
    in_float32 = HEALNet(**{**SMALL, "l_c": 17, "l_d": 62}, variant=variant).eval()
    check_one_by_one(in_float32, [x.float() for x in patients(len(SUBSETS))], rtol=1e-6, atol=1e-6)


@torch.no_grad()
def test_gradients_of_a_mixed_batch_are_those_of_its_patients():
    model, tensors = make(), patients(2)
    has = ((True, False, True), (False, True, True))
    with torch.enable_grad():
        model(tensors, present=torch.tensor(has)).logits.sum().backward()
        together = [p.grad.clone() for p in model.parameters()]
        model.zero_grad()
        (alone(model, tensors, 0, has[0]).sum() + alone(model, tensors, 1, has[1]).sum()).backward()
    for one, p in zip(together, model.parameters(), strict=True):
        torch.testing.assert_close(one, p.grad, rtol=1e-9, atol=1e-9)


def padded(lengths, channels=1, content=0.0):
    """Bags of noise of these lengths padded to the longest, and their mask; float64."""
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    x = torch.randn(len(lengths), max(lengths), channels, dtype=torch.float64)
    return x.masked_fill(~mask[..., None], content), mask


@torch.no_grad()
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("content", [0.0, 7.0, torch.nan, torch.inf])
def test_padding_and_its_content_change_nothing(variant, content):
    model = make(variant=variant)
    wide, _, grid = patients(3)
    bags, mask = padded((70, 3, 1), content=content)
    for attention in (False, True):
        together = model([wide, bags, grid], [None, mask, None], attention=attention)
        for b, length in enumerate((70, 3, 1)):
            one = [wide[b : b + 1], bags[b : b + 1, :length], grid[b : b + 1]]
            torch.testing.assert_close(together.logits[b], model(one).logits[0], rtol=0, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.data())
@torch.no_grad()
def test_padding_anywhere_on_any_path(data):
    """Holes too: a patient's positions run over the real tokens alone, whichever way the attention goes."""
    torch.manual_seed(data.draw(st.integers(0, 2**16)))
    channels = data.draw(st.sampled_from([1, 30]))
    model = make(
        n_modalities=1,
        channel_dims=(channels,),
        num_spatial_axes=(1,),
        l_c=data.draw(st.sampled_from([2, 40])),
        depth=2,
        variant=data.draw(st.sampled_from(VARIANTS)),
        fourier_encode_data=data.draw(st.booleans()),
    )
    size = data.draw(st.integers(1, 25))
    rows = data.draw(
        st.lists(st.lists(st.booleans(), min_size=size, max_size=size).filter(any), min_size=1, max_size=3)
    )
    mask = torch.tensor(rows)
    x = torch.randn(*mask.shape, channels, dtype=torch.float64)
    noise = torch.where(torch.rand_like(x) < 0.5, torch.nan, 1e30)
    output = model([torch.where(mask[..., None], x, noise)], [mask], attention=data.draw(st.booleans()))
    for b in range(len(mask)):
        expected = healnet(model.state_dict(), [x[b, mask[b]]], model.config)[0]
        torch.testing.assert_close(output.logits[b], expected, rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_without_positions_the_order_of_tokens_does_not_matter():
    model = make(fourier_encode_data=False)
    tensors = patients(1)
    turned = [x.flatten(1, -2)[:, torch.randperm(x.flatten(1, -2).shape[1])].view_as(x) for x in tensors]
    torch.testing.assert_close(model(turned).logits, model(tensors).logits, rtol=1e-9, atol=1e-9)
    with_positions = make()
    assert not torch.allclose(with_positions(turned).logits, with_positions(tensors).logits, atol=1e-6)
    # A grid without positions is a set of tokens, which may have a mask.
    mask = torch.arange(12).expand(1, -1) < 8
    expected = healnet(
        model.state_dict(), [tensors[0][0], None, tensors[2][0].flatten(0, 1)[:8]], model.config
    )[0]
    grid = model([tensors[0], None, tensors[2]], [None, None, mask]).logits[0]
    torch.testing.assert_close(grid, expected, rtol=1e-9, atol=1e-9)


def test_padding_that_is_nan_leaves_gradients_alone():
    model = make()
    bags, mask = padded((5, 2), content=torch.nan)
    bags.requires_grad_()
    model([None, bags, None], [None, mask, None]).logits.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    assert bags.grad.isfinite().all()
    assert not bags.grad[~mask].any()


@torch.no_grad()
def test_inputs_are_never_changed_and_two_calls_agree():
    model = make()
    tensors, present = patients(2), torch.tensor([[True, True, False], [True, False, True]])
    masks = [None, torch.ones(2, 70, dtype=torch.bool), None]
    masks[1][0, 60:] = False
    tensors[1][0, 60:] = torch.nan
    given_list, copies = list(tensors), [x.clone() for x in tensors]
    first = model(tensors, masks, present=present)
    second = model(tensors, masks, present=present)
    assert torch.equal(first.logits, second.logits)
    assert all(a is b for a, b in zip(tensors, given_list, strict=True))
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(tensors, copies, strict=True))
    assert masks[0] is None
    assert int(masks[1].sum()) == 130


@torch.no_grad()
def test_attention_of_what_is_missing_or_padding_is_zero():
    model = float_model(depth=2)
    wide, _, grid = (x.float() for x in patients(2))
    bags, mask = padded((70, 4))
    output = model(
        [wide, bags.float(), grid], [None, mask, None], present=torch.tensor([[True, False, True], [True, True, True]]),
        attention=True,
    )  # fmt: skip
    assert [[tuple(one.shape) for one in layer] for layer in output.attention] == [
        [(2, 2, 6, 1), (2, 2, 6, 70), (2, 2, 6, 12)]
    ] * 2
    for layer in output.attention:
        assert not layer[1][0].any()
        assert not layer[1][1, :, :, 4:].any()
        torch.testing.assert_close(layer[1][1].sum(-1), torch.ones(2, 6))
        torch.testing.assert_close(layer[2].sum(-1), torch.ones(2, 2, 6))
        assert (layer[0] == 1).all()  # one token: nothing can be told apart
    nobody = model([wide, None, grid], attention=True).attention
    assert [layer[1] for layer in nobody] == [None, None]
    given = model([wide, bags.float(), grid], present=torch.tensor([[True, False, True]] * 2), attention=True)
    assert all(layer[1].shape == (2, 2, 6, 70) and not layer[1].any() for layer in given.attention)


@pytest.fixture
def refused():
    model, tensors = float_model(), [x.float() for x in patients(2)]

    def check(match, replaced=None, **keywords):
        with pytest.raises(NetworkInputError, match=match):
            model(tensors if replaced is None else replaced(list(tensors)), **keywords)

    return check


def put(m, x):
    def replaced(tensors):
        tensors[m] = x
        return tensors

    return replaced


def test_what_does_not_fit_is_refused(refused):
    over_wide = torch.randn(2, 1, 93)
    refused(
        r"modality 0 must be \[B, tokens, 90 channels\], not \[2, 1, 93\]; channels come last",
        put(0, over_wide),
    )
    refused(r"modality 1 must be \[B, tokens, 1 channels\], not \[2, 1, 70\]", put(1, torch.randn(2, 1, 70)))
    refused(r"modality 2 must be \[B, axis 0, axis 1, 5 channels\]", put(2, torch.randn(2, 12, 5)))
    refused(r"modality 1 must hold floating-point numbers", put(1, torch.zeros(2, 70, 1, dtype=torch.long)))
    refused(r"modality 1 has no tokens \(an empty bag\)", put(1, torch.randn(2, 0, 1)))
    refused(r"different numbers of patients: modality 0 2, modality 1 3", put(1, torch.randn(3, 70, 1)))
    refused(r"list of 3 tensors, one a modality, not 2", lambda tensors: tensors[:2])
    refused(r"list of 3 tensors, one a modality, not one tensor", lambda tensors: tensors[1])
    refused(r"list of 3 masks, one a modality, not one tensor", masks=torch.ones(2, 70, dtype=torch.bool))
    refused("all modalities are missing", lambda tensors: [None] * 3)


def test_presence_that_cannot_be_is_refused(refused):
    all_here = torch.ones(2, 3, dtype=torch.bool)
    nobody = all_here.clone()
    nobody[1] = False
    refused("all modalities of patient 1 in the batch are missing", present=nobody)
    refused("patient 0 has modality 2, but its tensor is None", put(2, None), present=all_here)
    refused(r"present must be bool \[2, 3\]", present=all_here.float())
    refused(r"present must be bool \[2, 3\]", present=all_here[0])


def test_masks_that_do_not_fit_are_refused(refused):
    mask = torch.ones(2, 70, dtype=torch.bool)
    refused(r"the mask of modality 1 must be bool \[2, 70\]", masks=[None, mask.float(), None])
    refused(r"the mask of modality 1 must be bool \[2, 70\]", masks=[None, mask[:, 1:], None])
    refused("modality 2 has a grid of positions", masks=[None, None, torch.ones(2, 12, dtype=torch.bool)])
    mask[1] = False
    refused("modality 1 of patient 1 in the batch is an empty bag", masks=[None, mask, None])


@torch.no_grad()
def test_an_empty_bag_of_a_patient_without_the_modality_is_fine():
    model, tensors = make(), patients(2)
    mask = torch.ones(2, 70, dtype=torch.bool)
    mask[1] = False
    has = ((True, True, True), (True, False, True))
    output = model(tensors, [None, mask, None], present=torch.tensor(has))
    torch.testing.assert_close(output.logits[1], alone(model, tensors, 1, has[1]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 1e30])
def test_a_value_that_is_not_finite_is_named_by_its_patient(value, refused):
    broken = torch.randn(2, 3, 4, 5)
    broken[1, 2, 0, 3] = value
    refused("modality 2 of patient 1 in the batch .* NaN, infinite or too large", put(2, broken))
    refused(
        "modality 2 of patient 1 in the batch",
        put(2, broken),
        present=torch.tensor([[True, True, False], [True, True, True]]),
    )


def test_an_update_that_fails_is_an_error(monkeypatch):
    """The published program goes on without the update, whatever went wrong."""
    model = float_model()

    def out_of_memory(*_):
        raise torch.OutOfMemoryError("no memory left")

    monkeypatch.setattr(model.layers[1][2].fn.to_q, "forward", out_of_memory)
    with pytest.raises(torch.OutOfMemoryError):
        model([x.float() for x in patients(1)])


def test_shapes_used_here_take_different_ways_through_the_attention():
    """Otherwise the comparisons above would prove less than they seem to."""
    model = HEALNet(**SMALL)
    folds = [
        block._folds(SMALL["l_c"], torch.Size(shape[:-1]).numel())
        for block, shape in zip(model.layers[0][0:6:2], SHAPES, strict=True)
    ]
    assert folds == [False, True, False]
    rows = len(model.layers[0][0].fn.to_kv.weight)
    assert rows > 12  # the grid and the wide token: norms before weights
    wide = make(l_c=40)
    assert not wide.layers[0][4]._folds(40, 100)
    assert rows < 100
