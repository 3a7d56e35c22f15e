"""What is known of a case and its images beyond the files themselves, kept in the work folder without any name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..compute.atomic import write_text
from ..errors import RenalFusionError
from .case import Case, ImageItem
from .modality import Modality
from .pixel_size import PixelSize
from .placement import Box
from .work_folder import WorkFolder

RECORD_FILE = "case.json"
_FORMAT = 1


class ImageRecord(BaseModel):
    """One image, under its image id ("OM-1").

    ``sha256`` is the hash of the file's content, ``page`` counts from 0. ``legend`` is the number of rows at
    the bottom that a person says a burnt-in legend takes, 0 for none; None: as the picture looks. ``sorted_by`` says
    who decided what the image is, ``sure`` from 0 to 1 how certain the rule was. ``intensity`` (0 to 3),
    ``pattern`` and ``location`` are a person's reading of an antibody.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    modality: Modality
    sha256: str = ""
    page: int = 0
    stain: str | None = None
    magnification: float | None = None
    pixel_size: PixelSize | None = None
    crop: tuple[float, float, float, float] | None = None
    intensity: float | None = Field(None, ge=0, le=3)
    pattern: str | None = None
    location: str | None = None
    is_excluded: bool = False
    legend: int | None = Field(None, ge=0)
    sorted_by: Literal["rule", "person"] = "rule"
    sure: float = Field(1.0, ge=0, le=1)


class CaseRecord(BaseModel):
    """One case. ``awaiting`` lists modalities that are expected later. Fields of newer versions are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    format: int = _FORMAT
    code: str
    images: Mapping[str, ImageRecord] = {}
    awaiting: tuple[Modality, ...] = ()

    def with_image(self, image_id: str, **changes: object) -> CaseRecord:
        """The record with some fields of one image changed; checked as when read.

        Raises
        ------
        KeyError
            If the case has no such image.
        """
        changed = ImageRecord.model_validate({**self.images[image_id].model_dump(), **changes})
        return self.model_copy(update={"images": {**self.images, image_id: changed}})


def read_record(code: str, work: WorkFolder | None = None) -> CaseRecord | None:
    """The record of a case, None if there is none.

    Raises
    ------
    RenalFusionError
        ``record_damaged``, ``record_newer`` or ``case_code_invalid``.
    """
    place = (work or WorkFolder()).case(code) / RECORD_FILE
    try:
        text = place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _damaged(code, place, error.strerror or str(error)) from error
    try:
        record = CaseRecord.model_validate_json(text)
    except ValidationError as error:
        raise _damaged(code, place, f"{error.error_count()} entries cannot be understood") from error
    if record.format > _FORMAT:
        raise RenalFusionError(
            "record_newer",
            f"The record of case {code} was written by a newer version of this program",
            path=place,
            remedy="Update napari-renal-fusion.",
        )
    return record


def write_record(record: CaseRecord, work: WorkFolder | None = None) -> Path:
    """Write a record, complete or not at all; returns its file.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    place = (work or WorkFolder()).case(record.code) / RECORD_FILE
    write_text(place, record.model_dump_json(indent=1, exclude_none=True) + "\n")
    return place


def record_of(case: Case, earlier: CaseRecord | None = None) -> CaseRecord:
    """The record of a case as it stands; what a case does not carry is taken from ``earlier``.

    Images without an image id are left out: they were not sorted.
    """
    images = dict(earlier.images) if earlier else {}
    for image in case.images:
        if not image.image_id:
            continue
        old = images.get(image.image_id) or ImageRecord(modality=image.modality)
        images[image.image_id] = old.model_copy(
            update={
                "modality": image.modality,
                "page": image.page,
                "stain": image.stain,
                "magnification": image.magnification,
                "pixel_size": image.stated_pixel_size,
                "crop": _numbers(image.crop),
                "intensity": image.intensity,
                "legend": image.legend,
            }
        )
    if earlier:
        return earlier.model_copy(update={"images": images})
    return CaseRecord(code=case.code, images=images)


def full_record(case: Case, earlier: CaseRecord | None) -> CaseRecord:
    """The stored record with the images that it lacks; what it says of the others stands, whatever ``case`` says."""
    fresh = record_of(case)
    return earlier.model_copy(update={"images": {**fresh.images, **earlier.images}}) if earlier else fresh


def apply_record(case: Case, record: CaseRecord) -> Case:
    """The case with what its record says of each image; excluded images are left out, originals stay."""
    images = tuple(
        _applied(image, record.images.get(image.image_id))
        for image in case.images
        if not (image.image_id in record.images and record.images[image.image_id].is_excluded)
    )
    return replace(case, code=record.code, images=images)


def _applied(image: ImageItem, known: ImageRecord | None) -> ImageItem:
    if known is None:
        return image
    return replace(
        image,
        modality=known.modality,
        stain=known.stain,
        magnification=known.magnification,
        page=known.page,
        intensity=known.intensity,
        stated_pixel_size=known.pixel_size,
        crop=None if known.crop is None else Box(*known.crop),
        legend=known.legend,
    )


def _numbers(crop: Box | None) -> tuple[float, float, float, float] | None:
    return None if crop is None else (crop.top, crop.left, crop.height, crop.width)


def _damaged(code: str, place: Path, reason: str) -> RenalFusionError:
    return RenalFusionError(
        "record_damaged",
        f"The record of case {code} cannot be read ({reason})",
        path=place,
        remedy="Restore it from a backup of the work folder, or move it away: the images are then judged anew.",
    )
