"""Is one run better than another? Tests on the same folds, and how far they can be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import RenalFusionError
from .results import Results


@dataclass(frozen=True)
class TestResult:
    """Outcome of a test of paired differences a - b, two-sided.

    ``statistic`` and ``p_value`` are None where the difference is the same in every fold but not zero: its
    spread cannot be estimated then, and an infinite t with p = 0 would claim too much. Where the runs are equal
    in every fold, t = 0 and p = 1.
    """

    __test__ = False  # the name is the field's; pytest must not collect it

    statistic: float | None
    degrees_of_freedom: int
    p_value: float | None
    mean_difference: float

    @property
    def text(self) -> str:
        """For a table: ``p = 0.031``, ``p < 0.001`` or why there is none."""
        if self.p_value is None:
            return "no p (the same difference in every fold)"
        return "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same folds: their ``metric`` in each fold and both tests of a - b.

    ``paired`` is the t-test of the paper; it takes the folds for independent although their training parts
    overlap, and so finds differences that are not there. ``corrected`` allows for the overlap.
    """

    metric: str
    units: tuple[str, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]
    paired: TestResult
    corrected: TestResult


def paired_t_test(a: ArrayLike, b: ArrayLike) -> TestResult:
    """Student's paired t-test of J fold values: t = mean(d) / sqrt(var(d) / J), d = a - b, J - 1 degrees.

    Raises
    ------
    ValueError
        Fewer than two folds, different numbers of them, or a value that is not finite.
    """
    return _test_of_differences(a, b, 0.0)


def corrected_resampled_t_test(a: ArrayLike, b: ArrayLike, test_share: float) -> TestResult:
    """The t-test of Nadeau & Bengio (2003): t = mean(d) / sqrt((1 / J + test_share) * var(d)).

    Parameters
    ----------
    a, b
        Metric of two methods in the same J folds (of all repeats), in the same order.
    test_share
        n_test / n_train of a fold; 1 / (K - 1) for K folds.

    Raises
    ------
    ValueError
        As in :func:`paired_t_test`, or ``test_share`` is not positive.
    """
    if not test_share > 0:
        raise ValueError(f"test_share is n_test / n_train and must be above 0, not {test_share}")
    return _test_of_differences(a, b, test_share)


def compare_results(a: Results, b: Results, metric: str = "auc") -> Comparison:
    """Both tests of ``metric`` between two runs on the same folds.

    Raises
    ------
    RenalFusionError
        ``other_folds``: the runs did not test the same patients with the same labels in the same folds.
        ``metric_missing``: a fold has no such metric. ``too_few_folds``: fewer than two.
    """
    tested_a, tested_b = _tested(a), _tested(b)
    if tested_a != tested_b:
        differing = sorted(
            unit for unit in tested_a.keys() | tested_b.keys() if tested_a.get(unit) != tested_b.get(unit)
        )
        raise RenalFusionError(
            "other_folds",
            f"The two runs were not tested on the same patients in the same folds ({_some(differing)} differ)",
            remedy="Train one of them again with the folds.json of the other.",
        )
    values = [{_fold_of(one.unit): one.metrics for one in results.folds} for results in (a, b)]
    units = tuple(unit for unit in values[0] if unit in tested_a)
    if len(units) < 2:
        raise RenalFusionError(
            "too_few_folds",
            f"{len(units)} fold{'' if len(units) == 1 else 's'} cannot say how much a difference varies",
            remedy="Train both runs with at least 2 folds.",
        )
    lacking = [unit for unit in units if any(metric not in one.get(unit, {}) for one in values)]
    if lacking:
        raise RenalFusionError(
            "metric_missing",
            f"{_some(lacking)} has no {metric}",
            remedy="A fold that tests one class only has no AUC and no specificity; compare another metric.",
        )
    first, second = (tuple(one[unit][metric] for unit in units) for one in values)
    return Comparison(
        metric=metric,
        units=units,
        a=first,
        b=second,
        paired=paired_t_test(first, second),
        corrected=corrected_resampled_t_test(first, second, _test_share(tested_a)),
    )


def _test_of_differences(a: ArrayLike, b: ArrayLike, test_share: float) -> TestResult:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        raise ValueError(f"{first.shape} and {second.shape} values: the same folds are needed, at least two")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("a fold has a value that is not a finite number")
    from scipy.stats import t as student

    differences = first - second
    mean, variance, count = float(differences.mean()), float(differences.var(ddof=1)), len(differences)
    # Differences of equal fold values carry rounding of about 1e-17, which is no spread.
    if variance <= (1e-12 * max(np.abs(first).max(), np.abs(second).max())) ** 2:
        if abs(mean) <= 1e-12 * max(np.abs(first).max(), np.abs(second).max()):
            return TestResult(0.0, count - 1, 1.0, mean)
        return TestResult(None, count - 1, None, mean)
    statistic = mean / math.sqrt((1 / count + test_share) * variance)
    return TestResult(statistic, count - 1, float(2 * student.sf(abs(statistic), count - 1)), mean)


def _tested(results: Results) -> dict[str, frozenset[tuple[str, int]]]:
    """Cases with their labels that each fold tested."""
    tested: dict[str, set[tuple[str, int]]] = {_fold_of(one.unit): set() for one in results.folds}
    for case in results.cases:
        if _fold_of(case.unit) in tested:
            tested[_fold_of(case.unit)].add((case.case_id, case.label))
    return {unit: frozenset(cases) for unit, cases in tested.items()}


def _fold_of(unit: str) -> str:
    """``fold-1`` of ``OM-IM/fold-1``: a model for missing images has the folds of its run."""
    return unit.rsplit("/", 1)[-1]


def _test_share(tested: dict[str, frozenset[tuple[str, int]]]) -> float:
    """Mean n_test / n_train over the folds; what a fold does not test, it trains on (or stops by)."""
    every = len(frozenset().union(*tested.values()))
    return float(np.mean([len(cases) / max(every - len(cases), 1) for cases in tested.values()]))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
