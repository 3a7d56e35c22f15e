"""The figures of a classification: macro metrics, their bootstrap intervals, and the calibration error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

METRICS = ("accuracy", "auc", "precision", "recall", "specificity", "f1")
"""Names of the metrics in the order of the paper's tables; all but accuracy are macro averages over classes."""

_AT_ONCE = 200  # draws computed together: [draws, n] arrays stay within some megabytes


def classification_metrics(labels: ArrayLike, probabilities: ArrayLike) -> dict[str, float]:
    """The :data:`METRICS` of n answers.

    With the confusion matrix of the largest probability (TP, FP, FN, TN of each class against the rest):
    accuracy = right / n; precision = TP / (TP + FP), 0 for a class that is never answered; recall =
    TP / (TP + FN); specificity = TN / (TN + FP); F1 = 2 TP / (2 TP + FP + FN); AUC = P(score of a member of the
    class > score of another patient) + half of the ties. All but accuracy are means over the classes that occur
    among ``labels``: **a class absent from a fold's test part does not enter its macro averages** (scikit-learn's
    ``average="macro"`` with ``labels`` = those present). With one class alone, ``auc`` and ``specificity`` mean
    nothing and are left out of the answer, as is everything without patients.

    Parameters
    ----------
    labels
        [n] class indices.
    probabilities
        [n, C]; any score that grows with the probability gives the same figures.

    Raises
    ------
    ValueError
        Shapes do not fit, a score is not finite, or a label is outside the classes.
    """
    labels, probabilities = _checked(labels, probabilities)
    if not len(labels):
        return {}
    values = _weighted_metrics(labels, probabilities, np.ones((1, len(labels))))
    return {name: float(values[name][0]) for name in METRICS if np.isfinite(values[name][0])}


def mean_and_sd(folds: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard deviation (ddof 1; 0 with one fold) of each metric over the folds that have it."""
    names = [name for name in METRICS if any(name in one for one in folds)]
    columns = {name: [one[name] for one in folds if name in one] for name in names}
    mean = {name: float(np.mean(column)) for name, column in columns.items()}
    sd = {name: float(np.std(column, ddof=1)) if len(column) > 1 else 0.0 for name, column in columns.items()}
    return mean, sd


def bootstrap_intervals(
    labels: ArrayLike,
    probabilities: ArrayLike,
    groups: ArrayLike,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap interval of each metric (Efron & Tibshirani 1993, ch. 13), resampling patients.

    All cases of a patient are drawn together, because they are not independent. A draw in which a metric means
    nothing (one class alone) does not enter its interval.

    Parameters
    ----------
    labels, probabilities
        As in :func:`classification_metrics`.
    groups
        [n] patient of each case.
    draws, seed, level
        Number of resamples, seed of the draws, and coverage of the interval.

    Returns
    -------
    dict
        Name -> (low, high). The trained networks are taken as given: the interval says how much the patients
        matter, not how much another training would.
    """
    labels, probabilities = _checked(labels, probabilities)
    patients, patient_of = np.unique(np.asarray(groups), return_inverse=True)
    if not len(patients):
        return {}
    generator = np.random.default_rng(seed)
    parts: list[dict[str, NDArray[np.float64]]] = []
    for first in range(0, draws, _AT_ONCE):
        count = min(_AT_ONCE, draws - first)
        times = generator.multinomial(len(patients), np.full(len(patients), 1 / len(patients)), size=count)
        parts.append(_weighted_metrics(labels, probabilities, times[:, patient_of].astype(np.float64)))
    tails = [(1 - level) / 2, (1 + level) / 2]
    intervals = {}
    for name in METRICS:
        drawn = np.concatenate([part[name] for part in parts])
        drawn = drawn[np.isfinite(drawn)]
        if len(drawn):
            low, high = np.quantile(drawn, tails)
            intervals[name] = (float(low), float(high))
    return intervals


def reliability_bins(
    labels: ArrayLike, probabilities: ArrayLike, bins: int = 15
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Counts, mean probability of the answered class and share of right answers in ``bins`` equal bins.

    Bin b holds probabilities in (b / bins, (b + 1) / bins]; mean and share are 0 where the count is 0.
    """
    labels, probabilities = _checked(labels, probabilities)
    best = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    # Rounded, so that 0.6 as a sum of floating-point steps does not fall into the bin above it.
    where = np.clip(np.ceil(np.round(best * bins, 9)).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(where, minlength=bins)
    filled = np.maximum(counts, 1)
    return (
        counts,
        np.bincount(where, weights=best, minlength=bins) / filled,
        np.bincount(where, weights=right, minlength=bins) / filled,
    )


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> float:
    """ECE = sum over bins of |bin| / n * |share right - mean probability| (Guo et al. 2017, Eq. 3).

    Of the answered class, over :func:`reliability_bins`; 0 without patients. It is biased upwards for few
    patients: perfectly calibrated answers of 120 give 0.07 to 0.10, of 500 still 0.03 to 0.05.
    """
    counts, confidence, right = reliability_bins(labels, probabilities, bins)
    return float((counts * np.abs(right - confidence)).sum() / max(counts.sum(), 1))


def _checked(labels: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    labels = np.asarray(labels, dtype=np.int64)
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(f"labels of shape {labels.shape} for probabilities of shape {probabilities.shape}")
    if not np.isfinite(probabilities).all():
        raise ValueError("a probability is not a finite number")
    if len(labels) and not (labels.min() >= 0 and labels.max() < probabilities.shape[1]):
        raise ValueError(f"labels must lie between 0 and {probabilities.shape[1] - 1}")
    return labels, probabilities


def _weighted_metrics(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Metrics [draws] of answers that count ``weights`` [draws, n] times; not finite where undefined."""
    classes = probabilities.shape[1]
    answers = probabilities.argmax(axis=1)
    cells = np.eye(classes * classes)[labels * classes + answers]
    confusion = (weights @ cells).reshape(len(weights), classes, classes)
    total = confusion.sum(axis=(1, 2))
    hits = np.einsum("dcc->dc", confusion)
    of_class, answered = confusion.sum(axis=2), confusion.sum(axis=1)
    others = total[:, None] - of_class
    area = np.stack(
        [_weighted_auc(labels == c, probabilities[:, c], weights) for c in range(classes)], axis=1
    )
    present = of_class > 0

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(present, values, 0).sum(axis=1) / present.sum(axis=1)

    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": hits.sum(axis=1) / total,
            "auc": mean(area),
            "precision": mean(np.where(answered > 0, hits / answered, 0)),
            "recall": mean(hits / of_class),
            "specificity": mean((others - answered + hits) / others),
            "f1": mean(2 * hits / (of_class + answered)),
        }


def _weighted_auc(
    positive: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Area [draws] under the ROC curve as the Mann-Whitney statistic; NaN without both kinds of patients."""
    levels, level_of = np.unique(scores, return_inverse=True)
    order = np.argsort(level_of, kind="stable")
    starts = np.searchsorted(level_of[order], np.arange(len(levels)))
    # Patients of equal score are counted together, which is what makes a tie count half.
    ups = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    downs = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    below = np.cumsum(downs, axis=1) - downs / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return (ups * below).sum(axis=1) / (ups.sum(axis=1) * downs.sum(axis=1))
