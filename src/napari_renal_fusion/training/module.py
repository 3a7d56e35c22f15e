"""A network as a Lightning module: loss, optimiser, rates as a function of epoch and step, held-out figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import lightning
import numpy as np
import torch

from ..inputs import Batch, PanelBatch
from ..networks import FusionNetwork, FusionOutput
from .config import TrainingConfig
from .data import Inputs, moved
from .trained_parts import load_trained, trained_state, training_mode

_LEAST_SHARE = 0.1  # the published code ends its cosine at 5e-6, a tenth of the rate it begins with


@dataclass(frozen=True)
class Figures:
    """What one pass over the validation patients gave; None where it cannot be computed."""

    loss: float | None = None
    auc: float | None = None
    accuracy: float | None = None


class FusionModule(lightning.LightningModule):
    """Trains what is trainable of a network, from pictures or from tokens of frozen encoders.

    Encoders may run in bfloat16; the fusion with its distances is float32, as in inference. ``rates``
    are the settings of the optimiser at each update, so that nothing about the schedule has to be
    stored. ``class_weights`` [C] enter every cross-entropy.
    """

    def __init__(
        self,
        network: FusionNetwork,
        config: TrainingConfig,
        rates: list[dict[str, Any]],
        class_weights: torch.Tensor | None = None,
    ):
        super().__init__()
        self.network, self.config, self.rates = network, config, rates
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.strict_loading = False  # frozen weights are not in checkpoints
        self.losses: list[tuple[torch.Tensor, int]] = []
        self.held_out: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def forward(self, inputs: Inputs) -> FusionOutput:
        """Tokens in the encoders' precision, then the fusion in float32."""
        tokens = self.network.encode(inputs) if isinstance(inputs, Batch | PanelBatch) else inputs
        with torch.autocast(self.device.type, enabled=False):
            return self.network.fuse(*tokens.float())

    def training_step(self, step: tuple[Inputs, torch.Tensor]) -> torch.Tensor:
        inputs, labels = step
        loss = self._loss(self(inputs), labels)
        self.losses.append((loss.detach(), len(labels)))
        return loss

    def validation_step(self, step: tuple[Inputs, torch.Tensor]) -> None:
        inputs, labels = step
        output = self(inputs)
        self.held_out.append((output.fusion, labels, self._loss(output, labels) * len(labels)))

    def _loss(self, output: FusionOutput, labels: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device.type, enabled=False):
            if self.class_weights is None:
                return self.network.loss(output, labels)
            return self.network.loss(output, labels, class_weights=self.class_weights)

    def take_train_loss(self) -> float:
        """Mean loss a patient since the last call."""
        losses, self.losses = self.losses, []
        total = sum(float(loss) * count for loss, count in losses)
        return total / max(1, sum(count for _, count in losses))

    def take_figures(self) -> Figures:
        """Figures of the validation patients since the last call."""
        held_out, self.held_out = self.held_out, []
        if not held_out:
            return Figures()
        logits = torch.cat([one for one, _, _ in held_out]).float().cpu()
        labels = torch.cat([one for _, one, _ in held_out]).cpu()
        loss = float(sum(one for _, _, one in held_out)) / len(labels)
        accuracy = float((logits.argmax(dim=1) == labels).float().mean())
        return Figures(loss, _auc(logits.softmax(dim=1).numpy(), labels.numpy()), accuracy)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return optimizer_of(self.config, [one for one in self.network.parameters() if one.requires_grad])

    def set_rates(self, update: int) -> None:
        """Give the optimiser the settings of its ``update``, counted from the first of the first epoch."""
        for group in self.optimizers(use_pl_optimizer=False).param_groups:
            group.update(self.rates[min(update, len(self.rates) - 1)])

    def on_train_epoch_start(self) -> None:
        training_mode(self.network)
        self.losses.clear()

    def on_validation_epoch_start(self) -> None:
        self.held_out.clear()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["state_dict"] = trained_state(self.network)

    def load_state_dict(self, state_dict, strict: bool = False, assign: bool = False):
        load_trained(self.network, state_dict)

    def transfer_batch_to_device(self, step, device, dataloader_idx):
        inputs, labels = step
        return moved(inputs, device), labels.to(device)


def optimizer_of(config: TrainingConfig, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The paper's Adam (amsgrad, decay in the gradient), or AdamW for the small networks of the other presets."""
    rates = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
    if config.preset == "paper":
        return torch.optim.Adam(parameters, amsgrad=True, **rates)
    return torch.optim.AdamW(parameters, **rates)


def rates_of(config: TrainingConfig, epochs: int, updates: int, learning_rate: float) -> list[dict[str, Any]]:
    """Settings of the optimiser at each of ``epochs * updates`` updates.

    ``cosine`` changes once an epoch: rate_e = least + (rate - least) (1 + cos(pi e / epochs)) / 2, the least
    a tenth of the rate. ``one_cycle`` is torch's OneCycleLR, which also moves Adam's first momentum.
    """
    if config.schedule == "cosine":
        least = _LEAST_SHARE * learning_rate
        by_epoch = [
            least + (learning_rate - least) * (1 + math.cos(math.pi * epoch / epochs)) / 2
            for epoch in range(epochs)
        ]
        return [{"lr": rate} for rate in by_epoch for _ in range(updates)]
    total = max(2, epochs * updates)
    optimizer = optimizer_of(config, [torch.nn.Parameter(torch.zeros(1))])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=learning_rate, total_steps=total)
    rates = []
    for step in range(total):
        group = optimizer.param_groups[0]
        rates.append({"lr": float(group["lr"]), "betas": tuple(float(one) for one in group["betas"])})
        optimizer.step()
        if step < total - 1:
            schedule.step()
    return rates


def balanced_weights(labels: list[int], classes: int) -> torch.Tensor:
    """Weights [C] of the classes, inverse to their number, with mean 1 over the patients; absent classes 0."""
    counts = torch.bincount(torch.tensor(labels), minlength=classes).float()
    present = counts > 0
    return torch.where(present, len(labels) / (present.sum() * counts.clamp(min=1)), torch.zeros(classes))


def _auc(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """Mean one-vs-rest area under the ROC curve over the classes that can be told; ties count half."""
    areas = []
    for column in range(probabilities.shape[1]):
        right, wrong = (probabilities[labels == column, column], probabilities[labels != column, column])
        if len(right) and len(wrong):
            above = (right[:, None] > wrong).mean() + 0.5 * (right[:, None] == wrong).mean()
            areas.append(float(above))
    return sum(areas) / len(areas) if areas else None
