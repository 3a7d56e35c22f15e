"""What happens at every step and at the end of every epoch of a fit: seeds, rates, stop, checkpoints, events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint

from ..compute.progress import Progress
from ..errors import RenalFusionError
from . import checkpoint
from .checkpoint import BEST, LAST
from .data import EpochBatches
from .module import FusionModule
from .randomness import seed_of
from .trained_parts import trained_state


class EpochKeeper(Checkpoint):
    """Keeps a phase of a fit reproducible, stoppable and resumable.

    At the end of an epoch the best weights are written first, then the event, then the checkpoint that
    knows about both: whatever a kill leaves behind, the epoch is either whole or done again with the same
    result. With ``patience`` the weights of the epoch with the least validation loss are used, without it
    those of the last epoch.
    """

    def __init__(
        self,
        unit: str,
        epochs: int,
        patience: int,
        folder: Path,
        tell: Callable[..., None],
        progress: Progress,
        *,
        seed: int,
        first_epoch: int,
        total_epochs: int,
        prefix: str,
        best_loss: float,
    ):
        self.unit, self.epochs, self.patience, self.folder = unit, epochs, patience, folder
        self.tell, self.progress = tell, progress
        self.seed, self.first_epoch, self.total_epochs = seed, first_epoch, total_epochs
        self.prefix = prefix
        self.batches: EpochBatches | None = None
        self._loss_before = best_loss
        self._started = time.monotonic()
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.history: list[dict[str, Any]] = []
        self.best_loss = self._loss_before
        self.epoch_used = 0
        self.waited = 0
        self.finished = False

    def state_dict(self) -> dict[str, Any]:
        return {
            "history": self.history,
            "best_loss": self.best_loss,
            "epoch_used": self.epoch_used,
            "waited": self.waited,
            "finished": self.finished,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, list(value) if name == "history" else value)

    @property
    def state_key(self) -> str:
        return "EpochKeeper"

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: FusionModule) -> None:
        self._started = time.monotonic()
        self.batches.epoch = trainer.current_epoch
        if module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(module.device)

    def on_train_batch_start(self, trainer, module: FusionModule, batch, batch_idx: int) -> None:
        epoch = trainer.current_epoch
        steps = trainer.num_training_batches
        self.progress.update((epoch + batch_idx / steps) / self.epochs, self._sentence(epoch))
        updates = -(-steps // trainer.accumulate_grad_batches)
        module.set_rates(epoch * updates + batch_idx // trainer.accumulate_grad_batches)
        # Dropout draws from the global generators; each process of several draws its own.
        torch.manual_seed(
            seed_of(self.seed, self.unit, self.first_epoch + epoch, batch_idx, trainer.global_rank)
        )

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: FusionModule) -> None:
        epoch = trainer.current_epoch + 1
        figures = module.take_figures()
        train_loss = module.take_train_loss()
        if not math.isfinite(train_loss):
            raise RenalFusionError(
                "training_diverged",
                f"The loss of {self.unit} is no longer a number in epoch {self.first_epoch + epoch}",
                remedy="Lower the learning rate, then start a new run.",
            )
        better = figures.loss is not None and figures.loss < self.best_loss
        if better:
            self.best_loss, self.waited = figures.loss, 0
        else:
            self.waited += 1
        out_of_patience = 0 < self.patience <= self.waited
        self.finished = epoch == self.epochs or out_of_patience
        use = better if self.patience else self.finished
        if use:
            self.epoch_used = self.first_epoch + epoch
            if trainer.is_global_zero:
                best = {"state": trained_state(module.network), "epoch": self.epoch_used}
                checkpoint.save(best, self.folder / f"{self.prefix}{BEST}")
        self.history.append(
            {
                "epoch": self.first_epoch + epoch,
                "train_loss": train_loss,
                "val_loss": figures.loss,
                "val_auc": figures.auc,
                "val_accuracy": figures.accuracy,
                "learning_rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
                "seconds": round(time.monotonic() - self._started, 3),
                "gpu_memory_mb": _gpu_memory_mb(module.device),
                "best": better,
            }
        )
        if trainer.is_global_zero:
            self.tell("epoch", unit=self.unit, epochs=self.total_epochs, **self.history[-1])
        trainer.save_checkpoint(self.folder / f"{self.prefix}{LAST}")
        if self.finished:
            trainer.should_stop = True

    def _sentence(self, epoch: int) -> str:
        sentence = f"{self.unit}: epoch {self.first_epoch + epoch + 1} of {self.total_epochs}"
        auc = self.history[-1]["val_auc"] if self.history else None
        return sentence if auc is None else f"{sentence}, validation AUC {auc:.3f}"


def _gpu_memory_mb(device: torch.device) -> float | None:
    if device.type != "cuda":
        return None
    return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
