"""Ensembles: the mean of their members, whatever they share; records and states put together."""

import pytest
import torch

from napari_renal_fusion.networks import CMUSNet, CMUSNetEnsemble, NetworkInputError, combined_state
from napari_renal_fusion.networks.ensemble import combined_record

from .conftest import SMALL_RESNET


def state_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.fixture
def members(make_model):
    """Three whole networks with different weights throughout."""
    made = []
    for seed in range(3):
        torch.manual_seed(seed)
        made.append(CMUSNet(encoder=SMALL_RESNET).eval())
    return made


@pytest.fixture
def folds(members):
    """Three networks with the first one's encoders."""
    for other in members[1:]:
        other.encoders.load_state_dict(members[0].encoders.state_dict())
    return members


def ensemble_of(networks, shared):
    ensemble = CMUSNetEnsemble(networks[0].config, len(networks), shared).eval()
    ensemble.load_state_dict(combined_state([state_of(one) for one in networks], shared), strict=True)
    return ensemble


@torch.no_grad()
@pytest.mark.parametrize("shared", [True, False])
def test_an_ensemble_is_the_mean_of_its_members(folds, make_batch, shared):
    ensemble, batch = ensemble_of(folds, shared), make_batch()
    output = ensemble(batch)
    single = [one(batch) for one in folds]
    logits = torch.stack([one.fusion for one in single])
    torch.testing.assert_close(output.member_logits, logits)
    torch.testing.assert_close(output.fusion, logits.mean(dim=0))
    torch.testing.assert_close(output.member_unfused, torch.stack([one.unfused for one in single]))
    for modality in ("OM", "IM", "TEM"):
        wanted = torch.stack([one.branches[modality] for one in single]).mean(dim=0)
        torch.testing.assert_close(output.branches[modality], wanted)
    torch.testing.assert_close(output.smil.weights, single[0].smil.weights)
    assert torch.equal(output.smil.centre, single[0].smil.centre)
    assert not torch.allclose(logits[0], logits[1])


@torch.no_grad()
def test_encoders_of_their_own_answer_as_alone(members, make_batch):
    ensemble, batch = ensemble_of(members, shared=False), make_batch()
    output = ensemble.fuse(*ensemble.encode(batch))
    torch.testing.assert_close(output.member_logits, torch.stack([one(batch).fusion for one in members]))
    width = members[0].widths["OM"]
    maps = ensemble.encode_images("OM", batch.om)
    assert maps.shape[-1] == 3 * width
    torch.testing.assert_close(maps[..., width : 2 * width], members[1].encode_images("OM", batch.om))


@torch.no_grad()
@pytest.mark.parametrize("modalities", [("OM",), ("OM", "IM"), ("IM", "TEM")])
@pytest.mark.parametrize("shared", [True, False])
def test_subsets_of_modalities(make_batch, modalities, shared):
    networks = []
    for seed in range(2):
        torch.manual_seed(7)
        networks.append(CMUSNet(encoder=SMALL_RESNET, modalities=modalities).eval())
        torch.manual_seed(seed)
        for part in (networks[-1].classifier, networks[-1].heads):
            for one in part.parameters():
                torch.nn.init.normal_(one, std=0.1)
    batch, ensemble = make_batch(), ensemble_of(networks, shared)
    wanted = torch.stack([one(batch).fusion for one in networks]).mean(dim=0)
    torch.testing.assert_close(ensemble(batch).fusion, wanted)


def test_state_keys(folds):
    shared = CMUSNetEnsemble(folds[0].config, 2, True).state_dict()
    assert {name.split(".")[0] for name in shared} == {"encoders", "members"}
    assert {name.split(".")[2] for name in shared if name.startswith("members")} == {
        "cmsa",
        "classifier",
        "heads",
    }
    own = CMUSNetEnsemble(folds[0].config, 2, False).state_dict()
    assert {".".join(name.split(".")[:2]) for name in own} == {"members.0", "members.1"}
    encoders = sum(one.numel() for one in folds[0].encoders.parameters())
    whole = sum(one.numel() for one in folds[0].parameters())
    count = sum(one.numel() for one in CMUSNetEnsemble(folds[0].config, 5, True).parameters())
    assert count == encoders + 5 * (whole - encoders)


def test_states_that_do_not_fit_together_are_refused(members, make_batch):
    states = [state_of(one) for one in members]
    with pytest.raises(ValueError, match="not shared"):
        combined_state(states, shared_encoders=True)
    del states[1]["classifier.0.weight"]
    with pytest.raises(ValueError, match=r"classifier\.0\.weight"):
        combined_state(states, shared_encoders=False)
    ensemble = CMUSNetEnsemble(members[0].config, 2, False)
    with pytest.raises(NetworkInputError, match="2 x 128 channels"):
        ensemble.fuse(torch.zeros(1, 4, 128), torch.zeros(1, 4, 256))
    with pytest.raises(NetworkInputError, match="IM, which is missing"):
        ensemble.fuse(torch.zeros(1, 4, 256))


def test_the_record_of_members_that_disagree():
    smil = CMUSNet(encoder=SMALL_RESNET).smil
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    torch.manual_seed(0)
    bags = [torch.randn(2, 4, 1, 8) for _ in range(3)]
    for far in (bags[0], bags[1]):
        far[0, 3] += 100  # an outlier for two of three
    records = [smil(bag * scale, mask) for bag, scale in zip(bags, (1, 1000, 1), strict=True)]
    both = combined_record(records)
    torch.testing.assert_close(both.weights, torch.stack([one.weights for one in records]).mean(dim=0))
    assert not both.kept[0, 3]
    assert both.weights[0, 3] > 0  # one member still used it
    assert not both.kept[1, 2:].any()
    assert both.tokens.shape == (2, 1, 24)
    centres = [int(one.centre[0]) for one in records]
    assert int(both.centre[0]) == max(sorted(set(centres)), key=centres.count)
    # Each member counts in its own units: the scale of one member's features decides nothing.
    relative = torch.stack([one.distances[0] / one.mean_distance[0] for one in records]).mean(dim=0)
    torch.testing.assert_close(both.distances[0] / both.mean_distance[0], relative)


def test_the_record_of_equal_members_is_theirs_also_with_copies():
    smil = CMUSNet(encoder=SMALL_RESNET).smil
    torch.manual_seed(0)
    bag = torch.randn(1, 5, 4, 8)
    bag[0, 4] = bag[0, 1]
    mask = torch.ones(1, 5, dtype=torch.bool)
    one = smil(bag, mask)
    both = combined_record([one, smil(bag, mask)])
    for name in ("centre", "kept", "merged_into"):
        assert torch.equal(getattr(both, name), getattr(one, name))
    for name in ("weights", "distances", "mean_distance"):
        torch.testing.assert_close(getattr(both, name), getattr(one, name))
    single = combined_record([smil(bag[:, :1], mask[:, :1])] * 2)
    assert single.mean_distance == 0
    assert single.distances.isfinite().all()
