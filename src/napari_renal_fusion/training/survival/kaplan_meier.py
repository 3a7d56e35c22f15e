"""Kaplan-Meier curves, risk groups and the log-rank test between them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RenalFusionError
from .outcomes import checked_outcomes


@dataclass(frozen=True)
class KaplanMeier:
    """Share of patients without the event, as it was seen (Kaplan & Meier 1958).

    Attributes
    ----------
    times
        [k] rising: every time of an event or of a last contact.
    survival, low, high
        [k] share from each of ``times`` on, and its 95 % interval (log-log, which stays within 0 and 1). Where
        the interval cannot be computed, because nobody or everybody had the event, it is the curve itself.
    follow_up
        [n] all times, sorted.
    """

    times: NDArray[np.float64]
    survival: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    follow_up: NDArray[np.float64]

    def at(self, times: ArrayLike) -> NDArray[np.float64]:
        """Survival at any times; 1 before the first, the last value after the last."""
        place = np.searchsorted(self.times, np.asarray(times, dtype=np.float64), side="right")
        return np.append(1.0, self.survival)[place]

    def at_risk(self, times: ArrayLike) -> NDArray[np.int64]:
        """How many patients were still followed just before each of ``times``."""
        return len(self.follow_up) - np.searchsorted(self.follow_up, np.asarray(times), side="left")

    @property
    def median(self) -> float | None:
        """First time at which half or fewer are without the event; None if that was not reached."""
        reached = np.flatnonzero(self.survival <= 0.5)
        return float(self.times[reached[0]]) if len(reached) else None


@dataclass(frozen=True)
class LogRank:
    """Log-rank test of two groups (Mantel 1966): chi-square with one degree of freedom, two-sided p.

    It says whether the curves differ anywhere; not by how much, nor whether they cross.
    """

    chi_square: float
    p_value: float

    @property
    def text(self) -> str:
        return "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"


def kaplan_meier(time: ArrayLike, event: ArrayLike) -> KaplanMeier:
    """The curve of these patients; all censored is allowed (a line at 1).

    Raises
    ------
    RenalFusionError
        ``survival_nobody`` or ``survival_time_wrong``.
    """
    from scipy.stats import CensoredData, ecdf

    time, event = checked_outcomes(time, event, least_events=0)
    data = CensoredData(uncensored=time[event], right=time[~event])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where there is no interval
        curve = ecdf(data).sf
        interval = curve.confidence_interval(method="log-log")
    survival = curve.probabilities
    low, high = (
        np.where(np.isfinite(one.probabilities), one.probabilities, survival)
        for one in (interval.low, interval.high)
    )
    return KaplanMeier(curve.quantiles, survival, low, high, np.sort(time))


def log_rank(time: ArrayLike, event: ArrayLike, high: ArrayLike) -> LogRank:
    """Compare the patients of ``high`` (bool [n]) with the others.

    Raises
    ------
    RenalFusionError
        ``survival_one_group`` if one of the two is empty; those of :func:`checked_outcomes`.
    """
    from scipy.stats import CensoredData, logrank

    time, event = checked_outcomes(time, event)
    high = np.asarray(high, dtype=np.bool_)
    if high.shape != time.shape:
        raise ValueError(f"groups of shape {high.shape} for times of shape {time.shape}")
    if high.all() or not high.any():
        raise RenalFusionError(
            "survival_one_group",
            f"All {len(high)} patients are in one risk group, so there is nothing to compare",
            remedy="The threshold comes from the training part; here everybody lies on one side of it.",
        )
    groups = [
        CensoredData(uncensored=time[here & event], right=time[here & ~event]) for here in (high, ~high)
    ]
    with np.errstate(all="ignore"):
        found = logrank(*groups)
    if not np.isfinite(found.statistic):  # nobody is at risk in both groups when an event happens
        return LogRank(0.0, 1.0)
    return LogRank(float(found.statistic) ** 2, float(found.pvalue))


def risk_threshold(training_risk: ArrayLike) -> float:
    """Risk above which a patient belongs to the high-risk group: the median of the **training** part.

    A threshold from the tested patients themselves would always divide them evenly, and one chosen for the
    smallest p-value would make any model look good.

    Raises
    ------
    RenalFusionError
        ``survival_equal_risks`` if all training risks are equal.
    """
    risk = np.asarray(training_risk, dtype=np.float64)
    if not len(risk) or not np.isfinite(risk).all():
        raise ValueError("the threshold needs finite risks of training patients")
    if risk.min() == risk.max():
        raise RenalFusionError(
            "survival_equal_risks",
            f"All {len(risk)} training patients have the same risk, so no groups can be made",
            remedy="The model has learned nothing; look at its training.",
        )
    middle = float(np.median(risk))
    # With many equal risks the median may be the largest one; the group above it would be empty.
    return middle if (risk > middle).any() else float(np.max(risk[risk < middle]))
