import numpy as np
import pytest

from napari_renal_fusion.training.check.one_attribute import binned, leave_one_out, predicting


def plain_leave_one_out(bins, labels):
    """Each patient predicted by the class with the largest share of its patients in the bin; ties share."""
    classes = labels.max() + 1
    right = np.zeros(len(labels))
    for i in range(len(labels)):
        others = np.arange(len(labels)) != i
        share = np.array(
            [
                (others & (bins == bins[i]) & (labels == c)).sum() / max((others & (labels == c)).sum(), 1)
                for c in range(classes)
            ]
        )
        best = np.isclose(share, share.max())
        right[i] = best[labels[i]] / best.sum()
    return np.mean([right[labels == c].mean() for c in range(classes)])


@pytest.mark.parametrize("seed", range(5))
def test_leave_one_out_is_that_of_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.r_[np.zeros(9, int), np.ones(14, int), np.full(5, 2)])
    bins = np.where(rng.random(28) < 0.5, labels, rng.integers(0, 4, 28))
    table = np.zeros((4, 3), int)
    np.add.at(table, (bins, labels), 1)
    assert leave_one_out(table) == pytest.approx(plain_leave_one_out(bins, labels))


def test_what_is_perfect_and_what_is_chance():
    assert leave_one_out(np.diag([5, 7, 3])) == 1
    assert leave_one_out(np.array([[6, 3, 9]])) < 1 / 3 + 1e-9
    everyone_alone = np.repeat(np.eye(3), 4, axis=0)
    assert leave_one_out(everyone_alone) == pytest.approx(1 / 3)


def test_bins_are_blind_to_labels_and_have_names():
    kinds = binned(["IgA", "IgG", None, "IgA"])
    assert [kinds.names[one] for one in kinds.of] == ["IgA", "IgG", "not stated", "IgA"]
    few = binned([1.0, 2.0, 1.0, None], "{:g} um".format)
    assert [few.names[one] for one in few.of] == ["1 um", "2 um", "1 um", "not stated"]
    numbers = binned([float(one) for one in range(64)] + [None])
    assert np.bincount(numbers.of).tolist() == [8] * 8 + [1]
    assert numbers.names[0] == "below 8"
    assert numbers.names[-2:] == ("from 56", "not stated")
    many = binned([f"name {one}" for one in range(40)] + ["often"] * 5)
    assert many.names[many.of[-1]] == "often"
    assert many.names[-1] == "others"


def test_an_attribute_that_predicts_is_sure_and_noise_is_not():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 12)
    noise = [rng.integers(0, 5, 36) for _ in range(20)]
    partly = np.where(rng.random(36) < 0.8, labels, rng.integers(0, 3, 36))
    results = predicting([labels, partly, *noise], labels)
    assert results[0].accuracy == 1
    assert results[0].p_value < 0.001
    assert results[1].p_value < 0.001
    assert min(one.p_value for one in results[2:]) > 0.01


def test_one_false_alarm_in_a_hundred_cohorts():
    rng = np.random.default_rng(1)
    alarms = 0
    for seed in range(150):
        labels = rng.permutation(np.repeat([0, 1, 2], (12, 8, 20)))
        attributes = [rng.integers(0, kinds, 40) for kinds in (2, 3, 5, 8) * 3]
        smallest = min(one.p_value for one in predicting(attributes, labels, draws=300, seed=seed))
        alarms += smallest <= 0.01
    assert alarms <= 6  # 1.5 are expected; seven or more would come once in a thousand times
