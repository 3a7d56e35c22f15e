"""CMUS-Net as a Lightning module: loss, optimiser, schedule, augmentation and validation metrics."""

from __future__ import annotations

from collections.abc import Sequence

import lightning
import numpy as np
import torch
import torchmetrics
from torch.utils.data import Dataset

from ..cases import Box, Modality
from ..inputs import Batch, PreparedImage, Preprocessing, collate, to_tensor
from ..networks import CMUSNet
from .config import TrainingConfig
from .patients import Patient


class PatientData(Dataset):
    """Patients as normalised tensors; in training with flips and random bag sizes.

    The random draws for patient i in epoch e depend on (seed, e, i) alone, so that a resumed run sees
    what an undisturbed one would have seen.
    """

    def __init__(self, patients: Sequence[Patient], config: TrainingConfig, *, augment: bool):
        self.patients, self.config, self.augment = patients, config, augment
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.patients)

    def __getitem__(self, index: int) -> tuple[dict[Modality, list[torch.Tensor]], int]:
        patient = self.patients[index]
        generator = np.random.default_rng((self.config.seed, self.epoch, index))
        tensors = {}
        for modality, pictures in patient.pictures.items():
            chosen = np.arange(len(pictures))
            if self.augment and modality == Modality.TEM:
                smallest, largest = self.config.bag_size
                size = int(generator.integers(smallest, min(largest, len(pictures)) + 1))
                chosen = generator.permutation(len(pictures))[:size]
            tensors[modality] = [
                self._tensor(pictures[i], self.config.preprocessing[modality], generator) for i in chosen
            ]
        return tensors, patient.label

    def _tensor(
        self, picture: np.ndarray, preprocessing: Preprocessing, generator: np.random.Generator
    ) -> torch.Tensor:
        if self.augment:
            picture = picture[:: generator.choice((-1, 1)), :: generator.choice((-1, 1))]
        shape = picture.shape[:2]
        prepared = PreparedImage(picture, Box(0, 0, *shape), shape, "", "")
        return to_tensor(prepared, preprocessing)


def collate_patients(
    items: list[tuple[dict[Modality, list[torch.Tensor]], int]],
) -> tuple[Batch, torch.Tensor]:
    """Stack patients and their labels."""
    return collate([tensors for tensors, _ in items]), torch.tensor([label for _, label in items])


class CMUSNetModule(lightning.LightningModule):
    """Trains a :class:`CMUSNet` with its own loss; logs ``train_loss``, ``val_loss``, ``val_acc``, ``val_auc``."""

    def __init__(self, config: TrainingConfig, steps: int):
        super().__init__()
        self.config = config
        self.steps = steps
        self.network = CMUSNet(config.network)
        classes = config.network.n_classes
        self.accuracy = torchmetrics.Accuracy("multiclass", num_classes=classes)
        self.auc = torchmetrics.AUROC("multiclass", num_classes=classes)

    def training_step(self, step: tuple[Batch, torch.Tensor]) -> torch.Tensor:
        batch, labels = step
        loss = self.network.loss(self.network(batch), labels)
        self.log("train_loss", loss, on_epoch=True, on_step=False, batch_size=len(labels))
        return loss

    def validation_step(self, step: tuple[Batch, torch.Tensor]) -> None:
        batch, labels = step
        output = self.network(batch)
        probabilities = output.fusion.float().softmax(dim=1)
        self.accuracy.update(probabilities, labels)
        self.auc.update(probabilities, labels)
        self.log("val_loss", self.network.loss(output, labels), batch_size=len(labels))
        self.log("val_acc", self.accuracy, on_epoch=True, on_step=False, batch_size=len(labels))
        self.log("val_auc", self.auc, on_epoch=True, on_step=False, batch_size=len(labels))

    def configure_optimizers(self):
        config = self.config
        if config.schedule == "one_cycle":
            optimizer = torch.optim.AdamW(
                self.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
            )
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, max_lr=config.learning_rate, total_steps=max(2, self.steps)
            )
        else:
            optimizer = torch.optim.Adam(
                self.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, amsgrad=True
            )
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=self.steps, eta_min=5e-6)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def transfer_batch_to_device(self, step, device, dataloader_idx):
        batch, labels = step
        moved = {
            name: None if value is None else value.to(device)
            for name, value in (
                ("om", batch.om),
                ("im", batch.im),
                ("tem", batch.tem),
                ("tem_mask", batch.tem_mask),
            )
        }
        return Batch(**moved), labels.to(device)
