"""Conformal sets: the classes that cannot be excluded at a stated coverage."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

FEWEST = 40
"""Patients under which no set is given: 39 scores move the 90 % quantile by several points a patient."""

Share = Field(gt=0, lt=1, allow_inf_nan=False)


class ConformalScores(BaseModel):
    """Calibration scores of a bundle, one tuple per member (CV+), one tuple in all for a split (refit).

    A score is S = 1 - p(right class) that a member gave to a patient it never saw, with the bundle's
    temperature; ``coverage`` is what was asked for; ``patients`` how many patients the scores come from where
    that is fewer than the scores (repeated folds, several biopsies), 0 if every score is one patient.

    Class y is in the set of a case x if and only if, over the n scores,

        #{ i : S_i < 1 - p_k(i)(y | x) }  <  coverage * (n + 1),

    where k(i) is the member that never saw patient i: CV+ for classification (Romano, Sesia & Candès 2020,
    after the jackknife+ of Barber, Candès, Ramdas & Tibshirani 2021). With one member it is the split
    conformal set {y : 1 - p(y | x) <= the ceil(coverage * (n + 1))-th smallest score}. Scores of one patient
    share its weight, so the threshold is that of ``patients`` patients.

    The promise is about an average patient like those that calibrated (exchangeable with them), over many
    trainings, not about one patient or one disease. A split keeps it for ``coverage``; CV+ for 2 * coverage - 1
    at worst and for about ``coverage`` in practice. A set may be empty: then every class is less likely than
    it was for nearly all right answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    coverage: float = Share
    scores: tuple[tuple[float, ...], ...]
    patients: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _can_judge(self) -> ConformalScores:
        every = [score for member in self.scores for score in member]
        if not every or not all(0 <= score <= 1 for score in every):
            raise ValueError("conformal scores are 1 - p: at least one number, each between 0 and 1")
        if self.patients > len(every):
            raise ValueError(f"{len(every)} conformal scores cannot come from {self.patients} patients")
        return self

    @classmethod
    def cv_plus(
        cls, scores: Sequence[ArrayLike], coverage: float, patients: int | None = None
    ) -> ConformalScores | None:
        """From the scores of each member's own test patients, in the order of the members.

        None when they come from fewer than :data:`FEWEST` patients (:func:`no_set_reason` says so).
        """
        kept = tuple(tuple(float(one) for one in np.ravel(np.asarray(member))) for member in scores)
        count = sum(map(len, kept)) if patients is None else patients
        return cls(coverage=coverage, scores=kept, patients=patients or 0) if count >= FEWEST else None

    @classmethod
    def split(cls, scores: ArrayLike, coverage: float, patients: int | None = None) -> ConformalScores | None:
        """From the scores of patients that one network kept back; None under :data:`FEWEST` patients."""
        return cls.cv_plus([scores], coverage, patients)

    @property
    def members(self) -> int:
        return len(self.scores)

    @property
    def calibration_patients(self) -> int:
        return self.patients or sum(map(len, self.scores))

    def at(self, coverage: float) -> ConformalScores:
        """The same scores for another coverage."""
        return type(self)(coverage=coverage, scores=self.scores, patients=self.patients)

    def sets(self, member_probabilities: ArrayLike) -> list[tuple[int, ...]]:
        """The sets of n cases as ascending class indices, possibly empty.

        Parameters
        ----------
        member_probabilities
            [M, n, C], what each member says with the bundle's temperature, members in the order of ``scores``.

        Raises
        ------
        ValueError
            The number of members is not that of the scores.
        """
        probabilities = np.asarray(member_probabilities, dtype=np.float64)
        if probabilities.ndim != 3 or len(probabilities) != self.members:
            raise ValueError(
                f"probabilities of shape {probabilities.shape} for the scores of {self.members} members"
            )
        smaller = sum(
            np.searchsorted(np.sort(scores), 1 - given, side="left")
            for scores, given in zip(self.scores, probabilities, strict=True)
        )
        total = sum(map(len, self.scores))
        return _as_sets(smaller < _threshold(self.coverage, total, self.calibration_patients))


def no_set_reason(patients: int) -> str:
    """The sentence for a model whose calibration patients are too few for a set."""
    return (
        f"No set of diseases with a stated coverage can be given: {patients} calibration "
        f"patient{'' if patients == 1 else 's'}, at least {FEWEST} are needed."
    )


def out_of_fold_sets(
    labels: ArrayLike,
    probabilities: ArrayLike,
    member_of: ArrayLike,
    coverage: float,
    patients: ArrayLike | None = None,
) -> list[tuple[int, ...]] | None:
    """Sets of a run's own patients, for its figures: each judged by the scores of the other folds' patients.

    The set of a new patient asks every member; a patient of the run has only one member that never saw it. So
    its 1 - p(y) is compared with the scores that the other members gave to theirs, and the share of sets with
    the right class estimates the coverage without a patient ever judging itself or its own fold. Where there is
    one member only (a refit) it is compared with all other patients: the size of the sets then says something,
    their coverage is what was asked by construction.

    Parameters
    ----------
    labels, probabilities, member_of
        [n], [n, C] and [n]: right class, out-of-fold answer, and index of the member (fold) that gave it.
    patients
        [n] patient of each row, where a patient has several (biopsies, repeated folds); such rows never judge
        each other. None: every row is one patient.

    Returns
    -------
    list of tuple of int, or None
        None when there are fewer than :data:`FEWEST` patients.
    """
    labels, member_of = np.asarray(labels), np.asarray(member_of)
    candidates = 1 - np.asarray(probabilities, dtype=np.float64)
    names = np.arange(len(labels)) if patients is None else np.unique(patients, return_inverse=True)[1]
    if len(np.unique(names)) < FEWEST:
        return None
    scores = candidates[np.arange(len(labels)), labels]
    inside = np.empty(candidates.shape, dtype=bool)
    alone = len(np.unique(member_of)) == 1
    for row in range(len(labels)):
        judges = names != names[row]
        if not alone:
            judges &= member_of != member_of[row]
        smaller = np.searchsorted(np.sort(scores[judges]), candidates[row], side="left")
        inside[row] = smaller < _threshold(coverage, judges.sum(), len(np.unique(names[judges])))
    return _as_sets(inside)


def _threshold(coverage: float, scores: int, patients: int) -> float:
    """``coverage * (n + 1)`` of n patients, stretched to the number of their scores.

    Rounded, because 0.9 * 130 is a little more than 117 in floating point and would let one class too many in.
    """
    return round(coverage * (patients + 1) * scores / patients, 9) if patients else math.inf


def _as_sets(inside: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    return [tuple(int(one) for one in np.flatnonzero(row)) for row in inside]
