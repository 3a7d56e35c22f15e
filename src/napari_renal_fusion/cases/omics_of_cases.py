"""Giving the cases of a cohort their rows of an omics table."""

from __future__ import annotations

from dataclasses import replace

from ..notices import Notice
from .cohort import Cohort
from .names import readable
from .omics import OmicsTable


def with_omics(cohort: Cohort, table: OmicsTable) -> Cohort:
    """The same cohort with each case's row, found by patient or case id; it replaces the one of the case's folder.

    What does not fit becomes a problem of severity "info" or, if no id fits, "error".
    """
    known = set(table.patients)
    cases = []
    without = []
    for case in cohort.cases:
        name = next((one for one in (case.patient_id, case.case_id) if one in known), None)
        if name is None:
            without.append(case.case_id)
            cases.append(case)
        else:
            cases.append(replace(case, omics=table.row(name)))
    problems = list(table.problems)
    if without:
        nobody = len(without) == len(cohort.cases)
        shown = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
        problems.append(
            Notice(
                code="omics_cases_without_row",
                message=f"The table {readable(table.source or 'of omics')} has no row of {shown}."
                + (" Its ids are written in another way." if nobody else ""),
                severity="error" if nobody else "info",
                path=table.source,
            )
        )
    return replace(cohort, cases=tuple(cases), problems=(*cohort.problems, *problems))
