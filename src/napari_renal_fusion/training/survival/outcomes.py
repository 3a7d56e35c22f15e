"""Times and events as checked arrays: what every figure and model of survival begins with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RenalFusionError


def checked_outcomes(
    time: ArrayLike, event: ArrayLike, *, what: str = "these patients", least_events: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Times [n] as float64 and events [n] as bool (False: censored), checked for what makes survival undefined.

    Parameters
    ----------
    time, event
        Time of the event or of the last contact, and whether the event happened.
    what
        Whom the sentence of an error speaks of: "the training part of fold 2".
    least_events
        How many events are needed; 0 allows that everybody is censored.

    Raises
    ------
    RenalFusionError
        ``survival_nobody``, ``survival_time_wrong`` (negative or not finite), ``survival_all_censored``,
        ``survival_few_events``.
    ValueError
        Shapes do not fit.
    """
    time, event = np.asarray(time, dtype=np.float64), np.asarray(event)
    if time.ndim != 1 or time.shape != event.shape:
        raise ValueError(f"times of shape {time.shape} for events of shape {event.shape}")
    if event.dtype != np.bool_:
        if not np.isin(event, (0, 1)).all():
            raise ValueError("an event is neither 0 nor 1")
        event = event.astype(np.bool_)
    if not len(time):
        raise RenalFusionError(
            "survival_nobody",
            f"There is nobody among {what}",
            remedy="Choose patients with a follow-up time.",
        )
    if not np.isfinite(time).all() or time.min() < 0:
        first = int(np.flatnonzero(~(np.isfinite(time) & (time >= 0)))[0])
        raise RenalFusionError(
            "survival_time_wrong",
            f"A follow-up time among {what} is {time[first]:g} (number {first + 1})",
            remedy="Times must be 0 or more; correct the table.",
        )
    if least_events and not event.any():
        raise RenalFusionError(
            "survival_all_censored",
            f"All {len(time)} of {what} are censored: nothing can be learned or measured without an event",
            remedy="Check the censoring column (1 = censored), or follow the patients for longer.",
        )
    if event.sum() < least_events:
        raise RenalFusionError(
            "survival_few_events",
            f"Among {what} {_times(int(event.sum()))}; at least {least_events} are needed here",
            remedy="Use more patients or a longer follow-up, or ask for less (fewer bins or folds).",
        )
    return time, event


def _times(count: int) -> str:
    return "there is one event" if count == 1 else f"there are {count} events"
