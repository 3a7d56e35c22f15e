"""From the hazards of time bins to survival at any time, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .time_bins import TimeBins


def survival_of(hazards: ArrayLike) -> NDArray[np.float64]:
    """S = cumprod(1 - h): probability of no event until the end of each bin, [n, bins] of hazards [n, bins]."""
    hazards = _probabilities(hazards, "hazards")
    return np.cumprod(1 - hazards, axis=-1)


def risk_of(survival: ArrayLike) -> NDArray[np.float64]:
    """-sum(S) over bins, [n] of [n, bins]: the larger, the sooner the event is expected."""
    return -_probabilities(survival, "survival").sum(axis=-1)


def survival_at(survival: ArrayLike, bins: TimeBins, times: ArrayLike) -> NDArray[np.float64]:
    """Survival at any times, [n, T] of survival [n, bins] at the ends of bins.

    Straight lines between the ends of bins, from 1 at time 0: within a bin the network says nothing, and a
    constant rate of events is the least that can be assumed. NaN after ``bins.last``, where nobody was followed.
    """
    survival = _probabilities(survival, "survival")
    if survival.ndim != 2 or survival.shape[1] != bins.count:
        raise ValueError(f"survival of shape {survival.shape} for {bins.count} bins")
    times = np.asarray(times, dtype=np.float64)
    known = np.concatenate([[0.0], bins.ends])
    rows = [np.interp(times, known, np.append(1.0, row), right=np.nan) for row in survival]
    return np.array(rows).reshape(len(survival), len(times))


def _probabilities(values: ArrayLike, what: str) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"{what} must lie between 0 and 1")
    return values
