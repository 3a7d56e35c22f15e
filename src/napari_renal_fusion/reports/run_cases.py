"""What a run answered for each patient: right, wrong or no opinion; the lines of every table of cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..training.healnet.results import SurvivalResults
from ..training.results import CaseOutcome, Results

Verdict = Literal["right", "wrong", "no_opinion"]

VERDICT_TITLES: dict[str, str] = {"right": "Right", "wrong": "Wrong", "no_opinion": "No opinion"}


@dataclass(frozen=True)
class CaseLine:
    """One case answered by a model that never saw its patient.

    ``true`` and ``answered`` are class indices, ``probability`` (0 to 1) that of the answered class, ``true_probability``
    of the right one. ``reason`` says why there is no opinion, in one short phrase; a case without an opinion
    is listed with the class that it would have got.
    """

    case_id: str
    unit: str
    true: int
    answered: int
    probability: float
    true_probability: float
    conformal: tuple[int, ...] | None
    distance: float | None
    verdict: Verdict
    reason: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the most probable class is the right one, opinion or not."""
        return self.true == self.answered


def case_lines(results: Results, *, test: bool = False) -> list[CaseLine]:
    """Lines of the out-of-fold cases, or of the independent test set, in the order of the results.

    A survival run has none: nobody is right or wrong about a risk.
    """
    if isinstance(results, SurvivalResults):
        return []
    return [_line(one, results) for one in (results.test_cases if test else results.cases)]


def _line(one: CaseOutcome, results: Results) -> CaseLine:
    best, reason = one.best, one.no_opinion(results.abstain_below)
    verdict: Verdict = "no_opinion" if reason else "right" if best == one.label else "wrong"
    return CaseLine(
        case_id=one.case_id,
        unit=one.unit,
        true=one.label,
        answered=best,
        probability=one.probabilities[best],
        true_probability=one.probabilities[one.label],
        conformal=one.conformal,
        distance=one.distance,
        verdict=verdict,
        reason=reason,
    )
