"""What a run measured, as data: per fold, pooled, and per case; every display of a run reads it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from ..cases import Modality


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CaseOutcome(_Part):
    """One case answered by a model that never saw its patient.

    ``logits`` [C] are the fold model's, uncalibrated; ``probabilities`` [C] with the run's temperature;
    ``conformal`` the class indices of its set (None if no set can be given); ``distance`` to the known
    patients and whether it ``fits_none`` of the classes.
    """

    case_id: str
    patient_id: str
    unit: str
    label: int
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    conformal: tuple[int, ...] | None = None
    distance: float | None = None
    fits_none: bool | None = None

    @property
    def best(self) -> int:
        """The most probable class."""
        return max(range(len(self.probabilities)), key=self.probabilities.__getitem__)

    def no_opinion(self, abstain_below: float | None) -> str:
        """Why a bundle of the run would give no opinion, in two words; empty where it would give one."""
        if self.fits_none:
            return "fits none"
        if self.conformal == ():
            return "empty set"
        if self.conformal is not None and self.best not in self.conformal:
            return "outside its set"
        if abstain_below is not None and self.probabilities[self.best] < abstain_below:
            return "too unsure"
        return ""


class FoldMetrics(_Part):
    """Metrics of one fold's test patients; names and definitions in :mod:`.metrics`."""

    unit: str
    patients: int
    metrics: dict[str, float]


class Results(_Part):
    """The figures of a finished run.

    ``mean`` and ``sd`` (ddof 1) over the folds, ``interval`` the 95 % bootstrap interval over patients of the
    pooled out-of-fold answers; ``cases`` those answers; ``test`` metrics of the final model on the
    independent test set with ``test_cases``. ``ece``, ``coverage`` and ``false_refusals`` are cross-fitted: the
    temperature, scores and limit come from the other folds' patients; with one member (a refit alone) ``ece`` is
    that of the calibration patients themselves, and the others are None. A case fits none of the classes
    above ``distance_limit``, and there is no opinion if the best probability is under ``abstain_below``.
    """

    class_names: tuple[str, ...]
    modalities: tuple[Modality, ...]
    folds: tuple[FoldMetrics, ...]
    mean: dict[str, float]
    sd: dict[str, float]
    interval: dict[str, tuple[float, float]]
    cases: tuple[CaseOutcome, ...]
    temperature: float
    ece: float
    coverage_asked: float
    coverage: float | None = None
    set_size: float | None = None
    false_refusals: float | None = None
    distance_limit: float | None = None
    abstain_below: float | None = None
    false_accepts: dict[str, float] = {}
    test: dict[str, float] = {}
    test_cases: tuple[CaseOutcome, ...] = ()
    subsets: dict[str, Results] = {}
    notes: tuple[str, ...] = ()
