"""What a run calls its cases and patients: never by name; the table that does lies with this program's keys."""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ..cases import Cohort
from ..cases.anonymous import is_anonymous
from ..compute.places import config_dir
from ..errors import RenalFusionError
from ..inputs.nameless import Nameless
from .folds import Folds


def private_cohort(cohort: Cohort, called: Mapping[str, str]) -> Cohort:
    """The cohort with its cases under what they are called in files; patients and paths are what they were."""
    return replace(
        cohort,
        cases=tuple(replace(case, case_id=called[case.case_id], code="") for case in cohort.cases),
    )


def private_folds(folds: Folds, called: Mapping[str, str], patients: Mapping[str, str]) -> Folds:
    """The same folds with cases and groups under what they are called in files."""

    def names(ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(called.get(one, one) for one in ids)

    return folds.model_copy(
        update={
            "folds": tuple(
                one.model_copy(
                    update={side: names(getattr(one, side)) for side in ("train", "validation", "test")}
                )
                for one in folds.folds
            ),
            "test": names(folds.test),
            "train_only": names(folds.train_only),
            "groups": {called.get(case, case): patients.get(one, one) for case, one in folds.groups.items()},
            "labels": {called.get(case, case): label for case, label in folds.labels.items()},
        }
    )


def new_key(kind: str = "csv") -> str:
    """Name of a new table of files and patients."""
    return f"run-{secrets.token_hex(8)}.{kind}"


def key_path(name: str) -> Path:
    """Where the table of a run lies: on this computer, outside of the run's folder, which may be given away."""
    return config_dir() / "keys" / name


def names_of_table(path: Path) -> Nameless:
    """What takes the names of a run's table out of sentences, also of files that are gone.

    Raises
    ------
    RenalFusionError
        ``run_key_missing``.
    """
    files, words = [], {}
    if path.suffix == ".json":
        return _names_of_patients(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise key_missing(path) from error
    counts: dict[str, int] = {}
    for row in rows:
        case, modality = row.get("case_id", ""), row.get("modality", "")
        counts[f"{case} {modality}"] = number = counts.get(f"{case} {modality}", 0) + 1
        if row.get("path"):
            files.append((Path(row["path"]), f"{modality}-{number} of case {case}"))
        if row.get("patient_id") and not is_anonymous(row["patient_id"]):
            words.setdefault(row["patient_id"], f"patient {case}")
    return Nameless(files, words, {row["stain"] for row in rows if row.get("stain")})


def _names_of_patients(path: Path) -> Nameless:
    """The same of a run on slides and omics."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise key_missing(path) from error
    files = [
        (Path(one["path"]), f"{name} of {patient}")
        for name, rows in stored["slides"].items()
        for patient, sources in zip(stored["patients"], rows, strict=True)
        for one in sources
    ]
    return Nameless(files, dict(zip(stored["ids"], stored["patients"], strict=True)))


def key_missing(path: Path) -> RenalFusionError:
    """The table of a run is not on this computer."""
    return RenalFusionError(
        "run_key_missing",
        "The table that says which files this run reads is not on this computer",
        path=path,
        remedy=f"Copy {path.name} from the folder `keys` of the computer that made the run, or start a new run.",
    )
