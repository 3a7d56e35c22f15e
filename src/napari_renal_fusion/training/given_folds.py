"""Whether the folds of an earlier run may be used again: for these cases, and with this configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..cases import Case
from ..errors import RenalFusionError
from .config import TrainingConfig
from .enough import class_names_of, refuse_missing_classes
from .folds import REFIT, Folds, leaking_group
from .groups import group_names


def check_folds(
    folds: Folds,
    cases: Sequence[Case],
    labels: Mapping[str, int],
    config: TrainingConfig,
    path: Path | None = None,
    class_names: Sequence[str] = (),
) -> Folds:
    """Return ``folds`` of an earlier run if they fit this cohort, whose own groups decide, and ``config``.

    Raises
    ------
    RenalFusionError
        ``folds_other_cases``, ``folds_other_labels``, ``folds_other_grouping``, ``folds_leak``,
        ``folds_other_settings`` naming the setting that differs and what to give, or ``folds_class_missing``.
    """

    def refuse(code: str, problem: str) -> RenalFusionError:
        return RenalFusionError(
            code, problem, path=path, remedy="Use the cohort the folds were made for, or draw new folds."
        )

    given = {case.case_id for case in cases}
    if given != set(folds.groups):
        missing, unknown = sorted(set(folds.groups) - given), sorted(given - set(folds.groups))
        parts = [
            f"{len(found)} {what} ({', '.join(found[:5])}{', ...' if len(found) > 5 else ''})"
            for found, what in ((missing, "are missing here"), (unknown, "are not in the folds"))
            if found
        ]
        raise refuse("folds_other_cases", f"The folds were made for other cases: {'; '.join(parts)}")
    differing = [one for one in sorted(given) if folds.labels[one] != labels[one]]
    if differing:
        raise refuse(
            "folds_other_labels", f"Labels differ from those of the folds for: {', '.join(differing[:10])}"
        )
    if folds.group_by != config.group_by:
        raise refuse(
            "folds_other_grouping",
            f"The folds keep every {folds.group_by} together, but {config.group_by} is asked for",
        )
    after_model = {case.case_id for case in cases if case.labelled_after_model}
    measured = {one for fold in folds.folds for one in (*fold.validation, *fold.test)} | set(folds.test)
    leak = leaking_group(folds, group_names(cases, config.group_by))
    if leak or after_model & measured:
        seen = f"{', '.join(sorted(after_model & measured))}: labelled after seeing a model, but tested"
        raise refuse("folds_leak", f"The folds leak: {leak or seen}")
    differs = differing_setting(folds, config)
    if differs:
        raise RenalFusionError("folds_other_settings", differs[0], path=path, remedy=differs[1])
    try:
        refuse_missing_classes(folds.folds, labels, class_names_of(labels, class_names), config)
    except RenalFusionError as error:
        raise refuse("folds_class_missing", error.problem) from error
    return folds


def differing_setting(folds: Folds, config: TrainingConfig) -> tuple[str, str] | None:
    """The first setting with which ``config`` would have drawn other units, and what to give; None if none.

    Shares and seeds may differ, because given folds take their place; what a run computes from may not.
    """
    counts = Counter(one.name.rpartition("fold-")[0] for one in folds.folds if one.name != REFIT)
    held = max(counts.values(), default=0)
    if held != config.folds or len(set(counts.values())) > 1:
        return f"The given folds are {held}, but {config.folds} are asked for", f"Give `--folds {held}`."
    repeats = len(counts)
    if counts and repeats != config.repeats:
        return (
            f"The given folds are repeated {_times(repeats)}, but {_times(config.repeats)} is asked for",
            f"Give `--set repeats={repeats}`.",
        )
    if folds.test and not config.test_fraction:
        share = max(0.01, min(0.59, round(len(folds.test) / len(folds.groups), 2)))
        return (
            "The given folds keep an independent test set aside, but none is asked for",
            f"Give `--set test_fraction={share}`.",
        )
    if config.test_fraction and not folds.test:
        return (
            "An independent test set is asked for, but the given folds keep none aside",
            "Give `--set test_fraction=0`.",
        )
    without = [one.name for one in folds.folds if not one.validation]
    if config.patience and without:
        return (
            f"Early stopping is asked for, but {without[0]} of the given folds has no validation patients",
            "Give `--set patience=0`.",
        )
    has_refit = any(one.name == REFIT for one in folds.folds)
    if has_refit and config.final != "refit":
        return (
            f"The given folds have a unit that is fitted anew on all patients, but final={config.final} is asked for",
            "Give `--set final=refit`, or folds of a run without a refit.",
        )
    if config.final == "refit" and not has_refit:
        return (
            "The given folds keep no patients back to calibrate a refit",
            "Give `--set final=ensemble`, or let new folds be drawn.",
        )
    return None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
