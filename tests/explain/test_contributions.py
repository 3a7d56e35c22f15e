"""Shapley values of the modalities: efficiency, symmetry, and what removing a modality means."""

from itertools import permutations

import numpy as np
import pytest
import torch

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.explain import explain

from .conftest import make_images, make_network, make_session, predict

OM, IM, TEM = Modality


def value(session, coalition):
    """Probabilities with the modalities outside ``coalition`` replaced, one plain fusion call."""
    tokens = {m: session.mean_tokens[m][None] for m in Modality}
    tokens[TEM] = tokens[TEM][None]
    for m in coalition:
        own = torch.stack([session.tokens[key].flatten(0, 1) for key in session.order[m]])
        tokens[m] = own[None] if m is TEM else own
    with torch.no_grad():
        output = session.network.fuse(
            tokens[OM], tokens[IM], tokens[TEM], torch.ones(tokens[TEM].shape[:2], dtype=torch.bool)
        )
        return session.calibrate(output.fusion)[0].double().numpy()


@pytest.mark.parametrize("preset", ["paper", "published_code"])
@pytest.mark.parametrize("n_tem", [1, 4])
def test_values_are_the_mean_gain_over_all_orders(preset, n_tem):
    session = make_session(make_network(preset=preset), make_images(n_tem))
    prediction = predict(session)
    found = explain(prediction).contributions
    gains = {m: [] for m in Modality}
    for order in permutations(Modality):
        for i, m in enumerate(order):
            gains[m].append(value(session, order[: i + 1]) - value(session, order[:i]))
    for m in Modality:
        np.testing.assert_allclose(found.shapley[m], np.mean(gains[m], axis=0), atol=1e-6)
        np.testing.assert_allclose(found.without[m], value(session, set(Modality) - {m}), atol=1e-6)
    np.testing.assert_allclose(found.baseline, value(session, ()), atol=1e-6)
    total = np.sum(list(found.shapley.values()), axis=0)
    np.testing.assert_allclose(total, np.subtract(prediction.probabilities, found.baseline), atol=1e-6)
    np.testing.assert_allclose(np.sum(total), 0, atol=1e-6)


def test_modalities_that_play_the_same_part_get_the_same_value():
    network = make_network(modalities=("OM", "IM"))
    network.encoders["IM"].load_state_dict(network.encoders["OM"].state_dict())
    width = network.encoders["OM"].width
    with torch.no_grad():
        network.classifier[0].weight[:, width:] = network.classifier[0].weight[:, :width]
    images = make_images(0)
    session = make_session(network, {OM: images[OM], IM: images[OM]})
    session.mean_tokens[IM] = session.mean_tokens[OM]
    found = explain(predict(session)).contributions
    assert set(found.shapley) == {OM, IM}
    assert found.shapley[OM] == pytest.approx(found.shapley[IM], abs=1e-7)


def test_a_modality_equal_to_the_average_contributes_nothing(session):
    mean = session.mean_tokens[OM]
    session.tokens["OM-1"] = mean.reshape(session.tokens["OM-1"].shape)
    assert np.abs(explain(predict(session)).contributions.shapley[OM]).max() <= 1e-7


def test_a_substituted_modality_has_no_heat_map_and_takes_no_part(networks):
    images = make_images()
    session = make_session(networks["resnet"], {OM: images[OM], TEM: images[TEM]}, substituted=(IM,))
    explanation = explain(predict(session))
    assert {one.modality for one in explanation.heat_maps} == {OM, TEM}
    assert set(explanation.contributions.shapley) == {OM, TEM}
    total = np.sum(list(explanation.contributions.shapley.values()), axis=0)
    expected = np.subtract(value(session, (OM, TEM)), value(session, ()))
    np.testing.assert_allclose(total, expected, atol=1e-6)


def test_without_electron_images_there_is_no_bag(networks):
    images = make_images()
    session = make_session(networks["resnet"], {OM: images[OM], IM: images[IM]}, substituted=(TEM,))
    explanation = explain(predict(session))
    assert explanation.bag is None
    assert [one.key for one in explanation.heat_maps] == ["OM-1", "IM-1"]


@pytest.mark.parametrize("modalities", [("OM",), ("TEM",), ("IM", "TEM")])
def test_networks_with_fewer_modalities(modalities):
    images = {Modality(m): make_images()[Modality(m)] for m in modalities}
    session = make_session(make_network(modalities=modalities), images)
    prediction = predict(session)
    explanation = explain(prediction)
    assert set(explanation.contributions.shapley) == set(modalities)
    total = np.sum(list(explanation.contributions.shapley.values()), axis=0)
    np.testing.assert_allclose(
        total, np.subtract(prediction.probabilities, explanation.contributions.baseline), atol=1e-6
    )
    assert (explanation.bag is None) == ("TEM" not in modalities)
