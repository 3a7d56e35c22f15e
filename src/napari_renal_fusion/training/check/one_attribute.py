"""Can one attribute predict the label? Leave-one-patient-out accuracy against shuffled labels, for many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

_FEWEST_PER_BIN = 8
_MOST_BINS = 8
_MOST_KINDS = 16
_NOT_STATED = "not stated"


@dataclass(frozen=True)
class Binned:
    """An attribute in bins that were made without looking at labels: ``of`` [n] is each patient's, ``names`` [B]."""

    of: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True)
class Predicts:
    """What one attribute achieves.

    ``accuracy`` is the balanced accuracy (mean over classes of the share that is right), ``p_value`` the share
    of shuffled labels with which the best of all attributes does as well.
    """

    accuracy: float
    p_value: float


def binned(values: Sequence[float | str | None], show: Callable[[float], str] = "{:g}".format) -> Binned:
    """Sort values into bins: kinds as they are (rare ones together), numbers by their quantiles.

    Bins of numbers are the leaves of a tree of at most three splits whose thresholds are quantiles; few
    different numbers are kinds. What is not stated is a kind of its own.
    """
    known = [one for one in values if one is not None]
    if known and isinstance(known[0], float) and len(set(known)) > _MOST_BINS:
        return _by_quantiles(values, show)
    shown = [_NOT_STATED if one is None else show(one) if isinstance(one, float) else one for one in values]
    kinds, first, counts = np.unique(
        np.array(shown, dtype=object).astype(str), return_index=True, return_counts=True
    )
    kept = [str(kinds[i]) for i in sorted(np.lexsort((first, -counts))[:_MOST_KINDS], key=lambda i: first[i])]
    places = {name: place for place, name in enumerate(kept)}
    of = np.array([places.get(one, len(kept)) for one in shown])
    return Binned(of, (*kept, "others") if (of == len(kept)).any() else tuple(kept))


def _by_quantiles(values: Sequence[float | None], show: Callable[[float], str]) -> Binned:
    numbers = np.array([np.nan if one is None else one for one in values])
    bins = int(np.clip(len(values) // _FEWEST_PER_BIN, 2, _MOST_BINS))
    known = numbers[~np.isnan(numbers)]
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="higher"))
    edges = edges[edges > known.min()]
    of = np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers, side="right"))
    names = [f"below {show(edges[0])}"] if len(edges) else ["any"]
    names += [f"{show(low)} to {show(high)}" for low, high in pairwise(edges)]
    names += [f"from {show(edges[-1])}"] if len(edges) else []
    return Binned(of, (*names, _NOT_STATED))


def leave_one_out(table: np.ndarray) -> np.ndarray:
    """Balanced accuracy, each patient predicted from all others in its bin.

    ``table`` [..., B, C] counts patients by bin and class. The prediction for a bin is the class of which the
    largest share of all its patients lies there, so that a frequent class has no advantage; ties share the
    point. Leaving out a patient of class y changes only the counts of its bin and class, so that all patients of
    a cell of the table have the same prediction and nothing needs to be fitted n times.
    """
    table = table.astype(float)
    size = table.sum(axis=-2, keepdims=True)
    rate = table / np.maximum(size, 1)
    own = np.maximum(table - 1, 0) / np.maximum(size - 1, 1)
    classes = table.shape[-1]
    right = np.zeros_like(table)
    for label in range(classes):
        others = np.delete(rate, label, axis=-1)
        best = others.max(axis=-1)
        ties = np.isclose(others, best[..., None]).sum(axis=-1)
        mine = own[..., label]
        tied = np.isclose(mine, best)
        right[..., label] = np.where(tied, 1 / (1 + ties), mine > best)
    return (table * right / np.maximum(size, 1)).sum(axis=-2).mean(axis=-1)


def predicting(
    attributes: Sequence[np.ndarray], labels: np.ndarray, *, draws: int = 2000, seed: int = 0
) -> list[Predicts]:
    """Test every attribute, bins [n] of each, against the class indices ``labels`` [n].

    Labels are shuffled ``draws`` times, the same way for all attributes. p-values are those of the largest of
    all standardised accuracies (Westfall and Young, Resampling-Based Multiple Testing, 1993), so that forty
    harmless attributes together give one false alarm in a hundred cohorts at p < 0.01, not in every third.
    """
    if not attributes:
        return []
    rng = np.random.default_rng(seed)
    shuffled = np.stack([labels, *(rng.permutation(labels) for _ in range(draws))])
    classes = int(labels.max()) + 1
    scores = np.stack([_scores(one, shuffled, classes) for one in attributes])  # [A, 1 + draws]
    middle, spread = scores[:, 1:].mean(axis=1), scores[:, 1:].std(axis=1)
    standard = (scores - middle[:, None]) / np.maximum(spread, 1e-9)[:, None]
    largest = standard[:, 1:].max(axis=0)
    return [
        Predicts(float(one[0]), float((1 + (largest >= z[0] - 1e-9).sum()) / (1 + draws)))
        for one, z in zip(scores, standard, strict=True)
    ]


def _scores(bins: np.ndarray, shuffled: np.ndarray, classes: int) -> np.ndarray:
    rows, size = len(shuffled), int(bins.max()) + 1
    cells = (np.arange(rows)[:, None] * size + bins) * classes + shuffled
    table = np.bincount(cells.ravel(), minlength=rows * size * classes).reshape(rows, size, classes)
    return leave_one_out(table)
