"""Which files there are to sort: images, and everything else by what it is; nothing is opened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import RenalFusionError
from ..image_formats import IMAGE_SUFFIXES, UNSUPPORTED_SUFFIXES
from ..listing import QUIET_FOLDERS, unlistable
from ..names import natural_key, readable
from .guess import OtherFile

MAX_FILES = 5000
"""More files than this are no biopsy: somebody chose a whole drive."""

_KINDS = {
    **dict.fromkeys((".db", ".ini", ".lnk", ".ds_store", ".tmp", ".bak"), "a file of the system"),
    **dict.fromkeys((".avi", ".mp4", ".mov", ".wmv", ".mkv", ".mpg", ".mpeg", ".flv"), "a video"),
    **dict.fromkeys((".pdf",), "a PDF document"),
    **dict.fromkeys((".xls", ".xlsx", ".xlsm", ".csv", ".tsv", ".et"), "a table"),
    **dict.fromkeys((".doc", ".docx", ".ppt", ".pptx", ".wps", ".rtf", ".odt"), "an Office document"),
    **dict.fromkeys((".txt", ".md", ".json", ".xml", ".html", ".htm", ".log", ".geojson"), "a text"),
    **dict.fromkeys((".zip", ".rar", ".7z", ".tar", ".gz"), "an archive"),
}


@dataclass(frozen=True)
class Found:
    """Images (path, name below the root with ``/``, bytes) and other files, each in natural order."""

    root: Path | None
    images: tuple[tuple[Path, str, int], ...]
    others: tuple[OtherFile, ...]


def gather(paths: Path | str | Sequence[Path | str]) -> Found:
    """List the files of a folder, with its subfolders, or of a selection of files and folders.

    Hidden files, empty files and folders of results (``reports``, ``thumbs``, ...) are left out; empty
    files are listed among the others. ``root`` is the folder, or None for a selection.

    Raises
    ------
    RenalFusionError
        ``sort_missing`` for a path that does not exist, ``sort_too_many``, ``sort_nothing`` if there is
        no image at all, ``case_folder_unreadable``.
    """
    single = isinstance(paths, Path | str)
    given = [Path(os.path.abspath(Path(path).expanduser())) for path in ([paths] if single else paths)]  # noqa: PTH100
    images: list[tuple[Path, str, int]] = []
    others: list[OtherFile] = []
    for path in given:
        if path.is_dir():
            _walk(path, "" if single else f"{path.name}/", images, others)
        elif path.exists():
            _add(path, path.name, path.stat().st_size, images, others)
        else:
            raise RenalFusionError(
                "sort_missing", f"{readable(path)} does not exist", path=path,
                remedy="Check its name, and whether the drive is connected.",
            )  # fmt: skip
    if not images:
        where = readable(given[0]) if given else "The selection"
        raise RenalFusionError(
            "sort_nothing", f"{where} holds no image that can be sorted", path=given[0] if given else None,
            remedy="Choose the folder of one biopsy, or its image files (TIFF, PNG, JPEG, BMP).",
        )  # fmt: skip
    images = list({image[0]: image for image in images}.values())
    images.sort(key=lambda image: natural_key(image[1]))
    return Found(given[0] if single and given[0].is_dir() else None, tuple(images), tuple(others))


def image_sizes(source: Path | Sequence[Path]) -> dict[str, int]:
    """Size in bytes of every image below a folder, or in a selection, by its path as text; unordered and quick.

    Raises
    ------
    RenalFusionError
        ``case_folder_unreadable``.
    """
    if not isinstance(source, Path):
        return {str(path): path.stat().st_size for path in source if path.is_file()}
    sizes: dict[str, int] = {}
    folders = [str(source)]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith((".", "~$", "$")):
                        continue
                    if entry.is_dir():
                        if entry.name.casefold() not in QUIET_FOLDERS:
                            folders.append(entry.path)
                    elif os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES:  # noqa: PTH122
                        with suppress(OSError):  # a dangling link
                            sizes[entry.path] = entry.stat().st_size
        except OSError as error:
            raise unlistable(Path(folder), error) from error
    return {path: size for path, size in sizes.items() if size > 0}


def _walk(folder: Path, prefix: str, images: list[tuple[Path, str, int]], others: list[OtherFile]) -> None:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: natural_key(entry.name))
    except OSError as error:
        raise unlistable(folder, error) from error
    for entry in entries:
        if entry.name.startswith((".", "~$", "$")):
            continue
        if entry.is_dir():
            if entry.name.casefold() not in QUIET_FOLDERS:
                _walk(Path(entry.path), f"{prefix}{readable(entry.name)}/", images, others)
            continue
        try:
            size = entry.stat().st_size
        except OSError:  # a dangling link; reading it will say so
            size = -1
        _add(Path(entry.path), prefix + readable(entry.name), size, images, others)
        if len(images) + len(others) > MAX_FILES:
            raise RenalFusionError(
                "sort_too_many", f"{readable(folder)} and its neighbours hold more than {MAX_FILES} files",
                path=folder, remedy="Choose the folder of one biopsy.",
            )  # fmt: skip


def _add(
    path: Path, name: str, size: int, images: list[tuple[Path, str, int]], others: list[OtherFile]
) -> None:
    suffix = path.suffix.lower()
    if path.name == "renal-fusion-key.json":
        return
    if size == 0:
        others.append(OtherFile(path, name, "an empty file (0 bytes)"))
    elif suffix in IMAGE_SUFFIXES:
        images.append((path, name, size))
    elif suffix in UNSUPPORTED_SUFFIXES:
        others.append(OtherFile(path, name, UNSUPPORTED_SUFFIXES[suffix][0]))
    else:
        others.append(OtherFile(path, name, _KINDS.get(suffix, "not an image")))
