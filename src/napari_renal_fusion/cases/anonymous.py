"""Whether an id can be written down: a number in a list says nothing about a person, a name or an accession does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from .case import Case
from .case_key import find_key
from .coding import coded
from .cohort import Cohort
from .work_folder import CODE_SIGNS

_WORDS = (
    "case", "patient", "pat", "pt", "biopsy", "bx", "sample", "phantom", "synthetic", "test", "train",
    "病例", "病人", "患者", "例",
)  # fmt: skip
_TOKEN = re.compile(rf"(?:{'|'.join(_WORDS)}|[a-z])?[0-9]{{1,4}}[a-z]?|{'|'.join(_WORDS)}")
_CODE = re.compile(f"[{CODE_SIGNS}]{{4,6}}")
# The barcodes of the public cohorts that benchmarks use.
_PUBLIC = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}(-.*)?")
# Accession numbers ("S24-1234", "24 123") and dates ("12-03-24", "2024-01") in short.
_NUMBERED = re.compile(
    r"(?<![0-9])(?:[0-9]{2}[\s_.-]+[0-9]{3,4}|(?:19|20)[0-9]{2}[\s_.-]+[0-9]{1,2}|[0-9]{1,4}(?:[\s_.-]+[0-9]{1,4}){2})(?![0-9])"
)
_MOST_DIGITS = 6


def is_anonymous(name: str) -> bool:
    """Whether a case id tells nothing about anybody: a case code, ``P001``, ``case-12``, ``P03-B1``, ``病例 7``.

    Anything that could be a name, initials, a date or an accession number is not; the rule errs on that side.
    """
    if len(name) == 1 or _CODE.fullmatch(name) or _PUBLIC.fullmatch(name):
        return True
    if _NUMBERED.search(name.casefold()):
        return False
    tokens = [one for one in re.split(r"[\s_.\-]+", name.casefold()) if one]
    digits = sum(one.isdigit() for one in name)
    return bool(tokens) and 0 < digits <= _MOST_DIGITS and all(_TOKEN.fullmatch(one) for one in tokens)


def with_codes(cohort: Cohort, source: Path) -> Cohort:
    """The cohort with a code for every case, if an id could name somebody or if it has codes already.

    Codes are kept in a key file beside the originals, or among this program's keys; what is known of a case in
    the work folder is applied. A source whose ids are all anonymous and that was never opened gets no codes.

    Raises
    ------
    RenalFusionError
        As :func:`.coded`.
    """
    if all(is_anonymous(case.case_id) for case in cohort.cases) and find_key(source) is None:
        return cohort
    return replace(cohort, cases=coded(cohort.cases, source))


def nameless(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The cases as they may be called in files: an id that could name somebody gives way to the case code.

    Cases keep their ids and lose their code where every id is anonymous already, so that an answer can be
    joined with the table that it came from.
    """
    return tuple(
        replace(case, code="")
        if is_anonymous(case.case_id)
        else replace(case, case_id=case.code or case.case_id)
        for case in cases
    )


def case_names(cases: Iterable[Case]) -> dict[str, str]:
    """What each case is called in files, by case id.

    An anonymous id ("P001") stays; else it is the case code, and where nobody gave one a number in the order of
    the ids.
    """
    called: dict[str, str] = {}
    cases = sorted(cases, key=lambda case: case.case_id)
    taken = {case.case_id for case in cases if is_anonymous(case.case_id)} | {case.code for case in cases}
    number = 0
    for case in cases:
        name = case.case_id if is_anonymous(case.case_id) else case.code
        while not name or name in called.values():
            number += 1
            name = f"case-{number}" if f"case-{number}" not in taken else ""
        called[case.case_id] = name
    return called


def patient_names(cases: Mapping[str, str], called: Mapping[str, str]) -> dict[str, str]:
    """What each patient is called in files, by patient id; ``cases`` are patient ids by case id.

    An anonymous id stays; else it is that of the patient's first case.
    """
    first: dict[str, str] = {}
    for case, patient in sorted(cases.items()):
        first.setdefault(patient, patient if is_anonymous(patient) else f"patient {called[case]}")
    return first
