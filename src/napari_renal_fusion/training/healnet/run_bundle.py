"""The bundle of a finished HEALNet run: the networks of its folds together, with their scalings and what they mean."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from ... import __version__
from ...bundles import Calibration, Origin
from ...bundles.format import MANIFEST
from ...bundles.healnet_bundle import HEALNetMembers, save_healnet_bundle
from ...bundles.healnet_format import (
    HEALNetBundleConfig,
    HEALNetSelfTest,
    OmicsInput,
    SlideInput,
    SurvivalTask,
)
from ...bundles.local import remember_training_patients
from ...errors import RenalFusionError
from ...inference.healnet_features import keep_weights
from ...inference.healnet_self_test import healnet_noise_logits
from ...networks import HEALNet
from .. import checkpoint
from ..run import BUNDLE, UNITS, Run
from ..run_bundle import run_id
from .card import healnet_card
from .config import HEALNetTrainingConfig
from .data import channel_widths, fit_scalings, rows_of
from .features import channels_of, made_with, patch_counts
from .fit import BEST
from .judging import ClassJudged
from .members import FoldAnswers
from .patients import PatientTable
from .results import SurvivalResults
from .stored import patient_ids
from .truth import bins_of

_SEED, _TOKENS = 20260101, 16


def write_healnet_bundle(
    run: Run,
    table: PatientTable,
    answered: Sequence[FoldAnswers],
    files: Mapping[str, tuple[tuple[Path, ...], ...]],
    results,
    judged: ClassJudged | None,
) -> tuple[str, ...]:
    """Write ``bundle`` and what this laboratory keeps beside it; say what could not be kept."""
    started = time.monotonic()
    config: HEALNetTrainingConfig = run.config
    members = [part for one in answered for part in one.parts]
    states = [_state(run, one.name) for one in members]
    folds = [rows_of(table, one) for one in members]
    used = sorted({row for parts in folds for which in parts.values() for row in which})
    scalings = [fit_scalings(table, config, parts["train"]) for parts in folds]
    inputs = tuple(_input(one, table, used, scalings, config, files) for one in config.modalities)
    slides = {one.name: one.channels for one in inputs if one.kind == "slide"}
    outputs = answered[0].test.shape[-1]
    network = config.network_config(channel_widths(table, config, slides), outputs)
    bundle = HEALNetBundleConfig(
        name=config.name,
        title=config.title,
        task=config.task,
        network=network,
        members=len(members),
        networks_a_fold=config.networks,
        inputs=inputs,
        survival=_survival(table, config, folds, results),
        class_names=table.class_names,
        trained_on="synthetic" if config.synthetic else "real",
        calibration=Calibration() if judged is None else judged.calibration,
        conformal=None if judged is None else judged.conformal,
        class_shares=() if judged is None else _shares(table, used, config),
        run_id=run_id(run),
        self_test=HEALNetSelfTest(seed=_SEED, tokens=_TOKENS, logits=(0.0,) * outputs),
        metrics={name: round(value, 4) for name, value in results.mean.items()},
        metrics_measured_on=f"{len(results.cases)} patients in {len(results.folds)} folds",
        origin=Origin(
            program_version=__version__,
            command=run.info.command,
            seed=config.seed,
            made_on=dt.date.today().isoformat(),
            patients=len(used),
            images=sum(len(patient) for one in files.values() for patient in one),
            seconds=round(sum(one.seconds for one in answered) + time.monotonic() - started, 1),
        ),
    )
    networks = []
    for state in states:
        built = HEALNet(network)
        built.load_state_dict(state)
        networks.append(built.requires_grad_(False).eval())
    logits = healnet_noise_logits(HEALNetMembers(tuple(networks)), bundle)
    bundle = bundle.model_copy(update={"self_test": bundle.self_test.model_copy(update={"logits": logits})})
    folder = run.folder / BUNDLE
    sealed = save_healnet_bundle(folder, bundle, states, healnet_card(bundle, results, table))
    try:
        if any(one.kind == "slide" for one in config.modalities):
            keep_weights(config.encoder)
        ids = patient_ids(run.folder)
        remember_training_patients(sealed.sha256[MANIFEST], {ids[row] for row in used})
    except (RenalFusionError, OSError) as error:
        # The bundle is whole without it, and a run must not fail at its last line.
        return (f"{folder.name}: its patients cannot be recognised here later, because {error}",)
    return ()


def _state(run: Run, name: str) -> dict[str, torch.Tensor]:
    path = run.folder / UNITS / name / BEST
    best = checkpoint.load(path)
    if best is None:
        raise RenalFusionError(
            "checkpoint_damaged",
            f"The weights of {name} are missing or damaged",
            path=path,
            remedy="Resume the run; this part is fitted again.",
        )
    return best["state"]


def _input(one, table: PatientTable, used, scalings, config: HEALNetTrainingConfig, files):
    seen = int(table.has(one.name)[used].sum())
    if one.kind == "omics":
        return OmicsInput(
            name=one.name,
            layout=one.layout,
            scalings=tuple(member[one.name] for member in scalings),
            seen=seen,
        )
    made = made_with(files, one.name)
    return SlideInput(
        name=one.name,
        channels=channels_of(files)[one.name],
        encoder=None if made is None else made[0],
        grid=None if made is None else made[1],
        patches=patch_counts(files, one.name, used),
        seen=seen,
    )


def _survival(
    table: PatientTable, config: HEALNetTrainingConfig, folds: list[dict[str, list[int]]], results
) -> SurvivalTask | None:
    if config.task != "survival":
        return None
    assert isinstance(results, SurvivalResults)
    risks = np.array([one.risk for one in results.cases])
    ends = tuple(tuple(float(end) for end in bins_of(table, config, parts["train"]).ends) for parts in folds)
    return SurvivalTask(
        outcome=config.outcome,
        population=config.population,
        time_zero=config.time_zero,
        time_unit=config.time_unit,
        neoplastic=config.neoplastic,
        bin_ends=ends,
        group_above=float(np.median(risks)),
        percentiles=tuple(float(one) for one in np.percentile(risks, range(5, 100, 5))),
    )


def _shares(table: PatientTable, used, config: HEALNetTrainingConfig) -> tuple[float, ...]:
    """Frequencies of the classes that the networks were made to believe; balanced weights make them equal."""
    counts = np.bincount(table.labels[used], minlength=len(table.class_names)).astype(float)
    if config.class_weights == "balanced":
        counts = np.ones(len(counts))
    return tuple((counts / counts.sum()).tolist())
