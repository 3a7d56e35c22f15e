"""The limit beyond which a patient fits none of the classes, and how often it errs in either direction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..bundles.known import KnownPatients, distances, fit_statistics, in_unit

ACCEPTED = 0.965
"""Share of known patients that the limit shall accept: a little more than the 95 % that are promised, because
the limit of some hundred patients is itself uncertain by one or two per cent."""


@dataclass(frozen=True)
class MemberFeatures:
    """Pooled vectors before CMSA of one member: of the patients it learnt from, and of its fold's test patients.

    ``training`` [n, D] with ``training_labels`` [n]; ``test`` [m, D] with ``test_labels`` [m]. For a refit the
    test part are its calibration patients. All features are those of whole bags without augmentation.
    ``test_patients`` names the patient of each test row, where one has several (biopsies, repeated folds); None:
    every row is one patient.
    """

    training: NDArray[np.float32]
    training_labels: NDArray[np.int64]
    test: NDArray[np.float32]
    test_labels: NDArray[np.int64]
    test_patients: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FitsNone:
    """What a bundle keeps (``known``, ``statistics`` of each member) and the test patients' ``distances``.

    ``distances`` has one array [m] a member, in the order of its test patients.
    """

    known: KnownPatients
    statistics: tuple[dict[str, NDArray[np.float32]], ...]
    distances: tuple[NDArray[np.float64], ...]


def fit_fits_none(
    members: Sequence[MemberFeatures], class_names: Sequence[str], *, accepted: float = ACCEPTED
) -> FitsNone | None:
    """Statistics, limit and both error rates from the members of a run.

    The limit is :func:`distance_limit` of the distances that test patients have to the member that never saw
    them; ``false_refusals`` comes from :func:`cross_fitted_refusals` (1 - ``accepted`` where that is None);
    ``false_accepts`` from :func:`left_out_classes`.

    Returns
    -------
    FitsNone or None
        None when there are too few test patients for a limit (fewer than 1 / (1 - ``accepted``) - 1).
    """
    statistics, out_of_fold = _fitted(members)
    every = np.concatenate(out_of_fold)
    patients = _patients(members)
    limit = distance_limit(every, accepted, len(np.unique(patients)))
    if limit is None:
        return None
    refused = cross_fitted_refusals(out_of_fold, patients, accepted)
    known = KnownPatients(
        limit=limit,
        false_refusals=round(1 - accepted, 6) if refused is None else refused,
        refusals_measured=refused is not None,
        false_accepts=left_out_classes(members, class_names, accepted=accepted),
        fitted_on=f"{len(np.unique(patients))} test patients, each by the member that never saw it",
    )
    return FitsNone(known, tuple(statistics), tuple(out_of_fold))


def cross_fitted_refusals(
    out_of_fold: Sequence[ArrayLike], patients: ArrayLike, accepted: float = ACCEPTED
) -> float | None:
    """Share of the test patients beyond a limit that neither they nor their fold had a part in.

    The share beyond a quantile of the very same distances is 1 - ``accepted`` whatever the model; here each
    member's test patients meet the limit of the other members' ones.

    Parameters
    ----------
    out_of_fold
        For each member the distances [m] of its test patients.
    patients
        [sum of m] the patient of each distance; a patient's own distances never have a part in its limit.

    Returns
    -------
    float or None
        None with one member, or where the others of a member are too few for a limit.
    """
    every = np.concatenate([np.asarray(one, dtype=np.float64) for one in out_of_fold])
    patients = np.asarray(patients)
    member_of = np.repeat(np.arange(len(out_of_fold)), [len(one) for one in out_of_fold])
    refused = np.zeros(len(every), dtype=bool)
    for k in np.unique(member_of):
        own = member_of == k
        others = ~own & ~np.isin(patients, patients[own])
        limit = distance_limit(every[others], accepted, len(np.unique(patients[others])))
        if limit is None:
            return None
        refused[own] = every[own] > limit
    return float(refused.mean())


def distance_limit(known: ArrayLike, accepted: float = ACCEPTED, patients: int | None = None) -> float | None:
    """The smallest limit that accepts a new known patient with probability ``accepted`` or more.

    The ceil(``accepted`` * (n + 1))-th smallest of the n distances ``known``: among n + 1 exchangeable patients
    the rank of the new one is uniform, so this holds for any distribution. None when even the largest distance
    does not promise it. Where the distances come from fewer ``patients`` than there are (several biopsies,
    repeated folds), those of one patient share its weight.
    """
    known = np.sort(np.asarray(known, dtype=np.float64))
    count = len(known) if patients is None else patients
    rank = math.ceil(round(accepted * (count + 1) * len(known) / count, 9)) if count else 0
    return float(known[rank - 1]) if 0 < rank <= len(known) else None


def left_out_classes(
    members: Sequence[MemberFeatures], class_names: Sequence[str], *, accepted: float = ACCEPTED
) -> dict[str, float]:
    """Share of each class's test patients that would be accepted if the class were not among the known ones.

    For each class the statistics and the limit are fitted anew without its patients; then its test patients are
    measured. The networks themselves have seen the class, and training pulls seen classes apart: a disease that
    no network ever saw is accepted more often than this, how much more only a run without it can tell. A class
    is left out of the answer if it has no test patients or if fewer than two other classes remain.
    """
    accepts = {}
    for index, name in enumerate(class_names):
        others = [_without(member, index) for member in members]
        if any(len(np.unique(one.training_labels)) < 2 for one in others):
            continue
        statistics, out_of_fold = _fitted(others)
        limit = distance_limit(np.concatenate(out_of_fold), accepted, len(np.unique(_patients(others))))
        unknown = [
            distances(kept, member.test[member.test_labels == index])
            for kept, member in zip(statistics, members, strict=True)
        ]
        measured = np.concatenate(unknown)
        if limit is not None and len(measured):
            accepts[name] = float((measured <= limit).mean())
    return accepts


def _fitted(
    members: Sequence[MemberFeatures],
) -> tuple[list[dict[str, NDArray[np.float32]]], list[NDArray[np.float64]]]:
    """Statistics of each member and the distances [m] of its test patients, in a common unit.

    How much closer a network puts the patients it learnt from than new ones differs from member to member, so
    each member's distances are divided by the median of its own test patients before they are averaged.
    """
    statistics, out_of_fold = [], []
    for member in members:
        kept = fit_statistics(member.training, member.training_labels)
        measured = distances(kept, member.test)
        unit = float(np.median(measured)) if len(measured) else 1.0
        kept = in_unit(kept, unit if unit > 0 else 1.0)
        statistics.append(kept)
        out_of_fold.append(distances(kept, member.test))
    return statistics, out_of_fold


def _without(member: MemberFeatures, index: int) -> MemberFeatures:
    train, test = member.training_labels != index, member.test_labels != index
    return MemberFeatures(
        member.training[train], member.training_labels[train], member.test[test], member.test_labels[test],
        None if member.test_patients is None
        else tuple(one for one, kept in zip(member.test_patients, test, strict=True) if kept),
    )  # fmt: skip


def _patients(members: Sequence[MemberFeatures]) -> NDArray[np.str_]:
    """The patient of each test row of all members, one after another."""
    names = []
    for k, member in enumerate(members):
        # Digits that no patient of a laboratory has, should only some members name their patients.
        names += member.test_patients or [f"\0{k}-{row}" for row in range(len(member.test_labels))]
    return np.array(names, dtype=str)
