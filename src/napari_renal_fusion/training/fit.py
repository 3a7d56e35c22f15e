"""Fit one unit with Lightning: phases, checkpoints, early stopping; a kill loses at most the epoch it hit."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
import torch

from ..cases import Modality
from ..compute.devices import DeviceChoice
from ..compute.memory import is_out_of_memory
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..networks import FusionNetwork, NonFiniteFeatures
from . import checkpoint
from .checkpoint import BEST, LAST, AtomicCheckpoints
from .data import Drawing, EpochBatches, TokensOfCases, case_data, training_loader, whole_bags
from .epochs import EpochKeeper
from .module import FusionModule, balanced_weights, rates_of
from .trained_parts import Part, choose_trained, load_trained, trained_state
from .units import Unit

if TYPE_CHECKING:
    from .patients import TrainingCase


@dataclass(frozen=True)
class Phase:
    """One call of Lightning's fit: what is trained, from what, for how long; files begin with ``prefix``."""

    part: Part
    from_tokens: bool
    epochs: int
    learning_rate: float
    first_epoch: int = 0
    prefix: str = ""


@dataclass(frozen=True)
class Workplace:
    """Where and with what a unit is fitted.

    ``tell`` takes an event's name and values, ``progress`` reports 0 to 1 over the unit and ends the fit when
    it is cancelled, ``tokens`` are those of the frozen encoders (None where pictures are encoded).
    """

    folder: Path
    choice: DeviceChoice
    progress: Progress
    tell: Callable[..., None]
    tokens: TokensOfCases | None = None


@dataclass
class Fitted:
    """A network with the weights to use, the epoch they come from, and the figures of every epoch."""

    network: FusionNetwork
    epoch_used: int
    history: list[dict[str, Any]] = field(default_factory=list)


def phases_of(unit: Unit) -> list[Phase]:
    """A fit of everything, or of the fusion on stored tokens and then of the last stage from pictures."""
    config = unit.config
    if not config.freeze_encoders:
        return [Phase("all", False, config.epochs, config.learning_rate)]
    phases = [Phase("fusion", True, config.epochs, config.learning_rate)]
    if config.finetune_epochs:
        phases.append(
            Phase(
                "last_stage", False, config.finetune_epochs, config.finetune_learning_rate,
                first_epoch=config.epochs, prefix="finetune-",
            )
        )  # fmt: skip
    return phases


def fit_unit(
    unit: Unit,
    network: FusionNetwork,
    training: Sequence[TrainingCase],
    validation: Sequence[TrainingCase],
    place: Workplace,
) -> Fitted:
    """Fit ``network``, which has its initial weights, or go on where ``place.folder`` says it was.

    Raises
    ------
    RenalFusionError
        ``training_diverged``, ``out_of_memory``, ``disk_full``.
    Cancelled
        If ``place.progress`` was cancelled; everything up to the last whole epoch is kept.
    """
    if unit.config.network.token_norm and place.tokens is not None:
        network.fit_token_norm(
            {one.value: _tokens_of(training, place.tokens, one) for one in unit.config.rules.modalities}
        )
    fitted = Fitted(network, 0)
    best_loss = float("inf")
    for phase in phases_of(unit):
        part = (phase.first_epoch / unit.epochs, (phase.first_epoch + phase.epochs) / unit.epochs)
        with place.progress.part(*part):
            keeper = _fit_phase(unit, phase, network, training, validation, place, best_loss)
        fitted.history += keeper.history
        best_loss = keeper.best_loss
        if keeper.epoch_used:
            fitted.epoch_used = keeper.epoch_used
    network.requires_grad_(False)
    network.cpu().eval()
    return fitted


def _tokens_of(
    cases: Sequence[TrainingCase], tokens: TokensOfCases, modality: Modality
) -> Iterator[torch.Tensor]:
    """Token maps of one modality, one after another."""
    # A function, because a generator inside a comprehension would read the last modality for each of them.
    for case in cases:
        yield from tokens[case.case_id][modality]


def _fit_phase(
    unit: Unit,
    phase: Phase,
    network: FusionNetwork,
    training: Sequence[TrainingCase],
    validation: Sequence[TrainingCase],
    place: Workplace,
    best_loss: float,
) -> EpochKeeper:
    config = unit.config
    choose_trained(network, phase.part)
    if config.gradient_checkpointing and not phase.from_tokens:
        _checkpoint_gradients(network)
    keeper = EpochKeeper(
        unit.name, phase.epochs, config.patience if validation else 0, place.folder, place.tell, place.progress,
        seed=config.seed, first_epoch=phase.first_epoch, total_epochs=unit.epochs, prefix=phase.prefix,
        best_loss=best_loss,
    )  # fmt: skip
    initial = {name: one.clone() for name, one in trained_state(network).items()}
    resumed = _resumable(keeper, place.folder, phase)
    if not keeper.finished:
        _run_lightning(unit, phase, network, training, validation, place, keeper, resumed)
    if resumed is not None and not _is_of(keeper.epoch_used, place.folder, phase):
        # The epoch that a kill hit came out otherwise when it was done again, after its weights were kept.
        _begin_anew(keeper, place.folder, phase)
        network.cpu()
        load_trained(network, initial)
        _run_lightning(unit, phase, network, training, validation, place, keeper, None)
    if config.gradient_checkpointing and not phase.from_tokens:
        network.set_gradient_checkpointing(False)
    best = checkpoint.load(place.folder / f"{phase.prefix}{BEST}") if keeper.epoch_used else None
    network.cpu()
    load_trained(network, initial if best is None else best["state"])
    return keeper


def _checkpoint_gradients(network: FusionNetwork) -> None:
    try:
        network.set_gradient_checkpointing(True)
    except ValueError as error:
        raise RenalFusionError(
            "gradient_checkpointing_impossible",
            str(error),
            remedy="Turn gradient checkpointing off, or choose another encoder.",
        ) from error


def _resumable(keeper: EpochKeeper, folder: Path, phase: Phase) -> Path | None:
    """The checkpoint to go on from; None, and a clean start, if there is none or one is damaged.

    The best weights must be those that the checkpoint means, or those of the epoch after it, which a kill
    hit between the two files and which is done again.
    """
    last = folder / f"{phase.prefix}{LAST}"
    content = checkpoint.load(last)
    if content is not None:
        keeper.load_state_dict(content["callbacks"][keeper.state_key])
        again = phase.first_epoch + len(keeper.history) + 1
        if _is_of(keeper.epoch_used, folder, phase) or (not keeper.finished and _is_of(again, folder, phase)):
            return last
    _begin_anew(keeper, folder, phase)
    return None


def _is_of(epoch: int, folder: Path, phase: Phase) -> bool:
    """Whether the best weights are those of ``epoch``; 0: no epoch was good enough to keep."""
    best = checkpoint.load(folder / f"{phase.prefix}{BEST}")
    return best is not None and best["epoch"] == epoch if epoch else best is None


def _begin_anew(keeper: EpochKeeper, folder: Path, phase: Phase) -> None:
    """Forget this phase, and those after it, which began where this one ended."""
    keeper.forget()
    for name in (LAST, BEST):
        for path in folder.glob(f"{phase.prefix}*{name}"):
            path.unlink(missing_ok=True)


def _run_lightning(
    unit: Unit,
    phase: Phase,
    network: FusionNetwork,
    training: Sequence[TrainingCase],
    validation: Sequence[TrainingCase],
    place: Workplace,
    keeper: EpochKeeper,
    resumed: Path | None,
) -> None:
    config = unit.config
    with _quiet():
        trainer = _trainer(unit, phase, place.choice, keeper, place.folder)
    tokens = place.tokens if phase.from_tokens else None
    drawing = Drawing(config.seed, unit.name, config.bag_size, config.flips)
    batches = EpochBatches(
        len(training), config.batch, drawing, rank=trainer.global_rank, processes=trainer.world_size
    )
    keeper.batches = batches
    weights = None
    if config.class_weights == "balanced":
        weights = balanced_weights([one.label for one in training], config.network.n_classes)
    updates = -(-len(batches) // config.accumulate)
    module = FusionModule(
        network, config, rates_of(config, phase.epochs, updates, phase.learning_rate), weights
    )
    loader = training_loader(case_data(training, config, tokens=tokens, drawing=drawing), batches)
    held_out = whole_bags(case_data(validation, config, tokens=tokens), config.batch) if validation else None
    try:
        with _quiet():
            trainer.fit(module, loader, held_out, ckpt_path=resumed, weights_only=True)
    except SystemExit as ended:
        if isinstance(ended.__context__, KeyboardInterrupt):  # Lightning leaves the process on Ctrl-C
            raise KeyboardInterrupt from ended
        raise
    except (NonFiniteFeatures, RuntimeError, MemoryError) as error:
        raise _explained(error, unit) from error


def _trainer(
    unit: Unit, phase: Phase, choice: DeviceChoice, keeper: EpochKeeper, folder: Path
) -> lightning.Trainer:
    config = unit.config
    mixed = choice.precision == "bfloat16" and not phase.from_tokens  # the fusion alone is always float32
    return lightning.Trainer(
        accelerator={"cuda": "gpu"}.get(choice.device, choice.device),
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=config.strategy,
        precision="bf16-mixed" if mixed else "32-true",
        max_epochs=phase.epochs,
        accumulate_grad_batches=config.accumulate,
        callbacks=[keeper],
        plugins=[AtomicCheckpoints()],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,  # EpochBatches deals each process its part
        deterministic="warn",
        default_root_dir=folder,
    )


class _quiet(warnings.catch_warnings):
    """Lightning's advice, which is about other programs, stays out of the log."""

    def __enter__(self):
        entered = super().__enter__()
        for noisy in ("lightning.pytorch", "lightning.fabric"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        for message in (
            ".*num_workers.*", ".*treespec, LeafSpec.*", ".*exists and is not empty.*", ".*in eval mode.*",
            ".*no `val_dataloader`.*", ".*validation_step.*", ".*full_state_update.*",
        ):  # fmt: skip
            warnings.filterwarnings("ignore", message=message)
        return entered


def _explained(error: BaseException, unit: Unit) -> BaseException:
    if isinstance(error, NonFiniteFeatures):
        return RenalFusionError(
            "training_diverged",
            f"The training of {unit.name} went astray: features are no longer numbers",
            remedy="Lower the learning rate, then start a new run.",
        )
    if is_out_of_memory(error):
        return RenalFusionError(
            "out_of_memory",
            f"The memory is too small for {unit.config.batch} patients a step",
            remedy="Take fewer patients a step with more steps an update, or turn on gradient checkpointing.",
        )
    return error
