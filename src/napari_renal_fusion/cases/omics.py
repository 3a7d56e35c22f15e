"""Omics and clinical values of patients: a table with one row a patient, its columns grouped into modalities."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import RenalFusionError
from ..notices import Notice
from .cohort_cells import number as number_of
from .names import readable
from .omics_file import OmicsFile, read_omics_file
from .omics_groups import KNOWN, Groups, group_columns

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "-", ".", "#n/a", "缺失"))
"""What counts as no value, in any letter case."""

# Columns that belong to a row (a slide, a sample) and not to the patient: they may differ between a patient's rows.
_OF_ROWS = re.compile(r"|unnamed.*|(?:slide|sample|aliquot|file|path|row|index).*", re.IGNORECASE)


@dataclass(frozen=True)
class OmicsBlock:
    """The values of one modality.

    ``columns`` [p] as the table names them, ``values`` float32 [n, p]; NaN is missing. A patient without any
    value does not have the modality.
    """

    columns: tuple[str, ...]
    values: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """Which patients have the modality, bool [n]."""
        return np.isfinite(self.values).any(axis=1)


@dataclass(frozen=True)
class OmicsRow:
    """What is known of one patient: modality -> column -> value; missing values are left out.

    Under ``""`` stand the columns of numbers that belong to no modality, such as age.
    """

    patient_id: str
    blocks: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class OmicsTable:
    """An omics table: one entry a patient, in the order of first rows.

    Attributes
    ----------
    patients
        [n] as written in the key column.
    blocks
        Modality -> values of these patients.
    other
        The remaining columns as text, [n] each; where a column belongs to rows (``slide_id``), the texts of a
        patient's rows, joined by ``"; "``.
    problems
        What the person should know: columns of no modality, empty columns, patients without a modality.
    source
        The file.
    """

    patients: tuple[str, ...]
    blocks: Mapping[str, OmicsBlock]
    other: Mapping[str, tuple[str, ...]]
    problems: tuple[Notice, ...] = ()
    source: Path | None = None
    delimiter: str = field(default=",", repr=False)

    def row(self, patient_id: str) -> OmicsRow:
        """Everything numeric about one patient.

        Raises
        ------
        KeyError
            The table does not have this patient.
        """
        if patient_id not in self.patients:
            raise KeyError(patient_id)
        place = self.patients.index(patient_id)
        blocks = {
            name: {
                column: float(value)
                for column, value in zip(block.columns, block.values[place], strict=True)
                if np.isfinite(value)
            }
            for name, block in self.blocks.items()
        }
        rest = {}
        for column, texts in self.other.items():
            value = _number_or_none(texts[place], self.delimiter)
            if column and value is not None:
                rest[column] = value
        return OmicsRow(patient_id, blocks | {"": rest})


def read_omics_table(path: Path | str, *, key: str | None = None, groups: Groups | None = None) -> OmicsTable:
    """Read a table with one row a patient: ``.csv``, ``.tsv``, or a zip of one (see ``docs/omics.md``).

    Rows that repeat a patient must say the same; only what belongs to a row (``slide_id``) may differ.

    Parameters
    ----------
    key
        Column that names the patient; by default ``patient_id``, ``case_id`` or another of
        ``omics_file.KEYS``.
    groups
        Modality -> ending (``"_rnaseq"``), beginning (``"rna_"``), column, or several of these; by default the
        known endings and beginnings that occur. An empty mapping asks for no modality at all.

    Raises
    ------
    RenalFusionError
        As :func:`read_omics_file` and :func:`group_columns`; ``omics_no_groups`` if no column belongs to a
        modality, ``omics_number_unknown`` for text among numbers, ``omics_key_empty``,
        ``omics_duplicate_differs``, ``omics_block_empty``.
    """
    file = read_omics_file(path, key=key)
    table = _table(file, groups)
    if not table.blocks and groups is None:
        known = ", ".join(f"_{word}" for word in KNOWN[:8])
        raise RenalFusionError(
            "omics_no_groups",
            f"No column of {readable(file.path)} has a known ending or beginning ({known} ...)",
            path=file.path,
            remedy="Say which columns make a modality: an ending such as _rnaseq, or their names.",
        )
    return table


def read_omics_row(path: Path | str, patient_id: str) -> OmicsRow:
    """The row of one patient: of a table with this one row, or the row that names the patient.

    Raises
    ------
    RenalFusionError
        As :func:`read_omics_table`, without the need for modalities; ``omics_patient_missing``.
    """
    file = read_omics_file(path, key_needed=False)
    if file.key is None:
        if len(file.rows) > 1:
            raise RenalFusionError(
                "omics_patient_missing",
                f"The table {readable(file.path)} has {len(file.rows)} rows and no column that names the patient",
                path=file.path,
                remedy=f"Leave one row, or add a column patient_id and write {patient_id} beside its row.",
            )
        file = OmicsFile(
            file.path,
            file.delimiter,
            ("patient_id", *file.columns),
            0,
            tuple((number, [patient_id, *cells]) for number, cells in file.rows),
            file.problems,
        )
    table = _table(file, None)
    if patient_id in table.patients:
        return table.row(patient_id)
    if len(table.patients) > 1:
        raise RenalFusionError(
            "omics_patient_missing",
            f"The table {readable(file.path)} has no row of patient {patient_id}",
            path=file.path,
            remedy="Check how the patient is written in it.",
        )
    return table.row(table.patients[0])


def _table(file: OmicsFile, groups: Groups | None) -> OmicsTable:
    assert file.key is not None
    content = [name if place != file.key else "" for place, name in enumerate(file.columns)]
    places = group_columns(content, groups, file.path)
    patients, first, texts = _one_row_a_patient(file)
    problems = list(file.problems)
    blocks = {}
    for name, mine in places.items():
        values = np.stack([_numbers(file, number, cells, mine) for number, cells in first])
        blocks[name] = OmicsBlock(tuple(file.columns[place] for place in mine), values)
        problems += _missing(file, name, blocks[name], first)
    taken = {place for mine in places.values() for place in mine} | {file.key}
    rest = [place for place in range(len(file.columns)) if place not in taken]
    if shown := [file.columns[place] for place in rest if file.columns[place]]:
        problems.append(
            Notice(
                code="omics_columns_ungrouped",
                message=f"{_listed(shown)} belong{'s' if len(shown) == 1 else ''} to no modality.",
                severity="info",
                path=file.path,
                row=1,
            )
        )
    other = {file.columns[place]: tuple(texts[patient][place] for patient in patients) for place in rest}
    return OmicsTable(tuple(patients), blocks, other, tuple(problems), file.path, file.delimiter)


def _one_row_a_patient(
    file: OmicsFile,
) -> tuple[list[str], list[tuple[int, list[str]]], dict[str, list[str]]]:
    """Patients, the first row of each, and their texts; later rows must say the same."""
    first: dict[str, tuple[int, list[str]]] = {}
    texts: dict[str, list[str]] = {}
    of_rows = [bool(_OF_ROWS.fullmatch(name)) for name in file.columns]
    for number, cells in file.rows:
        patient = cells[file.key]
        if not patient:
            raise RenalFusionError(
                "omics_key_empty",
                f"Row {number} of {readable(file.path)} has nothing in {file.columns[file.key]}",
                path=file.path,
                remedy="Every row must name its patient.",
            )
        if patient not in first:
            first[patient], texts[patient] = (number, cells), list(cells)
            continue
        earlier, same = first[patient]
        for place, (one, two) in enumerate(zip(same, cells, strict=True)):
            if one == two:
                continue
            if of_rows[place]:
                texts[patient][place] += f"; {two}"
            elif not _equal(one, two, file.delimiter):
                raise RenalFusionError(
                    "omics_duplicate_differs",
                    f"Patient {patient} stands in row {earlier} and in row {number} with different values of "
                    f"{file.columns[place]} ({one or 'nothing'} and {two or 'nothing'})",
                    path=file.path,
                    remedy="Keep one row a patient, or make its rows say the same.",
                )
    return list(first), list(first.values()), texts


def _numbers(file: OmicsFile, number: int, cells: Sequence[str], places: Sequence[int]) -> np.ndarray:
    """float32 [p] of one row; NaN where nothing stands."""
    texts = [cells[place] for place in places]
    plain = ["nan" if text.casefold() in MISSING else text for text in texts]
    joined = "".join(plain)
    # One call for the row: a table has a million cells. What only float() takes (1_000, inf) goes the slow way.
    if "_" not in joined and "inf" not in joined.casefold():
        try:
            return _float32(np.array(plain, dtype=np.float64))
        except (ValueError, OverflowError):
            pass
    values = np.full(len(texts), np.nan)
    for i, (text, place) in enumerate(zip(plain, places, strict=True)):
        if text == "nan":
            continue
        try:
            values[i] = number_of(text, file.delimiter)
            _float32(values[i : i + 1])
        except (ValueError, OverflowError) as error:
            said = str(error) if isinstance(error, ValueError) else "is too large"
            raise RenalFusionError(
                "omics_number_unknown",
                f"Row {number}, column {file.columns[place]} of {readable(file.path)}: {texts[i]!r} {said}",
                path=file.path,
                remedy="Write a number, or leave the cell empty if there is none.",
            ) from error
    return _float32(values)


def _float32(values: np.ndarray) -> np.ndarray:
    if (np.abs(values) > np.finfo(np.float32).max).any():
        raise OverflowError
    return values.astype(np.float32)


def _number_or_none(text: str, delimiter: str) -> float | None:
    if text.casefold() in MISSING:
        return None
    try:
        return number_of(text, delimiter)
    except ValueError:
        return None


def _equal(one: str, two: str, delimiter: str) -> bool:
    if one.casefold() in MISSING and two.casefold() in MISSING:
        return True
    a, b = _number_or_none(one, delimiter), _number_or_none(two, delimiter)
    return a is not None and a == b


def _missing(
    file: OmicsFile, name: str, block: OmicsBlock, first: Sequence[tuple[int, list[str]]]
) -> list[Notice]:
    """Notices about columns and patients without values; a modality that nobody has is an error."""
    if not block.present.any():
        raise RenalFusionError(
            "omics_block_empty",
            f"No patient of {readable(file.path)} has a value of {name}: its columns are empty ({len(block.columns)})",
            path=file.path,
            remedy=f"Leave {name} out, or check the table.",
        )
    problems = []
    empty = ~np.isfinite(block.values).any(axis=0)
    if empty.any():
        names = [column for column, nothing in zip(block.columns, empty, strict=True) if nothing]
        message = f"{_listed(names)} of {name} {'has' if len(names) == 1 else 'have'} no value in any row."
        problems.append(Notice(code="omics_column_empty", message=message, path=file.path, row=1))
    for place in np.flatnonzero(~block.present):
        number, cells = first[place]
        message = f"Row {number}: patient {cells[file.key]} has no value of {name}."
        problems.append(
            Notice(
                code="omics_modality_missing", message=message, severity="info", path=file.path, row=number
            )
        )
    return problems


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"{'Column' if len(names) == 1 else 'Columns'} {shown}{more}"
