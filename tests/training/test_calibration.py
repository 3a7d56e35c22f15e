"""The temperature that made the answers is found again, and the limit keeps its promise."""

import numpy as np
import pytest

from napari_renal_fusion.training.calibration import COLDEST, HOTTEST, abstain_limit, fit_temperature, softmax
from napari_renal_fusion.training.metrics import expected_calibration_error


def drawn_from(logits, generator):
    given = softmax(logits)
    return (generator.random(len(given))[:, None] > given.cumsum(axis=1)).sum(axis=1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_recovered(temperature):
    generator = np.random.default_rng(0)
    true = generator.normal(size=(20_000, 4)) * 2
    labels = drawn_from(true, generator)
    found = fit_temperature(true * temperature, labels)
    assert found == pytest.approx(temperature, rel=0.04)
    assert expected_calibration_error(labels, softmax(true * temperature, found)) < 0.015


def test_no_neighbour_has_a_smaller_cross_entropy():
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(60, 3)) * 3
    labels = drawn_from(logits, generator)

    def cross_entropy(temperature):
        return -np.log(softmax(logits, temperature)[np.arange(60), labels]).mean()

    found = fit_temperature(logits, labels)
    grid = np.geomspace(COLDEST, HOTTEST, 2000)
    assert cross_entropy(found) <= min(map(cross_entropy, grid)) + 1e-9


def test_the_limits_of_the_temperature():
    assert fit_temperature([[5.0, 0.0], [0.0, 5.0]], [0, 1]) == pytest.approx(COLDEST, rel=1e-3)
    assert fit_temperature([[5.0, 0.0], [0.0, 5.0]], [1, 0]) == pytest.approx(HOTTEST, rel=1e-3)
    assert fit_temperature(np.zeros((0, 3)), []) == 1
    assert np.isfinite(softmax([[1e4, -1e4]], 0.05)).all()


def test_the_limit_is_the_smallest_that_is_right_often_enough():
    best = np.repeat([0.55, 0.65, 0.75, 0.85], 20)
    given = np.stack([best, 1 - best], axis=1)
    labels = np.zeros(80, int)
    labels[:16] = 1  # most answers at .55 are wrong, one of twenty at .75
    labels[40] = 1
    limit = abstain_limit(given, labels)
    assert limit == 0.56
    assert (labels[best >= limit] == 0).mean() >= 0.95
    assert abstain_limit(given, np.zeros(80, int)) == 0.5  # all right: always an answer
    assert abstain_limit(given, np.ones(80, int)) == 0.9
    assert abstain_limit(np.full((9, 3), 1 / 3), np.zeros(9, int)) == 0.9  # 1/3 rounds up: no answer at .34
