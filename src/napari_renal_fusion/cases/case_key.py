"""The key file: which patient a case code is, and which file an image id; it stays with the originals."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..compute.atomic import write_text
from ..compute.places import config_dir
from ..errors import RenalFusionError
from .names import readable

KEY_FILE = "renal-fusion-key.json"
_FORMAT = 1


class KeyImage(BaseModel):
    """One image's original: path below the source (absolute for a selection of files), content, page, bytes.

    ``crop`` (top, left, height, width) is what a table states: two parts of one file are two images.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    sha256: str
    page: int = 0
    size: int = 0
    crop: tuple[float, float, float, float] | None = None


class CaseKey(BaseModel):
    """One case code, whose it is, and its images by image id.

    ``label`` is the accession number or date that the file names state. ``last`` is the highest number given
    to an image of each modality: an id is never given twice.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    patient_id: str
    label: str = ""
    images: dict[str, KeyImage] = {}
    last: dict[str, int] = {}


class KeyFile(BaseModel):
    """All cases of one source; ``source`` is its folder, or "" for a selection of files.

    ``as_found``: the cases were opened as the folders or the table have them; nobody sorted them.
    """

    model_config = ConfigDict(frozen=True)

    format: int = _FORMAT
    note: str = "Links case codes to patients. Keep it with the originals; never send it with results."
    source: str = ""
    as_found: bool = False
    cases: tuple[CaseKey, ...] = ()


Source = Path | Sequence[Path]


def key_places(source: Source) -> tuple[Path, ...]:
    """Where the key of a source may lie: in the folder itself, then among this program's keys."""
    return ((source / KEY_FILE,) if isinstance(source, Path) else ()) + (_elsewhere(source),)


def has_key(folder: Path) -> bool:
    """Whether a folder was sorted before; a key that cannot be read counts, so that opening says what is wrong."""
    if not any(place.is_file() for place in key_places(folder)):
        return False
    try:
        key = find_key(folder)
    except RenalFusionError:
        return True
    return key is not None and not key.as_found


def find_key(source: Source) -> KeyFile | None:
    """The key of a folder, or of a selection of files; None if it was never sorted.

    A selection is recognised by any of its files.

    Raises
    ------
    RenalFusionError
        ``key_damaged``, or ``key_newer`` if a newer version of this program wrote it.
    """
    for place in key_places(source):
        if (key := _read(place)) is not None:
            return key
    if isinstance(source, Path):
        return None
    wanted = {str(path) for path in source}
    for place in sorted((config_dir() / "keys").glob("*.json")):
        key = _read(place)
        if key and any(image.path in wanted for case in key.cases for image in case.images.values()):
            return key
    return None


def write_key(source: Source, key: KeyFile, *, beside: bool = True) -> Path:
    """Write the key with the originals, or, where that is refused or not wanted, among this program's keys.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable`` if neither place can be written.
    """
    text = key.model_dump_json(indent=1) + "\n"
    places = key_places(source)
    if beside and isinstance(source, Path) and not places[-1].is_file():
        try:
            write_text(places[0], text)
            return places[0]
        except RenalFusionError as error:
            if error.code == "disk_full":
                raise
    write_text(places[-1], text)
    return places[-1]


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal.

    Raises
    ------
    RenalFusionError
        ``image_unreadable``.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        from .image_formats import unreadable

        raise unreadable(path, error) from error


def _elsewhere(source: Source) -> Path:
    text = str(source) if isinstance(source, Path) else "\n".join(sorted(str(path) for path in source))
    name = hashlib.sha256(os.path.normcase(text).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return config_dir() / "keys" / f"{name}.json"


def _read(place: Path) -> KeyFile | None:
    try:
        text = place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _damaged(place, error.strerror or str(error)) from error
    try:
        key = KeyFile.model_validate_json(text)
    except ValidationError as error:
        raise _damaged(place, f"{error.error_count()} entries cannot be understood") from error
    if key.format > _FORMAT:
        raise RenalFusionError(
            "key_newer",
            f"The key file {readable(place)} was written by a newer version of this program",
            path=place,
            remedy="Update napari-renal-fusion.",
        )
    return key


def _damaged(place: Path, reason: str) -> RenalFusionError:
    return RenalFusionError(
        "key_damaged",
        f"The key file {readable(place)} cannot be read ({reason})",
        path=place,
        remedy="Restore it from a backup, or move it away and sort the folder again under a new code.",
    )
