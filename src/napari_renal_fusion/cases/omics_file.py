"""An omics table as text: one file or one zipped file, its header, and rows that fit under it."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import RenalFusionError
from ..notices import Notice
from .csv_text import decoded, read_bytes, records, unreadable
from .names import readable

LARGEST_BYTES = 2 * 1024**3
"""A table inside a zip that claims or turns out to be larger is not unpacked."""

KEYS = (
    "patient_id",
    "case_id",
    "patient",
    "case",
    "patientid",
    "caseid",
    "submitter_id",
    "bcr_patient_barcode",
)
"""Columns that name the patient, in the order in which they are looked for (letter case does not matter)."""

_ONE_ROW_A_PATIENT = (
    "The table must have one row a patient and one column that names the patient (patient_id or case_id); "
    "if genes are its rows, transpose it."
)


@dataclass(frozen=True)
class OmicsFile:
    """Header and rows of a table, as text.

    ``rows`` have the number that a spreadsheet shows (the header is row 1) and one cell for each of ``columns``;
    ``key`` is the place of the column that names the patient, ``None`` if there is none.
    """

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    key: int | None
    rows: tuple[tuple[int, list[str]], ...]
    problems: tuple[Notice, ...]


def read_omics_file(path: Path | str, *, key: str | None = None, key_needed: bool = True) -> OmicsFile:
    """Read ``.csv``, ``.tsv``, ``.txt`` or a zip that holds one of them.

    Parameters
    ----------
    key
        The column that names the patient; by default the first of :data:`KEYS` that there is.
    key_needed
        Whether a table without such a column is refused.

    Raises
    ------
    RenalFusionError
        ``omics_missing``, ``omics_unreadable``, ``omics_empty``, ``omics_key_missing``,
        ``omics_columns_repeated``, ``omics_row_long`` or ``omics_truncated``.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a linked folder keeps its name
    text = decoded(_unzipped(read_bytes(path, "omics"), path), path, "omics")
    if not text.strip():
        raise _empty(path)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    lines = records(text, delimiter, path, "omics")
    header = tuple(cell.strip() for cell in lines[0])
    _refuse_repeated(header, path)
    place = _key(header, key, path, key_needed)
    problems: list[Notice] = []
    rows = tuple(_rows(lines, header, path, text.endswith(("\n", "\r")), problems))
    if not rows:
        raise _empty(path)
    return OmicsFile(path, delimiter, header, place, rows, tuple(problems))


def _unzipped(data: bytes, path: Path) -> bytes:
    """The table inside a zip; anything else as it is."""
    if not data.startswith(b"PK\x03\x04"):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [one for one in archive.infolist() if _is_content(one)]
            if any(one.filename == "[Content_Types].xml" for one in files):
                return data  # an Excel workbook: the reader of text says so
            if len(files) != 1:
                raise unreadable(
                    path, "omics", f"it holds {len(files)} files", "Zip the table alone, or unpack it."
                )
            if files[0].flag_bits & 1:
                raise unreadable(path, "omics", "it is encrypted", "Unpack it with its password first.")
            with archive.open(files[0]) as file:
                unpacked = file.read(LARGEST_BYTES + 1)  # not the size it claims
            if len(unpacked) > LARGEST_BYTES:
                reason = f"unpacked it is larger than {LARGEST_BYTES // 1024**3} GiB"
                raise unreadable(path, "omics", reason, "Keep only the columns that are used.")
            return unpacked
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise unreadable(
            path, "omics", f"the zip is damaged ({error})", "Copy or download it again."
        ) from error


def _is_content(one: zipfile.ZipInfo) -> bool:
    return not one.is_dir() and not one.filename.startswith("__MACOSX/")


def _refuse_repeated(header: tuple[str, ...], path: Path) -> None:
    repeated = [name for name, count in Counter(header).items() if name and count > 1]
    if repeated:
        places = [i + 1 for i, name in enumerate(header) if name == repeated[0]]
        more = f" ({len(repeated) - 1} other names too)" if len(repeated) > 1 else ""
        raise RenalFusionError(
            "omics_columns_repeated",
            f"The table {readable(path)} has the column {repeated[0]} {len(places)} times, "
            f"as columns {', '.join(map(str, places))}{more}",
            path=path,
            remedy="Every column needs a name of its own.",
        )


def _key(header: tuple[str, ...], key: str | None, path: Path, needed: bool) -> int | None:
    names = [name.casefold().replace(" ", "_").replace("-", "_") for name in header]
    if key is not None:
        if key in header:
            return header.index(key)
        wanted = f"no column {key!r}"
    else:
        for one in KEYS:
            if one in names:
                return names.index(one)
        if not needed:
            return None
        wanted = "no column that names the patient"
    shown = ", ".join(name for name in header if name)[:120]
    raise RenalFusionError(
        "omics_key_missing",
        f"The table {readable(path)} has {wanted} (its columns: {shown} ...)",
        path=path,
        remedy=_ONE_ROW_A_PATIENT,
    )


def _rows(
    lines: list[list[str]], header: tuple[str, ...], path: Path, ended: bool, problems: list[Notice]
) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) < len(header):
            if number == len(lines) and not ended:
                raise RenalFusionError(
                    "omics_truncated",
                    f"The table {readable(path)} ends in the middle of row {number} "
                    f"({len(line)} of {len(header)} cells)",
                    path=path,
                    remedy="It was cut off; copy or download it again.",
                )
            problems.append(
                Notice(
                    code="omics_row_short",
                    message=f"Row {number} has {len(line)} of {len(header)} cells; the others count as missing.",
                    path=path,
                    row=number,
                )
            )
            line = line + [""] * (len(header) - len(line))
        elif any(cell.strip() for cell in line[len(header) :]):
            raise RenalFusionError(
                "omics_row_long",
                f"Row {number} of {readable(path)} has {len(line)} cells under {len(header)} columns",
                path=path,
                remedy="A separator inside a cell shifts all others: put such text in quotes.",
            )
        yield number, [cell.strip() for cell in line[: len(header)]]


def _empty(path: Path) -> RenalFusionError:
    return RenalFusionError(
        "omics_empty",
        f"The table {readable(path)} has no rows",
        path=path,
        remedy="Its first row names the columns; one row a patient must follow.",
    )
