"""The score of a heat map: chance is 0, the best map of the grid is 1, and scaling changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from napari_renal_fusion.cases import Box
from napari_renal_fusion.explain.faithfulness import cell_shares, localisation_score


def test_shares_are_exact_also_where_cells_cut_pixels():
    mask = np.zeros((10, 10), bool)
    mask[:5, :3] = True
    shares = cell_shares(mask, Box(0, 0, 10, 10), (4, 4))
    assert shares[0].tolist() == pytest.approx([1.0, 0.2, 0, 0])  # columns 0 to 2.5, then 2.5 to 5
    assert shares[2].tolist() == pytest.approx([0, 0, 0, 0])
    assert shares.sum() * 2.5**2 == pytest.approx(mask.sum())


def test_shares_follow_the_part_that_the_model_saw():
    mask = np.zeros((8, 12), bool)
    mask[2:4, 4:8] = True
    assert cell_shares(mask, Box(2, 4, 2, 4), (1, 2)).tolist() == [[1.0, 1.0]]
    assert cell_shares(mask, Box(0, 4, 4, 4), (2, 1)).ravel().tolist() == [0.0, 1.0]


def test_chance_best_and_worst():
    shares = np.array([[0.0, 0.0], [0.0, 0.8]])
    assert localisation_score(shares, shares) == pytest.approx(1)
    assert localisation_score(np.zeros((2, 2)), shares) == pytest.approx(0)
    assert localisation_score(-shares, shares) == pytest.approx(0)  # found in the last step, as by chance
    assert localisation_score([[3, 2], [1, 0]], [[0.0, 0.1], [0.5, 0.9]]) < 0


@given(st.integers(0, 10_000))
def test_equals_scikit_learn_on_whole_cells_and_ignores_scale(seed):
    generator = np.random.default_rng(seed)
    shares = (generator.random(25) < 0.3).astype(float)
    shares[:2] = 0, 1
    values = generator.integers(0, 6, 25).astype(float)  # with ties
    chance = shares.mean()
    expected = (average_precision_score(shares, values) - chance) / (1 - chance)
    assert localisation_score(values, shares) == pytest.approx(expected)
    assert localisation_score(np.exp(values) * 7 - 3, shares) == pytest.approx(expected)


def test_nothing_to_find():
    with pytest.raises(ValueError, match="nothing to find"):
        localisation_score([1, 2, 3], [0.2, 0.2, 0.2])
