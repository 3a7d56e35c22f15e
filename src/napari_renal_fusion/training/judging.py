"""Calibration of a run's members on the patients that each of them never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..bundles.conformal import ConformalScores
from .calibration import abstain_limit, fit_temperature, softmax
from .config import TrainingConfig
from .fits_none import FitsNone, MemberFeatures, fit_fits_none
from .groups import patient_keys
from .left_out import accepted_shares
from .outcome import Answers, Outcome, Outputs
from .run import Run
from .units import Unit

if TYPE_CHECKING:
    from .patients import TrainingCase

UNSEEN = "each class left out by networks that were trained without it"


@dataclass(frozen=True)
class Fitted:
    """One unit with what it answered."""

    unit: Unit
    outcome: Outcome
    outputs: Outputs

    @property
    def test(self) -> Answers:
        return self.outputs.parts["test"]


@dataclass(frozen=True)
class Judged:
    """Calibration of a group of members on the patients that each of them never saw."""

    members: tuple[Fitted, ...]
    temperature: float
    abstain_below: float
    conformal: ConformalScores | None
    fits_none: FitsNone | None
    patients: int


def judge(
    members: Sequence[Fitted], run: Run, config: TrainingConfig, cases: Mapping[str, TrainingCase]
) -> Judged:
    """Temperature, limits and scores of the final ``members`` of a run."""
    logits = np.concatenate([one.test.logits for one in members])
    labels = np.concatenate([one.test.labels for one in members])
    keys = patient_keys(tuple(cases.values()))
    patients = len({keys[case] for one in members for case in one.test.case_ids})
    temperature = fit_temperature(logits, labels)
    probabilities = softmax(logits, temperature)
    scores = [
        1 - softmax(one.test.logits, temperature)[np.arange(len(one.test.labels)), one.test.labels]
        for one in members
    ]
    return Judged(
        tuple(members),
        temperature,
        abstain_limit(probabilities, labels),
        ConformalScores.cv_plus(scores, config.coverage, patients),
        fit_fits_none(
            [
                MemberFeatures(
                    one.outputs.parts["train"].features, one.outputs.parts["train"].labels,
                    one.test.features, one.test.labels, tuple(keys[case] for case in one.test.case_ids),
                )
                for one in members
            ],
            run.info.class_names,
        ),
        patients,
    )  # fmt: skip


def with_unseen(judged: Judged, unseen: Mapping[int, Outputs], names: tuple[str, ...]) -> Judged:
    """The same with false accepts of networks that never saw a class, ``unseen`` by its index."""
    known = judged.fits_none.known
    shares = accepted_shares(unseen, known.limit, names)
    said = f"{known.fitted_on}; {UNSEEN}"
    known = known.model_copy(update={"false_accepts": shares, "fitted_on": said})
    return replace(judged, fits_none=replace(judged.fits_none, known=known))
