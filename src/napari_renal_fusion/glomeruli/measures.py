"""Sizes and counts of glomeruli, and their table."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..cases import PixelSize
from ..compute.atomic import write_text
from .outline import Outline

UNCLASSIFIED = "(no class)"


@dataclass(frozen=True)
class Measures:
    """Sizes of one outline; those in micrometres are None on an uncalibrated image.

    The equivalent diameter is that of the circle of the same area, 2 sqrt(area / pi). Area is without the
    holes, perimeter is that of the outer line.
    """

    number: int
    id: str
    class_name: str
    name: str
    locked: bool
    area_um2: float | None
    perimeter_um: float | None
    equivalent_diameter_um: float | None
    area_px: float
    perimeter_px: float
    equivalent_diameter_px: float
    parts: int
    holes: int


def measure(outlines: Iterable[Outline], pixel_size: PixelSize | None) -> tuple[Measures, ...]:
    """Measure outlines in their order, numbered from 1."""
    um = None if pixel_size is None else pixel_size.um
    return tuple(_measures(number, outline, um) for number, outline in enumerate(outlines, start=1))


def count_by_class(outlines: Iterable[Outline]) -> dict[str, int]:
    """How many there are of each class, the commonest first; those without one under ``(no class)``."""
    return dict(Counter(outline.class_name or UNCLASSIFIED for outline in outlines).most_common())


def write_measures(
    path: Path | str, measures: Sequence[Measures], *, names: bool = True, more: Sequence[Mapping] = ()
) -> None:
    """Write a CSV in UTF-8 that Excel opens.

    ``names=False`` leaves out what people called their outlines; ``more`` holds further columns, one
    mapping a row.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    rows = [_row(one) | dict(more[n] if more else {}) for n, one in enumerate(measures)]
    columns = list(rows[0]) if rows else list(Measures.__dataclass_fields__)
    columns = [column for column in columns if names or column != "name"]
    text = io.StringIO()
    table = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(path, "\ufeff" + text.getvalue())


def _measures(number: int, outline: Outline, um: float | None) -> Measures:
    area, perimeter = outline.area_px, outline.perimeter_px
    diameter = 2 * math.sqrt(area / math.pi)
    return Measures(
        number=number,
        id=outline.id,
        class_name=outline.class_name or "",
        name=outline.name,
        locked=outline.locked,
        area_um2=None if um is None else area * um**2,
        perimeter_um=None if um is None else perimeter * um,
        equivalent_diameter_um=None if um is None else diameter * um,
        area_px=area,
        perimeter_px=perimeter,
        equivalent_diameter_px=diameter,
        parts=len(outline.parts),
        holes=sum(len(part) - 1 for part in outline.parts),
    )


def _row(one: Measures) -> dict[str, object]:
    return {name: _cell(value) for name, value in asdict(one).items()}


def _cell(value: object) -> object:
    """Numbers to six digits, nothing for None, and no text that a spreadsheet would take for a formula."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")):
        return "'" + value
    return "" if value is None else value
