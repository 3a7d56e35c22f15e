"""What the patients of a fold are judged by: hazards in time bins, or classes; the loss and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch.nn import functional

from ...networks import risk, survival_nll
from ..module import balanced_weights
from ..survival import TimeBins, concordance, time_bins
from .config import HEALNetTrainingConfig
from .patients import PatientTable


class Truth(Protocol):
    """The loss of some patients, and figures of held-out ones."""

    outputs: int

    def loss(self, logits: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
        """Mean loss of the patients ``rows`` from logits [B, outputs]."""

    def figures(self, logits: np.ndarray, rows: Sequence[int]) -> dict[str, float]:
        """``loss`` and ``c_index``, or ``loss``, ``auc`` and ``accuracy``; what cannot be computed is absent."""


class SurvivalTruth:
    """Discrete hazards: bins from the quartiles of the training part's uncensored times, NLL of each patient."""

    def __init__(self, table: PatientTable, config: HEALNetTrainingConfig, training: Sequence[int]):
        self.table, self.alpha = table, config.alpha
        rows = np.asarray(training)
        self.bins: TimeBins = time_bins(table.times[rows], table.events[rows], n=config.bins)
        self.outputs = config.bins
        self._bin = torch.as_tensor(np.asarray(self.bins.of(table.times)), dtype=torch.long)
        self._censored = torch.as_tensor(~table.events)
        self._weights = None
        if config.class_weights == "balanced":
            self._weights = balanced_weights(self._bin[rows].tolist(), self.outputs)

    def loss(self, logits: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
        where = torch.as_tensor(rows)
        weights = None if self._weights is None else self._weights.to(logits.device)
        return survival_nll(
            logits,
            self._bin[where].to(logits.device),
            self._censored[where].to(logits.device),
            alpha=self.alpha,
            class_weights=weights,
        )

    def figures(self, logits: np.ndarray, rows: Sequence[int]) -> dict[str, float]:
        tensor = torch.from_numpy(logits)
        found = {"loss": float(self.loss(tensor, rows))}
        index = concordance(risk(tensor).numpy(), self.table.times[rows], self.table.events[rows])
        if np.isfinite(index):
            found["c_index"] = float(index)
        return found


class ClassTruth:
    """Cross-entropy of the class."""

    def __init__(self, table: PatientTable, config: HEALNetTrainingConfig, training: Sequence[int]):
        self.table = table
        self.outputs = len(table.class_names)
        self._labels = torch.as_tensor(table.labels)
        self._weights = None
        if config.class_weights == "balanced":
            self._weights = balanced_weights(table.labels[list(training)].tolist(), self.outputs)

    def loss(self, logits: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
        weights = None if self._weights is None else self._weights.to(logits.device)
        labels = self._labels[torch.as_tensor(rows)].to(logits.device)
        return functional.cross_entropy(logits, labels, weight=weights)

    def figures(self, logits: np.ndarray, rows: Sequence[int]) -> dict[str, float]:
        from ..calibration import softmax
        from ..metrics import classification_metrics

        found = {"loss": float(self.loss(torch.from_numpy(logits), rows))}
        measured = classification_metrics(self.table.labels[list(rows)], softmax(logits))
        return found | {name: measured[name] for name in ("auc", "accuracy") if name in measured}


def truth_of(table: PatientTable, config: HEALNetTrainingConfig, training: Sequence[int]) -> Truth:
    """The truth of a fold; what is fitted (bins, weights) comes from the ``training`` rows alone."""
    kind = SurvivalTruth if config.task == "survival" else ClassTruth
    return kind(table, config, training)
