"""Folds: which patients train, validate and test together; grouped, stratified, saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ..cases import Case
from ..compute.atomic import write_text
from ..errors import RenalFusionError
from .config import TrainingConfig
from .enough import class_names_of, refuse_missing_classes, refuse_too_few, shortages_of
from .groups import Group, deal, draw, group_names, groups_of, patient_keys

REFIT = "refit"


class Fold(BaseModel):
    """One unit of fitting: case ids that train, that decide when to stop, and that test (or calibrate).

    ``name`` is ``fold-1`` ... (``repeat-2-fold-1`` ... when repeated), or ``refit``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


class Folds(BaseModel):
    """The folds of a run, as ``folds.json`` keeps them; another run can be given the same file.

    ``test`` lists the cases of the independent test set, ``groups`` the group (patient or hospital) of each
    case, ``train_only`` cases that may train but neither validate, test nor calibrate (label entered after
    seeing a model). Folds in which a group stands on two sides cannot be made at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    group_by: str
    seed: int
    folds: tuple[Fold, ...]
    test: tuple[str, ...] = ()
    groups: dict[str, str]
    labels: dict[str, int]
    train_only: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _nothing_leaks(self) -> Folds:
        if set(self.groups) != set(self.labels):
            raise ValueError("groups and labels are not those of the same cases")
        leak = leaking_group(self, self.groups)
        if leak:
            raise ValueError(leak)
        return self

    @property
    def independent_test(self) -> Fold | None:
        """The independent test set as a unit that only tests; None if there is none."""
        return Fold(name="test", train=(), validation=(), test=self.test) if self.test else None

    def save(self, path: Path) -> None:
        """Write ``folds.json``, whole or not at all."""
        write_text(path, self.model_dump_json(indent=1))

    @classmethod
    def load(cls, path: Path) -> Folds:
        """Read ``folds.json``.

        Raises
        ------
        RenalFusionError
            ``folds_unreadable``; also for folds in which a patient stands on two sides.
        """
        try:
            return cls.model_validate_json(Path(path).read_text(encoding="utf-8"))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            reason = f"{where}: {first['msg']}" if where else first["msg"].removeprefix("Value error, ")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
        raise RenalFusionError(
            "folds_unreadable",
            f"The folds {Path(path)} cannot be used: {reason}",
            path=path,
            remedy="Take the folds.json of a finished run as it is, or let new folds be drawn.",
        )


def make_folds(
    cases: Sequence[Case],
    labels: Mapping[str, int],
    config: TrainingConfig,
    class_names: Sequence[str] = (),
) -> Folds:
    """Draw the folds of a run; the same cases, labels and configuration give the same folds.

    First the independent test set, then for each repeat ``config.folds`` parts of the others, each tested
    once. Validation patients are drawn inside each training part if ``config.patience`` asks for early
    stopping, else there are none. ``final="refit"`` adds the unit ``refit``, whose ``test`` calibrates. The
    order of ``cases`` does not matter.

    Parameters
    ----------
    cases
        All labelled cases.
    labels
        Class index of each case, by case id.
    class_names
        For error messages; also fixes the number of classes.

    Raises
    ------
    RenalFusionError
        ``cohort_too_few`` naming each class, the number it has and the number needed; ``patient_two_labels``;
        ``hospital_missing``; ``case_id_repeated``.
    """
    cases = sorted(cases, key=lambda case: case.case_id)
    names = class_names_of(labels, class_names)
    _refuse_repeated(cases)
    contradictions = patients_with_two_labels(cases, labels)
    if contradictions:
        raise RenalFusionError(
            "patient_two_labels",
            "; ".join(
                f"Patient {patient} has the labels {', '.join(names[i] for i in found)}"
                for patient, found in contradictions.items()
            ),
            remedy="Give every biopsy of a patient the same label, or leave the others out of the cohort.",
        )
    of_case = group_names(cases, config.group_by)
    groups = groups_of(cases, of_case, labels, len(names))
    refuse_too_few(shortages_of(groups, config, names), config)
    train_only = {case.case_id for case in cases if case.labelled_after_model}
    # Those that cannot be tested train in every fold.
    always = [one for one in groups if not one.counts.any()]
    others = [one for one in groups if one.counts.any()]
    test: list[Group] = []
    if config.test_fraction:
        test = draw(others, config.test_fraction, _generator(config.seed, 1))
        others = [one for one in others if one not in test]
    folds = []
    for repeat in range(config.repeats if config.folds else 0):
        for number, part in enumerate(deal(others, config.folds, _generator(config.seed, 2, repeat))):
            prefix = f"repeat-{repeat + 1}-" if repeat else ""
            rest = [one for one in others if one not in part]
            generator = _generator(config.seed, 3, repeat, number)
            folds.append(
                _fold(f"{prefix}fold-{number + 1}", rest, always, part, train_only, config, generator)
            )
    if config.final == "refit":
        part = draw(others, config.calibration_fraction, _generator(config.seed, 4))
        rest = [one for one in others if one not in part]
        folds.append(_fold(REFIT, rest, always, part, train_only, config, _generator(config.seed, 5)))
    refuse_missing_classes(folds, labels, names, config)
    return Folds(
        group_by=config.group_by,
        seed=config.seed,
        folds=tuple(folds),
        test=_ids(test, train_only),
        groups=of_case,
        labels={case.case_id: int(labels[case.case_id]) for case in cases},
        train_only=tuple(sorted(train_only)),
    )


def leaking_group(folds: Folds, groups: Mapping[str, str]) -> str:
    """A sentence about the first group that stands on two sides of a fold; empty if none does."""
    tested_in: dict[tuple[str, str], str] = {}
    aside = {groups.get(one) for one in folds.test}
    for fold in folds.folds:
        sides: dict[str, str] = {}
        for side in ("train", "validation", "test"):
            for case_id in getattr(fold, side):
                if case_id not in groups:
                    return f"case {case_id} of {fold.name} has no group"
                if side != "train" and case_id in folds.train_only:
                    return f"case {case_id} may only train, but is in the {side} part of {fold.name}"
                group = groups[case_id]
                if group in aside:
                    return f"{group} is in the independent test set and in {fold.name}"
                if sides.setdefault(group, side) != side:
                    return f"{group} is in the {sides[group]} and the {side} part of {fold.name}"
                if side == "test":
                    repeat = fold.name.rpartition("fold-")[0] if fold.name != REFIT else REFIT
                    if tested_in.setdefault((repeat, group), fold.name) != fold.name:
                        return f"{group} is tested in {tested_in[repeat, group]} and in {fold.name}"
    if None in aside or set(folds.test) & set(folds.train_only):
        return "the independent test set holds a case without a group or one that may only train"
    return ""


def patients_with_two_labels(cases: Sequence[Case], labels: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Patients whose cases have different class indices, with these."""
    found: dict[str, tuple[str, set[int]]] = {}
    for case in cases:
        key = patient_keys((case,))[case.case_id]
        found.setdefault(key, (case.patient_id, set()))[1].add(labels[case.case_id])
    return {name: tuple(sorted(classes)) for name, classes in found.values() if len(classes) > 1}


def _refuse_repeated(cases: Sequence[Case]) -> None:
    repeated = [one for one, count in Counter(case.case_id for case in cases).items() if count > 1]
    if repeated:
        raise RenalFusionError(
            "case_id_repeated",
            f"Several cases are called {', '.join(repeated[:10])}",
            remedy="Give every biopsy its own case_id.",
        )


def _fold(
    name: str,
    rest: Sequence[Group],
    always: Sequence[Group],
    tested: Sequence[Group],
    train_only: set[str],
    config: TrainingConfig,
    generator: np.random.Generator,
) -> Fold:
    validation = draw(rest, config.validation_fraction, generator) if config.patience else []
    training = [one for one in (*rest, *always) if one not in validation]
    return Fold(
        name=name,
        train=_ids(training, ()),
        validation=_ids(validation, train_only),
        test=_ids(tested, train_only),
    )


def _ids(groups: Sequence[Group], without) -> tuple[str, ...]:
    return tuple(sorted(one for group in groups for one in group.cases if one not in without))


def _generator(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)
