"""The ridge Cox model that stands beside every survival run: the same folds, columns and imputation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import RenalFusionError
from ...inputs.omics_scaling import OmicsScaling
from ..survival import RidgeCox
from .config import HEALNetTrainingConfig
from .patients import PatientTable


def cox_risks(
    table: PatientTable, config: HEALNetTrainingConfig, training: Sequence[int], test: Sequence[int]
) -> tuple[np.ndarray, float] | None:
    """Log hazards [n] of the ``test`` rows and the penalty used; None where no Cox model can be fitted.

    Fills, scales and penalty come from the ``training`` rows; a patient without a value gets the mean.
    """
    if table.baseline is None:
        return None
    block = table.baseline
    try:
        scaling = OmicsScaling.fit(
            block.columns, block.values[list(training)], modality="the Cox model",
            limit=config.cox_limit or None,
        )  # fmt: skip
        values = scaling.transform(block.values[[*training, *test]])
        count = len(training)
        model = RidgeCox.fit(
            values[:count], table.times[list(training)], table.events[list(training)],
            penalty=config.cox_penalty or None, seed=config.seed,
        )  # fmt: skip
    except RenalFusionError:
        return None
    return np.asarray(model.risk(values[count:])), model.penalty
