"""Answers kept in the work folder: at most one official one per case version and bundle, every other a what-if."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..cases.work_folder import WorkFolder
from ..compute.atomic import write_bytes
from ..errors import RenalFusionError
from .seal import sealed, unsealed

FOLDER = "answers"
_FORMAT = 1
_WHAT_IF = re.compile(r"what-if-([0-9]+)\.sealed")


class StoredAnswer(BaseModel):
    """One answer with its explanations, as plain JSON and without any name.

    ``version`` is the case's (:func:`.case_version`), ``bundle_sha256`` that of the bundle that was asked,
    ``bundle`` its name. ``what_if`` is 0 for the official answer, else its number among the what-ifs of the case,
    from 1; ``choice`` are then the image ids per modality that a person chose, None for the model's own rule.
    ``prediction`` and ``explanations`` are dumps of those models.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = _FORMAT
    code: str
    version: str
    bundle: str
    bundle_sha256: str
    prediction: dict[str, Any]
    explanations: tuple[dict[str, Any], ...] = ()
    what_if: int = 0
    choice: dict[str, list[str]] | None = None
    stored_at: dt.datetime

    @property
    def official(self) -> bool:
        return self.what_if == 0

    @property
    def title(self) -> str:
        """What the answer is called where several stand together."""
        return "Official result" if self.official else f"What if {self.what_if}"

    def with_explanation(self, explanation: dict[str, Any]) -> StoredAnswer:
        """The answer with one more explanation; one of the same class and method is replaced."""
        question = explanation["class_index"], explanation["method"]
        others = [one for one in self.explanations if (one["class_index"], one["method"]) != question]
        return self.model_copy(update={"explanations": (*others, explanation)})


def read_stored(
    code: str, version: str, bundle_sha256: str, work: WorkFolder | None = None
) -> StoredAnswer | None:
    """The official answer about one version of a case by one bundle; None if there is none.

    Raises
    ------
    RenalFusionError
        ``answer_damaged``.
    """
    return _read(_official_path(code, version, bundle_sha256, work), code)


def has_official(code: str, version: str, bundle_sha256: str, work: WorkFolder | None = None) -> bool:
    """Whether there is an official answer, without opening it."""
    return _official_path(code, version, bundle_sha256, work).is_file()


def read_what_if(code: str, number: int, work: WorkFolder | None = None) -> StoredAnswer | None:
    """What-if ``number`` of a case; None if there is none.

    Raises
    ------
    RenalFusionError
        ``answer_damaged``.
    """
    return _read((work or WorkFolder()).case(code) / FOLDER / f"what-if-{number}.sealed", code)


def what_if_numbers(code: str, work: WorkFolder | None = None) -> tuple[int, ...]:
    """Numbers of the what-ifs of a case, in the order in which they were asked."""
    folder = (work or WorkFolder()).case(code) / FOLDER
    found = (_WHAT_IF.fullmatch(one.name) for one in folder.iterdir()) if folder.is_dir() else ()
    return tuple(sorted(int(one[1]) for one in found if one))


def store_answer(
    *, code: str, version: str, bundle: str, bundle_sha256: str, prediction: dict[str, Any],
    choice: dict[str, list[str]] | None = None, work: WorkFolder | None = None,
) -> StoredAnswer:  # fmt: skip
    """Keep an answer: the first one by the bundle's own rule is official, every other becomes the next what-if.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    official = choice is None and not has_official(code, version, bundle_sha256, work)
    number = 0 if official else max(what_if_numbers(code, work), default=0) + 1
    answer = StoredAnswer(
        code=code, version=version, bundle=bundle, bundle_sha256=bundle_sha256, prediction=prediction,
        what_if=number, choice=choice, stored_at=dt.datetime.now(dt.UTC),
    )  # fmt: skip
    write_stored(answer, work)
    return answer


def write_stored(answer: StoredAnswer, work: WorkFolder | None = None) -> Path:
    """Write an answer, complete or not at all; returns its file.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    if answer.official:
        place = _official_path(answer.code, answer.version, answer.bundle_sha256, work)
    else:
        place = (work or WorkFolder()).case(answer.code) / FOLDER / f"what-if-{answer.what_if}.sealed"
    write_bytes(place, sealed(answer.model_dump_json().encode()))
    return place


def _official_path(code: str, version: str, bundle_sha256: str, work: WorkFolder | None) -> Path:
    return (work or WorkFolder()).case(code) / FOLDER / f"{version[:16]}-{bundle_sha256[:16]}.sealed"


def _read(place: Path, code: str) -> StoredAnswer | None:
    try:
        return StoredAnswer.model_validate(json.loads(unsealed(place.read_bytes())))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, ValidationError) as error:
        raise RenalFusionError(
            "answer_damaged",
            f"A stored answer of case {code} cannot be read ({type(error).__name__})",
            path=place,
            remedy="Move the file away and press Run; the log of the case keeps what was read and revealed.",
        ) from error
