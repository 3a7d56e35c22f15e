"""What this laboratory keeps beside a bundle: its check, its disease frequencies, whom it was trained on.

Everything lies in the person's data folder under the bundle's checksum and never travels with the bundle.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..compute.atomic import explain_os_error, write_text
from ..compute.places import data_dir
from ..errors import RenalFusionError

CHECK = "verify.json"
PATIENTS = "training_patients.json"
FREQUENCIES = "frequencies.json"


class CheckedHere(BaseModel):
    """What the check on this laboratory's own signed-out cases found: ``right`` of ``cases`` that got an
    opinion, ``without_opinion`` further ones that got none, on ``checked_on``, with ``frequencies`` applied.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    right: int
    cases: int
    without_opinion: int = 0
    checked_on: dt.date
    frequencies: str = ""

    @property
    def text(self) -> str:
        """``Checked here: 41 of 46 right, 3 without opinion``."""
        silent = f", {self.without_opinion} without opinion" if self.without_opinion else ""
        return f"Checked here: {self.right} of {self.cases} right{silent}"


class Frequencies(BaseModel):
    """How frequent each class is where a model is used, under a name that stands beside every answer.

    ``shares`` by class name; any positive numbers, for they are divided by their sum over the model's classes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    shares: dict[str, float]

    def of(self, class_names: Sequence[str]) -> tuple[float, ...]:
        """Share of each class, sum 1, in the order of ``class_names``.

        Raises
        ------
        RenalFusionError
            ``frequencies_invalid``: a class is missing, unknown or not above 0.
        """
        given = {_plain(name): value for name, value in self.shares.items()}
        wanted = [_plain(name) for name in class_names]
        unknown = [name for name in self.shares if _plain(name) not in wanted]
        missing = [name for name in class_names if _plain(name) not in given]
        if unknown or missing:
            raise _invalid(
                f"The frequencies {self.name!r} "
                + (f"name {', '.join(unknown)}, which the model cannot answer" if unknown else "")
                + (" and " if unknown and missing else "")
                + (f"say nothing about {', '.join(missing)}" if missing else ""),
                class_names,
            )
        if not all(0 < value < float("inf") for value in given.values()):
            raise _invalid(f"A share among the frequencies {self.name!r} is not above 0", class_names)
        total = sum(given.values())
        return tuple(given[name] / total for name in wanted)


def local_folder(bundle_sha256: str) -> Path:
    """Folder of what is kept beside one bundle; it need not exist."""
    return data_dir() / "local" / bundle_sha256[:16]


def stored_frequencies(bundle_sha256: str) -> Frequencies | None:
    """The disease frequencies that were chosen here for a bundle, None without a choice."""
    content = _read(local_folder(bundle_sha256) / FREQUENCIES)
    return None if content is None else _checked(Frequencies, content, bundle_sha256, FREQUENCIES)


def store_frequencies(bundle_sha256: str, frequencies: Frequencies | None) -> None:
    """Correct every further answer of a bundle to ``frequencies``; None ends it."""
    path = local_folder(bundle_sha256) / FREQUENCIES
    if frequencies is not None:
        write_text(path, frequencies.model_dump_json(indent=1) + "\n")
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise explain_os_error(error, path) from error


def remember_training_patients(bundle_sha256: str, patient_ids: Iterable[str]) -> None:
    """Keep, as salted hashes, which patients a bundle was trained on."""
    salt = secrets.token_hex(16)
    hashes = sorted({_hashed(salt, one) for one in patient_ids if _plain(one)})
    content = {"salt": salt, "patients": hashes}
    write_text(local_folder(bundle_sha256) / PATIENTS, json.dumps(content, indent=1) + "\n")


def was_trained_on(bundle_sha256: str, patient_id: str) -> bool:
    """Whether a patient is known here to have been in a bundle's training."""
    path = local_folder(bundle_sha256) / PATIENTS
    content = _read(path)
    if content is None or not _plain(patient_id):
        return False
    try:
        return _hashed(content["salt"], patient_id) in content["patients"]
    except (KeyError, TypeError) as error:
        raise _damaged(path) from error


def stored_check(bundle_sha256: str) -> CheckedHere | None:
    """What ``renal-fusion verify`` found here about a bundle; None if it never ran."""
    content = _read(local_folder(bundle_sha256) / CHECK)
    return (
        None if content is None else _checked(CheckedHere, content.get("checked_here"), bundle_sha256, CHECK)
    )


def store_check(bundle_sha256: str, record: BaseModel) -> Path:
    """Keep the result of a local check, a model with a field ``checked_here``; a former one is replaced."""
    path = local_folder(bundle_sha256) / CHECK
    write_text(path, record.model_dump_json(indent=1) + "\n")
    return path


def _checked(kind: type[BaseModel], content: Any, bundle_sha256: str, name: str) -> Any:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise _damaged(local_folder(bundle_sha256) / name) from error


def _read(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if not isinstance(content, dict):
        raise _damaged(path)
    return content


def _damaged(path: Path) -> RenalFusionError:
    return RenalFusionError(
        "local_record_damaged",
        f"{path} cannot be read, so it is unknown what this laboratory found out about the model",
        path=path,
        remedy="Delete the file and enter or measure again what it held.",
    )


def _invalid(problem: str, class_names: Sequence[str]) -> RenalFusionError:
    return RenalFusionError(
        "frequencies_invalid",
        problem,
        remedy=f"Give one number above 0 for each of {', '.join(class_names)}.",
    )


def _plain(name: str) -> str:
    """Spellings of one name that differ in case, in spaces or in the width of characters are one."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _hashed(salt: str, patient_id: str) -> str:
    return hashlib.sha256(f"{salt}{_plain(patient_id)}".encode()).hexdigest()[:32]
