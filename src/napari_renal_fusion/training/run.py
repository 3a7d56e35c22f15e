"""One training run: a cohort and a configuration in, a run folder with its bundle out."""

from __future__ import annotations

import datetime as dt
import logging
import time
import warnings
from pathlib import Path

import lightning
import torch
from torch.utils.data import DataLoader

from .. import __version__
from ..bundles import BundleConfig, Origin, SelfTest, rounded_to_half, save_bundle
from ..cases import Cohort
from ..compute.atomic import write_text
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inference import noise_logits
from ..networks import CMUSNet
from .card import model_card
from .config import TrainingConfig
from .finish import calibrate, held_out_logits, input_statistics, mean_tokens, metrics
from .module import CMUSNetModule, PatientData, collate_patients
from .patients import Patient, class_names, prepare_patients, split_by_patient

_SELF_TEST_SEED, _SELF_TEST_BAG = 20260101, 4


def train(
    cohort: Cohort,
    config: TrainingConfig,
    out: Path,
    *,
    command: str = "",
    progress: Progress | None = None,
) -> BundleConfig:
    """Train on ``cohort`` and write ``out/config.json``, ``out/metrics.csv`` and ``out/bundle``.

    Held-out patients choose nothing during fitting; they give calibration, the limits of usual inputs,
    and the metrics, which are therefore slightly flattering (the model card says so).

    Raises
    ------
    RenalFusionError
        If the cohort cannot be trained on, or ``out`` cannot be written.
    """
    started = time.monotonic()
    progress = progress or Progress()
    _refuse_errors(cohort)
    write_text(out / "config.json", config.model_dump_json(indent=1))
    lightning.seed_everything(config.seed, verbose=False)
    with progress.part(0.0, 0.1):
        patients = prepare_patients(cohort, config, progress)
    training, held_out = split_by_patient(patients, config.validation_fraction, config.seed)
    with progress.part(0.1, 0.95):
        network = _fit(training, held_out, config, out, progress)
    progress.update(0.95, "Calibrating and writing the bundle")
    if config.half_precision_weights:
        network.load_state_dict(rounded_to_half(network.state_dict()))
    logits, labels = held_out_logits(network, held_out, config)
    names = class_names(cohort)
    sizes = [len(one.pictures["TEM"]) for one in training] if "TEM" in config.network.modalities else [0]
    bundle = BundleConfig(
        name=config.name,
        title=config.title,
        network=config.network,
        class_names=names,
        trained_on="synthetic" if all(one.synthetic for one in patients) else "real",
        rules=config.rules,
        preprocessing=config.preprocessing,
        input_statistics=input_statistics(training, held_out, config),
        bag_range=(config.bag_size[0], min(config.bag_size[1], max(sizes))),
        calibration=calibrate(logits, labels),
        self_test=SelfTest(seed=_SELF_TEST_SEED, bag=_SELF_TEST_BAG, logits=(0.0,) * len(names)),
        metrics=metrics(logits, labels),
        metrics_measured_on=f"{len(held_out)} held-out patients",
        origin=Origin(
            program_version=__version__,
            command=command,
            seed=config.seed,
            made_on=dt.date.today().isoformat(),
            patients=len(patients),
            images=sum(len(images) for one in patients for images in one.pictures.values()),
            seconds=round(time.monotonic() - started, 1),
        ),
    )
    expected = noise_logits(network, bundle, _SELF_TEST_SEED, _SELF_TEST_BAG)
    bundle = bundle.model_copy(update={"self_test": bundle.self_test.model_copy(update={"logits": expected})})
    sealed = save_bundle(
        out / "bundle",
        bundle,
        network.state_dict(),
        mean_tokens(network, training, config),
        model_card(bundle),
        half_precision=config.half_precision_weights,
    )
    progress.update(1.0, "Done")
    return sealed


def _refuse_errors(cohort: Cohort) -> None:
    """A table with errors must be corrected first: what is silently left out is how folds begin to leak."""
    errors = [one for one in cohort.problems if one.severity == "error"]
    if errors:
        rows = "; ".join(f"row {one.row}: {one.message}" if one.row else one.message for one in errors)
        raise RenalFusionError(
            "cohort_errors", f"The cohort has {len(errors)} problem{'s' * (len(errors) > 1)}: {rows}",
            path=cohort.source, remedy="Correct the table, then train again.",
        )  # fmt: skip


def _fit(
    training: list[Patient], held_out: list[Patient], config: TrainingConfig, out: Path, progress: Progress
) -> CMUSNet:
    data = PatientData(training, config, augment=True)
    order = torch.Generator().manual_seed(config.seed)
    loader = DataLoader(
        data,
        config.batch,
        shuffle=True,
        generator=order,
        collate_fn=collate_patients,
        drop_last=len(training) > config.batch,
    )
    validation = DataLoader(
        PatientData(held_out, config, augment=False), config.batch, collate_fn=collate_patients
    )
    module = CMUSNetModule(config, steps=config.epochs * len(loader))
    for noisy in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        logger=lightning.pytorch.loggers.CSVLogger(out, name="", version=""),
        callbacks=[_Epochs(data, progress, config.epochs)],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=len(loader),
        deterministic="warn",
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*num_workers.*")
        warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*")  # between Lightning and torch
        warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
        trainer.fit(module, loader, validation)
    return module.network.cpu().eval()


class _Epochs(lightning.Callback):
    """Tells the data which epoch it is, and the person how far the run is."""

    def __init__(self, data: PatientData, progress: Progress, epochs: int):
        self.data, self.progress, self.epochs = data, progress, epochs

    def on_train_epoch_start(self, trainer, module) -> None:
        self.data.epoch = trainer.current_epoch

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        done = (trainer.current_epoch + batch_idx / trainer.num_training_batches) / self.epochs
        seen = trainer.callback_metrics
        figures = f", held-out AUC {float(seen['val_auc']):.3f}" if "val_auc" in seen else ""
        self.progress.update(done, f"Epoch {trainer.current_epoch + 1} of {self.epochs}{figures}")
