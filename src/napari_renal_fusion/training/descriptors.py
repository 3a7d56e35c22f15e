"""What usual pictures of a run look like, with limits from pictures that the statistics had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..cases import Modality
from ..inputs import InputStatistics, describe
from .config import TrainingConfig

if TYPE_CHECKING:
    from .judging import Fitted
    from .patients import TrainingCase


def input_statistics(
    members: Sequence[Fitted], cases: dict[str, TrainingCase], config: TrainingConfig
) -> dict[Modality, InputStatistics]:
    """Statistics of all training pictures; the limit is the largest that a member's own held-out part gave."""
    found = {}
    for modality in config.rules.modalities:
        described: dict[str, np.ndarray] = {}

        def of(ids: Sequence[str], modality=modality, described=described) -> np.ndarray:
            for one in ids:
                if one not in described:
                    described[one] = np.array(
                        [describe(picture.pixels) for picture in cases[one].pictures[modality]]
                    )
            return np.concatenate([described[one] for one in ids if len(described[one])])

        # Cases may lack a modality that the network can do without.
        has = {one for one, case in cases.items() if case.pictures.get(modality)}
        limits = []
        for member in members:
            given = {part: [one for one in ids if one in has] for part, ids in member.outcome.cases.items()}
            if given["train"]:
                limits.append(
                    InputStatistics.fit(of(given["train"]), of(given["test"] or given["train"])).limit
                )
        trained = sorted({one for member in members for one in member.outcome.cases["train"] if one in has})
        every = of(trained)
        found[modality] = InputStatistics.fit(every, every).model_copy(update={"limit": max(limits)})
    return found
