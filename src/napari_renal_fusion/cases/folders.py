"""Finding the cases and images in folders; nothing is opened, only names and sizes are looked at."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from ..errors import RenalFusionError
from ..notices import Notice
from .case import Case, ImageItem
from .cohort import Cohort
from .image_formats import IMAGE_SUFFIXES, UNSUPPORTED_SUFFIXES, unsupported
from .modality import Modality
from .names import (
    doubtful_modality,
    is_slide_folder,
    modality_of_file,
    modality_of_folder,
    natural_key,
    readable,
    stain_of,
)

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
# Results, records and masks that people and programs keep beside a case's images.
_QUIET_FOLDERS = frozenset(
    "truth masks mask crops thumbnails thumbs overlays results reports __macosx @eadir renal-fusion".split()
)
_LAYOUT = (
    "A case is a folder with the subfolders OM, IM and TEM (or LM, IF, EM, 光镜, 免疫荧光, 电镜), "
    "or with files named OM_1.jpg, IM_1.jpg, TEM_1.jpg."
)


def open_cases(path: Path | str) -> Cohort:
    """Open whatever a person points at: a case folder, a folder of cases, or a ``cohort.csv``.

    A folder that holds a ``cohort.csv`` is read through it. A single case becomes a cohort of one.

    Raises
    ------
    RenalFusionError
        If there is nothing there that can be opened; the codes of the three readers.
    """
    path = _absolute(path)
    if path.is_file():
        if path.suffix.lower() not in _TABLE_SUFFIXES:
            raise RenalFusionError(
                "case_folder_is_file",
                f"{readable(path)} is a file, not a case folder or a cohort table",
                path=path,
                remedy=f"Choose the folder of the case. {_LAYOUT}",
            )
        return Cohort.from_csv(path)
    if (path / "cohort.csv").is_file():
        return Cohort.from_csv(path / "cohort.csv")
    folder = _Listing(path)
    if folder.is_case:
        return _cohort([_case(folder)], [], path)
    return _read_cohort(folder)


def read_case_folder(path: Path | str) -> Case:
    """Read one case: ``<case>/OM|IM|TEM/*`` or files named ``OM_*``, ``IM_*``, ``TEM_*``.

    The folder's name is the id of both case and patient. Images are ordered OM, IM, TEM and then as
    people count. A file that cannot be used is left out with a notice. The label is not guessed.

    Raises
    ------
    RenalFusionError
        ``case_folder_missing``, ``case_folder_is_file``, ``case_folder_unreadable``,
        ``case_folder_empty`` or ``case_folder_unrecognised``.
    """
    folder = _Listing(_absolute(path))
    if not folder.is_case:
        raise _not_a_case(folder)
    case = _case(folder)
    if not case.images:
        raise RenalFusionError(
            "case_folder_empty",
            f"The case folder {readable(folder.path)} holds no image that can be read",
            path=folder.path,
            remedy=case.notices[0].message if case.notices else "Put the images into OM, IM and TEM.",
        )
    return case


def read_cohort_folder(path: Path | str) -> Cohort:
    """Read a folder of case folders, or the authors' layout ``<class>/<patient>/IM_*.jpg``.

    In the authors' layout the class folder is the label. A subfolder that is no case is a problem
    in the result, not an error.

    Raises
    ------
    RenalFusionError
        As :func:`read_case_folder`, if there is not one case in it.
    """
    return _read_cohort(_Listing(_absolute(path)))


class _Listing:
    """The entries of one folder, hidden and system files left out, in natural order."""

    def __init__(self, path: Path):
        self.path = path
        self.folders: list[str] = []
        self.files: list[tuple[str, int]] = []  # name, bytes
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    self._add(entry)
        except OSError as error:
            raise _unlistable(path, error) from error
        self.folders.sort(key=natural_key)
        self.files.sort(key=natural_key_of_file)

    def _add(self, entry: os.DirEntry[str]) -> None:
        if entry.name.startswith((".", "~$", "$")):
            return
        if entry.is_dir():
            self.folders.append(entry.name)
            return
        suffix = os.path.splitext(entry.name)[1].lower()
        if suffix in IMAGE_SUFFIXES or suffix in UNSUPPORTED_SUFFIXES:
            try:
                size = entry.stat().st_size
            except OSError:  # a dangling link; reading the image will say so
                size = -1
            self.files.append((entry.name, size))

    @property
    def empty(self) -> bool:
        return not self.folders and not self.files

    @property
    def case_folders(self) -> list[str]:
        """Subfolders that may be cases."""
        return [name for name in self.folders if name.casefold() not in _QUIET_FOLDERS]

    @property
    def is_case(self) -> bool:
        """Whether a subfolder or a file carries the name of a modality."""
        return any(self.modality_of(name) for name in self.folders) or self.is_flat

    @property
    def is_flat(self) -> bool:
        """Whether it is a patient's folder of the authors: images named by modality directly in it."""
        return any(modality_of_file(name) for name, _ in self.files)

    def modality_of(self, name: str) -> Modality | None:
        """Modality of a subfolder; a folder called ``EM 001`` that holds OM and TEM is itself a case."""
        modality = modality_of_folder(name)
        if modality is None:
            return None
        inner = _try_listing(self.path / name)
        return None if inner and any(modality_of_folder(folder) for folder in inner.folders) else modality


def natural_key_of_file(file: tuple[str, int]) -> tuple:
    return natural_key(file[0])


def _try_listing(path: Path) -> _Listing | None:
    try:
        return _Listing(path)
    except RenalFusionError:
        return None


def _case(folder: _Listing) -> Case:
    images: list[ImageItem] = []
    notices: list[Notice] = []
    for name in folder.folders:
        modality = folder.modality_of(name)
        if modality:
            _add_modality_folder(folder.path / name, modality, images, notices)
        elif is_slide_folder(name):
            notices.append(
                Notice(
                    code="slides_ignored",
                    message=f"Slides in {readable(name)} are not read by this version.",
                    severity="info",
                    path=folder.path / name,
                )
            )
    for name, size in folder.files:
        modality = modality_of_file(name)
        if modality:
            _add_image(folder.path / name, size, modality, images, notices)
        else:
            notices.append(
                Notice(
                    code="image_modality_unknown",
                    message=f"{readable(name)} is left out: its modality is unknown. "
                    "Move it into OM, IM or TEM, or let its name begin with one of these.",
                    path=folder.path / name,
                )
            )
    order = list(Modality)
    images.sort(key=lambda image: order.index(image.modality))  # stable: natural order stays within
    name = readable(folder.path.name) or readable(folder.path)
    return Case(case_id=name, patient_id=name, images=tuple(images), folder=folder.path, notices=tuple(notices))


def _add_modality_folder(
    path: Path, modality: Modality, images: list[ImageItem], notices: list[Notice], stain: str | None = None
) -> None:
    """Add the images of a modality folder, and of folders in it that are named after a stain."""
    try:
        folder = _Listing(path)
    except RenalFusionError as error:
        notices.append(Notice.from_error(error))
        return
    for name, size in folder.files:
        _add_image(path / name, size, modality, images, notices, stain)
    for name in folder.case_folders:
        inner = stain_of(name, modality)
        if inner and stain is None:
            _add_modality_folder(path / name, modality, images, notices, inner)
        else:
            notices.append(
                Notice(
                    code="folder_ignored",
                    message=f"The folder {readable(name)} in {readable(path.name)} is not looked into.",
                    severity="info",
                    path=path / name,
                )
            )


def _add_image(
    path: Path,
    size: int,
    modality: Modality,
    images: list[ImageItem],
    notices: list[Notice],
    stain: str | None = None,
) -> None:
    """Add one image, or a notice that says why it is left out."""
    if known := UNSUPPORTED_SUFFIXES.get(path.suffix.lower()):
        message = str(unsupported(Path(path.name), *known))
        notices.append(Notice(code="image_format_unsupported", message=message, path=path))
        return
    if size == 0:
        notices.append(
            Notice(
                code="image_empty",
                message=f"{readable(path.name)} is left out: it is empty (0 bytes). "
                "Copy it again from the microscope or the archive.",
                path=path,
            )
        )
        return
    if other := doubtful_modality(path.name, modality):
        notices.append(
            Notice(
                code="image_modality_doubtful",
                message=f"{readable(path.name)} is listed as {modality.title}, "
                f"but its name speaks of {other.title}. Move it if that is wrong.",
                path=path,
            )
        )
    images.append(ImageItem(path, modality, stain=stain or stain_of(path.stem, modality)))


def _read_cohort(folder: _Listing) -> Cohort:
    if folder.empty:
        raise _not_a_case(folder)
    cases: list[Case] = []
    problems: list[Notice] = []
    for name in folder.case_folders:
        inner = _try_listing(folder.path / name)
        if inner and inner.is_case:
            cases.append(_case(inner))
            continue
        patients = [
            patient
            for patient_name in (inner.case_folders if inner else [])
            if (patient := _try_listing(inner.path / patient_name)) and patient.is_case
        ]
        for patient in patients:
            label = readable(name) if patient.is_flat else None
            source = "class folder" if label else None
            cases.append(replace(_case(patient), label=label, label_source=source))
        if not patients:
            problems.append(
                Notice(
                    code="case_folder_unrecognised",
                    message=f"The folder {readable(name)} is left out: it is not a case. {_LAYOUT}",
                    path=folder.path / name,
                )
            )
    if not cases:
        raise _not_a_case(folder)
    return _cohort(cases, problems, folder.path)


def _cohort(cases: list[Case], problems: list[Notice], source: Path) -> Cohort:
    """A cohort whose problems are those given, each case's warnings, and what is wrong across cases."""
    times = Counter(case.case_id for case in cases)
    for case in cases:
        problems += [notice for notice in case.notices if notice.severity != "info"]
        if not case.images:
            problems.append(
                Notice(
                    code="case_folder_empty",
                    message=f"The case {case.case_id} holds no image that can be read.",
                    severity="error",
                    path=case.folder,
                )
            )
        if times[case.case_id] > 1:
            problems.append(
                Notice(
                    code="case_duplicate",
                    message=f"The case {case.case_id} appears {times[case.case_id]} times. "
                    "Rename the folders, or give patient and case ids in cohort.csv.",
                    severity="error",
                    path=case.folder,
                )
            )
    labels = sorted({case.label for case in cases if case.label}, key=natural_key)
    return Cohort(tuple(cases), class_names=tuple(labels), problems=tuple(problems), source=source)


def _not_a_case(folder: _Listing) -> RenalFusionError:
    if folder.empty:
        return RenalFusionError(
            "case_folder_empty",
            f"The folder {readable(folder.path)} holds no images and no folders",
            path=folder.path,
            remedy=_LAYOUT,
        )
    return RenalFusionError(
        "case_folder_unrecognised",
        f"No case was recognised in the folder {readable(folder.path)}",
        path=folder.path,
        remedy=_LAYOUT,
    )


def _unlistable(path: Path, error: OSError) -> RenalFusionError:
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
            remedy=f"Choose the folder that contains it. {_LAYOUT}",
        )
    return RenalFusionError(
        "case_folder_unreadable",
        f"The folder {readable(path)} cannot be read ({error.strerror or error})",
        path=path,
        remedy="Check that you may read it and that the drive or network share is connected.",
    )


def _absolute(path: Path | str) -> Path:
    return Path(os.path.abspath(Path(path).expanduser()))
