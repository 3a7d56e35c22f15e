"""What the patients of a fold are judged by: hazards in time bins, or classes; the loss and its figures."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch.nn import functional

from ...errors import RenalFusionError
from ...networks import risk, survival_nll
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
        self.bins = bins_of(table, config, training)
        self.outputs = config.bins
        self._bin = torch.as_tensor(np.asarray(self.bins.of(table.times)), dtype=torch.long)
        self._censored = torch.as_tensor(~table.events)
        self._weights = None
        if config.class_weights == "balanced":
            self._weights = _balanced(self._bin[rows], self.outputs)

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
        with contextlib.suppress(RenalFusionError):  # nobody to compare: the loss alone decides
            found["c_index"] = concordance(
                risk(tensor).numpy(), self.table.times[rows], self.table.events[rows]
            )
        return found


def bins_of(
    table: PatientTable,
    config: HEALNetTrainingConfig,
    training: Sequence[int],
    what: str = "the training part",
) -> TimeBins:
    """The bins of time of a fold, as many as the configuration asks for.

    Raises
    ------
    RenalFusionError
        ``survival_few_events``; all members of a bundle have one number of bins.
    """
    rows = np.asarray(training)
    bins = time_bins(table.times[rows], table.events[rows], n=config.bins)
    if bins.count != config.bins:
        raise RenalFusionError(
            "survival_few_events",
            f"The {int(table.events[rows].sum())} events of {what} make {bins.count} bins of time, "
            f"not {config.bins}",
            remedy=f"Ask for fewer (--set bins={max(2, bins.count)}), or use more patients with an event.",
        )
    return bins


class ClassTruth:
    """Cross-entropy of the class."""

    def __init__(self, table: PatientTable, config: HEALNetTrainingConfig, training: Sequence[int]):
        self.table = table
        self.outputs = len(table.class_names)
        self._labels = torch.as_tensor(table.labels)
        self._weights = None
        if config.class_weights == "balanced":
            self._weights = _balanced(self._labels[list(training)], self.outputs)

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


def _balanced(places: torch.Tensor, count: int) -> torch.Tensor:
    """Weights [count], inverse to how many patients are in each bin or class, with mean 1 over the patients."""
    counts = torch.bincount(places, minlength=count)
    present = counts > 0
    return torch.where(present, len(places) / (present.sum() * counts.clamp(min=1)), torch.zeros(count))
