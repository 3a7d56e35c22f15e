"""What a survival run measured, as data: per fold, pooled, per patient, and the Cox model beside it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..results import FoldMetrics


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SurvivalCase(_Part):
    """One patient answered by a model that never saw them.

    ``risk`` is -sum of the survival curve over the bins, ``cox_risk`` the log hazard of the Cox model (None where
    none could be fitted), ``group`` that of the fold: above or not above the median risk of its training
    patients. ``time`` is in the run's unit; ``event`` False means censored.
    """

    case_id: str
    patient_id: str
    unit: str
    time: float
    event: bool
    risk: float
    cox_risk: float | None = None
    group: Literal["low", "high"]

    @property
    def label(self) -> int:
        """1 with the event; what a comparison of runs checks."""
        return int(self.event)


class SurvivalResults(_Part):
    """The figures of a finished survival run; the names that every kind of run has mean the same as elsewhere.

    ``mean`` and ``sd`` (ddof 1) over the folds: ``c_index``, ``time_auc`` (time-dependent, mean over the quartiles of
    uncensored times), ``brier`` (integrated over them), and the Cox model's under ``cox_...``. ``interval`` is
    the 95 % bootstrap interval over patients of the ``pooled`` out-of-fold figures. ``auc_times`` with
    ``auc_at`` are pooled. ``log_rank_p`` compares the two risk groups.
    """

    kind: Literal["survival"] = "survival"
    outcome: str
    population: str
    time_zero: str
    time_unit: str
    modalities: tuple[str, ...]
    class_names: tuple[str, ...] = ()
    folds: tuple[FoldMetrics, ...]
    mean: dict[str, float]
    sd: dict[str, float]
    pooled: dict[str, float]
    interval: dict[str, tuple[float, float]]
    cases: tuple[SurvivalCase, ...]
    auc_times: tuple[float, ...] = ()
    auc_at: tuple[float, ...] = ()
    log_rank_p: float | None = None
    cox_penalties: tuple[float, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    # What the tables of every run ask for; a survival run has no such parts.
    @property
    def test(self) -> dict[str, float]:
        return {}

    @property
    def subsets(self) -> dict[str, SurvivalResults]:
        return {}

    @property
    def events(self) -> int:
        """How many patients had the event."""
        return sum(one.event for one in self.cases)
