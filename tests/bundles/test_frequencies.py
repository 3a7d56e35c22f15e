"""The correction to other disease frequencies is Bayes' rule."""

import numpy as np
import pytest

from napari_renal_fusion.bundles.frequencies import adjusted_to_frequencies
from napari_renal_fusion.errors import RenalFusionError


def test_it_is_bayes_rule_for_two_gaussian_classes():
    values = np.linspace(-3, 4, 15)
    densities = np.stack([np.exp(-(values**2) / 2), np.exp(-((values - 1) ** 2) / 2)], axis=1)

    def posterior(shares):
        joint = densities * shares
        return joint / joint.sum(axis=1, keepdims=True)

    trained, here = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    np.testing.assert_allclose(
        adjusted_to_frequencies(posterior(trained), trained, here), posterior(here), rtol=1e-12
    )


def test_equal_frequencies_change_nothing_and_it_can_be_undone():
    generator = np.random.default_rng(0)
    given = generator.dirichlet(np.ones(4), size=20)
    trained, here = generator.dirichlet(np.ones(4) * 5), generator.dirichlet(np.ones(4) * 5)
    np.testing.assert_allclose(adjusted_to_frequencies(given, trained, trained), given, rtol=1e-12)
    there = adjusted_to_frequencies(given, trained, here)
    np.testing.assert_allclose(there.sum(axis=1), 1)
    np.testing.assert_allclose(adjusted_to_frequencies(there, here, trained), given, rtol=1e-9)
    assert adjusted_to_frequencies(given[0], trained, here).shape == (4,)


def test_a_certain_answer_stays_and_thirds_are_a_whole():
    assert adjusted_to_frequencies([1.0, 0.0], [0.5, 0.5], [0.01, 0.99]).tolist() == [1, 0]
    thirds = [0.33, 0.33, 0.33]
    np.testing.assert_allclose(adjusted_to_frequencies([0.2, 0.3, 0.5], thirds, thirds), [0.2, 0.3, 0.5])


@pytest.mark.parametrize(
    ("frequencies", "said"),
    [
        ([0.5, 0.5], "2 numbers for 3 classes"),
        ([0.5, 0.5, 0.0], "above 0, not 0.5, 0.5, 0"),
        ([0.5, float("nan"), 0.5], "above 0"),
        ([50, 30, 20], "sum to 100"),
    ],
)
def test_frequencies_that_are_none_are_refused_with_what_to_do(frequencies, said):
    with pytest.raises(RenalFusionError, match=said) as caught:
        adjusted_to_frequencies([0.2, 0.3, 0.5], [0.4, 0.3, 0.3], frequencies)
    assert caught.value.code == "frequencies_invalid"
    assert "one share above 0 for each class" in caught.value.remedy
