"""Finding the slides in a folder for slides; nothing is opened."""

from __future__ import annotations

from pathlib import Path

from ..errors import RenalFusionError
from ..notices import Notice
from .listing import Listing, folder_ignored, try_listing
from .modality import Modality
from .names import readable, stain_of
from .slide_files import (
    DICOM_SUFFIXES,
    SLIDE_FOLDER_SUFFIXES,
    UNREAD_SUFFIXES,
    not_a_slide,
    unsupported_slide,
)
from .slide_item import SlideItem


def add_slide_folder(
    path: Path, slides: list[SlideItem], notices: list[Notice], stain: str | None = None
) -> None:
    """Add the slides of a folder: files, folders of DICOM files, and folders that are named after a stain.

    DICOM files that lie directly in the folder are one slide, whose path is the folder. The folder beside
    an MRXS file is a part of it.
    """
    try:
        folder = Listing(path)
    except RenalFusionError as error:
        notices.append(Notice.from_error(error))
        return
    if _holds_dicom(folder):
        slides.append(SlideItem(path, stain=stain or stain_of(path.name, Modality.OM)))
    for name, size in folder.files:
        if Path(name).suffix.lower() not in DICOM_SUFFIXES:
            add_slide(path / name, size, slides, notices, stain)
    for name in folder.open_folders:
        inner = try_listing(path / name)
        named = stain_of(name, Modality.OM)
        if name in folder.mrxs_folders:
            continue
        if inner and _holds_dicom(inner):
            slides.append(SlideItem(path / name, stain=stain or named))
        elif inner and named and stain is None:
            add_slide_folder(path / name, slides, notices, named)
        else:
            notices.append(folder_ignored(path / name))


def add_slide(
    path: Path, size: int, slides: list[SlideItem], notices: list[Notice], stain: str | None = None
) -> None:
    """Add one slide, or a notice that says why it is left out."""
    suffix, name = path.suffix.lower(), Path(path.name)
    if suffix in UNREAD_SUFFIXES:
        notices.append(_left_out(unsupported_slide(name), path))
    elif suffix not in SLIDE_FOLDER_SUFFIXES:
        notices.append(_left_out(not_a_slide(name), path))
    elif size == 0:
        message = f"{readable(path.name)} is left out: it is empty (0 bytes). Copy it again from the scanner or the archive."
        notices.append(Notice(code="slide_empty", message=message, path=path))
    else:
        slides.append(SlideItem(path, stain=stain or stain_of(path.stem, Modality.OM)))


def _holds_dicom(folder: Listing) -> bool:
    return any(Path(name).suffix.lower() in DICOM_SUFFIXES for name, _ in folder.files)


def _left_out(error: RenalFusionError, path: Path) -> Notice:
    return Notice(code=error.code, message=str(error), path=path)
