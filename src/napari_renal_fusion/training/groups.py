"""What must stay together in a fold, and how such groups are dealt out with every class in equal shares."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..cases import Case
from ..errors import RenalFusionError

GroupBy = Literal["patient", "hospital"]


@dataclass(frozen=True)
class Group:
    """All cases of one patient, or of one hospital with all its patients.

    ``counts`` [C] are the patients of each class that may be tested: patients of whom every label was
    entered after seeing a model are not among them, though their ``cases`` may train.
    """

    name: str
    cases: tuple[str, ...]
    counts: np.ndarray = field(compare=False)


def group_names(cases: Sequence[Case], group_by: GroupBy) -> dict[str, str]:
    """The group of each case, by case id; named by its first patient or hospital in the order of ``cases``.

    Patient ids that differ in upper and lower case, in spaces or in the width of their characters are one
    patient. With hospitals, one that shares a patient with another is one group with it.

    Raises
    ------
    RenalFusionError
        ``hospital_missing`` if hospitals are asked for and cases have none; all are named.
    """
    if group_by == "hospital":
        without = [case.case_id for case in cases if not case.hospital]
        if without:
            raise RenalFusionError(
                "hospital_missing",
                f"{_some(without)} {'have' if len(without) > 1 else 'has'} no hospital, so whole hospitals "
                "cannot be kept together",
                remedy="Fill the column `hospital`, or keep patients together.",
            )
    return _components(cases, group_by)


def patient_keys(cases: Sequence[Case]) -> dict[str, str]:
    """The patient of each case, by case id, with spelling variants of one id made one."""
    return {case.case_id: _plain(case.patient_id) for case in cases}


def _components(cases: Sequence[Case], group_by: GroupBy) -> dict[str, str]:
    root: dict[tuple[str, str], tuple[str, str]] = {}

    def find(one: tuple[str, str]) -> tuple[str, str]:
        root.setdefault(one, one)
        while root[one] != one:
            one = root[one]
        return one

    for case in cases:
        patient = find(("patient", _plain(case.patient_id)))
        if group_by == "hospital":
            root[patient] = find(("hospital", _plain(case.hospital)))
    names: dict[tuple[str, str], str] = {}
    for case in cases:
        shown = case.hospital if group_by == "hospital" else case.patient_id
        names.setdefault(find(("patient", _plain(case.patient_id))), shown)
    return {case.case_id: names[find(("patient", _plain(case.patient_id)))] for case in cases}


def groups_of(
    cases: Sequence[Case], names: Mapping[str, str], labels: Mapping[str, int], n_classes: int
) -> tuple[Group, ...]:
    """The groups of ``cases`` under the ``names`` of :func:`group_names`, in the order of their names."""
    members: dict[str, list[str]] = {}
    patients: dict[str, dict[str, int]] = {}
    keys = patient_keys(cases)
    for case in cases:
        members.setdefault(names[case.case_id], []).append(case.case_id)
        counted = patients.setdefault(names[case.case_id], {})
        if not case.labelled_after_model:
            counted[keys[case.case_id]] = labels[case.case_id]
    return tuple(
        Group(name, tuple(members[name]), np.bincount(list(patients[name].values()), minlength=n_classes))
        for name in sorted(members)
    )


def deal(groups: Sequence[Group], parts: int, generator: np.random.Generator) -> list[list[Group]]:
    """Deal groups into ``parts``: each class spread as evenly as its groups allow.

    Groups of one patient give parts whose patients of any class, and in total, differ by at most one. Larger
    groups (hospitals) go largest first to where each class is rarest; then groups are moved and exchanged as
    long as that evens the classes out.
    """
    order = [groups[i] for i in generator.permutation(len(groups))]
    order.sort(key=lambda one: (-int(one.counts.sum()), int(one.counts.argmax()), -len(one.cases)))
    total = np.maximum(np.sum([one.counts for one in groups], axis=0), 1)
    dealt: list[list[Group]] = [[] for _ in range(parts)]
    held = np.zeros((parts, len(total)))
    cases = np.zeros(parts)
    for one in order:
        # By classes, then by patients, then by cases.
        crowded = ((held * one.counts) / total).sum(axis=1)
        best = np.lexsort((cases, held.sum(axis=1), crowded.round(9)))[0]
        dealt[best].append(one)
        held[best] += one.counts
        cases[best] += len(one.cases)
    if any(one.counts.sum() > 1 for one in groups):
        _even_out(dealt, held, total)
    return dealt


def _even_out(dealt: list[list[Group]], held: np.ndarray, total: np.ndarray) -> None:
    """Move or exchange groups, in place, while the squared unevenness per class falls."""

    def unevenness(counts: np.ndarray) -> float:
        missing = 10.0 * ((counts == 0) & (total > 1)).sum()
        return float(((counts - counts.mean(axis=0)) ** 2 / total).sum() + missing)

    best = unevenness(held)
    improved = True
    while improved:
        improved = False
        for a, b in ((a, b) for a in range(len(dealt)) for b in range(len(dealt)) if a != b):
            for one in list(dealt[a]):
                for other in [None, *(dealt[b] if a < b else ())]:
                    change = one.counts - (0 if other is None else other.counts)
                    trial = held.copy()
                    trial[a] -= change
                    trial[b] += change
                    if unevenness(trial) < best - 1e-9:
                        best, held[:], improved = unevenness(trial), trial, True
                        dealt[a].remove(one)
                        dealt[b].append(one)
                        if other is not None:
                            dealt[b].remove(other)
                            dealt[a].append(other)
                        break


def draw(groups: Sequence[Group], fraction: float, generator: np.random.Generator) -> list[Group]:
    """Draw about ``fraction`` of the patients of each class, at least one of each that there is.

    Groups of one patient give exactly ``max(1, round(fraction * n))`` patients of each class (halves down).
    """
    left = [groups[i] for i in generator.permutation(len(groups)) if groups[i].counts.any()]
    if not left:
        return []
    counts = np.array([one.counts for one in left], dtype=float)
    total = counts.sum(axis=0)
    wanted = np.where(total > 0, np.maximum(fraction * total, 1), 0)
    scale = np.maximum(total, 1)
    free = np.ones(len(left), dtype=bool)
    drawn: list[Group] = []
    held = np.zeros_like(total)
    while free.any():
        costs = np.where(free, ((held + counts - wanted) ** 2 / scale).sum(axis=1), np.inf)
        if costs.min() >= ((held - wanted) ** 2 / scale).sum() - 1e-12:
            useful = (counts[:, (held == 0) & (total > 0)] > 0).any(axis=1) & free
            if not useful.any():
                break
            costs = np.where(useful, costs, np.inf)
        best = int(costs.argmin())
        free[best] = False
        drawn.append(left[best])
        held += counts[best]
    return drawn


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _some(names: Sequence[str], most: int = 10) -> str:
    shown = ", ".join(names[:most])
    word = "Cases" if len(names) > 1 else "Case"
    return f"{word} {shown}" + (f" and {len(names) - most} more" if len(names) > most else "")
