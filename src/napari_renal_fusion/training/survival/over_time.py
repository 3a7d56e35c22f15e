"""How good risks and survival curves are at given times: AUC and Brier score, weighted for censoring."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RenalFusionError
from .concordance import TIED
from .outcomes import checked_outcomes

Outcomes = tuple[ArrayLike, ArrayLike]

# torchsurv (0.2.0) casts times to float32, in which a time that equals an event's no longer does; its figures at
# such times are wrong. The tests compare with scikit-survival everywhere and with torchsurv elsewhere.


def auc_at(
    risk: ArrayLike, time: ArrayLike, event: ArrayLike, at: ArrayLike, *, censoring: Outcomes | None = None
) -> NDArray[np.float64]:
    """Cumulative/dynamic AUC at each time t: does the risk separate who has had the event by t from who has not?

    AUC(t) = P(risk of a patient with the event by t > risk of one without it at t), ties half; patients with
    the event weigh 1 / G(their time), G the Kaplan-Meier estimate of remaining uncensored (Uno et al. 2007).

    Parameters
    ----------
    risk
        [n], or [n, T] if it differs with time.
    time, event
        [n] of the patients who are judged.
    at
        [T] times, each with somebody who has had the event and somebody followed for longer.
    censoring
        Times and events of the patients from whom G is estimated (the training part); by default those judged.

    Raises
    ------
    RenalFusionError
        ``survival_times_outside``; those of :func:`checked_outcomes`.
    """
    time, event, at, weights, _ = _prepared(time, event, at, censoring)
    risk = np.asarray(risk, dtype=np.float64)
    risk = np.broadcast_to(risk[:, None], (len(time), len(at))) if risk.ndim == 1 else risk
    if risk.shape != (len(time), len(at)) or not np.isfinite(risk).all():
        raise ValueError(f"finite risks [n] or [n, T], not of shape {risk.shape}")
    found = np.empty(len(at))
    for k, t in enumerate(at):
        case, control = (time <= t) & event, time > t
        if not case.any() or not control.any():
            raise _outside(
                t, "nobody had had the event" if not case.any() else "nobody was followed for longer"
            )
        ahead = risk[case, k][:, None] - risk[control, k]
        won = np.where(np.abs(ahead) <= TIED, 0.5, ahead > 0).mean(axis=1)
        total = weights[case].sum()
        if not total > 0:
            raise _outside(t, "the censoring is unknown so late")
        found[k] = weights[case] @ won / total
    return found


def brier(
    survival: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    at: ArrayLike,
    *,
    censoring: Outcomes | None = None,
) -> NDArray[np.float64]:
    """Brier score at each time t: mean squared difference between S(t) and 1 (still without the event) or 0.

    Weighted for censoring (Graf et al. 1999, Eq. 3): patients with the event by t weigh 1 / G(their time), those
    followed for longer 1 / G(t), those censored before t nothing. 0.25 is what S = 0.5 for everybody gets;
    compare with the Kaplan-Meier curve of the training part, which knows no patient.

    Parameters
    ----------
    survival
        [n, T] probabilities of no event until each of ``at``.
    time, event, at, censoring
        As in :func:`auc_at`.

    Raises
    ------
    RenalFusionError
        ``survival_times_outside``; those of :func:`checked_outcomes`.
    """
    time, event, at, weights, later = _prepared(time, event, at, censoring)
    survival = np.asarray(survival, dtype=np.float64)
    if survival.shape != (len(time), len(at)):
        raise ValueError(f"survival of shape {survival.shape} for {len(time)} patients at {len(at)} times")
    if not ((survival >= 0) & (survival <= 1)).all():
        raise ValueError("a survival probability is not between 0 and 1")
    had = (time[:, None] <= at) & event[:, None]
    free = time[:, None] > at
    terms = np.where(had, survival**2 * weights[:, None], 0.0)
    terms += np.where(free, (1 - survival) ** 2 * later, 0.0)
    return terms.mean(axis=0)


def integrated_brier(
    survival: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    at: ArrayLike,
    *,
    censoring: Outcomes | None = None,
) -> float:
    """Mean of :func:`brier` over the time from the first to the last of ``at`` (trapezoids; two times or more)."""
    scores = brier(survival, time, event, at, censoring=censoring)
    at = np.asarray(at, dtype=np.float64)
    if len(at) < 2:
        raise ValueError("an integral needs at least two times")
    return float(np.trapezoid(scores, at) / (at[-1] - at[0]))


def _prepared(time, event, at, censoring):
    """Checked arrays, 1 / G at each patient's own time [n] and 1 / G at each of ``at`` [T]; 0 where G is 0."""
    time, event = checked_outcomes(time, event)
    at = np.atleast_1d(np.asarray(at, dtype=np.float64))
    if at.ndim != 1 or not len(at) or (np.diff(at) <= 0).any():
        raise ValueError("times must be a rising list")
    if not (np.isfinite(at).all() and at[0] >= 0 and at[-1] < time.max()):
        raise _outside(at[-1] if at[0] >= 0 else at[0], f"follow-up ends at {time.max():g}")
    steps, left = _uncensored(*((time, event) if censoring is None else checked_outcomes(*censoring)))

    def weight(when: NDArray[np.float64]) -> NDArray[np.float64]:
        remaining = np.append(1.0, left)[np.searchsorted(steps, when, side="right")]
        return np.divide(1.0, remaining, out=np.zeros_like(remaining), where=remaining > 0)

    return time, event, at, weight(time), weight(at)


def _uncensored(time: NDArray[np.float64], event: NDArray[np.bool_]):
    """Kaplan-Meier estimate of remaining uncensored; at equal times events come before censorings."""
    steps, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, weights=event, minlength=len(steps))
    gone = np.bincount(place, minlength=len(steps))
    at_risk = gone[::-1].cumsum()[::-1] - events
    censored = gone - events
    return steps, np.cumprod(1 - np.divide(censored, at_risk, out=np.zeros(len(steps)), where=censored > 0))


def _outside(t: float, why: str) -> RenalFusionError:
    return RenalFusionError(
        "survival_times_outside",
        f"Nothing can be measured at time {t:g}: {why}",
        remedy="Choose times within the follow-up, between the first event and the last contact.",
    )
