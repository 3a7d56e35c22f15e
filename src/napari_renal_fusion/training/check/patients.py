"""Patients: several biopsies, labels that contradict each other, ids written in two ways."""

from __future__ import annotations

from collections.abc import Iterator

from .facts import CohortFacts
from .finding import Finding
from .words import count, some


def patients(facts: CohortFacts) -> Iterator[Finding]:
    """Several biopsies (they stay together), one id in two spellings, two labels of one patient."""
    several = {patient: cases for patient, cases in facts.patients.items() if len(cases) > 1}
    if several:
        said = [
            f"{facts.patient_id(patient)} ({some([one.case.case_id for one in cases])})"
            for patient, cases in several.items()
        ]
        many = len(several) > 1
        yield Finding(
            code="patient_several_biopsies",
            group="Patients",
            severity="info",
            message=f"{count(len(several), 'patient')} {'have' if many else 'has'} several biopsies: "
            f"{some(said)}. The biopsies of a patient stay on one side of every fold.",
            cases=tuple(one.case.case_id for cases in several.values() for one in cases),
        )
    for cases in several.values():
        written = sorted({one.case.patient_id for one in cases})
        if len(written) > 1:
            yield Finding(
                code="patient_spelled_twice",
                group="Patients",
                severity="warning",
                message=f"The patient ids {some([repr(one) for one in written])} differ in spaces or letter case "
                "only and are taken as one patient.",
                remedy="Write the id of a patient always the same way.",
                cases=tuple(one.case.case_id for one in cases),
            )
        labels = {one.case.label for one in cases if one.case.label}
        if len(labels) > 1:
            said = some([f"{one.case.case_id}: {one.case.label}" for one in cases if one.case.label])
            yield Finding(
                code="patient_two_labels",
                group="Patients",
                severity="error",
                message=f"Patient {cases[0].case.patient_id} has contradicting labels ({said}).",
                remedy="Give every biopsy of a patient the same label, or leave the others out of the cohort.",
                cases=tuple(one.case.case_id for one in cases),
            )
