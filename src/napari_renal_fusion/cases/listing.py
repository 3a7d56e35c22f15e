"""What lies in one folder, and whether that makes it a case."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import RenalFusionError
from ..notices import Notice
from .image_formats import IMAGE_SUFFIXES, UNSUPPORTED_SUFFIXES
from .modality import Modality
from .names import is_slide_folder, modality_of_file, modality_of_folder, natural_key, readable
from .slide_files import SLIDE_FOLDER_SUFFIXES, SLIDE_SUFFIXES

# Results, records and masks that people and programs keep beside a case's images.
QUIET_FOLDERS = frozenset(
    (
        *("truth", "mask", "masks", "crops", "thumbs", "thumbnails", "overlays", "results", "reports"),
        *("__macosx", "@eadir"),
    )
)
LAYOUT = (
    "A case is a folder with the subfolders OM, IM and TEM (or LM, IF, EM, 光镜, 免疫荧光, 电镜), WSI for slides, "
    "or with files named OM_1.jpg, IM_1.jpg, TEM_1.jpg."
)


OMICS_FILES = ("omics.csv", "omics.csv.zip", "omics.tsv")
"""A table of this name in a case's folder holds its row of omics and clinical values."""


class Listing:
    """The folders and image files in one folder, hidden and other files left out, in natural order.

    Nothing is opened: a cohort of thousands of images on a share must list in a moment.

    Raises
    ------
    RenalFusionError
        ``case_folder_missing``, ``case_folder_is_file`` or ``case_folder_unreadable``.
    """

    def __init__(self, path: Path):
        self.path = path
        self.folders: list[str] = []
        self.files: list[tuple[str, int]] = []  # name, bytes
        self.omics: str | None = None  # name of the table of omics
        self._inner: dict[str, Listing | None] = {}
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    self._add(entry)
        except OSError as error:
            raise unlistable(path, error) from error
        self.folders.sort(key=natural_key)
        self.files.sort(key=lambda file: natural_key(os.path.splitext(file[0])[0]))  # noqa: PTH122

    def _add(self, entry: os.DirEntry[str]) -> None:
        if entry.name.startswith((".", "~$", "$")):
            return
        if entry.is_dir():
            self.folders.append(entry.name)
            return
        if entry.name.casefold() in OMICS_FILES:
            self.omics = entry.name
            return
        suffix = _suffix(entry.name)
        if suffix in IMAGE_SUFFIXES or suffix in UNSUPPORTED_SUFFIXES:
            try:
                size = entry.stat().st_size
            except OSError:  # a dangling link; reading the image will say so
                size = -1
            self.files.append((entry.name, size))

    @property
    def empty(self) -> bool:
        return not self.folders and not self.files and self.omics is None

    @property
    def open_folders(self) -> list[str]:
        """Subfolders that may hold originals."""
        return [name for name in self.folders if name.casefold() not in QUIET_FOLDERS]

    @property
    def is_case(self) -> bool:
        """Whether a subfolder or a file carries the name of a modality, or there are whole slides or omics.

        A table of omics beside folders belongs to several patients.
        """
        if self.omics is not None and not self.open_folders:
            return True
        return any(self.modality_of(name) for name in self.folders) or self.is_flat or self.has_slides

    @property
    def is_flat(self) -> bool:
        """Whether it is a patient's folder of the authors: images named by modality directly in it."""
        return any(modality_of_file(name) for name, _ in self.files)

    @property
    def has_slides(self) -> bool:
        """Whether slides lie directly in it or in a subfolder for slides; a folder of patients is not one."""
        if any(_suffix(name) in SLIDE_SUFFIXES for name, _ in self.files):
            return True
        inner = (self.inner(name) for name in self.folders if is_slide_folder(name))
        return any(
            listing and any(_suffix(name) in SLIDE_FOLDER_SUFFIXES for name, _ in listing.files)
            for listing in inner
        )

    @property
    def mrxs_folders(self) -> frozenset[str]:
        """Subfolders that hold the pixels of an MRXS slide beside them."""
        return frozenset(name[: -len(".mrxs")] for name, _ in self.files if _suffix(name) == ".mrxs")

    def inner(self, name: str) -> Listing | None:
        """The listing of a subfolder, read once; None if it cannot be read."""
        if name not in self._inner:
            self._inner[name] = try_listing(self.path / name)
        return self._inner[name]

    def modality_of(self, name: str) -> Modality | None:
        """Modality of a subfolder; a folder called ``EM 001`` that holds OM and TEM is itself a case."""
        modality = modality_of_folder(name)
        if modality is None:
            return None
        inner = self.inner(name)
        return None if inner and any(modality_of_folder(folder) for folder in inner.folders) else modality


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a Path a file is slow


def try_listing(path: Path) -> Listing | None:
    """The listing of a folder, or None if it cannot be read."""
    try:
        return Listing(path)
    except RenalFusionError:
        return None


def folder_ignored(path: Path) -> Notice:
    """The notice for a folder that is passed over."""
    message = f"The folder {readable(path.name)} in {readable(path.parent.name)} is not looked into."
    return Notice(code="folder_ignored", message=message, severity="info", path=path)


def not_a_case(folder: Listing) -> RenalFusionError:
    """The error for a folder in which there is no case."""
    if folder.empty:
        return RenalFusionError(
            "case_folder_empty",
            f"The folder {readable(folder.path)} holds no images and no folders",
            path=folder.path,
            remedy=LAYOUT,
        )
    return RenalFusionError(
        "case_folder_unrecognised",
        f"No case was recognised in the folder {readable(folder.path)}",
        path=folder.path,
        remedy=LAYOUT,
    )


def unlistable(path: Path, error: OSError) -> RenalFusionError:
    """The error for a folder that the operating system does not list."""
    if isinstance(error, FileNotFoundError):
        return RenalFusionError(
            "case_folder_missing",
            f"The folder {readable(path)} does not exist",
            path=path,
            remedy="Check its name, and whether the drive is connected.",
        )
    if isinstance(error, NotADirectoryError):
        return RenalFusionError(
            "case_folder_is_file",
            f"{readable(path)} is a file, not a case folder",
            path=path,
            remedy=f"Choose the folder that contains it. {LAYOUT}",
        )
    return RenalFusionError(
        "case_folder_unreadable",
        f"The folder {readable(path)} cannot be read ({error.strerror or error})",
        path=path,
        remedy="Check that you may read it and that the drive or network share is connected.",
    )
