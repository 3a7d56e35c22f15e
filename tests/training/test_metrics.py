"""The metrics are scikit-learn's, and their intervals resample patients."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from napari_renal_fusion.training.metrics import (
    METRICS,
    bootstrap_intervals,
    classification_metrics,
    expected_calibration_error,
    mean_and_sd,
    reliability_bins,
)


def drawn(seed, count, classes, decimals=None):
    generator = np.random.default_rng(seed)
    labels = np.append(np.arange(classes), generator.integers(0, classes, count - classes))
    given = generator.dirichlet(np.ones(classes), size=count)
    given[np.arange(count), labels] += 0.3
    given /= given.sum(axis=1, keepdims=True)
    return labels, given if decimals is None else np.round(given, decimals)


def by_hand_specificity(labels, answers, present):
    table = confusion_matrix(labels, answers, labels=present)
    values = []
    for one in present:
        negative = np.asarray(labels) != one
        values.append(np.mean(np.asarray(answers)[negative] != one))
    assert table.sum() <= len(labels)
    return np.mean(values)


@pytest.mark.parametrize("decimals", [None, 1])  # one decimal: many ties
@pytest.mark.parametrize(("count", "classes"), [(120, 3), (60, 5), (25, 2)])
def test_they_are_those_of_scikit_learn(count, classes, decimals):
    for seed in range(5):
        labels, given = drawn(seed, count, classes, decimals)
        answers = given.argmax(axis=1)
        found = classification_metrics(labels, given)
        per_class = [roc_auc_score(labels == one, given[:, one]) for one in range(classes)]
        assert found == pytest.approx(
            {
                "accuracy": accuracy_score(labels, answers),
                "auc": np.mean(per_class),
                "precision": precision_score(labels, answers, average="macro", zero_division=0),
                "recall": recall_score(labels, answers, average="macro"),
                "specificity": by_hand_specificity(labels, answers, range(classes)),
                "f1": f1_score(labels, answers, average="macro"),
            },
            abs=1e-12,
        )
        assert tuple(found) == METRICS
        if decimals is None and classes > 2:
            assert found["auc"] == pytest.approx(roc_auc_score(labels, given, multi_class="ovr"), abs=1e-12)


def test_a_class_absent_from_the_test_part_leaves_the_macro_averages():
    labels, given = drawn(0, 40, 3)
    labels = np.where(labels == 2, 0, labels)  # class 2 is answered but occurs nowhere
    answers = given.argmax(axis=1)
    assert (answers == 2).any()
    found = classification_metrics(labels, given)
    present = {"labels": [0, 1], "average": "macro", "zero_division": 0}
    assert found == pytest.approx(
        {
            "accuracy": accuracy_score(labels, answers),
            "auc": np.mean([roc_auc_score(labels == one, given[:, one]) for one in (0, 1)]),
            "precision": precision_score(labels, answers, **present),
            "recall": recall_score(labels, answers, **present),
            "specificity": by_hand_specificity(labels, answers, [0, 1]),
            "f1": f1_score(labels, answers, **present),
        }
    )


def test_what_means_nothing_is_left_out_and_never_nan():
    alone = classification_metrics([1, 1], [[0.2, 0.8], [0.7, 0.3]])
    assert alone == {"accuracy": 0.5, "precision": 1, "recall": 0.5, "f1": pytest.approx(2 / 3)}
    assert classification_metrics([], np.zeros((0, 3))) == {}
    never_answered = classification_metrics([0, 1], [[0.9, 0.1], [0.8, 0.2]])
    assert never_answered["precision"] == 0.25  # (1/2 + 0) / 2
    assert bootstrap_intervals([], np.zeros((0, 3)), []) == {}


def test_extremes():
    perfect = classification_metrics([0, 1, 2], np.eye(3))
    assert perfect == dict.fromkeys(METRICS, 1.0)
    same = classification_metrics([0, 1, 0, 1], np.full((4, 2), 0.5))
    assert same["auc"] == 0.5
    wrong = classification_metrics([0, 1], np.eye(2)[::-1])
    assert wrong == dict.fromkeys(METRICS, 0.0)


@pytest.mark.parametrize(
    ("labels", "given", "said"),
    [
        ([0], [[0.5, float("nan")]], "finite"),
        ([2], [[0.5, 0.5]], "between 0 and 1"),
        ([0, 1], [[0.5, 0.5]], "shape"),
    ],
)
def test_nonsense_is_an_error(labels, given, said):
    with pytest.raises(ValueError, match=said):
        classification_metrics(labels, given)


def test_mean_and_sd_over_the_folds_that_have_a_metric():
    mean, sd = mean_and_sd([{"accuracy": 0.8, "auc": 0.9}, {"accuracy": 0.6, "auc": 0.7}, {"accuracy": 1.0}])
    assert mean == pytest.approx({"accuracy": 0.8, "auc": 0.8})
    assert sd == pytest.approx({"accuracy": 0.2, "auc": np.sqrt(0.02)})
    assert mean_and_sd([{"auc": 0.9}]) == ({"auc": 0.9}, {"auc": 0.0})


def test_the_bootstrap_is_that_of_scikit_learn_on_the_same_draws():
    labels, given = drawn(1, 30, 3, decimals=1)
    found = bootstrap_intervals(labels, given, np.arange(30), draws=50, seed=4)
    times = np.random.default_rng(4).multinomial(30, np.full(30, 1 / 30), size=50)
    rows = [np.repeat(np.arange(30), one) for one in times]
    for name, metric in (
        ("accuracy", lambda y, p: accuracy_score(y, p.argmax(axis=1))),
        ("auc", lambda y, p: np.mean([roc_auc_score(y == one, p[:, one]) for one in np.unique(y)])),
    ):
        values = [metric(labels[one], given[one]) for one in rows]
        assert found[name] == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


def test_the_interval_of_an_accuracy_is_the_binomial_one():
    generator = np.random.default_rng(0)
    right = np.arange(200) < 160
    labels = generator.integers(0, 2, 200)
    given = np.eye(2)[np.where(right, labels, 1 - labels)]
    low, high = bootstrap_intervals(labels, given, np.arange(200))["accuracy"]
    half = 1.96 * np.sqrt(0.8 * 0.2 / 200)
    assert (low, high) == pytest.approx((0.8 - half, 0.8 + half), abs=0.01)


def test_biopsies_of_one_patient_are_drawn_together():
    labels, given = drawn(2, 40, 2)
    once = bootstrap_intervals(labels, given, np.arange(40))
    four_biopsies = bootstrap_intervals(
        np.repeat(labels, 4), np.repeat(given, 4, axis=0), np.repeat(np.arange(40), 4)
    )
    taken_apart = bootstrap_intervals(np.repeat(labels, 4), np.repeat(given, 4, axis=0), np.arange(160))
    for name in METRICS:
        # The same 40 patients four times over are no more certain than once.
        assert four_biopsies[name] == pytest.approx(once[name])
        assert np.diff(taken_apart[name]) < 0.7 * np.diff(once[name])


def test_the_bootstrap_is_repeatable_and_lives_with_a_rare_class():
    labels, given = np.array([0] * 19 + [1]), drawn(3, 20, 2)[1]
    first = bootstrap_intervals(labels, given, np.arange(20), draws=300)
    assert first == bootstrap_intervals(labels, given, np.arange(20), draws=300)
    assert all(0 <= low <= high <= 1 for low, high in first.values())


def test_calibration_error_closed_forms():
    given = np.array([[0.8, 0.2]] * 10)
    assert expected_calibration_error([0] * 8 + [1] * 2, given) == pytest.approx(0)
    assert expected_calibration_error([0] * 5 + [1] * 5, given) == pytest.approx(0.3)
    assert expected_calibration_error([0] * 10, given) == pytest.approx(0.2)
    # Two bins, a third and two thirds of the patients: 1/3 * |1 - .6| + 2/3 * |.5 - .9|
    two = np.array([[0.6, 0.4]] * 2 + [[0.1, 0.9]] * 4)
    assert expected_calibration_error([0, 0, 1, 1, 0, 0], two) == pytest.approx(0.4)
    assert expected_calibration_error([], np.zeros((0, 2))) == 0


def test_a_bin_holds_its_upper_edge():
    counts, confidence, right = reliability_bins([0, 0], [[0.6, 0.4], [0.6000001, 0.3999999]], bins=5)
    assert counts.tolist() == [0, 0, 1, 1, 0]
    assert confidence[2] == 0.6
    assert right.tolist() == [0, 0, 1, 1, 0]
    assert reliability_bins([0], [[1.0, 0.0]], bins=10)[0][-1] == 1


def test_answers_that_are_calibrated_have_a_small_error():
    generator = np.random.default_rng(0)
    given = generator.dirichlet(np.ones(3), size=20_000)
    labels = (generator.random(20_000)[:, None] > given.cumsum(axis=1)).sum(axis=1)
    assert expected_calibration_error(labels, given) < 0.012
    few = [expected_calibration_error(labels[i : i + 120], given[i : i + 120]) for i in range(0, 12_000, 120)]
    assert 0.05 < np.mean(few) < 0.13  # what the docstring says of few patients
