"""What a person points at, opened if it is a case, a worklist or a table; else named as something to sort."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import RenalFusionError
from ..case_key import Source, find_key, has_key
from ..cohort import Cohort
from ..folders import open_cases
from ..image_formats import IMAGE_SUFFIXES
from ..sorted_case import open_sorted
from .gather import image_sizes

_UNKNOWN_SHARE = 0.25
"""With more images than this share left out of a folder, its folders' names do not make it a case yet."""


@dataclass(frozen=True)
class Opening:
    """What was found.

    Attributes
    ----------
    cohort
        The cases, if they could be opened; None for something that must be sorted first.
    to_sort
        The folder or the files that a person should sort (again); None if there is nothing to sort.
    why
        One sentence for the person why it is to be sorted; "" if it is not.
    """

    cohort: Cohort | None
    to_sort: Source | None = None
    why: str = ""


def open_or_sort(paths: Path | str | Sequence[Path | str]) -> Opening:
    """Open a case folder, a folder of cases, a table, or sorted files; say of anything else that holds images to sort it.

    A folder or selection that was sorted before is opened, and is to be sorted again if images came since. Only
    names and sizes are looked at (and the content of files that were moved).

    Raises
    ------
    RenalFusionError
        The codes of :func:`..folders.open_cases`, where there is no image to sort either.
    """
    single = isinstance(paths, Path | str)
    given = [_absolute(path) for path in ([paths] if single else paths)]
    if len(given) == 1 and given[0].suffix.lower() not in IMAGE_SUFFIXES:
        return _open_one(given[0])
    above = _sorted_above(given)
    if above is not None:  # the new files of a folder that was sorted, rather than the folder
        return _open_one(above)
    source = tuple(given)
    cases = open_sorted(source) if find_key(source) is not None else ()
    if not cases:
        return Opening(None, source, "These files were not sorted yet.")
    return _again(Cohort(cases), source)


def _open_one(path: Path) -> Opening:
    """A folder or a table."""
    try:
        cohort = open_cases(path)
    except RenalFusionError as error:
        if error.code == "case_folder_unrecognised" and image_sizes(path):
            return Opening(None, path, "The files of this folder were not sorted yet.")
        raise
    if not path.is_dir():
        return Opening(cohort)
    if has_key(path):
        return _again(cohort, path)
    if len(cohort.cases) == 1 and cohort.cases[0].folder == path:
        used, found = len(cohort.cases[0].images), len(image_sizes(path))
        slides = len(cohort.cases[0].slides)
        if found - used - slides > _UNKNOWN_SHARE * found:
            left = found - used - slides
            return Opening(None, path, f"{left} of {found} images are in no folder that says what they are.")
    return Opening(cohort)


def _again(cohort: Cohort, source: Source) -> Opening:
    """A cohort of sorted cases, to be sorted again if there are files that it does not know."""
    news = [notice for case in cohort.cases for notice in case.notices if notice.code == "case_new_files"]
    return Opening(cohort, source, news[0].message) if news else Opening(cohort)


def _sorted_above(paths: Sequence[Path]) -> Path | None:
    """The sorted folder that all of these files lie in."""
    try:
        common = Path(os.path.commonpath([path.parent for path in paths]))
    except ValueError:  # files of several drives
        return None
    return next((folder for folder in (common, *list(common.parents)[:2]) if has_key(folder)), None)


def _absolute(path: Path | str) -> Path:
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - a linked folder keeps its name
