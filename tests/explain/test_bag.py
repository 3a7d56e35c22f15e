"""The bag record: roles, effects recomputed with the smaller bag, copies, and what the note says."""

import numpy as np
import pytest
import torch

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.explain import explain

from .conftest import make_images, make_network, make_session, predict


def with_outlier(images, place=-1, strength=30):
    """The same images with a TEM image that is unlike the others."""
    tem = images[Modality.TEM]
    tem[place] = tem[place] * strength
    return images


def predicted_without(session, key):
    """What the model really answers about the smaller bag, with nothing of ``explain``."""
    left = tuple(one for one in session.order[Modality.TEM] if one != key)
    session.order = {**session.order, Modality.TEM: left}
    return predict(session).probabilities


@pytest.mark.parametrize(
    ("preset", "smil", "n"),
    [("paper", True, 5), ("paper", False, 4), ("published_code", True, 12), ("paper", True, 2)],
)
def test_effect_is_that_of_predicting_with_the_smaller_bag(preset, smil, n):
    session = make_session(make_network(preset=preset, smil=smil), with_outlier(make_images(n)))
    prediction = predict(session)
    record = explain(prediction).bag
    assert {one.key for one in record.entries} == set(session.order[Modality.TEM])
    order = dict(session.order)
    for one in record.entries:
        session.order = order
        expected = predicted_without(session, one.key)
        np.testing.assert_allclose(one.probabilities_without, expected, atol=1e-6)
        np.testing.assert_allclose(
            one.effect, np.subtract(one.probabilities_without, prediction.probabilities), atol=1e-6
        )


def test_large_bags_are_fused_in_parts(session, monkeypatch):
    whole = explain(predict(session)).bag
    monkeypatch.setattr("napari_renal_fusion.explain.patient._BATCH_FLOATS", 1)
    parts = explain(predict(session)).bag
    for a, b in zip(whole.entries, parts.entries, strict=True):
        np.testing.assert_allclose(a.effect, b.effect, atol=1e-6)


def test_roles_are_those_of_smil(session):
    explanation = explain(predict(session))
    record = explanation.bag
    bag = torch.stack([session.tokens[key].flatten(0, 1) for key in session.order[Modality.TEM]])
    smil = session.network.smil(bag[None], torch.ones(1, len(bag), dtype=torch.bool))
    between = torch.pdist(bag.mean(dim=1)).double()
    assert record.mean_distance == pytest.approx(float(between.mean()), rel=1e-5)
    assert record.threshold == 1.5
    for i, key in enumerate(session.order[Modality.TEM]):
        one = record.get(key)
        assert one.is_centre == (i == int(smil.centre[0]))
        assert one.weight == pytest.approx(float(smil.weights[0, i]))
        assert one.distance * record.mean_distance == pytest.approx(float(smil.centre_distances[0, i]))
        assert one.kept == bool(smil.kept[0, i])
        assert one.name == f"picture {key}"
    assert record.note == ""


def test_an_image_set_aside_has_no_map_and_still_an_effect(networks):
    session = make_session(networks["resnet"], with_outlier(make_images(), place=2))
    explanation = explain(predict(session))
    one = explanation.bag.get("TEM-3")
    assert not one.kept
    assert one.weight == 0
    assert one.distance > 1.5
    shown = explanation.heat_map("TEM-3")
    assert not shown.used
    assert shown.raw is None
    assert explanation.bag.by_effect(0)[-1].key == "TEM-3"
    # It moves the mean distance, so the weights may change when it is gone.
    assert np.abs(one.effect).max() < 0.5


def test_the_farthest_image_of_the_published_code_has_weight_0_and_no_map():
    session = make_session(make_network(preset="published_code"), make_images())
    explanation = explain(predict(session))
    silent = [one for one in explanation.bag.entries if one.kept and one.weight == 0]
    assert len(silent) == 1
    assert not explanation.heat_map(silent[0].key).used
    assert explanation.heat_map(silent[0].key).raw is None


def test_the_published_code_reads_ten_images():
    session = make_session(make_network(preset="published_code"), make_images(12))
    explanation = explain(predict(session))
    assert "reads only the first 10 different images: TEM-11, TEM-12 did not enter" in explanation.bag.note
    assert not explanation.bag.get("TEM-11").kept
    assert explanation.heat_map("TEM-12").raw is None


def test_copies_share_the_map_of_the_image_that_stands_for_them(networks):
    images = make_images(4)
    images[Modality.TEM].insert(2, images[Modality.TEM][0].clone())
    session = make_session(networks["resnet"], images)
    explanation = explain(predict(session))
    copy, original = explanation.bag.get("TEM-3"), explanation.bag.get("TEM-1")
    assert copy.duplicate_of == "TEM-1"
    assert original.duplicate_of is None
    assert copy.weight == 0
    assert copy.distance == pytest.approx(original.distance, abs=1e-3)
    assert copy.kept == original.kept
    # Whichever of the two is left out, the other one stays.
    assert np.abs(copy.effect).max() <= 1e-6
    assert np.abs(original.effect).max() <= 1e-6
    shown = explanation.heat_map("TEM-3")
    assert not shown.used
    np.testing.assert_array_equal(shown.raw, explanation.heat_map("TEM-1").raw)
    assert "TEM-3 (the same as TEM-1)" in explanation.bag.note

    alone = make_session(networks["resnet"], {**images, Modality.TEM: images[Modality.TEM][:2]})
    twice = make_session(networks["resnet"], {**images, Modality.TEM: images[Modality.TEM][:1] * 2})
    assert "none can ever be set aside" in explain(predict(alone)).bag.note
    record = explain(predict(twice)).bag
    assert "copies of one image" in record.note
    assert record.mean_distance == 0
    assert [one.distance for one in record.entries] == [0, 0]


def test_a_bag_of_one_is_replaced_by_the_mean_tokens(networks):
    session = make_session(networks["resnet"], make_images(1))
    explanation = explain(predict(session))
    (one,) = explanation.bag.entries
    assert one.is_centre
    assert one.kept
    assert one.weight == 1
    assert one.probabilities_without == pytest.approx(
        explanation.contributions.without[Modality.TEM], abs=1e-6
    )
    assert "Only one electron image" in explanation.bag.note
    assert "average of the training images" in explanation.bag.note


@pytest.mark.parametrize(("n", "said"), [(2, True), (3, True), (4, False)])
def test_note_says_when_no_image_can_be_set_aside(networks, n, said):
    session = make_session(networks["resnet"], with_outlier(make_images(n)))
    record = explain(predict(session)).bag
    assert ("none can ever be set aside" in record.note) == said
    assert all(one.kept for one in record.entries) == said


def test_a_strict_threshold_can_set_aside_one_of_three():
    session = make_session(make_network(threshold=0.3), with_outlier(make_images(3)))
    record = explain(predict(session)).bag
    assert "none can ever" not in record.note
    assert not all(one.kept for one in record.entries)


def test_the_mean_over_the_bag_has_no_centre():
    session = make_session(make_network(smil=False), make_images(4))
    explanation = explain(predict(session))
    assert [one.weight for one in explanation.bag.entries] == [0.25] * 4
    assert not any(one.is_centre for one in explanation.bag.entries)
    assert all(one.used for one in explanation.heat_maps)
    assert "the mean of all electron images" in explanation.bag.note
