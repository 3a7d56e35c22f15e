"""One row of the table that a cohort is checked with before anything is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Finding(BaseModel):
    """One thing that was found: what it concerns, how bad it is, one sentence, and what to do.

    ``severity``: ``error`` forbids training, ``warning`` is the red or amber line a person must have read,
    ``info`` is a figure. ``group`` is the table's first column ("Classes", "Patients", "Images",
    "Calibration", "Labels", "Shortcuts", "Folds"). ``cases`` are ids of the cases concerned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    group: str
    severity: Literal["info", "warning", "error"]
    message: str
    remedy: str = ""
    cases: tuple[str, ...] = ()


class CohortReport(BaseModel):
    """All findings about one cohort, worst first within each group, and its counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cases: int
    patients: int
    images: int
    class_counts: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity == "warning")
