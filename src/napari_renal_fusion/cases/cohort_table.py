"""A cohort table as text: encodings, separators and headers as Excel and people write them."""

from __future__ import annotations

import csv
import io
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import RenalFusionError
from .names import readable

COLUMNS = (
    *("patient_id", "case_id", "biopsy_date", "modality", "path", "stain", "magnification"),
    *("pixel_size", "pixel_unit", "label", "label_source", "intensity", "page"),
    *("crop_top", "crop_left", "crop_height", "crop_width", "hospital", "scanner"),
)
REQUIRED = ("patient_id", "modality", "path")
_SAVE_AS = 'Save it in Excel as "CSV UTF-8".'


@dataclass(frozen=True)
class Table:
    """Rows as text: each with the number that a spreadsheet shows (the header is row 1)."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    unknown_columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]


def read_table(path: Path) -> Table:
    """Read a table; the separator is the one that finds most of our columns in the header.

    Raises
    ------
    RenalFusionError
        ``cohort_missing``, ``cohort_unreadable``, ``cohort_columns_missing`` or ``cohort_empty``.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a linked folder keeps its name
    text = _text(path)
    text = re.sub(r"\Asep=.\r?\n", "", text, flags=re.IGNORECASE)  # Excel's own hint, not a row
    if not text.strip():
        raise _empty(path)
    delimiter, records = max(
        ((delimiter, _records(text, delimiter, path)) for delimiter in ",;\t"),
        key=lambda found: len({_column(cell) for cell in found[1][0]} & set(COLUMNS)),
    )
    header = [_column(cell) for cell in records[0]]
    missing = [column for column in REQUIRED if column not in header]
    repeated = sorted({column for column in header if column in COLUMNS and header.count(column) > 1})
    if missing or repeated:
        what = (
            f"has no column {', '.join(missing)}"
            if missing
            else f"has twice the column {', '.join(repeated)}"
        )
        found = ", ".join(cell.strip() for cell in records[0] if cell.strip())[:200]
        raise RenalFusionError(
            "cohort_columns_missing" if missing else "cohort_columns_repeated",
            f"The table {readable(path)} {what} (found: {found})",
            path=path,
            remedy=f"The first row must name the columns; {', '.join(REQUIRED)} are needed.",
        )
    rows = tuple(
        (number, {column: cell.strip() for column, cell in zip(header, record, strict=False) if column})
        for number, record in enumerate(records[1:], start=2)
        if any(cell.strip() for cell in record)
    )
    if not rows:
        raise _empty(path)
    unknown = tuple(column for column in header if column and column not in COLUMNS)
    return Table(path, delimiter, tuple(header), unknown, rows)


def write_table(rows: list[dict[str, Any]], path: Path) -> None:
    """Write rows under all columns, complete or not at all; UTF-8 with the mark that Excel needs.

    Raises
    ------
    RenalFusionError
        ``cohort_not_written``.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    # Not tempfile: its files are closed to everybody else, and a table on a share is read by others.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(text.getvalue().encode("utf-8-sig"))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, UnicodeEncodeError) as error:
        with suppress(OSError):
            temporary.unlink()
        reason = getattr(error, "strerror", None) or error
        raise RenalFusionError(
            "cohort_not_written",
            f"The table {readable(path)} could not be written ({reason})",
            path=path,
            remedy="Close it in other programs, or choose a folder that you may write to and that has space.",
        ) from error


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise RenalFusionError(
            "cohort_missing",
            f"The table {readable(path)} does not exist",
            path=path,
            remedy="Check its name, and whether the drive is connected.",
        ) from None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error), "Check that you may read it.") from error
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _unreadable(path, "it is an Excel workbook", _SAVE_AS)
    encodings = ("utf-8-sig", "gb18030")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            if "\0" not in text:
                return text
    raise _unreadable(path, "its letters are neither UTF-8 nor GB18030", _SAVE_AS)


def _records(text: str, delimiter: str, path: Path) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise _unreadable(path, str(error), _SAVE_AS) from error


def _column(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", cell.strip().casefold())


def _empty(path: Path) -> RenalFusionError:
    return RenalFusionError(
        "cohort_empty",
        f"The table {readable(path)} has no rows",
        path=path,
        remedy=f"Add one row an image, with at least {', '.join(REQUIRED)}.",
    )


def _unreadable(path: Path, reason: str, remedy: str) -> RenalFusionError:
    return RenalFusionError(
        "cohort_unreadable", f"The table {readable(path)} cannot be read: {reason}", path=path, remedy=remedy
    )
