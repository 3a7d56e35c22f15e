"""Bins of follow-up time in which a network predicts hazards: the quantiles of the training part's events."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...errors import RenalFusionError
from .outcomes import checked_outcomes

Time = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TimeBins(BaseModel):
    """Bin k holds times from edge k - 1 (included) to edge k; the first begins at 0, the last has no end.

    Attributes
    ----------
    edges
        The times between bins, rising; one fewer than bins.
    last
        Longest follow-up of the training part: up to here the last bin has been seen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    edges: tuple[Time, ...] = Field(min_length=1)
    last: Time

    @model_validator(mode="after")
    def _rising(self) -> TimeBins:
        if any(later <= earlier for earlier, later in zip(self.ends, self.ends[1:], strict=False)):
            raise ValueError("edges must rise and end before last")
        return self

    @property
    def count(self) -> int:
        """Number of bins: outputs of the network."""
        return len(self.edges) + 1

    @property
    def ends(self) -> tuple[float, ...]:
        """Time at the end of each bin; of the last one, the longest follow-up of the training part."""
        return (*self.edges, self.last)

    def of(self, time: ArrayLike) -> NDArray[np.int64]:
        """Bin of each time, int64 [n]; times after ``last`` fall into the last bin."""
        return np.searchsorted(self.edges, np.asarray(time, dtype=np.float64), side="right").astype(np.int64)


def time_bins(time: ArrayLike, event: ArrayLike, n: int = 4) -> TimeBins:
    """Bins whose edges are the n-quantiles of the times of events (quartiles for 4), as in the papers.

    Of the training part only. Every bin holds at least one event: with fewer events than ``n`` there are as many
    bins as events, and edges that coincide or leave a bin without an event are one fewer each.

    Raises
    ------
    RenalFusionError
        ``survival_equal_times`` if fewer than two bins are left; those of :func:`checked_outcomes`, with two
        events at least.
    """
    if n < 2:
        raise ValueError(f"at least 2 bins, not {n}")
    time, event = checked_outcomes(time, event, what="the training part", least_events=2)
    events = np.sort(time[event])
    shares = np.linspace(0, 1, min(n, len(events)) + 1)[1:-1]
    edges = np.unique(np.quantile(events, shares))
    # Nobody is left after the longest follow-up: an edge there would be the end of the last bin as well.
    edges = edges[edges < time.max()]
    while (empty := np.flatnonzero(_events_in_bins(events, edges) == 0)).size and len(edges):
        edges = np.delete(edges, max(0, empty[0] - 1))
    if not len(edges):  # more than half at the first time of all: what comes later is the second bin
        edges = events[(events > events[0]) & (events < time.max())][:1]
    if not len(edges):
        raise RenalFusionError(
            "survival_equal_times",
            f"The {len(events)} events of the training part cannot be divided by time: "
            f"{'all happen' if events[0] == events[-1] else 'most happen'} at {events[(len(events) - 1) // 2]:g}",
            remedy="Use exact times (days or months, not years), or more patients with an event.",
        )
    return TimeBins(edges=tuple(edges.tolist()), last=float(time.max()))


def _events_in_bins(events: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(edges, events, side="right"), minlength=len(edges) + 1)
