"""Explanations of ensembles: those of a single network where the members are equal, means where they differ."""

import numpy as np
import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.explain import explain, layer_names
from napari_renal_fusion.explain.cams import _mean_over_members
from napari_renal_fusion.explain.formulas import raw_maps
from napari_renal_fusion.networks import CMUSNetEnsemble, combined_state

from .conftest import make_images, make_network, make_session, predict

METHODS = ["gradcam", "gradcam++", "layercam", "eigencam", "hirescam"]


def ensemble(networks, shared):
    made = CMUSNetEnsemble(networks[0].config, len(networks), shared).eval()
    made.load_state_dict(combined_state([one.state_dict() for one in networks], shared))
    return made


def explained(network, method="gradcam", temperature=None, **asked):
    session = make_session(network, make_images())
    if temperature:
        session.temperature = temperature
    return explain(predict(session), class_index=1, method=method, **asked), session


def other_fusion(network, seed):
    """The same encoders with another fusion."""
    other = make_network(seed=seed)
    other.encoders.load_state_dict(network.encoders.state_dict())
    return other


def close(ours, theirs, atol=1e-5):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol * np.ptp(theirs))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shared", [True, False])
def test_the_same_network_twice_explains_as_once(networks, shared, method):
    single = networks["resnet"]
    one, session = explained(single, method)
    two, _ = explained(ensemble([single, single], shared), method, session.temperature)
    for heat_map in one.heat_maps:
        other = two.heat_map(heat_map.key)
        assert other.used == heat_map.used
        if heat_map.raw is not None:
            close(other.raw, heat_map.raw)
    for entry in one.bag.entries:
        other = two.bag.get(entry.key)
        assert (other.is_centre, other.kept, other.duplicate_of) == (
            entry.is_centre,
            entry.kept,
            entry.duplicate_of,
        )
        assert (other.weight, other.distance) == pytest.approx((entry.weight, entry.distance), abs=1e-5)
        np.testing.assert_allclose(other.effect, entry.effect, atol=1e-5)
    if shared:  # the baseline of members with own encoders has tokens of its own in this test
        for modality in Modality:
            np.testing.assert_allclose(
                two.contributions.shapley[modality], one.contributions.shapley[modality], atol=1e-5
            )


@pytest.mark.parametrize("shared", [True, False])
def test_the_map_of_different_members_is_the_mean_of_theirs(networks, shared):
    single = networks["resnet"]
    second = other_fusion(single, 5) if shared else make_network(seed=5)
    both, _ = explained(ensemble([single, second], shared))
    maps = [explained(one)[0] for one in (single, second)]
    for key in ("OM-1", "IM-1"):
        close(both.heat_map(key).raw, np.mean([one.heat_map(key).raw for one in maps], axis=0))


def test_members_whose_eigencams_point_apart_do_not_cancel():
    """The sign of an EigenCAM is arbitrary: among these, some are the negative of their equal."""
    apart = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        one = rng.normal(size=(1, 8, 4, 4)).astype(np.float32)
        rotation = np.linalg.qr(rng.normal(size=(8, 8)))[0]
        rotated = np.einsum("ij,njhw->nihw", rotation, one).astype(np.float32)  # the same contrast
        single = raw_maps("eigencam", one, None)
        apart += (single * raw_maps("eigencam", rotated, None)).sum() < 0
        both = _mean_over_members("eigencam", np.concatenate([one, rotated], axis=1), None, 2)
        close(np.abs(both), np.abs(single))
    assert apart > 0


def test_contributions_and_effects_of_an_ensemble_are_those_of_its_own_probabilities(networks):
    session = make_session(ensemble([networks["resnet"], make_network(seed=5)], False), make_images())
    prediction = predict(session)
    explanation = explain(prediction)
    parts = explanation.contributions
    for c in range(3):
        gained = sum(values[c] for values in parts.shapley.values())
        assert gained == pytest.approx(prediction.probabilities[c] - parts.baseline[c], abs=1e-6)
    fewer = make_images()
    left_out = explanation.bag.entries[0]
    position = session.order[Modality.TEM].index(left_out.key)
    del fewer[Modality.TEM][position]
    smaller = make_session(session.network, fewer)
    smaller.temperature = session.temperature
    np.testing.assert_allclose(left_out.probabilities_without, predict(smaller).probabilities, atol=1e-5)
    assert "2 networks" in explanation.bag.note


def test_deeper_layers_of_shared_encoders_only(networks):
    single = networks["resnet"]
    one, session = explained(single, layer="layer3")
    two, _ = explained(ensemble([single, single], True), "gradcam", session.temperature, layer="layer3")
    close(two.heat_map("OM-1").raw, one.heat_map("OM-1").raw)
    own = make_session(ensemble([single, single], False), make_images())
    assert layer_names(predict(own)) == ("encoder output",)
    with pytest.raises(RenalFusionError, match="2 networks") as raised:
        explain(predict(own), layer="layer3")
    assert raised.value.code == "layer_of_ensemble"
