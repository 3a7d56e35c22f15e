"""What must not leave in a written file: paths, file names, folder names, patient ids."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..cases import Case, Modality
from ..inputs.selection import keyed_images

_ABSOLUTE = re.compile(r"(?<![\w.:/])(?:[A-Za-z]:[\\/]|\\\\|/)(?:[^\s\\/:*?\"<>|]+[\\/])+[^\s\\/:*?\"<>|,;]+")
_WORD = re.compile(r"[a-z]+")
_TWICE = re.compile(r"\b((?:OM|IM|TEM)-\d+) \(\1\)")


def case_name(case: Case) -> str:
    """What a case is called in everything that is written: its code, or its id if it was given none."""
    return case.code or case.case_id


class Scrubber:
    """Replaces what identifies a patient by image keys and the case code.

    File names are often patient names, and messages name files; so every file, folder and patient id
    that the case knows is replaced, and any other absolute path becomes "(file)".
    """

    def __init__(self, case: Case | None = None, *, case_code: str = "", paths: Iterable[Path] = ()):
        self.code = case_name(case) if case is not None else case_code
        self._labels: dict[str, str] = {}
        whole: dict[str, str] = {}
        for path in paths:
            whole |= dict.fromkeys(_spellings(path), "(file)")
        words: dict[str, str] = {}
        if case is not None:
            self._learn(case, whole, words)
        self._whole = sorted(whole.items(), key=lambda pair: -len(pair[0]))
        self._words = sorted(words.items(), key=lambda pair: -len(pair[0]))

    def _learn(self, case: Case, whole: dict[str, str], words: dict[str, str]) -> None:
        keyed = keyed_images(case)
        harmless = {item.stain for item in case.images} | set(keyed) | set(Modality) | {self.code}
        folders = set() if case.folder is None else {case.folder}
        for key, item in keyed.items():
            self._labels[key] = item.stain or key
            if item.pixels is not None and not item.path.name:
                continue
            whole |= dict.fromkeys(_spellings(item.path), key)
            stem = item.path.stem
            for name in (item.path.name, stem, stem.removesuffix(".ome")):
                if _telling(name) and name not in harmless:
                    words.setdefault(name, key)
            folders.add(item.path.parent)
        for folder in folders:
            whole |= dict.fromkeys(_spellings(folder), "(folder)")
        if case.folder is not None and _telling(case.folder.name) and case.folder.name not in harmless:
            words.setdefault(case.folder.name, self.code)
        for name in (case.patient_id, case.case_id):
            if _telling(name) and name not in harmless:
                words.setdefault(name, self.code)

    def label(self, key: str) -> str:
        """Stain or antibody of an image if the case knows it, else its key."""
        return self._labels.get(key, key)

    def text(self, text: str) -> str:
        """The same sentence without file names, paths and patient ids."""
        for known, replacement in self._whole:
            text = text.replace(known, replacement)
        text = _ABSOLUTE.sub("(file)", text)
        for known, replacement in self._words:
            # A name like "image" or "test" is also a word; our sentences put names of images in brackets.
            pattern = (
                rf"(?<=\(){known}(?=\))" if _WORD.fullmatch(known) else rf"(?<!\w){re.escape(known)}(?!\w)"
            )
            text = re.sub(pattern, lambda _, new=replacement: new, text)
        return _TWICE.sub(r"\1", text)

    def tree(self, value: Any) -> Any:
        """Scrub every string of nested dicts and lists; image names follow their key, paths become None."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.tree(one) for one in value]
        if not isinstance(value, dict):
            return value
        clean = {key: self.tree(one) for key, one in value.items()}
        if "path" in clean:
            clean["path"] = None
        if "key" in clean and "name" in clean:
            clean["name"] = self.label(clean["key"])
        return clean


def _spellings(path: Path) -> tuple[str, ...]:
    # A bare name or "." would be replaced wherever it occurs in a sentence.
    if len(path.parts) < 2:
        return ()
    return tuple({str(path), path.as_posix(), str(path.absolute()), str(path.resolve())})


def _telling(name: str) -> bool:
    """Whether a name can identify somebody; "12" cannot, and would be replaced in every number."""
    return len(name) > 1 and not (name.isdigit() and len(name) < 5) and name.isprintable()
