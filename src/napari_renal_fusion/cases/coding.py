"""Case codes and image ids for cases that need no sorting: folders and tables that are opened as they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import RenalFusionError
from ..notices import Notice
from .case import Case, ImageItem
from .case_key import KEY_FILE, CaseKey, KeyFile, KeyImage, find_key, write_key
from .record import apply_record, read_record
from .work_folder import WorkFolder


def coded(cases: Sequence[Case], source: Path, work: WorkFolder | None = None) -> tuple[Case, ...]:
    """Give every case a code, every image an id, and add what the work folder knows of them.

    ``source`` is what was opened: a case folder, a folder of cases, or a table. Codes and ids are kept in its
    key file (one for all of its cases), so that the next opening finds them again; a case folder that is
    opened alone is found in the key of the folder above it, and the other way round. Ids belong to files:
    images that come later get the next numbers. No image is opened and no content is hashed.

    Cases that have a code (sorted ones) and images that exist in memory only are returned as they are. Where
    a record cannot be read, the case carries a notice and stands as the files alone have it.

    Raises
    ------
    RenalFusionError
        ``key_damaged``, ``key_newer``, ``work_folder_not_writable``, ``disk_full`` or ``folder_not_writable``.
    """
    work = work or WorkFolder()
    if all(case.code or not _on_disk(case) for case in cases):
        return tuple(_known(case, work) for case in cases)
    key = find_key(source) or KeyFile(source=str(source), as_found=True)
    entries = {one.label: one for one in key.cases}
    above = _key_above(source)
    answer, changed = [], False
    taken: set[str] = set()
    for case in cases:
        if case.code or not _on_disk(case):
            answer.append(_known(case, work))
            continue
        before = entries.get(case.case_id) or _own_key(case, source) or above.get(case.case_id)
        if before is None or before.code in taken:  # a copied folder brings its key along
            before = CaseKey(code=work.new_code(), patient_id=case.patient_id, label=case.case_id)
        entry = _entry(case, before, source)
        taken.add(entry.code)
        changed |= entry != entries.get(case.case_id)
        entries[case.case_id] = entry
        answer.append(_known(_with_ids(case, entry, source), work))
    if changed:
        # A table may lie in a folder that holds a key of its own, so its key lies among this program's keys.
        write_key(source, key.model_copy(update={"cases": tuple(entries.values())}), beside=source.is_dir())
    return tuple(answer)


def _on_disk(case: Case) -> bool:
    return all(image.pixels is None for image in case.images)


def _own_key(case: Case, source: Path) -> CaseKey | None:
    """What the case's own folder says, where it was once opened alone."""
    if case.folder is None or case.folder == source or not (case.folder / KEY_FILE).is_file():
        return None
    key = find_key(case.folder)
    found = next((one for one in key.cases if one.label == case.case_id), None) if key else None
    return _moved(found, case.folder, source) if found else None


def _key_above(source: Path) -> dict[str, CaseKey]:
    """Cases of the key file in the folder above, where that folder was opened before this one."""
    if not source.is_dir() or not (source.parent / KEY_FILE).is_file():
        return {}
    try:
        key = find_key(source.parent)
    except RenalFusionError:  # another folder's damage is told when that folder is opened
        return {}
    return (
        {one.label: _moved(one, source.parent, source) for one in key.cases} if key and key.as_found else {}
    )


def _moved(entry: CaseKey, root: Path, source: Path) -> CaseKey:
    """An entry whose paths are relative to one folder, with paths relative to another."""
    images = {
        image_id: one.model_copy(update={"path": _relative(str(root / one.path), source)})
        for image_id, one in entry.images.items()
    }
    return entry.model_copy(update={"images": images})


def _entry(case: Case, before: CaseKey, source: Path) -> CaseKey:
    """The key's entry with an id for every image; paths are relative to the source where they lie below it."""
    ids = _ids(before)
    last = dict(before.last)
    images: dict[str, KeyImage] = {}
    for image in case.images:
        told = _told(image, source)
        image_id = ids.get((image.modality.value, told.path, told.page, told.crop))
        if image_id is None:
            last[image.modality.value] = last.get(image.modality.value, 0) + 1
            image_id = f"{image.modality.value}-{last[image.modality.value]}"
        images[image_id] = before.images.get(image_id, told)
    # An image that is gone keeps its id: it may come back, and nothing else may be called the same.
    images |= {image_id: one for image_id, one in before.images.items() if image_id not in images}
    return before.model_copy(update={"images": images, "last": last})


def _with_ids(case: Case, entry: CaseKey, source: Path) -> Case:
    ids = _ids(entry)

    def named(image: ImageItem) -> ImageItem:
        told = _told(image, source)
        return replace(image, image_id=ids[image.modality.value, told.path, told.page, told.crop])

    return replace(case, code=entry.code, images=tuple(named(image) for image in case.images))


def _ids(entry: CaseKey) -> dict[tuple, str]:
    """Image ids by what tells images apart; a file that is of another modality now is another image."""
    return {
        (image_id.partition("-")[0], one.path, one.page, one.crop): image_id
        for image_id, one in entry.images.items()
    }


def _told(image: ImageItem, source: Path) -> KeyImage:
    crop = image.crop and (image.crop.top, image.crop.left, image.crop.height, image.crop.width)
    return KeyImage(path=_relative(str(image.path), source), sha256="", page=image.page, crop=crop)


def _known(case: Case, work: WorkFolder) -> Case:
    """The case with its record applied; a sorted case has had that done."""
    if not case.code or case.case_id == case.code:
        return case
    try:
        record = read_record(case.code, work)
    except RenalFusionError as error:
        return replace(case, notices=(*case.notices, Notice.from_error(error)))
    return apply_record(case, record) if record else case


def _relative(path: str, source: Path) -> str:
    root = f"{source if source.is_dir() else source.parent}{os.sep}"
    return path[len(root) :].replace(os.sep, "/") if path.startswith(root) else path
