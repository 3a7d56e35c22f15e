"""Reading ``cohort.csv``: one row an image, every problem reported at once; and writing it."""

from __future__ import annotations

import os
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any

from ..errors import RenalFusionError
from ..notices import Notice
from . import cohort_cells as cells
from .case import Case, ImageItem
from .cohort import Cohort
from .cohort_table import Table, read_table, write_table
from .image_formats import UNSUPPORTED_SUFFIXES, unsupported
from .modality import Modality
from .names import is_slide_folder, modality_of_folder, natural_key, readable, stain_of
from .pixel_size import PixelSize
from .placement import Box
from .sidecar import read_answer
from .slide_files import DICOM_SUFFIXES, UNREAD_SUFFIXES, unsupported_slide
from .slide_item import SlideItem
from .slide_scale import check_answer

# What all rows of a case must agree on, and the code of the problem if they do not.
_TWO_VALUES = {
    "label": "case_two_labels",
    "biopsy_date": "case_two_dates",
    "hospital": "case_two_hospitals",
}


def read_cohort_csv(path: Path | str) -> Cohort:
    """Read a table with one row an image or slide (modality ``WSI`` or ``slide``); see ``docs/files.md`` for its columns.

    Only ``patient_id``, ``modality`` and ``path`` are required. Paths are relative to the table. A
    row that cannot be used is left out, a cell that cannot be used is left empty, and each becomes a
    problem of the cohort and a notice of its case; severity "error" means that the table must be
    corrected before training on it. A case with two labels has none.

    Raises
    ------
    RenalFusionError
        ``cohort_missing``, ``cohort_unreadable``, ``cohort_columns_missing`` or ``cohort_empty``.
    """
    table = read_table(Path(path))
    reader = _Reader(table)
    for number, row in table.rows:
        reader.add(number, row)
    return reader.cohort()


def write_cohort_csv(cohort: Cohort, path: Path | str) -> None:
    """Write a cohort as a table that :func:`read_cohort_csv` and Excel read.

    Paths below the table's folder are written relative to it. A pixel size is written only where a
    table or a person stated it, of a slide also an answer that is remembered; the file's own stays in
    the file. A case without images and slides has no row.
    The table appears complete or not at all.

    Raises
    ------
    RenalFusionError
        ``cohort_image_unsaved`` for an image that is in memory only, ``cohort_not_written``.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a linked folder keeps its name
    rows = [
        row(case, item, path.parent)
        for case in cohort.cases
        for row, items in ((_row, case.images), (_slide_row, case.slides))
        for item in items
    ]
    write_table(rows, path)


def _row(case: Case, image: ImageItem, folder: Path) -> dict[str, Any]:
    if image.pixels is not None:
        raise RenalFusionError(
            "cohort_image_unsaved",
            f"An image of case {case.case_id} ({image.name}) is not a file",
            path=image.path,
            remedy="Save it as TIFF or PNG and add the file to the case.",
        )
    crop = image.crop
    return {
        **_shared(case, image.modality.value, image.path, image.stain, image.stated_pixel_size, folder),
        "magnification": image.magnification,
        "intensity": image.intensity,
        "page": image.page or None,
        "crop_top": crop.top if crop else None,
        "crop_left": crop.left if crop else None,
        "crop_height": crop.height if crop else None,
        "crop_width": crop.width if crop else None,
        "cut_out": "yes" if image.is_cut else None,
        "legend": image.legend,
        "scanner": image.scanner,
    }


def _slide_row(case: Case, slide: SlideItem, folder: Path) -> dict[str, Any]:
    size = slide.stated_pixel_size
    if size is None:
        with suppress(RenalFusionError):  # a slide that is away has no answer to pass on
            size = read_answer(slide.path)
    return _shared(case, "WSI", slide.path, slide.stain, size, folder)


def _shared(
    case: Case, modality: str, path: Path, stain: str | None, size: PixelSize | None, folder: Path
) -> dict[str, Any]:
    shown = path
    with suppress(ValueError):  # elsewhere: its full path
        shown = Path(os.path.abspath(path)).relative_to(folder)  # noqa: PTH100
    return {
        "patient_id": case.patient_id,
        "case_id": case.case_id,
        "biopsy_date": case.biopsy_date,
        "modality": modality,
        "path": shown.as_posix(),
        "stain": stain,
        "pixel_size": size.value if size else None,
        "pixel_unit": size.unit if size else None,
        "label": case.label,
        "label_source": case.label_source,
        "hospital": case.hospital,
    }


@dataclass
class _CaseRows:
    """What the rows of one case say, until all have been read."""

    patient_id: str
    images: list[ImageItem] = field(default_factory=list)
    slides: list[SlideItem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    said: dict[str, dict[Any, int]] = field(default_factory=dict)  # column -> value -> first row


class _Reader:
    """Turns rows into cases and collects what is wrong with them."""

    def __init__(self, table: Table):
        self.table = table
        self.folder = table.path.parent
        self.cases: dict[str, _CaseRows] = {}
        self.problems: list[Notice] = []
        self.seen: dict[
            str, tuple[int, str, Modality | None]
        ] = {}  # file -> row, case, modality; None: a slide
        self.used: dict[tuple, int] = {}  # file, page, crop -> row
        if table.unknown_columns:
            self._problem(
                "cohort_column_unknown",
                f"These columns are not used: {', '.join(table.unknown_columns)}.",
                row=1,
                severity="info",
            )

    def add(self, number: int, row: dict[str, str]) -> None:
        """Add one row."""
        missing = [column for column in ("patient_id", "modality", "path") if not row.get(column)]
        if missing:
            self._problem(
                "cohort_value_missing", f"Row {number} has no {' and no '.join(missing)}.", row=number
            )
            return
        case_id = row.get("case_id") or row["patient_id"]
        case = self.cases.setdefault(case_id, _CaseRows(row["patient_id"]))
        if case.patient_id != row["patient_id"]:
            self._problem(
                "case_two_patients",
                f"Row {number}: case {case_id} belongs to patient {case.patient_id} in an earlier row and to "
                f"{row['patient_id']} here. The row is left out.",
                row=number,
                case=case,
            )
            return
        self._note_case_values(number, row, case)
        if modality_of_folder(row["modality"]) is None and is_slide_folder(row["modality"]):
            slide = self._slide(number, row, case_id, case)
            if slide:
                case.slides.append(slide)
            return
        image = self._image(number, row, case_id, case)
        if image:
            case.images.append(image)

    def cohort(self) -> Cohort:
        """Put the rows together."""
        cases = []
        for case_id, rows in self.cases.items():
            values = {column: self._one_value(case_id, rows, column) for column in _TWO_VALUES}
            if not rows.images and not rows.slides:
                self._problem(
                    "case_without_images",
                    f"Case {case_id} has no usable image.",
                    case=rows,
                    row=next(iter(rows.said["row"])),
                )
            order = list(Modality)
            cases.append(
                Case(
                    case_id=case_id,
                    patient_id=rows.patient_id,
                    images=tuple(sorted(rows.images, key=lambda image: order.index(image.modality))),
                    label_source="; ".join(rows.said["label_source"]) or None,
                    notices=tuple(rows.notices),
                    slides=tuple(rows.slides),
                    **values,
                )
            )
        labels = sorted({case.label for case in cases if case.label}, key=natural_key)
        return Cohort(tuple(cases), tuple(labels), problems=tuple(self.problems), source=self.table.path)

    def _problem(
        self,
        code: str,
        message: str,
        *,
        row: int,
        case: _CaseRows | None = None,
        severity: str = "error",
        path: Path | None = None,
    ) -> None:
        notice = Notice(code=code, message=message, severity=severity, path=path or self.table.path, row=row)
        self.problems.append(notice)
        if case is not None:
            case.notices.append(notice)

    def _cell(self, number: int, row: dict[str, str], column: str, case: _CaseRows) -> Any:
        """The value of an optional cell; one that cannot be understood is a problem and counts as empty."""
        text = row.get(column, "")
        if not text:
            return None
        try:
            return cells.PARSERS[column](text, self.table.delimiter)
        except ValueError as error:
            message = f"Row {number}: {column} {text!r} {error}."
            self._problem(cells.problem_code(column), message, row=number, case=case)
            return None

    def _note_case_values(self, number: int, row: dict[str, str], case: _CaseRows) -> None:
        case.said.setdefault("row", {}).setdefault(number, number)
        for column in ("label", "label_source", "hospital"):
            values = case.said.setdefault(column, {})
            if row.get(column):
                values.setdefault(row[column], number)
        dates = case.said.setdefault("biopsy_date", {})
        date = self._cell(number, row, "biopsy_date", case)
        if date:
            dates.setdefault(date, number)

    def _one_value(self, case_id: str, rows: _CaseRows, column: str) -> Any:
        """The one value that all rows of a case agree on; None and a problem if they do not."""
        values = rows.said[column]
        if len(values) > 1:
            listed = ", ".join(f"{value} (row {number})" for value, number in values.items())
            self._problem(
                _TWO_VALUES[column],
                f"Case {case_id} has several values of {column}: {listed}. None is used.",
                row=list(values.values())[1],
                case=rows,
            )
            return None
        return next(iter(values), None)

    def _image(self, number: int, row: dict[str, str], case_id: str, case: _CaseRows) -> ImageItem | None:
        modality = modality_of_folder(row["modality"])
        if modality is None:
            message = f"Row {number}: modality {row['modality']!r} is unknown; write OM, IM, TEM or WSI."
            self._problem("modality_unknown", message, row=number, case=case)
            return None
        path = self._file(number, row["path"], case)
        before = len(case.notices)
        page = self._cell(number, row, "page", case) or 0
        crop = self._crop(number, row, case)
        # A wrong page or crop is another picture, so the image is left out; other cells are left empty.
        if path is None or len(case.notices) > before:
            return None
        if self._repeated(number, row, case_id, case, modality, path, (page, crop)):
            return None
        return ImageItem(
            path,
            modality,
            stain=self._stain(row, modality, path),
            magnification=self._cell(number, row, "magnification", case),
            page=page,
            intensity=self._cell(number, row, "intensity", case),
            stated_pixel_size=self._pixel_size(number, row, case),
            crop=crop,
            is_cut=bool(self._cell(number, row, "cut_out", case)),
            legend=self._cell(number, row, "legend", case),
            scanner=row.get("scanner") or None,
        )

    def _slide(self, number: int, row: dict[str, str], case_id: str, case: _CaseRows) -> SlideItem | None:
        """The slide of a row: a file, or a folder of DICOM files."""
        text = row["path"]
        path = self._found(text, folders=True)
        if path is None or (path.is_dir() and not _holds_dicom(path)):
            message = (
                f"Row {number}: the slide {text} does not exist (looked for it in {readable(self.folder)})."
            )
            self._problem("slide_missing", message, row=number, case=case, path=self.folder / text)
            return None
        if path.suffix.lower() in UNREAD_SUFFIXES:
            message = f"Row {number}: {unsupported_slide(Path(text))}"
            self._problem("slide_format_unsupported", message, row=number, case=case, path=path)
            return None
        if self._repeated(number, row, case_id, case, None, path, ()):
            return None
        size = self._pixel_size(number, row, case)
        if size is not None:
            try:
                check_answer(path, size.um)
            except RenalFusionError as error:
                message = f"Row {number}: {error}"
                self._problem("pixel_size_implausible", message, row=number, case=case, path=path)
                size = None
        return SlideItem(path, stain=self._stain(row, Modality.OM, path), stated_pixel_size=size)

    def _found(self, text: str, *, folders: bool = False) -> Path | None:
        """The file that a row names; also if it was written on Windows or macOS."""
        candidates = [text, PureWindowsPath(text).as_posix()]
        candidates += [unicodedata.normalize(form, candidates[1]) for form in ("NFC", "NFD")]
        with suppress(OSError, ValueError):  # a name that the system cannot even look for
            paths = (self.folder / name for name in candidates)
            return next((path for path in paths if path.is_file() or (folders and path.is_dir())), None)
        return None

    def _file(self, number: int, text: str, case: _CaseRows) -> Path | None:
        """The image file that a row names, if it is one that is read."""
        found = self._found(text)
        if found is None:
            message = (
                f"Row {number}: the image {text} does not exist (looked for it in {readable(self.folder)})."
            )
            self._problem("image_missing", message, row=number, case=case, path=self.folder / text)
        elif known := UNSUPPORTED_SUFFIXES.get(found.suffix.lower()):
            message = f"Row {number}: {unsupported(Path(text), *known)}"
            self._problem("image_format_unsupported", message, row=number, case=case, path=found)
            return None
        return found

    def _crop(self, number: int, row: dict[str, str], case: _CaseRows) -> Box | None:
        columns = ("crop_top", "crop_left", "crop_height", "crop_width")
        before = len(case.notices)
        values = [self._cell(number, row, column, case) for column in columns]
        if len(case.notices) > before or values == [None] * 4:
            return None
        if None in values:
            message = f"Row {number}: a crop needs {', '.join(columns)}; some are empty."
            self._problem("crop_incomplete", message, row=number, case=case)
            return None
        return Box(*values)

    def _pixel_size(self, number: int, row: dict[str, str], case: _CaseRows):
        value = self._cell(number, row, "pixel_size", case)
        unit_um = self._cell(number, row, "pixel_unit", case)
        if value is None:
            return None
        if unit_um is None:
            if not row.get("pixel_unit"):
                message = f"Row {number}: pixel_size needs pixel_unit (nm or um)."
                self._problem("pixel_unit_unknown", message, row=number, case=case)
            return None
        try:
            return cells.pixel_size(value, unit_um)
        except ValueError as error:
            self._problem("pixel_size_implausible", f"Row {number}: {error}.", row=number, case=case)
            return None

    def _stain(self, row: dict[str, str], modality: Modality, path: Path) -> str | None:
        """The stain as written, by its usual name; guessed from the file's name only without such a column."""
        if "stain" in self.table.columns:
            text = row.get("stain", "")
            return stain_of(text, modality) or text or None
        return stain_of(path.stem, modality)

    def _repeated(
        self,
        number: int,
        row: dict[str, str],
        case_id: str,
        case: _CaseRows,
        modality: Modality | None,
        path: Path,
        part: tuple,
    ) -> bool:
        """Say whether a row repeats an earlier one, or uses its file for another case or modality."""
        file = os.path.normcase(os.path.realpath(path))
        first, first_case, first_modality = self.seen.setdefault(file, (number, case_id, modality))
        twice = self.used.setdefault((file, *part), number)
        if first_case != case_id:
            code, reason = "image_two_cases", f"belongs to case {first_case} in row {first}"
        elif first_modality is not modality:
            code, reason = "image_two_modalities", f"is {_title(first_modality)} in row {first}"
        elif twice != number:
            code, reason = "image_twice", f"is already listed in row {twice}"
        else:
            return False
        what = "image" if modality else "slide"
        message = f"Row {number}: the {what} {row['path']} {reason}. The row is left out."
        self._problem(code, message, row=number, case=case, path=path)
        return True


def _title(modality: Modality | None) -> str:
    return modality.title if modality else "Slide (WSI)"


def _holds_dicom(folder: Path) -> bool:
    with suppress(OSError):
        return any(entry.suffix.lower() in DICOM_SUFFIXES for entry in folder.iterdir())
    return False
