"""Tables as text: encodings and separators as Excel, R and people write them."""

from __future__ import annotations

import csv
import io
import re
from contextlib import suppress
from pathlib import Path

from ..errors import RenalFusionError
from .names import readable

_SAVE_AS = 'Save it in Excel as "CSV UTF-8".'


def read_bytes(path: Path, kind: str) -> bytes:
    """All bytes of a table; ``kind`` ("cohort", "omics") begins the code of every error here.

    Raises
    ------
    RenalFusionError
        ``<kind>_missing`` or ``<kind>_unreadable``.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise RenalFusionError(
            f"{kind}_missing",
            f"The table {readable(path)} does not exist",
            path=path,
            remedy="Check its name, and whether the drive is connected.",
        ) from None
    except OSError as error:
        raise unreadable(path, kind, error.strerror or str(error), "Check that you may read it.") from error


def decoded(data: bytes, path: Path, kind: str) -> str:
    """Text of a table in UTF-8 (with or without its mark), UTF-16 with its mark, or GB18030.

    Excel's own hint of the separator (``sep=;`` in a first line) is not part of it.

    Raises
    ------
    RenalFusionError
        ``<kind>_unreadable``, also for an Excel workbook.
    """
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise unreadable(path, kind, "it is an Excel workbook", _SAVE_AS)
    encodings = ("utf-8-sig", "gb18030")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            if "\0" not in text:
                return re.sub(r"\Asep=.\r?\n", "", text, flags=re.IGNORECASE)
    raise unreadable(path, kind, "its letters are neither UTF-8 nor GB18030", _SAVE_AS)


def records(text: str, delimiter: str, path: Path, kind: str) -> list[list[str]]:
    """Cells of every record, header included.

    Raises
    ------
    RenalFusionError
        ``<kind>_unreadable`` for quotes or line ends that make no table.
    """
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise unreadable(path, kind, str(error), _SAVE_AS) from error


def unreadable(path: Path, kind: str, reason: str, remedy: str) -> RenalFusionError:
    """The error that a table cannot be read."""
    return RenalFusionError(
        f"{kind}_unreadable", f"The table {readable(path)} cannot be read: {reason}", path=path, remedy=remedy
    )
