"""After the last epoch: mean tokens, input statistics, calibration and metrics that a bundle carries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from ..bundles import Calibration
from ..cases import Modality
from ..inputs import InputStatistics, collate, describe
from ..networks import CMUSNet
from .config import TrainingConfig
from .module import PatientData
from .patients import Patient


@torch.inference_mode()
def mean_tokens(
    network: CMUSNet, patients: Sequence[Patient], config: TrainingConfig
) -> dict[Modality, torch.Tensor]:
    """Average token map [L, d] of the training images of each modality."""
    data = PatientData(patients, config, augment=False)
    sums: dict[Modality, torch.Tensor] = {}
    counts = dict.fromkeys(config.rules.modalities, 0)
    for index in range(len(data)):
        for modality, images in data[index][0].items():
            maps = network.encode_images(modality.value, torch.stack(images)).double().flatten(1, 2)
            sums[modality] = sums.get(modality, 0) + maps.sum(dim=0)
            counts[modality] += len(maps)
    return {modality: (total / counts[modality]).float() for modality, total in sums.items()}


def input_statistics(
    training: Sequence[Patient], held_out: Sequence[Patient], config: TrainingConfig
) -> dict[Modality, InputStatistics]:
    """Descriptor statistics of the training images; limits come from the held-out ones."""

    def descriptors(patients: Sequence[Patient], modality: Modality) -> np.ndarray:
        return np.array([describe(picture) for one in patients for picture in one.pictures[modality]])

    return {
        modality: InputStatistics.fit(descriptors(training, modality), descriptors(held_out, modality))
        for modality in config.rules.modalities
    }


@torch.inference_mode()
def held_out_logits(
    network: CMUSNet, patients: Sequence[Patient], config: TrainingConfig
) -> tuple[torch.Tensor, torch.Tensor]:
    """Fusion logits [n, C] and labels [n] of held-out patients with their whole bags."""
    data = PatientData(patients, config, augment=False)
    logits = [network(collate([data[i][0]])).fusion[0] for i in range(len(data))]
    return torch.stack(logits), torch.tensor([one.label for one in patients])


def calibrate(logits: torch.Tensor, labels: torch.Tensor) -> Calibration:
    """Temperature that minimises the held-out cross-entropy, and the limit under which there is no opinion.

    The limit is the smallest probability at which at least 95 % of the answered held-out patients are right.
    """
    temperatures = torch.logspace(-1.5, 1.5, 301)
    losses = torch.stack([F.cross_entropy(logits / one, labels) for one in temperatures])
    temperature = float(temperatures[losses.argmin()])
    best, predicted = (logits / temperature).softmax(dim=1).max(dim=1)
    limit = 0.9
    for candidate in np.arange(1 / logits.shape[1], 0.9, 0.01):
        answered = best >= candidate
        if answered.any() and (predicted == labels)[answered].float().mean() >= 0.95:
            limit = float(candidate)
            break
    return Calibration(
        temperature=temperature,
        abstain_below=round(limit, 2),
        fitted_on=f"{len(labels)} held-out patients of the same run (also used for the metrics below)",
    )


def metrics(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Accuracy and one-vs-rest macro AUC on held-out patients."""
    import torchmetrics.functional as tm

    classes = logits.shape[1]
    return {
        "accuracy": round(float((logits.argmax(dim=1) == labels).float().mean()), 4),
        "auc": round(float(tm.auroc(logits.softmax(dim=1), labels, "multiclass", num_classes=classes)), 4),
    }
