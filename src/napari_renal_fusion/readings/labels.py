"""Final diagnoses as labels of a cohort table, each with where it comes from and whether the model was seen before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..cases import Case, Cohort
from ..cases.cohort_csv import write_cohort_csv
from ..cases.work_folder import WorkFolder
from ..errors import RenalFusionError
from .log import CaseLog


def labelled(cases: Sequence[Case], work: WorkFolder | None = None) -> tuple[Case, ...]:
    """The cases with the final diagnoses of their logs as labels; a case without one stays as it is.

    ``label_source`` of a diagnosis that was entered after a reveal says so in the words that
    :attr:`.Case.labelled_after_model` understands: such a case trains, but never validates or calibrates.
    """
    work = work or WorkFolder()
    return tuple(_labelled(case, work) for case in cases)


def write_labels(cases: Sequence[Case], path: Path, work: WorkFolder | None = None) -> int:
    """Write the cases that have a label as a cohort table; returns how many they are.

    The table names files and patients, as every cohort table does: it belongs with the originals.

    Raises
    ------
    RenalFusionError
        ``labels_none`` if no case has a label, and those of :func:`.write_cohort_csv`.
    """
    ready = [one for one in labelled(cases, work) if one.label]
    if not ready:
        raise RenalFusionError(
            "labels_none",
            "None of these cases has a final diagnosis yet",
            remedy="Enter final diagnoses in the reader, then write the table.",
        )
    write_cohort_csv(Cohort(cases=tuple(ready)), path)
    return len(ready)


def _labelled(case: Case, work: WorkFolder) -> Case:
    if not case.code:
        return case
    finals = CaseLog(case.code, work).entries("final")
    if not finals:
        return case
    return replace(case, label=finals[-1]["diagnosis"], label_source=finals[-1]["label_source"])
