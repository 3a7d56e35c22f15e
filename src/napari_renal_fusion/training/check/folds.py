"""Whether the cohort has enough patients for the folds that are asked for, and what these would be."""

from __future__ import annotations

from collections.abc import Iterator

from ...bundles.conformal import FEWEST, no_set_reason
from ...errors import RenalFusionError
from ..enough import shortages
from ..folds import REFIT, Folds, make_folds
from .facts import CohortFacts
from .finding import Finding
from .words import count


def folds(facts: CohortFacts) -> Iterator[Finding]:
    """Classes with too few patients (number there, number needed), else the sizes of the folds."""
    config = facts.config
    once: dict[str, int] = {}
    cases = []
    for one in facts.labelled:  # patients with two labels are told elsewhere and must not hide this
        if one.patient in facts.label_of and one.case.case_id not in once:
            once[one.case.case_id] = facts.names.index(one.case.label)
            cases.append(one.case)
    if len(facts.names) < 2 or not cases:
        return
    try:
        short = shortages(cases, once, config, facts.names)
        drawn = None if short else make_folds(cases, once, config, facts.names)
    except RenalFusionError as error:
        yield Finding(
            code=error.code, group="Folds", severity="error", message=f"{error.problem.rstrip('.')}.",
            remedy=error.remedy,
        )  # fmt: skip
        return
    kind = "patient" if config.group_by == "patient" else "hospital"
    what = f"{config.folds} folds" if config.folds else "this training"
    for one in short:
        yield Finding(
            code="cohort_too_few",
            group="Folds",
            severity="error",
            message=f"{one.class_name} has {count(one.has, kind)} that can be tested; {what} need"
            f"{'' if config.folds else 's'} at least {one.needed}.",
            remedy=f"Add {one.needed - one.has} or more {kind}s, "
            f"{'ask for fewer folds, ' if config.folds > 2 else ''}or leave the class out.",
            cases=tuple(case.case_id for case in cases if case.label == one.class_name),
        )
    if drawn is not None:
        yield from _sizes(facts, drawn)


def _sizes(facts: CohortFacts, drawn: Folds) -> Iterator[Finding]:
    patient = {one.case.case_id: one.patient for one in facts.cases}

    def patients(ids) -> int:
        return len({patient[one] for one in ids})

    units = [one for one in drawn.folds if one.name != REFIT]
    refit = next((one for one in drawn.folds if one.name == REFIT), None)
    said = []
    if units:
        tested, trained, deciding = (
            [patients(getattr(one, part)) for one in units] for part in ("test", "train", "validation")
        )
        stop = f"{_span(deciding)} decide when to stop, " if max(deciding) else ""
        said.append(
            f"{count(len(units), 'fold')}: {_span(trained)} patients train, {stop}{_span(tested)} are tested"
        )
    if refit:
        said.append(f"final model: {patients(refit.train)} patients train, {patients(refit.test)} calibrate")
    if drawn.test:
        said.append(f"independent test set: {count(patients(drawn.test), 'patient')}")
    if said:
        yield Finding(code="folds", group="Folds", severity="info", message=f"{'; '.join(said)}.")
    first_repeat = units[: facts.config.folds]
    calibrating = refit.test if refit else [one for unit in first_repeat for one in unit.test]
    if facts.config.final != "none" and patients(calibrating) < FEWEST:
        yield Finding(
            code="conformal_too_few",
            group="Folds",
            severity="warning",
            message=no_set_reason(patients(calibrating)),
            remedy="The model will give probabilities without a set.",
        )


def _span(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
