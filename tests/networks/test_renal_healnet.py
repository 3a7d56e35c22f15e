"""Renal HEALNet: any set of images, in any order, with any padding, gives one answer; what it cannot take is named."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from napari_renal_fusion.networks import (
    EncoderConfig,
    NetworkInputError,
    NonFiniteFeatures,
    PanelTokens,
    RenalHEALNet,
    RenalHEALNetConfig,
    RenalHEALNetEnsemble,
    build_network,
    combined_state,
)

ENCODER = EncoderConfig(
    name="resnet18", kwargs={"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]}, input_size=32
)
FIELDS = {
    "encoder": ENCODER, "token_norm": True, "l_c": 4, "l_d": 16, "heads": 2, "dim_head": 8,
    "stains": ("PASM", "HE"), "antibodies": ("IgA", "IgG", "C3"),
}  # fmt: skip
GRIDS = {"OM": (3, 4), "IM": (2, 2), "TEM": (3, 3)}


def make(seed=0, **fields):
    torch.manual_seed(seed)
    network = RenalHEALNet(**(FIELDS | fields)).eval()
    for parameter in network.parameters():  # biases of 0 would hide mistakes
        parameter.data += 0.05 * torch.randn_like(parameter)
    return network


def patient(om=2, im=3, tem=4, seed=1):
    """Token maps [1, N, h, w, 8] and stains [1, N] of one patient; none of a modality with 0 images."""
    generator = torch.Generator().manual_seed(seed)
    counts = {m: n for m, n in (("OM", om), ("IM", im), ("TEM", tem)) if n}
    maps = {m: torch.randn(1, n, *GRIDS[m], 8, generator=generator) for m, n in counts.items()}
    stains = {m: torch.arange(n)[None] % 3 for m, n in counts.items() if m != "TEM"}
    return PanelTokens(maps, {m: torch.ones(1, n, dtype=torch.bool) for m, n in counts.items()}, stains)


def together(patients, rubbish=0.0, longer=0):
    """Patients as one batch, padded with ``rubbish`` to the longest and ``longer`` images more."""
    maps, masks, stains = {}, {}, {}
    for m, grid in GRIDS.items():
        most = longer + max(one.maps[m].shape[1] if m in one.maps else 0 for one in patients)
        maps[m] = torch.full((len(patients), most, *grid, 8), rubbish)
        masks[m] = torch.zeros(len(patients), most, dtype=torch.bool)
        stains[m] = torch.ones(len(patients), most, dtype=torch.long)
        for row, one in enumerate(patients):
            if m in one.maps:
                count = one.maps[m].shape[1]
                maps[m][row, :count], masks[m][row, :count] = one.maps[m][0], True
                if m in one.stains:
                    stains[m][row, :count] = one.stains[m][0]
    return PanelTokens(maps, masks, stains)


@pytest.fixture(scope="module")
def network():
    return make()


@torch.inference_mode()
def test_a_mixed_batch_equals_its_patients_one_by_one_whatever_the_padding_holds(network):
    patients = [
        patient(), patient(im=0), patient(om=0, im=1, tem=7, seed=2), patient(om=1, im=0, tem=0, seed=3),
        patient(om=0, im=2, tem=0, seed=4),
    ]  # fmt: skip
    alone = torch.cat([network.fuse(*one).fusion for one in patients])
    assert alone.std(dim=0).min() > 1e-3
    for rubbish, longer in ((0.0, 0), (float("nan"), 2), (1e30, 1)):
        output = network.fuse(*together(patients, rubbish, longer))
        torch.testing.assert_close(output.fusion, alone, atol=1e-6, rtol=1e-5)
        assert output.unfused.isfinite().all()


@torch.inference_mode()
def test_the_order_of_images_changes_nothing(network):
    one = patient()
    turned = PanelTokens(*({m: x.flip(1) for m, x in part.items()} for part in one))
    torch.testing.assert_close(network.fuse(*one).fusion, network.fuse(*turned).fusion, atol=1e-6, rtol=0)
    torch.testing.assert_close(network.fuse(*one).unfused, network.fuse(*turned).unfused, atol=1e-6, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("kept", [("OM",), ("IM",), ("TEM",), ("OM", "IM"), ("OM", "TEM"), ("IM", "TEM")])
def test_a_modality_left_out_is_a_forward_without_it(network, kept):
    one = patient()
    masked = PanelTokens(one.maps, {m: x & (m in kept) for m, x in one.masks.items()}, one.stains)
    torch.testing.assert_close(
        network.fuse(*one.only(kept)).fusion, network.fuse(*masked).fusion, atol=1e-6, rtol=0
    )
    assert not torch.allclose(network.fuse(*one).fusion, network.fuse(*masked).fusion, atol=1e-4)


@torch.inference_mode()
def test_stain_and_place_of_a_token_count_and_electron_images_have_no_stain(network):
    one = patient()
    other = PanelTokens(one.maps, one.masks, {**one.stains, "IM": one.stains["IM"].flip(1)})
    assert not torch.allclose(network.fuse(*one).fusion, network.fuse(*other).fusion, atol=1e-5)
    moved = PanelTokens({**one.maps, "OM": one.maps["OM"].flip(3)}, one.masks, one.stains)
    assert not torch.allclose(network.fuse(*one).fusion, network.fuse(*moved).fusion, atol=1e-5)
    assert set(network.stains) == {"OM", "IM"}
    untold = PanelTokens(one.maps, one.masks, {m: torch.zeros_like(x) for m, x in one.stains.items()})
    assert torch.equal(network.fuse(*untold).fusion, network.fuse(one.maps).fusion)


@torch.inference_mode()
def test_attention_sums_to_one_over_a_patients_tokens_and_is_nothing_elsewhere(network):
    batch = together([patient(), patient(im=0, tem=2)], longer=1)
    output = network.fuse(*batch, attention=True)
    torch.testing.assert_close(output.fusion, network.fuse(*batch).fusion, atol=1e-6, rtol=1e-5)
    for modality, weights in output.attention.items():
        assert weights.shape[:4] == (2, 2, 2, 4)
        assert weights.shape[5:] == GRIDS[modality]
        has = batch.masks[modality].any(dim=1).float()
        torch.testing.assert_close(weights.sum(dim=(4, 5, 6)).mean(dim=(1, 2, 3)), has)
        on_images = weights.sum(dim=(1, 2, 3, 5, 6))
        assert not on_images[~batch.masks[modality]].any()


@torch.inference_mode()
def test_unfused_vectors_are_means_of_normalised_tokens_in_the_columns_of_their_modality(network):
    one = patient(im=0)
    unfused = network.fuse(*one).unfused
    expected = network.token_norm["TEM"](one.maps["TEM"]).mean(dim=(1, 2, 3))
    torch.testing.assert_close(unfused[:, network.columns_of(["TEM"])], expected)
    assert not unfused[:, network.columns_of(["IM"])].any()
    assert network.columns_of(["OM", "TEM"]) == [*range(8), *range(16, 24)]


def test_what_it_cannot_take_is_said(network):
    one = patient()
    with pytest.raises(NetworkInputError, match="at least one image"):
        network.fuse({})
    with pytest.raises(NetworkInputError, match="patient 1 in the batch has no image at all"):
        network.fuse(*together([one, PanelTokens({}, {}, {})]))
    with pytest.raises(NetworkInputError, match="TEM: tokens must be"):
        network.fuse({"TEM": one.maps["TEM"][..., :5]})
    with pytest.raises(NetworkInputError, match="mask must be bool"):
        network.fuse(one.maps, {"TEM": torch.ones(1, 2, dtype=torch.bool)})
    with pytest.raises(NetworkInputError, match="does not use"):
        make(modalities=("OM", "IM")).fuse(one.maps)
    broken = {**one.maps, "IM": one.maps["IM"].clone()}
    broken["IM"][0, 2, 1, 0, 3] = float("inf")
    with pytest.raises(NonFiniteFeatures) as error:
        network.fuse(broken)
    assert (error.value.modality, error.value.batch_index, error.value.instance_index) == ("IM", 0, 2)


def test_pictures_are_encoded_image_by_image_and_padding_is_not(network):
    pictures = SimpleNamespace(
        images={"OM": torch.randn(2, 2, 3, 32, 32), "TEM": torch.full((2, 1, 3, 32, 32), float("nan"))},
        masks={"OM": torch.tensor([[True, False], [True, True]]), "TEM": torch.zeros(2, 1, dtype=torch.bool)},
        stains={"OM": torch.tensor([[1, 0], [2, 0]])},
    )
    with torch.inference_mode():
        tokens = network.encode(pictures)
        assert set(tokens.maps) == {"OM"}
        expected = network.encode_images("OM", pictures.images["OM"][1, 1:])
        torch.testing.assert_close(tokens.maps["OM"][1, 1], expected[0])
        assert network(pictures).fusion.shape == (2, 3)


@torch.inference_mode()
@pytest.mark.parametrize("shared", [True, False])
def test_an_ensemble_is_the_mean_of_its_members(shared):
    members = [make(seed) for seed in range(3)]
    if shared:
        for one in members[1:]:
            one.encoders.load_state_dict(members[0].encoders.state_dict())
    ensemble = build_network(members[0].config, 3, shared).eval()
    assert isinstance(ensemble, RenalHEALNetEnsemble)
    ensemble.load_state_dict(combined_state([one.state_dict() for one in members], shared))
    images = torch.randn(3, 3, 32, 32)
    each = [one.encode_images("IM", images)[None] for one in members]
    output = ensemble.fuse({"IM": ensemble.encode_images("IM", images)[None]}, attention=True)
    alone = [one.fuse({"IM": maps}, attention=True) for one, maps in zip(members, each, strict=True)]
    torch.testing.assert_close(output.member_logits, torch.stack([one.fusion for one in alone]))
    torch.testing.assert_close(output.fusion, output.member_logits.mean(dim=0))
    torch.testing.assert_close(output.attention["IM"], sum(one.attention["IM"] for one in alone) / 3)
    assert ensemble.columns_of(["IM"]) == members[0].columns_of(["IM"])


def test_stains_are_found_however_they_are_written_and_what_is_unseen_is_unknown():
    config = RenalHEALNetConfig(stains=("PASM",), antibodies=("IgA", "Kappa"))
    assert config.stain_index("IM", "kappa ") == 2
    assert [config.stain_index("IM", one) for one in (None, "", "PLA2R", "PASM")] == [0, 0, 0, 0]
    assert config.stain_index("OM", "pasm") == 1
    assert config.stain_index("TEM", "IgA") == 0
    with pytest.raises(ValueError, match="different names"):
        RenalHEALNetConfig(antibodies=("IgA", "iga"))


def test_normalisation_is_fitted_where_there_are_tokens():
    network = make()
    tokens = {"OM": [3 + torch.randn(5, 5, 8) for _ in range(4)], "IM": iter(()), "TEM": []}
    network.fit_token_norm(tokens)
    torch.testing.assert_close(
        network.token_norm["OM"].mean, torch.cat([x.reshape(-1, 8) for x in tokens["OM"]]).mean(0)
    )
    assert torch.equal(network.token_norm["IM"].sd, torch.ones(8))
