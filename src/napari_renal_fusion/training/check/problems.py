"""What reading the cohort already noticed, as findings."""

from __future__ import annotations

from collections.abc import Iterator

from ...notices import Notice
from .facts import CohortFacts
from .finding import Finding

_LABELS = frozenset(("case_two_labels",))
_PATIENTS = ("case_", "patient_", "date_", "folder_", "cohort_")
_CALIBRATION = ("pixel_",)


def problems(facts: CohortFacts) -> Iterator[Finding]:
    """Every problem of the cohort and every notice of its cases, once, with the cases concerned."""
    cases: dict[tuple, list[str]] = {}
    notices: dict[tuple, Notice] = {}
    for notice in facts.cohort.problems:
        notices.setdefault(_key(notice), notice)
    for one in facts.cases:
        for notice in one.case.notices:
            notices.setdefault(_key(notice), notice)
            cases.setdefault(_key(notice), []).append(one.case.case_id)
    for key, notice in notices.items():
        concerned = tuple(dict.fromkeys(cases.get(key, ())))
        # A folder's notice names the file only; a table's names the row.
        where = f"Case {concerned[0]}: " if len(concerned) == 1 and notice.row is None else ""
        message = notice.message if not where or concerned[0] in notice.message else where + notice.message
        yield Finding(
            code=notice.code,
            group=_group(notice.code),
            severity=notice.severity,
            message=message,
            cases=concerned,
        )


def _key(notice: Notice) -> tuple:
    return notice.code, notice.message, notice.row, notice.path


def _group(code: str) -> str:
    if code in _LABELS:
        return "Labels"
    if code.startswith(_CALIBRATION):
        return "Calibration"
    return "Patients" if code.startswith(_PATIENTS) else "Images"
