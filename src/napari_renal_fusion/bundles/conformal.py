"""Conformal sets: the classes that cannot be excluded at a stated coverage."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ConformalScores(BaseModel):
    """Calibration scores of a bundle, one tuple per member (CV+), one tuple in all for a split (refit).

    A score is 1 - p(right class) that a member gave to a patient it never saw, with the bundle's temperature.
    ``coverage`` is what was asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    coverage: float
    scores: tuple[tuple[float, ...], ...]
