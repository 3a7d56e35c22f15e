"""Taking names out of what is written about several cases: ids, patients, folders and file names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..cases import Case, Cohort
from ..cases.anonymous import case_names, patient_names
from ..cases.slide_item import keyed_slides
from .selection import keyed_images

_SHORTEST = 3
"""A name of fewer signs ("1", "HE") also stands for other things; it says nothing about a person."""
_WORD = re.compile(r"[a-z]+|[0-9]{1,4}")


class Nameless:
    """Replaces what could name somebody in sentences and in JSON.

    Parameters
    ----------
    files
        Every file with what it is called instead ("OM-2 of case 7K2F").
    words
        Ids of cases and patients, names of folders, with what stands instead.
    stains
        Names of stains: a file that is called after its stain ("PASM.jpg") takes it out of no sentence.
    """

    def __init__(
        self,
        files: Iterable[tuple[Path, str]] = (),
        words: Mapping[str, str] | None = None,
        stains: Iterable[str] = (),
    ):
        known = {one.casefold() for one in stains}
        names: dict[str, str] = {}
        in_brackets: set[str] = set()
        for path, called in files:
            for name in (str(path), path.as_posix(), path.name):
                names.setdefault(name, called)
            for stem in {path.stem, path.stem.removesuffix(".ome")}:
                if stem.casefold() in known:
                    continue
                names.setdefault(stem, called)
                # "image" and "120" stand for other things too; our sentences put names of images in brackets.
                if _WORD.fullmatch(stem):
                    in_brackets.add(stem)
            for folder in path.parents:
                if len(folder.parts) > 1:  # the root is nobody's
                    names.setdefault(str(folder), "(folder)")
        names |= words or {}
        in_brackets -= set(words or ())
        self._names = {
            one: new
            for one, new in names.items()
            if one != new and (len(one) >= _SHORTEST or not one.isascii())
        }
        # Two lists, because a condition in front of each of many thousand names makes every sentence slow.
        ordered = sorted(self._names, key=len, reverse=True)
        everywhere = "|".join(re.escape(one) for one in ordered if one not in in_brackets)
        bracketed = "|".join(re.escape(one) for one in ordered if one in in_brackets)
        patterns = [
            *([rf"(?<!\w)(?:{everywhere})(?!\w)"] if everywhere else []),
            *([rf"(?<=\()(?:{bracketed})(?=\))"] if bracketed else []),
        ]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    @classmethod
    def of_cases(
        cls,
        cases: Iterable[Case],
        called: Mapping[str, str],
        patients: Mapping[str, str],
        others: Iterable[Path] = (),
    ) -> Nameless:
        """``called`` says what a case is called in files, by case id; ``patients`` the same by patient id.

        ``others`` are files that no case holds.
        """
        files, words, stains = [], {**patients, **called}, set()
        for case in cases:
            code = called.get(case.case_id, case.case_id)
            images = (*keyed_images(case).items(), *keyed_slides(case.slides).items())
            files += [(item.path, f"{key} of case {code}") for key, item in images if item.path.name]
            stains |= {item.stain for _, item in images if item.stain}
            if case.folder is not None:
                words.setdefault(case.folder.name, code)
        return cls([*files, *((path, "(file)") for path in others)], words, stains)

    @classmethod
    def of_cohort(cls, cohort: Cohort) -> Nameless:
        """Takes the names of a whole cohort out of sentences; cases are called as :func:`.case_names` says."""
        called = case_names(cohort.cases)
        patients = patient_names({case.case_id: case.patient_id for case in cohort.cases}, called)
        others = [one.path for one in cohort.problems if one.path is not None]
        return cls.of_cases(cohort.cases, called, patients, others)

    def text(self, text: str) -> str:
        """The same sentence without names; inside other words nothing is replaced."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._names[found[0]], text)

    def tree(self, value: Any) -> Any:
        """The same JSON value with every string and key freed of names; ``path`` fields become None."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): None if key == "path" else self.tree(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            if all(isinstance(one, (int, float)) for one in value):  # rows of a heat map
                return list(value)
            return [self.tree(one) for one in value]
        return value
