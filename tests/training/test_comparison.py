"""Two runs are compared on the same folds only, with the tests of the books."""

import numpy as np
import pytest
from scipy import stats

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.training.comparison import (
    compare_results,
    corrected_resampled_t_test,
    paired_t_test,
)
from napari_renal_fusion.training.results import CaseOutcome, FoldMetrics, Results


def test_the_paired_test_is_that_of_scipy():
    generator = np.random.default_rng(0)
    for count in (2, 5, 10):
        a, b = generator.random(count), generator.random(count)
        expected = stats.ttest_rel(a, b)
        found = paired_t_test(a, b)
        assert found.statistic == pytest.approx(expected.statistic)
        assert found.p_value == pytest.approx(expected.pvalue)
        assert found.degrees_of_freedom == count - 1
        assert found.mean_difference == pytest.approx((a - b).mean())


def test_the_corrected_test_by_hand():
    a, b = [0.90, 0.94, 0.91, 0.97, 0.93], [0.88, 0.93, 0.92, 0.93, 0.91]
    # d = .02 .01 -.01 .04 .02: mean .016, variance (ddof 1) .00033; t = .016 / sqrt((1/5 + 1/4) * .00033)
    found = corrected_resampled_t_test(a, b, 1 / 4)
    assert found.mean_difference == pytest.approx(0.016)
    assert found.statistic == pytest.approx(0.016 / np.sqrt(0.45 * 0.00033))
    assert found.statistic == pytest.approx(1.3130, abs=1e-4)
    assert found.p_value == pytest.approx(2 * stats.t.sf(1.3130, 4), abs=1e-4)
    assert found.p_value > paired_t_test(a, b).p_value
    assert corrected_resampled_t_test(b, a, 1 / 4).statistic == pytest.approx(-found.statistic)


def test_without_spread_nothing_is_claimed():
    equal = paired_t_test([0.1, 0.7], [0.1, 0.7])
    assert (equal.statistic, equal.p_value, equal.text) == (0, 1, "p = 1.000")
    shifted = np.array([0.3, 0.5, 0.7])
    constant = corrected_resampled_t_test(shifted + 0.1, shifted, 0.25)  # carries rounding of 1e-17
    assert constant.p_value is None
    assert constant.statistic is None
    assert constant.mean_difference == pytest.approx(0.1)
    assert "same difference in every fold" in constant.text
    assert paired_t_test([0, 0], [0, 0]).p_value == 1


def test_the_text_of_a_small_p():
    assert paired_t_test(np.arange(9) * 1e-3 + 1, np.zeros(9)).text == "p < 0.001"


@pytest.mark.parametrize(
    ("a", "b"), [([1.0], [1.0]), ([1, 2], [1, 2, 3]), ([1, float("nan")], [1, 2]), ([[1, 2]], [[1, 2]])]
)
def test_values_that_cannot_be_compared(a, b):
    with pytest.raises(ValueError, match=r"folds|finite"):
        paired_t_test(a, b)
    with pytest.raises(ValueError, match="test_share"):
        corrected_resampled_t_test([1, 2], [2, 1], 0)


def test_overlapping_training_parts_are_why_the_correction_is_there():
    """Two equal methods in 15 overlapping resamples: the plain test cries wolf, the corrected one keeps 5 %."""
    generator = np.random.default_rng(1)
    plain = corrected = 0
    for _ in range(300):
        losses = generator.normal(size=(2, 100))  # of each patient, for two methods that are equally good
        a, b = [], []
        for _ in range(15):
            test = generator.permutation(100)[:20]
            a.append(losses[0][test].mean())
            b.append(losses[1][test].mean())
        plain += paired_t_test(a, b).p_value < 0.05
        corrected += corrected_resampled_t_test(a, b, 20 / 80).p_value < 0.05
    assert plain / 300 > 0.15
    assert corrected / 300 < 0.10


def results(aucs, assignment, labels=None, metric="auc"):
    """A run of folds fold-1 ... with the given figures; ``assignment`` [n] fold of each case."""
    cases = [
        CaseOutcome(
            case_id=f"P{i:03d}", patient_id=f"P{i:03d}", unit=f"fold-{fold + 1}",
            label=0 if labels is None else labels[i], logits=(0, 0), probabilities=(0.5, 0.5),
        )
        for i, fold in enumerate(assignment)
    ]  # fmt: skip
    folds = [
        FoldMetrics(unit=f"fold-{k + 1}", patients=2, metrics={metric: auc}) for k, auc in enumerate(aucs)
    ]
    return Results(
        class_names=("a", "b"), modalities=(Modality.OM,), folds=tuple(folds), mean={}, sd={}, interval={},
        cases=tuple(cases), temperature=1, ece=0, coverage_asked=0.9,
    )  # fmt: skip


FIRST, SECOND = [0.90, 0.94, 0.91, 0.97, 0.93], [0.88, 0.93, 0.92, 0.93, 0.91]
ASSIGNMENT = [i % 5 for i in range(25)]


def test_two_runs_on_the_same_folds():
    found = compare_results(results(FIRST, ASSIGNMENT), results(SECOND, ASSIGNMENT), "auc")
    assert found.paired == paired_t_test(FIRST, SECOND)
    assert found.corrected == corrected_resampled_t_test(FIRST, SECOND, 5 / 20)
    assert found.units == ("fold-1", "fold-2", "fold-3", "fold-4", "fold-5")
    assert (found.a, found.b, found.metric) == (tuple(FIRST), tuple(SECOND), "auc")


def test_the_order_of_folds_in_a_file_does_not_matter():
    other = results(SECOND, ASSIGNMENT)
    other = other.model_copy(update={"folds": other.folds[::-1], "cases": other.cases[::-1]})
    assert compare_results(results(FIRST, ASSIGNMENT), other).paired == paired_t_test(FIRST, SECOND)


def test_a_model_for_missing_images_is_compared_with_its_whole_run():
    whole, part = results(FIRST, ASSIGNMENT), results(SECOND, ASSIGNMENT)
    part = part.model_copy(
        update={
            "folds": tuple(one.model_copy(update={"unit": f"OM-IM/{one.unit}"}) for one in part.folds),
            "cases": tuple(one.model_copy(update={"unit": f"OM-IM/{one.unit}"}) for one in part.cases),
        }
    )
    assert compare_results(whole, part).paired == paired_t_test(FIRST, SECOND)


@pytest.mark.parametrize(
    "other",
    [
        results(SECOND, [*ASSIGNMENT[1:], 0]),  # other patients in a fold
        results(SECOND, ASSIGNMENT, labels=[1] + [0] * 24),  # a label was changed in between
        results(SECOND[:4], [i % 4 for i in range(25)]),
        results(SECOND, ASSIGNMENT[:-1]),
    ],
)
def test_other_folds_are_refused(other):
    with pytest.raises(RenalFusionError, match="not tested on the same patients") as caught:
        compare_results(results(FIRST, ASSIGNMENT), other)
    assert caught.value.code == "other_folds"
    assert "folds.json" in caught.value.remedy


def test_a_missing_metric_and_a_single_fold_are_named():
    with pytest.raises(RenalFusionError, match="fold-1, fold-2, fold-3 and 2 more has no auc"):
        compare_results(results(FIRST, ASSIGNMENT), results(SECOND, ASSIGNMENT, metric="accuracy"))
    single = results([0.9], [0] * 5)
    with pytest.raises(RenalFusionError, match="1 fold cannot say"):
        compare_results(single, single)
