"""The concordance index: how often the patient with the higher risk has the event first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RenalFusionError
from .outcomes import checked_outcomes

TIED = 1e-8
"""Risks that differ by less count as equal, as in scikit-survival."""

_AT_ONCE = 100  # draws computed together: [draws, n] arrays stay within some megabytes


def concordance(risk: ArrayLike, time: ArrayLike, event: ArrayLike, folds: ArrayLike | None = None) -> float:
    """Harrell's concordance index: share of comparable pairs in which the earlier event has the higher risk.

    A pair is comparable if the patient with the shorter time had the event; at equal times, if one of the two
    had it (the other outlived that moment). Equal risks count half (Harrell et al. 1996;
    ``sksurv.metrics.concordance_index_censored``).

    Parameters
    ----------
    risk, time, event
        [n]; larger risk means earlier events.
    folds
        [n] the fold whose model gave each risk: then only patients of one fold are compared with each other.
        Without it all pairs count, which for **pooled out-of-fold risks** also compares risks of different
        models. These are on one scale only if the models are (the same bins, the same baseline): state which of
        the two a figure is.

    Raises
    ------
    RenalFusionError
        ``survival_not_comparable`` if no pair is; those of :func:`checked_outcomes`.
    """
    pairs, won = _pairs(risk, time, event, folds)
    count = pairs.sum(dtype=np.float64)
    if not count:
        raise _not_comparable(len(pairs))
    return float(won.sum(dtype=np.float64) / count)


def bootstrap_concordance(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    folds: ArrayLike | None = None,
    *,
    patients: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile bootstrap interval of :func:`concordance` (Efron & Tibshirani 1993), resampling patients.

    The models are taken as given: the interval says how much the choice of patients matters, not how much
    another training would.

    Parameters
    ----------
    risk, time, event, folds
        As in :func:`concordance`.
    patients
        [n] the patient of each row, if a patient can have several; by default every row is one.
    draws, seed, level
        Number of resamples, seed of the draws, and coverage of the interval. A draw in which no pair is
        comparable does not count.
    """
    pairs, won = _pairs(risk, time, event, folds)
    if not pairs.any():
        raise _not_comparable(len(pairs))
    names = np.arange(len(pairs)) if patients is None else np.asarray(patients)
    kinds, patient_of = np.unique(names, return_inverse=True)
    generator = np.random.default_rng(seed)
    drawn = []
    for first in range(0, draws, _AT_ONCE):
        count = min(_AT_ONCE, draws - first)
        times = generator.multinomial(len(kinds), np.full(len(kinds), 1 / len(kinds)), size=count)
        weights = times[:, patient_of].astype(np.float32)
        # A pair counts as often as both patients were drawn; copies of one patient are no pair.
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn.append(((weights @ won) * weights).sum(axis=1) / ((weights @ pairs) * weights).sum(axis=1))
    values = np.concatenate(drawn)
    low, high = np.quantile(values[np.isfinite(values)], [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _pairs(
    risk: ArrayLike, time: ArrayLike, event: ArrayLike, folds: ArrayLike | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Whether (i, j) is comparable with i the earlier, and how far it is won (1, 0.5 or 0), float32 [n, n]."""
    time, event = checked_outcomes(time, event)
    risk = np.asarray(risk, dtype=np.float64)
    if risk.shape != time.shape:
        raise ValueError(f"risks of shape {risk.shape} for times of shape {time.shape}")
    if not np.isfinite(risk).all():
        raise ValueError("a risk is not a finite number")
    later = (time[:, None] < time) | ((time[:, None] == time) & ~event)
    comparable = later & event[:, None]
    if folds is not None:
        names = np.asarray(folds)
        comparable &= names[:, None] == names
    ahead = risk[:, None] - risk
    won = np.where(np.abs(ahead) <= TIED, 0.5, ahead > 0) * comparable
    return comparable.astype(np.float32), won.astype(np.float32)


def _not_comparable(count: int) -> RenalFusionError:
    return RenalFusionError(
        "survival_not_comparable",
        f"No two of the {count} patients can be compared: nobody was followed beyond another's event",
        remedy="Use patients with different follow-up times; the concordance index needs at least one such pair.",
    )
