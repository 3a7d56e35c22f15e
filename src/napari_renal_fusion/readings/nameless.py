"""Taking names out of what is kept about a case: file names become image ids, patient and folder the case code."""

from __future__ import annotations

import re
from typing import Any

from ..cases import Case
from ..cases.slide_item import keyed_slides
from ..inputs.selection import keyed_images

_SHORTEST = 3
"""A name of fewer signs ("1", "HE") also stands for other things; it says nothing about a person."""


def without_names(value: Any, case: Case) -> Any:
    """The same JSON value with every path, file name, patient id and folder name of a case replaced.

    ``case_id`` fields hold the code, ``path`` fields nothing. In sentences only whole names are replaced.
    """
    names: dict[str, str] = {}
    for key, item in (*keyed_images(case).items(), *keyed_slides(case.slides).items()):
        for name in (
            str(item.path),
            item.path.as_posix(),
            item.path.name,
            item.path.stem.removesuffix(".ome"),
        ):
            if name not in (item.stain, getattr(item, "image_id", None)):
                names.setdefault(name, key)
    code = case.code or "this case"
    folder = [str(case.folder), case.folder.name] if case.folder else []
    for name in (case.patient_id, case.case_id, *folder):
        names.setdefault(name, code)
    wanted = sorted((one for one in names if len(one) >= _SHORTEST and one != code), key=len, reverse=True)
    if not wanted:
        return _walk(value, code, lambda text: text)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in wanted))
    return _walk(value, code, lambda text: pattern.sub(lambda found: names[found[0]], text))


def _walk(value: Any, code: str, clean: Any, field: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _walk(one, code, clean, key) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_walk(one, code, clean) for one in value] if not _numbers(value) else value
    if not isinstance(value, str):
        return value
    if field == "path":
        return None
    return code if field == "case_id" else clean(value)


def _numbers(value: Any) -> bool:
    """Rows of a heat map are left as they are, unvisited."""
    return bool(value) and isinstance(value[0], (int, float))
