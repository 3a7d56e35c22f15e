"""Opening a folder that was sorted before: its key says which file is which image, its record what each shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import RenalFusionError
from ..notices import Notice
from .case import Case, ImageItem
from .case_key import CaseKey, KeyFile, KeyImage, Source, file_hash, find_key
from .modality import Modality
from .names import stain_of
from .record import CaseRecord, apply_record, read_record
from .work_folder import WorkFolder

_ID = re.compile(r"(OM|IM|TEM)-([0-9]+)")


@dataclass(frozen=True)
class Located:
    """Where the images of a key lie now, by image id of each code, and the files that no key knows."""

    files: Mapping[tuple[str, str], Path]
    new: tuple[Path, ...]
    moved: tuple[Path, ...] = ()


def open_sorted(source: Source, work: WorkFolder | None = None) -> tuple[Case, ...]:
    """The cases of a folder or selection that was sorted before; empty if it was not.

    Case id and code are the same; ``patient_id`` comes from the key. A file that was moved within the folder
    is found by its content. A file that is gone stays in the case, so that image ids stay what they are, and
    reading it says that it is missing. Files that are new, missing or awaited become notices. Without a
    record (another computer, a purge) modality comes from the image id and the stain from the file's name.

    Raises
    ------
    RenalFusionError
        ``key_damaged``, ``key_newer`` and the codes of :func:`.sorting.gather.gather`.
    """
    key = find_key(source)
    if key is None:
        return ()
    located = locate(source, key)
    work = work or WorkFolder()
    cases = tuple(_case(source, one, located, work) for one in key.cases)
    if located.new and cases:
        notice = Notice(
            code="case_new_files",
            message=f"{len(located.new)} image {'files are' if len(located.new) > 1 else 'file is'} new in "
            "this folder since it was sorted. Sort it again to take them up.",
            path=source if isinstance(source, Path) else None,
        )
        cases = (_with_notice(cases[0], notice), *cases[1:])
    return cases


def locate(source: Source, key: KeyFile) -> Located:
    """Find every image of a key: at its path, or elsewhere in the folder by size and content."""
    from .sorting.gather import image_sizes

    sizes = image_sizes(source)
    root = source if isinstance(source, Path) else None
    files: dict[tuple[str, str], Path] = {}
    lost: list[tuple[tuple[str, str], KeyImage, Path]] = []
    found_at: set[str] = set()
    for case in key.cases:
        for image_id, image in case.images.items():
            # A full path, of a selection or of an image that joined from elsewhere, stays what it is.
            place = image.path if root is None else str(root / image.path)
            if place in sizes or Path(place).is_file():
                files[case.code, image_id] = Path(place)
                found_at.add(place)
            else:
                lost.append(((case.code, image_id), image, Path(place)))
    unknown = [Path(place) for place in sizes if place not in found_at]
    moved = []
    hashes: dict[Path, str] = {}
    for place, image, path in lost:
        files[place] = path
        for other in unknown:
            if sizes[str(other)] == image.size and other not in moved:
                found = hashes.setdefault(other, "") or file_hash(other)
                hashes[other] = found
                if found == image.sha256:
                    files[place] = other
                    moved.append(other)
                    break
    new = tuple(path for path in unknown if path not in moved)
    return Located(files, new, tuple(moved))


def in_order(image_ids: Sequence[str]) -> list[str]:
    """Image ids as a case lists them: OM, IM, TEM, each by number."""
    order = [modality.value for modality in Modality]

    def place(image_id: str) -> tuple[int, int]:
        found = _ID.fullmatch(image_id)
        return (order.index(found[1]), int(found[2])) if found else (len(order), 0)

    return sorted(image_ids, key=place)


def _case(source: Source, key: CaseKey, located: Located, work: WorkFolder) -> Case:
    folder = source if isinstance(source, Path) else None
    notices: list[Notice] = []
    record: CaseRecord | None = None
    try:
        record = read_record(key.code, work)
    except RenalFusionError as error:
        notices.append(Notice.from_error(error))
    else:
        if record is None:
            notices.append(
                Notice(
                    code="case_record_missing",
                    message=f"What was known of case {key.code} is not in the work folder; stains come from "
                    "the files' names.",
                    path=work.root,
                )
            )
    images = []
    for image_id in in_order([one for one in key.images if _ID.fullmatch(one)]):
        path = located.files[key.code, image_id]
        modality = Modality(image_id.split("-")[0])
        images.append(
            ImageItem(
                path,
                modality,
                stain=stain_of(path.stem, modality),
                page=key.images[image_id].page,
                image_id=image_id,
            )
        )
        if not path.is_file():
            notices.append(
                Notice(
                    code="image_missing",
                    message=f"{image_id} is missing: its file is no longer in the folder.",
                    path=path,
                )
            )
    case = Case(
        case_id=key.code,
        patient_id=key.patient_id,
        images=tuple(images),
        folder=folder,
        notices=tuple(notices),
        code=key.code,
    )
    if record is not None:
        case = apply_record(case, record)
        if record.awaiting:
            names = ", ".join(modality.title for modality in record.awaiting)
            case = _with_notice(
                case, Notice(code="images_awaited", message=f"Still awaited: {names}.", severity="info")
            )
    return case


def _with_notice(case: Case, notice: Notice) -> Case:
    from dataclasses import replace

    return replace(case, notices=(*case.notices, notice))
