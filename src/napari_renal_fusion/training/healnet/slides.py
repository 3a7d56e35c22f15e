"""Which slide or feature file belongs to which patient of a run, and the features of each."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ...errors import RenalFusionError

FEATURE_SUFFIXES = (".h5", ".hdf5")
SLIDE_SUFFIXES = (
    ".svs",
    ".ndpi",
    ".mrxs",
    ".scn",
    ".tif",
    ".tiff",
    ".dcm",
    ".vms",
    ".vmu",
    ".bif",
    ".svslide",
)
_ENDS = 2**20
_SLIDE_WORDS = ("wsi", "slide", "slides", "切片")


class SlideSource(BaseModel):
    """One file of a patient: a slide whose features are made here, or a file of features.

    ``stated_um`` is the pixel size that a person stated, in um. ``fingerprint`` (size and SHA-256 of both
    ends of the file) tells whether a resumed run still reads what it began with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    kind: Literal["slide", "features"]
    stated_um: float | None = None
    fingerprint: str = ""

    @classmethod
    def of(cls, path: Path, stated_um: float | None = None) -> SlideSource:
        """The source for a file, by its suffix.

        Raises
        ------
        RenalFusionError
            ``slide_missing`` or ``slide_kind_unknown``.
        """
        path = Path(path).absolute()
        suffix = path.suffix.lower()
        if not path.is_file():
            raise RenalFusionError(
                "slide_missing", f"There is no file {path}", path=path, remedy="Correct the table of slides."
            )
        if suffix in FEATURE_SUFFIXES:
            return cls(path=path, kind="features", fingerprint=fingerprint(path))
        if suffix in SLIDE_SUFFIXES:
            return cls(path=path, kind="slide", stated_um=stated_um, fingerprint=fingerprint(path))
        raise RenalFusionError(
            "slide_kind_unknown",
            f"{path.name} is neither a slide nor a file of features",
            path=path,
            remedy=f"Slides end with {', '.join(SLIDE_SUFFIXES)}, features with .h5.",
        )


def fingerprint(path: Path) -> str:
    """Size and SHA-256 of both ends of a file; a slide of gigabytes is not read for it."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(_ENDS))
        if size > _ENDS:
            file.seek(max(_ENDS, size - _ENDS))
            digest.update(file.read(_ENDS))
    return f"{size}-{digest.hexdigest()[:32]}"


def find_slides(
    where: Path | str, patients: Sequence[str], slide_ids: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[SlideSource, ...]]:
    """Slides or feature files of each patient.

    ``where`` is a table with the columns ``patient_id`` and ``path`` (``pixel_size`` in um if stated), or a
    folder: a file belongs to the patient in whose folder it lies, whose slide id (``slide_ids``, from the
    table of omics) its name is, or with whose id its name begins. Where a slide lies beside its features, the
    features are taken.

    Raises
    ------
    RenalFusionError
        ``slides_missing``, ``slides_table_columns``, ``slides_none`` if not one file belongs to a patient.
    """
    where = Path(where).absolute()
    if where.is_file():
        given = _from_table(where)
    elif where.is_dir():
        given = _from_folder(where, patients, slide_ids or {})
    else:
        raise RenalFusionError(
            "slides_missing",
            f"There are no slides at {where}",
            path=where,
            remedy="Give a folder of slides or of feature files, or a table with patient_id and path.",
        )
    found = {name: files for name, files in given.items() if name in set(patients)}
    if not found:
        raise RenalFusionError(
            "slides_none",
            f"No slide of {where.name} belongs to a patient of the table",
            path=where,
            remedy="Let the files begin with the patient's id, or give a table with patient_id and path.",
        )
    return found


def _from_table(path: Path) -> dict[str, tuple[SlideSource, ...]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not {"patient_id", "path"} <= set(rows[0]):
        raise RenalFusionError(
            "slides_table_columns",
            f"{path.name} needs the columns patient_id and path",
            path=path,
            remedy="Write one row a slide.",
        )
    found: dict[str, list[SlideSource]] = {}
    for row in rows:
        if (
            row.get("modality") or "WSI"
        ).strip().casefold() not in _SLIDE_WORDS:  # a cohort.csv has images too
            continue
        stated = _number(row.get("pixel_size"), row.get("pixel_unit"), path)
        file = Path(row["path"].strip())
        source = SlideSource.of(file if file.is_absolute() else path.parent / file, stated)
        found.setdefault(row["patient_id"].strip(), []).append(source)
    return {name: tuple(files) for name, files in found.items()}


def _number(text: str | None, unit: str | None, path: Path) -> float | None:
    """Pixel size in um of the cells of a table; None for an empty one."""
    text = (text or "").strip()
    if not text:
        return None
    try:
        value = float(text) / (1000 if (unit or "").strip().casefold() == "nm" else 1)
    except ValueError:
        value = 0.0
    if not 0 < value < 1000:
        raise RenalFusionError(
            "pixel_size_invalid",
            f"{path.name}: {text!r} is not a pixel size in um",
            path=path,
            remedy="Write a number such as 0.25, or leave the cell empty.",
        )
    return value


def _from_folder(
    folder: Path, patients: Sequence[str], slide_ids: Mapping[str, Sequence[str]]
) -> dict[str, tuple[SlideSource, ...]]:
    owner = {Path(name).stem: patient for patient, names in slide_ids.items() for name in names}
    files = [
        one
        for one in sorted(folder.rglob("*"))
        if one.suffix.lower() in FEATURE_SUFFIXES + SLIDE_SUFFIXES and one.is_file()
    ]
    known = set(patients)
    longest = sorted(known, key=len, reverse=True)
    with_features = {one.stem for one in files if one.suffix.lower() in FEATURE_SUFFIXES}
    found: dict[str, list[SlideSource]] = {}
    for path in files:
        if path.suffix.lower() in SLIDE_SUFFIXES and path.stem in with_features:
            continue
        patient = owner.get(path.stem)
        patient = patient or next(
            (part for part in path.relative_to(folder).parts[:-1] if part in known), None
        )
        patient = patient or next((one for one in longest if _begins(path.stem, one)), None)
        if patient is not None:
            found.setdefault(patient, []).append(SlideSource.of(path))
    return {name: tuple(sources) for name, sources in found.items()}


def _begins(stem: str, patient: str) -> bool:
    """P1_a and P1 belong to P1, P10 does not."""
    return stem == patient or (stem.startswith(patient) and not stem[len(patient)].isalnum())
