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
from .csv_text import decoded, read_bytes, records
from .names import readable

COLUMNS = (
    *("patient_id", "case_id", "biopsy_date", "modality", "path", "stain", "magnification"),
    *("pixel_size", "pixel_unit", "label", "label_source", "intensity", "page"),
    *("crop_top", "crop_left", "crop_height", "crop_width", "cut_out", "legend", "hospital", "scanner"),
)
REQUIRED = ("patient_id", "modality", "path")


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
    text = decoded(read_bytes(path, "cohort"), path, "cohort")
    if not text.strip():
        raise _empty(path)
    delimiter, lines = max(
        ((delimiter, records(text, delimiter, path, "cohort")) for delimiter in ",;\t"),
        key=lambda found: len({_column(cell) for cell in found[1][0]} & set(COLUMNS)),
    )
    header = [_column(cell) for cell in lines[0]]
    missing = [column for column in REQUIRED if column not in header]
    repeated = sorted({column for column in header if column in COLUMNS and header.count(column) > 1})
    if missing or repeated:
        what = (
            f"has no column {', '.join(missing)}"
            if missing
            else f"has twice the column {', '.join(repeated)}"
        )
        found = ", ".join(cell.strip() for cell in lines[0] if cell.strip())[:200]
        raise RenalFusionError(
            "cohort_columns_missing" if missing else "cohort_columns_repeated",
            f"The table {readable(path)} {what} (found: {found})",
            path=path,
            remedy=f"The first row must name the columns; {', '.join(REQUIRED)} are needed.",
        )
    rows = tuple(
        (number, {column: cell.strip() for column, cell in zip(header, record, strict=False) if column})
        for number, record in enumerate(lines[1:], start=2)
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


def _column(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", cell.strip().casefold())


def _empty(path: Path) -> RenalFusionError:
    return RenalFusionError(
        "cohort_empty",
        f"The table {readable(path)} has no rows",
        path=path,
        remedy=f"Add one row an image, with at least {', '.join(REQUIRED)}.",
    )
