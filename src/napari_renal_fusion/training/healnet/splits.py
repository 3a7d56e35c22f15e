"""Folds of a HEALNet run: drawn by patient and stratified, or taken from given files of splits."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import RenalFusionError
from ..folds import Fold, Folds, leaking_group
from ..groups import Group, deal, draw
from .config import HEALNetTrainingConfig
from .patients import PatientTable


def draw_folds(table: PatientTable, config: HEALNetTrainingConfig) -> Folds:
    """Draw ``config.folds`` parts, each tested once; events (or classes) are spread evenly.

    Raises
    ------
    RenalFusionError
        ``cohort_too_few`` with what each fold would lack.
    """
    if config.folds < 2:
        raise RenalFusionError(
            "folds_too_few",
            "One fold tests nothing",
            remedy="Ask for at least 2 folds, or give splits with a train and a val column.",
        )
    groups = _patients_as_groups(table, table.patients)
    parts = deal(groups, config.folds, np.random.default_rng([config.seed, 2]))
    folds = []
    for number, part in enumerate(parts):
        tested = {one for group in part for one in group.cases}
        rest = [one for one in table.patients if one not in tested]
        folds.append(with_stopping_part(table, f"fold-{number + 1}", rest, sorted(tested), config, number))
    return _checked(table, folds, config)


def read_splits(
    given: str | Path | Sequence[Path], table: PatientTable, config: HEALNetTrainingConfig
) -> tuple[Folds, tuple[str, ...]]:
    """The folds of given files with the columns ``train`` and ``val`` (or ``test``), and sentences about them.

    ``given`` is a pattern such as ``PATH/kirp_splits_*.csv`` or a list of files. The given validation part is
    the fold's test part; the share that decides when to stop is drawn from the training part.

    Raises
    ------
    RenalFusionError
        ``splits_missing``, ``splits_columns``, ``splits_leak`` for a patient on both sides, ``splits_overlap`` for
        one who is tested in two files, ``splits_unknown`` if the files are about other patients.
    """
    paths = _paths(given)
    known = set(table.patients)
    folds, tested, unknown, notes = [], {}, set(), []
    for number, path in enumerate(paths):
        train, val = _read(path)
        both = sorted(set(train) & set(val))
        if both:
            raise RenalFusionError(
                "splits_leak",
                f"{path.name} has {', '.join(both[:5])} on both sides: a patient may not train and test",
                path=path,
                remedy="Correct the file of splits.",
            )
        unknown |= (set(train) | set(val)) - known
        train, val = [one for one in train if one in known], [one for one in val if one in known]
        if not train or not val:
            raise RenalFusionError(
                "splits_unknown",
                f"{path.name} names no patient of the table in its {'train' if not train else 'val'} part",
                path=path,
                remedy="Give the splits that belong to this table.",
            )
        for patient in val:
            if tested.setdefault(patient, path.name) != path.name:
                raise RenalFusionError(
                    "splits_overlap",
                    f"{patient} is tested in {tested[patient]} and in {path.name}",
                    path=path,
                    remedy="Give splits in which each patient is tested once.",
                )
        folds.append(
            with_stopping_part(
                table, f"fold-{number + 1}", sorted(set(train)), sorted(set(val)), config, number
            )
        )
    if unknown:
        notes.append(f"{len(unknown)} patients of the splits are not in the table and are passed over.")
    never = len(known - set(tested))
    if never:
        notes.append(f"{never} patients of the table are tested in no split.")
    return _checked(table, folds, config), tuple(notes)


def check_given_folds(folds: Folds, table: PatientTable) -> None:
    """Refuse the folds of another run that are not about these patients.

    Raises
    ------
    RenalFusionError
        ``folds_other_cases`` or ``folds_leak``.
    """
    strata = dict(zip(table.patients, map(int, table.strata), strict=True))
    if set(folds.groups) != set(table.patients) or folds.labels != strata:
        raise RenalFusionError(
            "folds_other_cases",
            "The folds were made for other patients or outcomes",
            remedy="Use the table the folds were made for, or draw new folds.",
        )
    leak = leaking_group(folds, _groups_of(table))
    if leak:
        raise RenalFusionError("folds_leak", f"The folds leak: {leak}", remedy="Draw new folds.")


def _paths(given: str | Path | Sequence[Path]) -> list[Path]:
    if isinstance(given, (str, Path)):
        pattern = Path(given).expanduser().absolute()
        found = list(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
    else:
        found = [Path(one) for one in given]
    found = [one for one in found if one.is_file()]
    if not found:
        raise RenalFusionError(
            "splits_missing",
            f"There is no file of splits at {given}",
            remedy="Give for example --splits 'PATH/kirp_splits_*.csv' in quotes.",
        )
    return sorted(found, key=lambda one: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", one.name)])


def _read(path: Path) -> tuple[list[str], list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RenalFusionError(
            "splits_columns", f"{path.name} cannot be read as a table", path=path, remedy="Give a CSV file."
        ) from error
    columns = set(rows[0]) if rows else set()
    test = "val" if "val" in columns else "test"
    if not {"train", test} <= columns:
        raise RenalFusionError(
            "splits_columns",
            f"{path.name} has no columns train and val",
            path=path,
            remedy="Write one patient a cell below train and below val.",
        )
    return tuple([row[name].strip() for row in rows if (row[name] or "").strip()] for name in ("train", test))


def with_stopping_part(
    table: PatientTable,
    name: str,
    train: Sequence[str],
    test: Sequence[str],
    config: HEALNetTrainingConfig,
    number: int,
    network: int = 1,
) -> Fold:
    """Fold ``number`` with a share of ``train`` drawn to decide when to stop, anew for each ``network`` of a fold."""
    stopping: set[str] = set()
    if config.stopping_fraction:
        groups = _stopping_groups(_patients_as_groups(table, train), config, number, network)
        stopping = {one for group in groups for one in group.cases}
    return Fold(
        name=name,
        train=tuple(sorted(one for one in train if one not in stopping)),
        validation=tuple(sorted(stopping)),
        test=tuple(test),
    )


def _stopping_groups(
    groups: Sequence[Group], config: HEALNetTrainingConfig, number: int, network: int
) -> Sequence[Group]:
    """The stopping part of one network of a fold; those of several networks have nobody in common if they can."""
    parts = round(1 / config.stopping_fraction)
    counts = np.sum([one.counts for one in groups], axis=0)
    if 1 < config.networks <= parts <= counts[counts > 0].min():
        dealt = deal(groups, parts, np.random.default_rng([config.seed, 3, number]))
        return dealt[network - 1]
    return draw(groups, config.stopping_fraction, np.random.default_rng([config.seed, 3, number, network]))


def _groups_of(table: PatientTable) -> dict[str, str]:
    """The patient of each row; spellings of one id that differ in case, spaces or width are one patient."""
    from ..groups import _plain

    first: dict[str, str] = {}
    return {one: first.setdefault(_plain(one), one) for one in table.patients}


def _patients_as_groups(table: PatientTable, patients: Sequence[str]) -> list[Group]:
    """One group a patient, with every row of it, in the order of their names."""
    wanted = set(patients)
    strata = dict(zip(table.patients, table.strata, strict=True))
    members: dict[str, list[str]] = {}
    for one, group in _groups_of(table).items():
        if one in wanted:
            members.setdefault(group, []).append(one)
    count = len(table.strata_names)
    return [
        Group(name, tuple(rows), np.bincount([strata[rows[0]]], minlength=count))
        for name, rows in sorted(members.items())
    ]


def _checked(table: PatientTable, folds: Sequence[Fold], config: HEALNetTrainingConfig) -> Folds:
    strata = dict(zip(table.patients, map(int, table.strata), strict=True))
    names = table.strata_names
    needed = range(len(names)) if table.labels is not None else (1,)
    for fold in folds:
        parts = [("training", fold.train), ("test", fold.test)]
        parts += [("stopping", fold.validation)] if config.stopping_fraction else []
        for part, patients in parts:
            found = {strata[one] for one in patients}
            missing = [names[one] for one in needed if one not in found]
            if missing:
                what = (
                    "patient with the event" if table.labels is None else f"patient of {', '.join(missing)}"
                )
                raise RenalFusionError(
                    "cohort_too_few",
                    f"The {part} part of {fold.name} has no {what}",
                    remedy="Ask for fewer folds, add patients, or give other splits.",
                )
    if table.labels is None:
        from .truth import bins_of

        place = {name: row for row, name in enumerate(table.patients)}
        for fold in folds:
            bins_of(table, config, [place[one] for one in fold.train], f"the training part of {fold.name}")
    groups = _groups_of(table)
    made = Folds.model_construct(folds=tuple(folds), groups=groups, test=(), train_only=())
    leak = leaking_group(made, groups)
    if leak:
        raise RenalFusionError("splits_leak", f"The splits leak: {leak}", remedy="Correct the splits.")
    return Folds(group_by="patient", seed=config.seed, folds=tuple(folds), groups=groups, labels=strata)
