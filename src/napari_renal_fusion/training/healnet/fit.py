"""Fit one fold of a HEALNet run; a kill loses at most the epoch it hit, and changes no digit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ...compute.devices import DeviceChoice
from ...compute.memory import is_out_of_memory
from ...compute.progress import Progress
from ...errors import RenalFusionError
from ...networks import HEALNet
from .. import checkpoint
from ..randomness import generator_of, seed_of
from .config import HEALNetTrainingConfig
from .data import PatientData, collate_patients, epoch_batches
from .truth import Truth

_TOGETHER = 32
LAST, BEST = checkpoint.LAST, checkpoint.BEST


@dataclass(frozen=True)
class Place:
    """Where and with what a fold is fitted: its folder, device, progress over the fold, and who is told."""

    folder: Path
    choice: DeviceChoice
    progress: Progress
    tell: Callable[..., None]


@dataclass
class FittedFold:
    """A network in eval mode on the CPU with the weights to use, their epoch, and every epoch's figures."""

    network: HEALNet
    epoch_used: int
    history: list[dict[str, Any]] = field(default_factory=list)


def new_network(config: HEALNetTrainingConfig, unit: str, channels: Sequence[int], outputs: int) -> HEALNet:
    """A network with the initial weights of ``unit``, which depend on the seed and the unit's name alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(config.seed, unit, "weights"))
        return HEALNet(config.network_config(channels, outputs))


def fit_fold(
    unit: str,
    network: HEALNet,
    data: PatientData,
    truth: Truth,
    training: Sequence[int],
    stopping: Sequence[int],
    place: Place,
) -> FittedFold:
    """Fit ``network``, which has its initial weights, or go on where ``place.folder`` says it was.

    With ``patience`` the weights of the best epoch on the ``stopping`` patients are used, without it those of
    the last.

    Raises
    ------
    RenalFusionError
        ``training_diverged``, ``out_of_memory``, ``disk_full``.
    Cancelled
        If ``place.progress`` was cancelled; everything up to the last whole epoch is kept.
    """
    config = data.config
    network.to(place.choice.device)
    optimizer = optimizer_of(config, network.parameters())
    steps = math.ceil(len(training) / config.batch)
    rates = rates_of(config, config.epochs * steps)
    state = _resume(place.folder, network, optimizer)
    while not state["finished"]:
        try:
            _epoch(unit, network, optimizer, rates, data, truth, training, stopping, place, state)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise RenalFusionError(
                    "out_of_memory",
                    f"The memory is too small for {config.batch} patients a step",
                    remedy="Take fewer patients a step, or fewer patches (max_patches).",
                ) from error
            raise
    network.load_state_dict(state["best"])
    return FittedFold(network.cpu().requires_grad_(False).eval(), state["epoch_used"], list(state["history"]))


def optimizer_of(config: HEALNetTrainingConfig, parameters) -> torch.optim.Optimizer:
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.optimizer]
    return kind(list(parameters), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)


def rates_of(config: HEALNetTrainingConfig, updates: int) -> list[dict[str, Any]]:
    """Settings of the optimiser at each update: torch's OneCycleLR with its momentum, or one rate."""
    if config.schedule == "constant":
        return [{"lr": config.learning_rate}] * updates
    total = max(2, updates)
    optimizer = optimizer_of(config, [nn.Parameter(torch.zeros(1))])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=config.learning_rate, total_steps=total)
    rates = []
    for step in range(total):
        group = optimizer.param_groups[0]
        rates.append({"lr": float(group["lr"]), "betas": tuple(float(one) for one in group["betas"])})
        optimizer.step()
        if step < total - 1:
            schedule.step()
    return rates


@torch.inference_mode()
def answers(
    network: HEALNet, data: PatientData, rows: Sequence[int], device: str, without: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Logits [n, outputs] and mean latents [n, l_d] of each patient.

    Rows of omics are asked some at a time, slides one by one, for they may be large. A patient who has nothing but
    the modalities ``without`` gets NaN.
    """
    network.eval()
    outputs, width = network.config.out_dims, network.config.l_d
    logits = np.full((len(rows), outputs), np.nan, np.float32)
    latents = np.full((len(rows), width), np.nan, np.float32)
    together = 1 if any(one.kind == "slide" for one in data.config.modalities) else _TOGETHER
    for first in range(0, len(rows), together):
        places = range(first, min(first + together, len(rows)))
        every = {place: data.tensors(rows[place], without=without) for place in places}
        given = {place: one for place, one in every.items() if any(part is not None for part in one)}
        if not given:
            continue
        batch = collate_patients(list(given.values())).to(device)
        output = network(batch.tensors, batch.masks, present=batch.present)
        logits[list(given)] = output.logits.float().cpu().numpy()
        latents[list(given)] = output.latents.mean(dim=1).float().cpu().numpy()
    return logits, latents


def _epoch(
    unit: str, network: HEALNet, optimizer: torch.optim.Optimizer, rates: list[dict[str, Any]],
    data: PatientData, truth: Truth, training: Sequence[int], stopping: Sequence[int], place: Place,
    state: dict[str, Any],
) -> None:  # fmt: skip
    config, epoch, started = data.config, len(state["history"]), time.monotonic()
    batches = epoch_batches(training, config.batch, config.seed, unit, epoch)
    device = place.choice.device
    network.train()
    total = 0.0
    for step, rows in enumerate(batches):
        place.progress.update(
            (epoch + step / len(batches)) / config.epochs, _sentence(unit, epoch, config.epochs, state)
        )
        for group in optimizer.param_groups:
            group.update(rates[min(epoch * len(batches) + step, len(rates) - 1)])
        generator = generator_of(config.seed, unit, epoch, step, "draws")
        # Dropout draws from the global generators.
        torch.manual_seed(seed_of(config.seed, unit, epoch, step))
        batch = collate_patients([data.tensors(row, generator) for row in rows]).to(device)
        output = network(batch.tensors, batch.masks, present=batch.present)
        loss = truth.loss(output.logits, rows)
        total += float(loss.detach()) * len(rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        _add_l1(network, config.l1)
        if config.clip:
            nn.utils.clip_grad_norm_(network.parameters(), config.clip)
        optimizer.step()
    train_loss = total / len(training)
    figures = truth.figures(*answers(network, data, stopping, device)[:1], stopping) if stopping else {}
    if not math.isfinite(train_loss) or not math.isfinite(figures.get("loss", 0.0)):
        raise RenalFusionError(
            "training_diverged",
            f"The loss of {unit} is no longer a number in epoch {epoch + 1}",
            remedy="Lower the learning rate, then start a new run.",
        )
    better = _take(network, figures, epoch + 1, config, state)
    state["history"].append(
        {
            "epoch": epoch + 1,
            "train_loss": train_loss,
            "val_loss": figures.get("loss"),
            "val_auc": figures.get("auc"),
            "val_accuracy": figures.get("accuracy"),
            **({"val_c_index": figures["c_index"]} if "c_index" in figures else {}),
            "learning_rate": float(optimizer.param_groups[0]["lr"]),
            "seconds": round(time.monotonic() - started, 3),
            "gpu_memory_mb": None,
            "best": better,
        }
    )
    place.tell("epoch", unit=unit, epochs=config.epochs, **state["history"][-1])
    checkpoint.save(
        {"network": network.state_dict(), "optimizer": optimizer.state_dict(), **state}, place.folder / LAST
    )


def _add_l1(network: HEALNet, weight: float) -> None:
    """Add the gradient of ``weight`` times the sum of absolute weights: their sign; autograd would take a tenth longer.

    A weight that no patient of the step reached (of a modality that nobody has) is drawn to 0 all the same.
    """
    if not weight:
        return
    parameters = list(network.parameters())
    for one in parameters:
        if one.grad is None:
            one.grad = torch.zeros_like(one)
    with torch.no_grad():
        signs = torch._foreach_sign(parameters)
        torch._foreach_add_([one.grad for one in parameters], signs, alpha=weight)


def _take(
    network: HEALNet, figures: dict[str, float], epoch: int, config: HEALNetTrainingConfig,
    state: dict[str, Any],
) -> bool:  # fmt: skip
    """Decide whether this epoch's weights are those to use, and whether it was the last."""
    better = False
    if figures:
        figure = figures.get("c_index", figures.get("auc"))
        score = -figures["loss"] if config.stop_on == "loss" or figure is None else figure
        better = score > state["best_score"]
        state["waited"] = 0 if better else state["waited"] + 1
        state["best_score"] = max(score, state["best_score"])
    state["finished"] = epoch == config.epochs or 0 < config.patience <= state["waited"]
    if better if config.patience else state["finished"]:
        state["best"] = {name: one.detach().cpu().clone() for name, one in network.state_dict().items()}
        state["epoch_used"] = epoch
    return better


def _resume(folder: Path, network: HEALNet, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The state of the last whole epoch, or that before the first; one file holds all of it."""
    content = checkpoint.load(folder / LAST)
    if content is None:
        (folder / LAST).unlink(missing_ok=True)
        return {
            "history": [], "best": None, "best_score": -math.inf, "epoch_used": 0, "waited": 0, "finished": False,
        }  # fmt: skip
    network.load_state_dict(content.pop("network"))
    optimizer.load_state_dict(content.pop("optimizer"))
    return content


def _sentence(unit: str, epoch: int, epochs: int, state: dict[str, Any]) -> str:
    last = state["history"][-1] if state["history"] else {}
    sentence = f"{unit}: epoch {epoch + 1} of {epochs}"
    for name, title in (("val_c_index", "c-index"), ("val_auc", "AUC")):
        if last.get(name) is not None:
            return f"{sentence}, stopping patients' {title} {last[name]:.3f}"
    return sentence
