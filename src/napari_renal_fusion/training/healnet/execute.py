"""Work through a HEALNet run: features, every network of every fold, then finish; each step can be repeated."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...compute.devices import DeviceChoice
from ...compute.progress import Progress
from .. import checkpoint
from ..outcome import OUTCOME, Answers, Outcome, Outputs, load_outcome, save_outcome
from ..run import UNITS, Run
from ..telling import WithTable, write_table
from .config import HEALNetTrainingConfig
from .data import FeatureStore, PatientData, channel_widths, fit_scalings, rows_of
from .fit import BEST, LAST, Place, answers, fit_fold, new_network
from .members import fold_networks
from .patients import PatientTable
from .stored import load_table
from .truth import SurvivalTruth, truth_of

_FEATURES, _FITTED = 0.3, 0.96


def work(run: Run, tell: Callable[..., None], progress: Progress, choice: DeviceChoice) -> None:
    """Fit what is not fitted yet and finish; the same code serves a child process and a caller's own.

    Raises
    ------
    RenalFusionError
        Why the run failed.
    Cancelled
        If it was asked to stop; the run can be resumed.
    """
    from .finish import finish

    config: HEALNetTrainingConfig = run.config
    table = load_table(run.folder)
    slides = any(table.slides.values())
    files: dict[str, tuple[tuple[Path, ...], ...]] = {}
    store, channels = None, {}
    if slides:
        from .features import channels_of, feature_files, feature_store

        with progress.part(0.0, _FEATURES):
            files = feature_files(table, config, choice.device, progress)
        channels = channels_of(files)
        store = feature_store(files, channels)
    begin = _FEATURES if slides else 0.0
    outcomes: list[Outcome] = []
    told = {one["unit"] for one in run.events()[0] if one["event"] == "unit_finished"}
    networks = fold_networks(run.folds, table, config)
    folds = [one for fold in networks for one in fold.networks]
    for index, fold in enumerate(folds):
        low, high = (begin + (_FITTED - begin) * (index + i) / len(folds) for i in (0, 1))
        with progress.part(low, high):
            outcome = _finished(run.folder / UNITS / fold.name)
            if outcome is None:
                tell("unit_started", unit=fold.name, index=index, count=len(folds), epochs=config.epochs)
                outcome = _fit(
                    run, fold, table, store, channels, choice, progress, WithTable(run, tell, outcomes)
                )
                told.discard(fold.name)
            if fold.name not in told:
                tell("unit_finished", unit=fold.name, metrics=outcome.metrics, epoch_used=outcome.epoch_used)
            outcomes.append(outcome)
    write_table(run, [(one.unit, one.history) for one in outcomes])
    with progress.part(_FITTED, 1.0):
        finish(run, table, networks, files, progress)


def _fit(
    run: Run, fold, table: PatientTable, store: FeatureStore | None, channels: Mapping[str, int],
    choice: DeviceChoice, progress: Progress, tell: WithTable,
) -> Outcome:  # fmt: skip
    started = time.monotonic()
    config: HEALNetTrainingConfig = run.config
    folder = run.folder / UNITS / fold.name
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_of(table, fold)
    # What is fitted to patients (fills, scales, bins) is fitted to those that train; who decides when to stop does not.
    data = PatientData(table, config, fit_scalings(table, config, rows["train"]), store)
    truth = truth_of(table, config, rows["train"])
    tell.seen = [one for one in run.epochs() if one["unit"] == fold.name]
    with progress.part(0.0, 0.97):
        network = new_network(config, fold.name, channel_widths(table, config, channels), truth.outputs)
        fitted = fit_fold(
            fold.name, network, data, truth, rows["train"], rows["validation"],
            Place(folder, choice, progress, tell),
        )  # fmt: skip
    checkpoint.save({"state": fitted.network.state_dict(), "epoch": fitted.epoch_used}, folder / BEST)
    parts = {}
    with progress.part(0.97, 1.0):
        network.to(choice.device)
        for part, which in rows.items():
            progress.update(0.0, f"{fold.name}: asking about the {part} patients")
            logits, latents = answers(network, data, which, choice.device)
            labels = _labels(table, truth, which)
            parts[part] = Answers(tuple(table.patients[i] for i in which), logits, latents, labels)
        network.cpu()
    metrics = _metrics(table, config, truth, rows, parts)
    outcome = save_outcome(
        folder, fold.name, Outputs(parts, {}), metrics, fitted.epoch_used, time.monotonic() - started,
        fitted.history,
    )  # fmt: skip
    (folder / LAST).unlink(missing_ok=True)
    return outcome


def _labels(table: PatientTable, truth: Any, rows: list[int]) -> np.ndarray:
    """Class indices, or the bins of the times."""
    if table.labels is not None:
        return table.labels[rows].astype(np.int64)
    return np.asarray(truth.bins.of(table.times[rows]), dtype=np.int64)


def _metrics(
    table: PatientTable, config: HEALNetTrainingConfig, truth: Any, rows: dict[str, list[int]],
    parts: dict[str, Answers],
) -> dict[str, float]:  # fmt: skip
    test = parts["test"]
    if config.task == "classification":
        from ..calibration import softmax
        from ..metrics import classification_metrics

        return classification_metrics(test.labels, softmax(test.logits))
    from .survival_figures import fold_figures

    assert isinstance(truth, SurvivalTruth)
    known = [*rows["train"], *rows["validation"]]
    return fold_figures(table, [truth.bins], known, rows["test"], test.logits[None])


def _finished(folder: Path) -> Outcome | None:
    """The outcome of a fold that is done and whole; None if it has to be fitted (again)."""
    loaded = load_outcome(folder)
    if loaded and checkpoint.load(folder / BEST) is not None:
        return loaded[0]
    (folder / OUTCOME).unlink(missing_ok=True)
    return None


def unit_names(run: Run) -> list[str]:
    """The units of a run in the order in which they are fitted."""
    return [
        one.name
        for fold in fold_networks(run.folds, load_table(run.folder), run.config)
        for one in fold.networks
    ]
