"""How many patients each class has, and whether that is enough to learn and to judge it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .facts import CohortFacts
from .finding import Finding
from .words import count, percent, some

_UNEVEN = 3
_FEW = 10


def class_counts(facts: CohortFacts) -> dict[str, int]:
    """Patients of each class; a patient with two labels counts in none."""
    counted = Counter(facts.label_of.values())
    return {name: counted[name] for name in facts.names}


def classes(facts: CohortFacts) -> Iterator[Finding]:
    """Balance, rare classes, and classes whose names are spelling variants of one another."""
    counts = class_counts(facts)
    total = sum(counts.values())
    if len(counts) < 2:
        only = f"only {next(iter(counts))}" if counts else "none"
        yield Finding(
            code="cohort_no_labels",
            group="Classes",
            severity="error",
            message=f"Training needs at least two classes, the labels of this cohort give {only}.",
            remedy="Fill the column `label`, or sort patients into class folders.",
        )
    if total:
        shares = ", ".join(f"{name} {number} ({percent(number / total)})" for name, number in counts.items())
        yield Finding(
            code="class_balance",
            group="Classes",
            severity="info",
            message=f"{count(total, 'patient')} with a label: {shares}.",
        )
    for variants in _variants(facts.names):
        yield Finding(
            code="class_spelled_twice",
            group="Classes",
            severity="error",
            message=f"The classes {some([repr(one) for one in variants])} differ in spelling only.",
            remedy="Write the label of one disease always the same way.",
            cases=tuple(one.case.case_id for one in facts.labelled if one.case.label in variants),
        )
    largest, smallest = max(counts.values(), default=0), min(counts.values(), default=0)
    if len(counts) > 1 and smallest and largest > _UNEVEN * smallest:
        rare = min(counts, key=counts.__getitem__)
        common = max(counts, key=counts.__getitem__)
        weighted = facts.config.class_weights == "balanced"
        yield Finding(
            code="class_uneven",
            group="Classes",
            severity="info" if weighted else "warning",
            message=f"{common} has {largest / smallest:.1f} times as many patients as {rare}"
            + ("; the loss weighs rare classes more." if weighted else "."),
            remedy="" if weighted else "Set class weights to balanced, and read figures per class.",
        )
    few = {name: number for name, number in counts.items() if 0 < number < _FEW}
    if few:
        said = some([f"{name} has {count(number, 'patient')}" for name, number in few.items()])
        yield Finding(
            code="class_few",
            group="Classes",
            severity="warning",
            message=f"{said}: one patient more or less right changes the figure of such a class by {percent(1 / max(few.values()))} "
            "or more.",
            remedy="Collect more patients, or read the intervals rather than the figures.",
            cases=tuple(one.case.case_id for one in facts.labelled if one.case.label in few),
        )


def _variants(names: tuple[str, ...]) -> list[list[str]]:
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault("".join(name.casefold().split()) or name, []).append(name)
    return [one for one in alike.values() if len(one) > 1]
