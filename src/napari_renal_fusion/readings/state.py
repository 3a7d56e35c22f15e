"""The state of a case on the worklist, from its log and record alone: no image is opened, no file of it touched."""

from __future__ import annotations

from typing import Literal

from ..cases import Case, Modality
from ..cases.record import read_record
from ..cases.work_folder import WorkFolder
from ..errors import RenalFusionError
from .log import CaseLog
from .reading import reading_of

CaseState = Literal["to sort", "to read", "sealed", "read", "awaiting electron images", "refused", "disagree"]


def case_state(code: str, work: WorkFolder | None = None, case: Case | None = None) -> CaseState:
    """The last step that a case has come to; before the reveal nothing in it hints at what the model said.

    ``refused`` is a revealed "no opinion"; ``disagree`` a revealed opinion that is not the reader's. A log that
    cannot be read counts as empty.
    """
    if not code:
        return "to sort"
    work = work or WorkFolder()
    try:
        entries = CaseLog(code, work).entries()
    except RenalFusionError:
        entries = ()
    steps = [
        one for one in entries if one["kind"] in ("run", "revealed", "changed") and not one.get("what_if")
    ]
    version = (
        steps[-1].get("version", "") if steps else ""
    )  # as the case is now: every change of it is a step
    reading = reading_of(entries, version)
    if reading.revealed is not None:
        if reading.revealed["status"] != "answered":
            return "refused"
        return "disagree" if reading.disagrees else "read"
    if any(one["kind"] == "run" and one.get("version") == version for one in steps):
        return "sealed"
    return "awaiting electron images" if _awaits(code, work, case) else "to read"


def _awaits(code: str, work: WorkFolder, case: Case | None) -> bool:
    """Whether electron images are expected: the sorter asked; of other cases, there are images and none of them is one."""
    if case is not None and case.case_id != code:  # opened as it is: nobody was asked
        return bool(case.images) and not case.of(Modality.TEM)
    try:
        record = read_record(code, work)
    except RenalFusionError:
        return False
    return record is not None and Modality.TEM in record.awaiting
