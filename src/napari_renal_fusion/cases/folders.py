"""Finding the cases and images in folders; nothing is opened, only names and sizes are looked at."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from ..errors import RenalFusionError
from ..notices import Notice
from .case import Case, ImageItem
from .case_key import has_key
from .cohort import Cohort
from .image_formats import UNSUPPORTED_SUFFIXES, VENDOR_SUFFIXES, reader_missing, unsupported
from .listing import LAYOUT, Listing, folder_ignored, not_a_case, try_listing
from .modality import Modality
from .names import (
    doubtful_modality,
    is_slide_folder,
    modality_of_file,
    natural_key,
    readable,
    stain_of,
)
from .omics import read_omics_row
from .slide_files import SLIDE_SUFFIXES
from .slide_folders import add_slide, add_slide_folder
from .slide_item import SlideItem
from .sorted_case import open_sorted
from .vendor_files import reader_installed

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")


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
                remedy=f"Choose the folder of the case. {LAYOUT}",
            )
        return Cohort.from_csv(path)
    if (path / "cohort.csv").is_file():
        return Cohort.from_csv(path / "cohort.csv")
    folder = Listing(path)
    if has_key(path):
        return _cohort(list(_sorted_cases(folder)), [], path)
    if folder.is_case:
        return _cohort([_case(folder)], [], path)
    return _read_cohort(folder)


def read_case_folder(path: Path | str) -> Case:
    """Read one case: ``<case>/OM|IM|TEM|WSI/*`` or files named ``OM_*``, ``IM_*``, ``TEM_*``.

    The folder's name is the id of both case and patient. Images are ordered OM, IM, TEM and then as
    people count. ``omics.csv`` holds the case's row of omics. Slides are what lies in WSI, and files of slide formats in the case itself or in OM; a tiled
    TIFF in OM is an image. A file that cannot be used is left out with a notice. The label is not guessed.

    Raises
    ------
    RenalFusionError
        ``case_folder_missing``, ``case_folder_is_file``, ``case_folder_unreadable``,
        ``case_folder_empty`` or ``case_folder_unrecognised``.
    """
    folder = Listing(_absolute(path))
    if has_key(folder.path):
        return _one_of(_sorted_cases(folder), folder.path)
    if not folder.is_case:
        raise not_a_case(folder)
    case = _case(folder)
    if not case.images and not case.slides and case.omics is None:
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
    return _read_cohort(Listing(_absolute(path)))


def _sorted_cases(folder: Listing) -> tuple[Case, ...]:
    """The cases of a folder that was sorted; what is not sorted (slides, omics) belongs to its one case."""
    cases = open_sorted(folder.path)
    if len(cases) == 1 and folder.is_case:
        unsorted = _case(folder)
        cases = (replace(cases[0], slides=unsorted.slides, omics=unsorted.omics),)
    return cases


def _one_of(cases: tuple[Case, ...], path: Path) -> Case:
    if len(cases) == 1:
        return cases[0]
    raise RenalFusionError(
        "case_folder_two_biopsies" if cases else "case_folder_empty",
        f"The folder {readable(path)} holds {len(cases)} biopsies ({', '.join(one.code for one in cases)})",
        path=path,
        remedy="Open them as a cohort, or give each biopsy a folder of its own."
        if cases
        else "Sort it again.",
    )


def _case(folder: Listing) -> Case:
    images: list[ImageItem] = []
    slides: list[SlideItem] = []
    notices: list[Notice] = []
    of_mrxs = folder.mrxs_folders
    for name in folder.folders:
        modality = folder.modality_of(name)
        if modality:
            _add_modality_folder(folder.path / name, modality, images, slides, notices, folder.inner(name))
        elif is_slide_folder(name):
            add_slide_folder(folder.path / name, slides, notices)
        elif name in folder.open_folders and name not in of_mrxs:
            notices.append(folder_ignored(folder.path / name))
    for name, size in folder.files:
        modality = modality_of_file(name)
        if Path(name).suffix.lower() in SLIDE_SUFFIXES and modality in (None, Modality.OM):
            add_slide(folder.path / name, size, slides, notices)
        elif modality:
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
    omics = None
    if folder.omics is not None:
        try:
            omics = read_omics_row(folder.path / folder.omics, name)
        except RenalFusionError as error:
            notices.append(Notice.from_error(error))
    return Case(
        case_id=name,
        patient_id=name,
        images=tuple(images),
        folder=folder.path,
        notices=tuple(notices),
        slides=tuple(slides),
        omics=omics,
    )


def _add_modality_folder(
    path: Path,
    modality: Modality,
    images: list[ImageItem],
    slides: list[SlideItem],
    notices: list[Notice],
    listing: Listing | None = None,
    stain: str | None = None,
) -> None:
    """Add the images of a modality folder, and of folders in it that are named after a stain."""
    try:
        folder = listing or Listing(path)
    except RenalFusionError as error:
        notices.append(Notice.from_error(error))
        return
    for name, size in folder.files:
        if Path(name).suffix.lower() in SLIDE_SUFFIXES and modality is Modality.OM:
            add_slide(path / name, size, slides, notices, stain)
        else:
            _add_image(path / name, size, modality, images, notices, stain)
    of_mrxs = folder.mrxs_folders
    for name in folder.open_folders:
        inner = stain_of(name, modality)
        if inner and stain is None and name not in of_mrxs:
            _add_modality_folder(path / name, modality, images, slides, notices, stain=inner)
        elif name not in of_mrxs:
            notices.append(folder_ignored(path / name))


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
    if path.suffix.lower() in VENDOR_SUFFIXES and not reader_installed():
        notices.append(Notice.from_error(reader_missing(Path(path.name))).model_copy(update={"path": path}))
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


def _read_cohort(folder: Listing) -> Cohort:
    if folder.empty:
        raise not_a_case(folder)
    cases: list[Case] = []
    problems: list[Notice] = []
    for name in folder.open_folders:
        inner = try_listing(folder.path / name)
        if inner and has_key(inner.path):
            try:
                cases += _sorted_cases(inner)
            except RenalFusionError as error:
                problems.append(Notice.from_error(error))
            continue
        if inner and inner.is_case:
            cases.append(_case(inner))
            continue
        patients = [
            patient
            for patient_name in (inner.open_folders if inner else [])
            if (patient := try_listing(inner.path / patient_name)) and patient.is_case
        ]
        for patient in patients:
            label = readable(name) if patient.is_flat else None
            source = "class folder" if label else None
            cases.append(replace(_case(patient), label=label, label_source=source))
        if not patients:
            problems.append(
                Notice(
                    code="case_folder_unrecognised",
                    message=f"The folder {readable(name)} is left out: it is not a case. {LAYOUT}",
                    path=folder.path / name,
                )
            )
    if not cases:
        raise not_a_case(folder)
    return _cohort(cases, problems, folder.path)


def _cohort(cases: list[Case], problems: list[Notice], source: Path) -> Cohort:
    """A cohort whose problems are those given, each case's warnings, and what is wrong across cases."""
    times = Counter(case.case_id for case in cases)
    for case in cases:
        problems += [notice for notice in case.notices if notice.severity != "info"]
        if not case.images and not case.slides and case.omics is None:
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


def _absolute(path: Path | str) -> Path:
    # not resolve(): a linked folder keeps the name that the person gave it
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100
