"""Understanding one cell of a cohort table: numbers, dates, units, intensities as people write them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from .calibration import LARGEST_UM, SMALLEST_UM, UM_PER_UNIT
from .pixel_size import PixelSize

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)
_UNITS = {
    **UM_PER_UNIT,
    "微米": 1.0,
    "纳米": 1e-3,
    # Excel's Western "um" with a micro sign, read as GB18030, is this one character.
    b"\xb5m".decode("gb18030"): 1.0,
}
_DATES = (
    re.compile(r"(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})[-/.](?P<d>[0-9]{1,2})"),
    re.compile(r"(?P<y>[0-9]{4})年(?P<m>[0-9]{1,2})月(?P<d>[0-9]{1,2})日"),
    re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
    re.compile(r"(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})\.(?P<y>[0-9]{4})"),
)
_INTENSITIES = {"neg": 0.0, "negative": 0.0, "-": 0.0, "阴性": 0.0, "±": 0.5, "+/-": 0.5, "trace": 0.5}


def number(text: str, delimiter: str = ",") -> float:
    """A number with a decimal point or comma.

    ``1,000`` in a table without semicolons may be a thousand or one: it is refused.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+", plain) and delimiter != ";":
        raise ValueError("may be a thousand or a fraction; write it without a comma")
    if "." not in plain and plain.count(",") == 1:
        plain = plain.replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise ValueError("is not a number")
    value = float(plain)
    if value in (float("inf"), float("-inf")):
        raise ValueError("is not a finite number")
    return value


def positive(text: str, delimiter: str = ",") -> float:
    """A number above 0."""
    value = number(text, delimiter)
    if value <= 0:
        raise ValueError("is not above 0")
    return value


def magnification(text: str, delimiter: str = ",") -> float:
    """A magnification, with or without its cross: ``400``, ``x400``, ``40×``."""
    return positive(text.strip().lower().strip("x\u00d7").strip(), delimiter)


def page(text: str, delimiter: str = ",") -> int:
    """A page, counted from 0."""
    value = number(text, delimiter)
    if value < 0 or not value.is_integer():
        raise ValueError("is not a page; pages are 0, 1, 2, ...")
    return int(value)


def rows(text: str, delimiter: str = ",") -> int:
    """Rows of a picture, 0 for none."""
    value = number(text, delimiter)
    if value < 0 or not value.is_integer():
        raise ValueError("is no number of rows")
    return int(value)


def intensity(text: str, delimiter: str = ",") -> float:
    """An intensity from 0 to 3: ``2``, ``++``, ``2+``, ``neg``, ``±``."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain in _INTENSITIES:
        return _INTENSITIES[plain]
    value = float(len(plain)) if set(plain) == {"+"} else number(plain.removesuffix("+"), delimiter)
    if not 0 <= value <= 3:
        raise ValueError("is not an intensity from 0 to 3")
    return value


def yes(text: str, delimiter: str = ",") -> bool:
    """Yes or no: ``yes``, ``true``, ``1``, ``x``, ``是``; ``no``, ``false``, ``0``, ``否``."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if plain in ("yes", "y", "true", "1", "x", "是"):
        return True
    if plain in ("no", "n", "false", "0", "否"):
        return False
    raise ValueError("is neither yes nor no")


def date(text: str, delimiter: str = ",") -> dt.date:
    """A date with the year first, or day.month.year; ``03/04/2024`` means two days and is refused."""
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = re.sub(r"[T ][0-9]{1,2}:[0-9:.]+$", "", plain)  # Excel adds midnight
    for pattern in _DATES:
        if found := pattern.fullmatch(plain):
            try:
                return dt.date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                raise ValueError("is not a day of the calendar") from None
    raise ValueError("is not a date; write it as 2024-03-05")


def unit(text: str, delimiter: str = ",") -> float:
    """Micrometres in a unit of length."""
    plain = text.strip().lower()
    if plain not in _UNITS:
        raise ValueError("is not a unit; write nm or um")
    return _UNITS[plain]


def pixel_size(value: float, unit_um: float) -> PixelSize:
    """A pixel size of ``value`` times ``unit_um`` micrometres, kept in nm if it was stated in nm."""
    um = value * unit_um
    if not SMALLEST_UM <= um <= LARGEST_UM:
        raise ValueError(f"a pixel size of {um:g} um is not possible; check pixel_size and pixel_unit")
    if unit_um < 1:
        return PixelSize(value=value * (unit_um / 1e-3), unit="nm", source="cohort.csv")
    return PixelSize(value=um, unit="um", source="cohort.csv")


PARSERS: dict[str, Callable[[str, str], Any]] = {
    "biopsy_date": date,
    "magnification": magnification,
    "pixel_size": positive,
    "pixel_unit": unit,
    "intensity": intensity,
    "page": page,
    "crop_top": number,
    "crop_left": number,
    "crop_height": positive,
    "crop_width": positive,
    "cut_out": yes,
    "legend": rows,
}


def problem_code(column: str) -> str:
    """The code of the problem that a cell of this column cannot be understood."""
    return {"biopsy_date": "date_unknown", "pixel_unit": "pixel_unit_unknown", "cut_out": "yes_or_no"}.get(
        column, "number_unknown"
    )
