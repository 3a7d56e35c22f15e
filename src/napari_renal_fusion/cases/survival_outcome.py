"""How long each patient was followed, and whether the event came: read from an omics or clinical table."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RenalFusionError
from .cohort_cells import number
from .names import readable
from .omics import MISSING, OmicsTable


@dataclass(frozen=True)
class SurvivalOutcome:
    """``time`` from time zero to the event or to the last contact, in the table's unit; ``event`` False: censored."""

    time: float
    event: bool


def survival_outcomes(
    table: OmicsTable, *, time: str = "survival_months", censored: str = "censorship"
) -> dict[str, SurvivalOutcome]:
    """The outcome of every patient who has one.

    Parameters
    ----------
    time
        Column of the follow-up times, 0 or more.
    censored
        Column of 1 for censored (alive, or without the event, at last contact) and 0 for the event.

    Returns
    -------
    dict
        Patient -> outcome; a patient for whom both cells are empty is left out.

    Raises
    ------
    RenalFusionError
        ``survival_column_missing``, ``survival_time_wrong``, ``survival_censoring_wrong``.
    """
    columns = {name: _texts(table, name) for name in (time, censored)}
    outcomes = {}
    for place, patient in enumerate(table.patients):
        when, flag = (columns[name][place].strip() for name in (time, censored))
        if when.casefold() in MISSING and flag.casefold() in MISSING:
            continue
        months = _number(when, table.delimiter)
        if months is None or months < 0:
            raise _wrong(
                "survival_time_wrong", table, patient, time, when, "Write a number that is 0 or more."
            )
        kind = _number(flag, table.delimiter)
        if kind not in (0.0, 1.0):
            raise _wrong(
                "survival_censoring_wrong",
                table,
                patient,
                censored,
                flag,
                "Write 1 for censored, 0 for the event.",
            )
        outcomes[patient] = SurvivalOutcome(months, kind == 0.0)
    return outcomes


def _texts(table: OmicsTable, name: str) -> tuple[str, ...]:
    if name in table.other:
        return table.other[name]
    for block in table.blocks.values():
        if name in block.columns:
            column = block.values[:, block.columns.index(name)]
            return tuple("" if value != value else repr(float(value)) for value in column)
    raise RenalFusionError(
        "survival_column_missing",
        f"The table {readable(table.source or '')} has no column {name!r}",
        path=table.source,
        remedy="Say which columns hold the follow-up time and the censoring (1 = censored).",
    )


def _number(text: str, delimiter: str) -> float | None:
    try:
        return number(text, delimiter)
    except ValueError:
        return None


def _wrong(
    code: str, table: OmicsTable, patient: str, column: str, text: str, remedy: str
) -> RenalFusionError:
    said = f"is {text!r}" if text else "is empty"
    return RenalFusionError(
        code, f"The {column} of patient {patient} {said}", path=table.source, remedy=remedy
    )
