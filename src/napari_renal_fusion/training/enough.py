"""Whether a cohort has enough patients for its folds, and the refusal that says how many are needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..cases import Case
from ..errors import RenalFusionError
from .config import TrainingConfig
from .groups import Group, group_names, groups_of

if TYPE_CHECKING:
    from .folds import Fold


@dataclass(frozen=True)
class Shortage:
    """A class with too few groups: how many of them may be tested, and how many are needed."""

    class_name: str
    has: int
    needed: int


def shortages(
    cases: Sequence[Case],
    labels: Mapping[str, int],
    config: TrainingConfig,
    class_names: Sequence[str] = (),
) -> tuple[Shortage, ...]:
    """Classes with too few patients (or hospitals) for the folds; :func:`make_folds` refuses the same."""
    names = class_names_of(labels, class_names)
    return shortages_of(
        groups_of(cases, group_names(cases, config.group_by), labels, len(names)), config, names
    )


def groups_needed(config: TrainingConfig) -> int:
    """The fewest groups that every class must have: one to test in each fold, to train and to validate."""
    training = 1 + (config.patience > 0)

    def enough(count: int) -> bool:
        count -= _share(count, config.test_fraction) if config.test_fraction else 0
        folds = config.folds == 0 or (
            count >= config.folds and count - math.ceil(count / config.folds) >= training
        )
        refit = config.final != "refit" or count - _share(count, config.calibration_fraction) >= training
        return folds and refit

    return next(count for count in range(1, 10_000) if enough(count))


def _share(count: int, fraction: float) -> int:
    return max(1, math.ceil(fraction * count - 0.5))


def shortages_of(
    groups: Sequence[Group], config: TrainingConfig, names: Sequence[str]
) -> tuple[Shortage, ...]:
    needed = groups_needed(config)
    counted = [sum(bool(one.counts[label]) for one in groups) for label in range(len(names))]
    return tuple(
        Shortage(name, has, needed) for name, has in zip(names, counted, strict=True) if has < needed
    )


def refuse_too_few(found: Sequence[Shortage], config: TrainingConfig) -> None:
    if not found:
        return
    kind = "patient" if config.group_by == "patient" else "hospital"
    has = "; ".join(
        f"{one.class_name} has {one.has} {kind}{'' if one.has == 1 else 's'} that can be tested, "
        f"{one.needed} are needed"
        for one in found
    )
    raise RenalFusionError(
        "cohort_too_few",
        f"Too few {kind}s for {config.folds} folds: {has}" if config.folds else f"Too few {kind}s: {has}",
        remedy=f"Add {kind}s, ask for fewer folds or no independent test set, or leave the class out.",
    )


def refuse_missing_classes(
    folds: Sequence[Fold], labels: Mapping[str, int], names: Sequence[str], config: TrainingConfig
) -> None:
    """Hospitals are few and uneven: a class may be missing from a part although there were enough of them."""
    for fold in folds:
        parts = [("training", fold.train), ("test", fold.test)]
        parts += [("validation", fold.validation)] if config.patience else []
        for part, ids in parts:
            missing = set(range(len(names))) - {labels[one] for one in ids}
            if missing:
                raise RenalFusionError(
                    "cohort_too_few",
                    f"{', '.join(names[i] for i in sorted(missing))} would be missing from the {part} part of "
                    f"{fold.name}, because a {config.group_by} is never divided",
                    remedy="Ask for fewer folds, or keep patients together instead of hospitals.",
                )


def class_names_of(labels: Mapping[str, int], names: Sequence[str]) -> tuple[str, ...]:
    """The names of the classes, or numbers counted from 1 where none are given."""
    return tuple(names) or tuple(f"class {i + 1}" for i in range(max(labels.values(), default=0) + 1))
