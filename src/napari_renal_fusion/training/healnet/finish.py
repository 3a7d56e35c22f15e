"""After the last fold: the figures of a HEALNet run and its bundle, from the files of the folds alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ...bundles.conformal import no_set_reason, out_of_fold_sets
from ...compute.atomic import write_text
from ...compute.progress import Progress
from ..calibration import softmax
from ..finish import cross_fitted_probabilities
from ..metrics import (
    bootstrap_intervals,
    classification_metrics,
    expected_calibration_error,
    mean_and_sd,
)
from ..results import CaseOutcome, FoldMetrics, Results
from ..run import RESULTS, Run
from .config import HEALNetTrainingConfig
from .judging import ClassJudged, judge_classes
from .members import FoldAnswers, FoldNetworks, fold_answers
from .patients import PatientTable
from .results import SurvivalResults
from .survival_figures import survival_results


def finish(
    run: Run,
    table: PatientTable,
    networks: Sequence[FoldNetworks],
    files: Mapping[str, tuple[tuple[Path, ...], ...]],
    progress: Progress,
) -> None:
    """Write the bundle and, last, ``results.json``; it can be done again at any time."""
    from .run_bundle import write_healnet_bundle

    config: HEALNetTrainingConfig = run.config
    folds = fold_answers(run, table, networks)
    progress.update(0.0, "Measuring")
    judged = None
    if config.task == "survival":
        results: Results | SurvivalResults = survival_results(run, table, folds)
    else:
        judged = judge_classes(folds, table, config)
        results = _class_results(run, table, folds, judged)
    if config.final != "none":
        progress.update(0.5, "Writing the bundle")
        said = write_healnet_bundle(run, table, folds, files, results, judged)
        results = results.model_copy(update={"notes": (*results.notes, *said)})
    write_text(run.folder / RESULTS, results.model_dump_json(indent=1))
    progress.update(1.0, "Done")


def _class_results(
    run: Run, table: PatientTable, folds: Sequence[FoldAnswers], judged: ClassJudged
) -> Results:
    config: HEALNetTrainingConfig = run.config
    rows = np.concatenate([one.rows["test"] for one in folds])
    labels = table.labels[rows]
    logits = np.concatenate([one.test.mean(axis=0) for one in folds])
    ids = [table.patients[row] for row in rows]
    member_of = np.concatenate([np.full(len(one.rows["test"]), k) for k, one in enumerate(folds)])
    patients = [run.folds.groups[one] for one in ids]
    temperature = judged.calibration.temperature
    probabilities = softmax(logits, temperature)
    sets = _sets(labels, probabilities, member_of, patients, table.complete[rows], judged, config)
    having = [(label, one) for label, one in zip(labels, sets, strict=True) if one is not None]
    metrics = [
        classification_metrics(table.labels[one.rows["test"]], softmax(one.test.mean(axis=0)))
        for one in folds
    ]
    mean, sd = mean_and_sd(metrics)
    notes = list(table.notes)
    if judged.conformal is None:
        notes.append(no_set_reason(judged.complete))
    elif judged.complete < len(ids):
        notes.append(
            f"Sets of classes are given to patients with every modality only ({judged.complete} of {len(ids)})."
        )
    return Results(
        class_names=table.class_names,
        modalities=(),
        folds=tuple(
            FoldMetrics(unit=one.name, patients=len(one.rows["test"]), metrics=figures)
            for one, figures in zip(folds, metrics, strict=True)
        ),
        mean=mean,
        sd=sd,
        interval=bootstrap_intervals(labels, softmax(logits), patients, seed=config.seed),
        cases=tuple(
            CaseOutcome(
                case_id=case,
                patient_id=case,
                unit=folds[member_of[row]].name,
                label=int(labels[row]),
                logits=tuple(map(float, logits[row])),
                probabilities=tuple(map(float, probabilities[row])),
                conformal=sets[row],
            )
            for row, case in enumerate(ids)
        ),
        temperature=temperature,
        ece=expected_calibration_error(
            labels, cross_fitted_probabilities(labels, logits, member_of, patients, temperature)
        ),
        coverage_asked=config.coverage,
        coverage=float(np.mean([label in one for label, one in having]))
        if having and len(folds) > 1
        else None,
        set_size=float(np.mean([len(one) for _, one in having])) if having else None,
        abstain_below=judged.calibration.abstain_below,
        notes=tuple(notes),
    )


def _sets(
    labels: np.ndarray,
    probabilities: np.ndarray,
    member_of: np.ndarray,
    patients: Sequence[str],
    complete: np.ndarray,
    judged: ClassJudged,
    config: HEALNetTrainingConfig,
) -> list[tuple[int, ...] | None]:
    """The set of each patient with every modality, judged by the other folds' patients; None for the others."""
    sets: list[tuple[int, ...] | None] = [None] * len(labels)
    if judged.conformal is None:
        return sets
    given = out_of_fold_sets(
        labels[complete],
        probabilities[complete],
        member_of[complete],
        config.coverage,
        [one for one, here in zip(patients, complete, strict=True) if here],
    )
    for row, one in zip(np.flatnonzero(complete), given or (), strict=False):
        sets[row] = one
    return sets
