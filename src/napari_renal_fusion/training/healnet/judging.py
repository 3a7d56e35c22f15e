"""Calibration of a classifying run on the patients that each member never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...bundles import Calibration
from ...bundles.conformal import ConformalScores
from ..calibration import abstain_limit, fit_temperature, softmax
from ..judging import Fitted
from .config import HEALNetTrainingConfig
from .patients import PatientTable


@dataclass(frozen=True)
class ClassJudged:
    """Temperature and limit of all patients; ``conformal`` scores of the patients with every modality alone.

    A set promises its coverage to patients like those who calibrated it, so one is given for patients who have
    every modality only; ``complete`` is how many there are.
    """

    calibration: Calibration
    conformal: ConformalScores | None
    complete: int


def judge_classes(
    members: Sequence[Fitted], table: PatientTable, config: HEALNetTrainingConfig
) -> ClassJudged:
    """Temperature, limit and scores of the ``members`` of a run."""
    logits = np.concatenate([one.test.logits for one in members])
    labels = np.concatenate([one.test.labels for one in members])
    temperature = fit_temperature(logits, labels)
    complete = dict(zip(table.patients, table.complete, strict=True))
    scores = []
    for one in members:
        whole = np.array([complete[patient] for patient in one.test.case_ids], dtype=bool)
        right = softmax(one.test.logits, temperature)[np.arange(len(one.test.labels)), one.test.labels]
        scores.append(1 - right[whole])
    count = sum(map(len, scores))
    usable = all(len(one) for one in scores)
    return ClassJudged(
        Calibration(
            temperature=temperature,
            abstain_below=abstain_limit(softmax(logits, temperature), labels),
            fitted_on=f"{len(labels)} patients, each answered by a single member that never saw them",
        ),
        ConformalScores.cv_plus(scores, config.coverage, count) if usable else None,
        count,
    )
