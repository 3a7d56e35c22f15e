"""Accepting a sorting: case codes, image ids, the key with the originals and the records in the work folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import RenalFusionError
from ..case import Case
from ..case_key import CaseKey, KeyFile, KeyImage, Source, file_hash, find_key, write_key
from ..modality import Modality
from ..names import modality_of_folder, readable
from ..record import CaseRecord, ImageRecord, read_record, write_record
from ..sorted_case import locate, open_sorted
from ..work_folder import WorkFolder
from .guess import Guess, SortedFile
from .pattern_file import load_pattern, save_pattern
from .sorter import Begun, Seen, Tell, sort_files
from .sorting import Sorting


def sort_source(
    paths: Path | str | Sequence[Path | str],
    tell: Tell | None = None,
    *,
    begun: Begun | None = None,
    seen: Seen | None = None,
) -> Sorting:
    """Sort a folder or a selection with what the laboratory taught; files sorted before keep what they are.

    Raises
    ------
    RenalFusionError
        As :func:`.sorter.sort_files`, :func:`..case_key.find_key` and :func:`.pattern_file.load_pattern`.
    """
    pattern = load_pattern()
    source = _source(paths)
    key = find_key(source)
    known = _known(source, key) if key else {}
    return sort_files(paths, pattern, known=known, tell=tell, begun=begun, seen=seen)


def accept(
    sorting: Sorting,
    *,
    work: WorkFolder | None = None,
    beside: bool = True,
    awaiting: Sequence[Modality] | None = None,
    patient_id: str = "",
    learn: bool = True,
    tell: Callable[[float, str], None] | None = None,
) -> tuple[Case, ...]:
    """Write key and records, remember what corrections taught, and return the cases, one a biopsy.

    Images of unknown modality and those left out by a person are in no case; they stay where they are. A
    file that a case has already keeps its image id; new files (electron images that come days later) get
    the next numbers of the same case. Originals are read, never changed.

    Parameters
    ----------
    beside
        Whether the key may lie with the originals; where they cannot be written it lies among this
        program's keys anyway.
    awaiting
        Modalities that are to come; by default electron images, while there are none.
    patient_id
        Whose biopsies these are; by default the folder's name. It is written into the key only.
    learn
        Whether the corrections change the laboratory's pattern.

    Raises
    ------
    RenalFusionError
        ``sort_no_modality`` if no image has one, ``image_unreadable``, ``disk_full``, ``folder_not_writable``.
    """
    work = work or WorkFolder()
    source = sorting.root or tuple(file.path for file in sorting.files)
    earlier = find_key(source) or KeyFile(source=str(sorting.root or ""))
    usable = [file for file in sorting.files if file.modality.value is not None]
    if not any(not file.left_out for file in usable):
        raise _nothing_usable(sorting)
    hashes = _hashes(usable, earlier, tell)
    by_code = {case.code: case for case in earlier.cases}
    labels = list(dict.fromkeys(file.biopsy.value or "" for file in usable))
    codes = _codes(usable, labels, work)
    cases = []
    for label in labels:
        code = codes[label]
        files = [file for file in usable if (file.biopsy.value or "") == label]
        before = by_code.pop(code, None) or CaseKey(
            code=code, patient_id=patient_id or _patient(sorting, files)
        )
        key, record = _filed(before, label, files, hashes, sorting, read_record(code, work))
        waiting = _awaited(record) if awaiting is None else tuple(awaiting)
        write_record(record.model_copy(update={"awaiting": waiting}), work)
        cases.append(key)
    # A case none of whose files is here (a selection of the new ones only) stays as it is.
    key = earlier.model_copy(update={"cases": (*cases, *by_code.values()), "as_found": False})
    write_key(source, key, beside=beside)
    if learn and sorting.corrections:
        save_pattern(sorting.learned())
    return tuple(case for case in open_sorted(source, work) if case.code in set(codes.values()))


def join(
    sorting: Sorting,
    folder: Path,
    code: str,
    *,
    work: WorkFolder | None = None,
    learn: bool = True,
    tell: Callable[[float, str], None] | None = None,
) -> tuple[Case, ...]:
    """Add the images of a sorting to a case of another folder, for example electron images that came on a stick.

    They get the next numbers of that case and stay where they lie: the folder's key holds their full paths.
    Images whose content the case has already are not added again.

    Raises
    ------
    RenalFusionError
        ``sort_case_unknown`` if the folder has no such case, ``sort_no_modality``, and as :func:`accept`.
    """
    work = work or WorkFolder()
    key = find_key(folder)
    before = next((case for case in key.cases if case.code == code), None) if key else None
    if key is None or before is None or key.as_found:
        raise RenalFusionError(
            "sort_case_unknown",
            f"The folder {readable(folder)} holds no sorted case {code}",
            path=folder,
            remedy="Sort that folder first, or make a new case of these images.",
        )
    usable = [file for file in sorting.files if file.modality.value is not None and not file.left_out]
    if not usable:
        raise _nothing_usable(sorting)
    hashes = _hashes(usable, KeyFile(), tell)
    there = {image.sha256 for image in before.images.values()}
    fresh = [replace(file, code="", image_id="") for file in usable if hashes[file.path].sha256 not in there]
    changed, record = _filed(before, before.label, fresh, hashes, sorting, read_record(code, work))
    write_record(record.model_copy(update={"awaiting": _awaited(record)}), work)
    cases = tuple(changed if case.code == code else case for case in key.cases)
    write_key(folder, key.model_copy(update={"cases": cases}))
    if learn and sorting.corrections:
        save_pattern(sorting.learned())
    return tuple(case for case in open_sorted(folder, work) if case.code == code)


def _nothing_usable(sorting: Sorting) -> RenalFusionError:
    return RenalFusionError(
        "sort_no_modality",
        f"No image of {readable(sorting.root or 'the selection')} has a modality yet",
        path=sorting.root,
        remedy="Say of the listed images whether they are light, immunofluorescence or electron images.",
    )


def _filed(
    before: CaseKey,
    label: str,
    files: Sequence[SortedFile],
    hashes: Mapping[Path, KeyImage],
    sorting: Sorting,
    record: CaseRecord | None,
) -> tuple[CaseKey, CaseRecord]:
    """Key and record of one case with these files in it."""
    last = dict(before.last)
    images = dict(before.images)
    known = dict(record.images) if record else {}
    for file in files:
        modality: Modality = file.modality.value
        image_id = file.image_id if file.code == before.code else ""
        old = known.pop(image_id, None)
        if image_id:
            images.pop(image_id, None)
        if not image_id.startswith(f"{modality.value}-"):
            last[modality.value] = last.get(modality.value, 0) + 1
            image_id = f"{modality.value}-{last[modality.value]}"
        images[image_id] = hashes[file.path]
        known[image_id] = _recorded(file, hashes[file.path], old, file.name in sorting.corrections)
    key = before.model_copy(update={"label": label, "images": images, "last": last})
    record = record or CaseRecord(code=before.code)
    return key, record.model_copy(update={"images": known})


def _recorded(file: SortedFile, original: KeyImage, old: ImageRecord | None, told: bool) -> ImageRecord:
    changes = {
        "modality": file.modality.value,
        "sha256": original.sha256,
        "page": original.page,
        "stain": file.stain.value,
        "magnification": file.magnification.value,
        "is_excluded": file.left_out,
    }
    if old is None or told:
        changes |= {"sorted_by": "person" if told else "rule", "sure": round(file.sure, 3)}
    return (old or ImageRecord(modality=file.modality.value)).model_copy(update=changes)


def _awaited(record: CaseRecord) -> tuple[Modality, ...]:
    present = {image.modality for image in record.images.values() if not image.is_excluded}
    return () if Modality.TEM in present else (Modality.TEM,)


def _codes(files: Sequence[SortedFile], labels: Sequence[str], work: WorkFolder) -> dict[str, str]:
    """A case code for each biopsy: the one that most of its files have already, else a new one."""
    codes: dict[str, str] = {}
    for label in labels:
        counts = Counter(file.code for file in files if (file.biopsy.value or "") == label and file.code)
        code = next((code for code, _ in counts.most_common() if code not in codes.values()), "")
        codes[label] = code or work.new_code()
    return codes


def _hashes(
    files: Sequence[SortedFile], earlier: KeyFile, tell: Callable[[float, str], None] | None
) -> dict[Path, KeyImage]:
    """The key's entry of every file; content that was hashed before and has the same size is not read again."""
    old = {(case.code, image_id): image for case in earlier.cases for image_id, image in case.images.items()}
    entries = {}
    for done, file in enumerate(files, start=1):
        size = file.path.stat().st_size if file.path.exists() else -1
        before = old.get((file.code, file.image_id))
        same = before is not None and before.size == size
        entries[file.path] = KeyImage(
            path=str(file.path) if not earlier.source else file.name,
            sha256=before.sha256 if same else file_hash(file.path),
            page=before.page if before else 0,
            size=size,
        )
        if tell is not None:
            tell(done / len(files), f"Reading files: {done} of {len(files)}")
    return entries


def _known(source: Source, key: KeyFile) -> dict[Path, SortedFile]:
    """Files that were sorted before, as their records have them."""
    located = locate(source, key)
    work = WorkFolder()
    known = {}
    for case in key.cases:
        record = read_record(case.code, work)
        for image_id in case.images:
            path = located.files[case.code, image_id]
            image = record.images.get(image_id) if record else None
            if image is None:  # judged anew, but it keeps its id
                image = ImageRecord(modality=Modality(image_id.split("-")[0]))
            told = {"sure": 1.0, "why": f"sorted before as {image_id}", "by": "record"}
            known[path] = SortedFile(
                path,
                path.name,
                modality=Guess(image.modality, **told),
                stain=Guess(image.stain, **told),
                magnification=Guess(image.magnification, **told),
                biopsy=Guess(case.label, **told),
                code=case.code,
                image_id=image_id,
                left_out=image.is_excluded,
            )
    return known


def _patient(sorting: Sorting, files: Sequence[SortedFile]) -> str:
    """What a person calls the patient: the folder that all files of the biopsy, and no others, lie in."""
    folder = sorting.root or files[0].path.parent
    first = {file.name.split("/")[0] if "/" in file.name else "" for file in files}
    several = sorting.root is None or len(sorting.biopsies) > 1
    if several and len(first) == 1 and (own := first.pop()) and modality_of_folder(own) is None:
        return own
    return readable(folder.name) or readable(folder)


def _source(paths: Path | str | Sequence[Path | str]) -> Source:
    import os

    single = isinstance(paths, Path | str)
    given = [Path(os.path.abspath(Path(path).expanduser())) for path in ([paths] if single else paths)]  # noqa: PTH100
    return given[0] if single and given[0].is_dir() else tuple(given)
