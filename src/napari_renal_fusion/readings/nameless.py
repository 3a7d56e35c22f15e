"""Taking names out of what is kept about a case: file names become image ids, patient and folder the case code."""

from __future__ import annotations

from typing import Any

from ..cases import Case
from ..cases.slide_item import keyed_slides
from ..inputs.nameless import Nameless
from ..inputs.selection import keyed_images


def without_names(value: dict[str, Any], case: Case) -> dict[str, Any]:
    """The same JSON object with every path, file name, patient id and folder name of a case replaced.

    ``case_id`` holds the code, ``path`` fields nothing. In sentences only whole names are replaced.
    """
    code = case.code or "this case"
    items = [*keyed_images(case).items(), *keyed_slides(case.slides).items()]
    folder = [case.folder.name] if case.folder else []
    words = {name: code for name in (case.patient_id, case.case_id, *folder) if name}
    files = [(item.path, key) for key, item in items if item.path.name]
    clean = Nameless(files, words, {item.stain for _, item in items if item.stain}).tree(value)
    return clean | {"case_id": code} if "case_id" in clean else clean
