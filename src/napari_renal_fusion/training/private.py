"""What a run calls its cases and patients: never by name; the table that does lies with this program's keys."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ..cases import Case, Cohort
from ..cases.anonymous import is_anonymous
from ..compute.places import config_dir
from ..errors import RenalFusionError
from ..inputs.nameless import Nameless
from .folds import Folds


def case_names(cases: Iterable[Case]) -> dict[str, str]:
    """What each case is called in files, by case id.

    An anonymous id ("P001") stays; else it is the case code, and where nobody gave one a number in the order of
    the ids.
    """
    called: dict[str, str] = {}
    cases = sorted(cases, key=lambda case: case.case_id)
    taken = {case.case_id for case in cases if is_anonymous(case.case_id)} | {case.code for case in cases}
    number = 0
    for case in cases:
        name = case.case_id if is_anonymous(case.case_id) else case.code
        while not name or name in called.values():
            number += 1
            name = f"case-{number}" if f"case-{number}" not in taken else ""
        called[case.case_id] = name
    return called


def patient_names(cases: Mapping[str, str], called: Mapping[str, str]) -> dict[str, str]:
    """What each patient is called in files, by patient id; ``cases`` are patient ids by case id.

    An anonymous id stays; else it is that of the patient's first case.
    """
    first: dict[str, str] = {}
    for case, patient in sorted(cases.items()):
        first.setdefault(patient, patient if is_anonymous(patient) else f"patient {called[case]}")
    return first


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


def names_of(cohort: Cohort, called: Mapping[str, str]) -> Nameless:
    """What takes the names of a cohort out of sentences."""
    patients = patient_names({case.case_id: case.patient_id for case in cohort.cases}, called)
    others = [one.path for one in cohort.problems if one.path is not None]
    return Nameless.of_cases(cohort.cases, called, patients, others)


def new_key() -> str:
    """Name of a new table of files and patients."""
    return f"run-{secrets.token_hex(8)}.csv"


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
    return Nameless(files, words)


def key_missing(path: Path) -> RenalFusionError:
    """The table of a run is not on this computer."""
    return RenalFusionError(
        "run_key_missing",
        "The table that says which files this run reads is not on this computer",
        path=path,
        remedy=f"Copy {path.name} from the folder `keys` of the computer that made the run, or start a new run.",
    )
