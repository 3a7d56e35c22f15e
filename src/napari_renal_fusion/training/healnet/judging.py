"""Calibration of a classifying run on the patients that the networks of each fold never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...bundles import Calibration
from ...bundles.conformal import ConformalScores
from ..calibration import abstain_limit, fit_temperature, softmax
from .config import HEALNetTrainingConfig
from .members import FoldAnswers
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
    folds: Sequence[FoldAnswers], table: PatientTable, config: HEALNetTrainingConfig
) -> ClassJudged:
    """Temperature, limit and scores of the networks of each fold, whose logits are averaged."""
    logits = np.concatenate([one.test.mean(axis=0) for one in folds])
    labels = np.concatenate([table.labels[one.rows["test"]] for one in folds])
    temperature = fit_temperature(logits, labels)
    scores = []
    for one in folds:
        rows = one.rows["test"]
        given = softmax(one.test.mean(axis=0), temperature)
        right = given[np.arange(len(rows)), table.labels[rows]]
        scores.append(1 - right[table.complete[rows]])
    count = sum(map(len, scores))
    usable = all(len(one) for one in scores)
    return ClassJudged(
        Calibration(
            temperature=temperature,
            abstain_below=abstain_limit(softmax(logits, temperature), labels),
            fitted_on=f"{len(labels)} patients, each answered by the networks of a fold that never saw them",
        ),
        ConformalScores.cv_plus(scores, config.coverage, count) if usable else None,
        count,
    )
