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
from ..judging import Fitted
from ..metrics import bootstrap_intervals, expected_calibration_error, mean_and_sd
from ..outcome import load_outcome
from ..results import CaseOutcome, FoldMetrics, Results
from ..run import RESULTS, UNITS, Run
from ..units import Unit
from .config import HEALNetTrainingConfig
from .judging import ClassJudged, judge_classes
from .patients import PatientTable
from .survival_figures import survival_results


def finish(
    run: Run, table: PatientTable, files: Mapping[str, tuple[tuple[Path, ...], ...]], progress: Progress
) -> None:
    """Write the bundle and, last, ``results.json``; it can be done again at any time."""
    from .run_bundle import write_healnet_bundle

    config: HEALNetTrainingConfig = run.config
    members = []
    for fold in run.folds.folds:
        loaded = load_outcome(run.folder / UNITS / fold.name)
        members.append(Fitted(Unit(fold.name, config, fold), *loaded))
    progress.update(0.0, "Measuring")
    judged = None
    if config.task == "survival":
        results: Results | object = survival_results(run, table, members)
    else:
        judged = judge_classes(members, table, config)
        results = _class_results(run, table, members, judged)
    if config.final != "none":
        progress.update(0.5, "Writing the bundle")
        said = write_healnet_bundle(run, table, members, files, results, judged)
        results = results.model_copy(update={"notes": (*results.notes, *said)})
    write_text(run.folder / RESULTS, results.model_dump_json(indent=1))
    progress.update(1.0, "Done")


def _class_results(run: Run, table: PatientTable, members: Sequence[Fitted], judged: ClassJudged) -> Results:
    config: HEALNetTrainingConfig = run.config
    labels = np.concatenate([one.test.labels for one in members])
    logits = np.concatenate([one.test.logits for one in members])
    ids = [case for one in members for case in one.test.case_ids]
    member_of = np.concatenate([np.full(len(one.test.labels), k) for k, one in enumerate(members)])
    patients = [run.folds.groups[one] for one in ids]
    temperature = judged.calibration.temperature
    probabilities = softmax(logits, temperature)
    whole = dict(zip(table.patients, table.complete, strict=True))
    complete = np.array([whole[one] for one in ids], dtype=bool)
    sets: list[tuple[int, ...] | None] = [None] * len(ids)
    if judged.conformal is not None:
        given = out_of_fold_sets(
            labels[complete], probabilities[complete], member_of[complete], config.coverage,
            [one for one, here in zip(patients, complete, strict=True) if here],
        )  # fmt: skip
        for row, one in zip(np.flatnonzero(complete), given or (), strict=False):
            sets[row] = one
    having = [(label, one) for label, one in zip(labels, sets, strict=True) if one is not None]
    mean, sd = mean_and_sd([one.outcome.metrics for one in members])
    notes = list(table.notes)
    if judged.conformal is None:
        notes.append(no_set_reason(judged.complete))
    elif judged.complete < len(ids):
        notes.append(
            f"Sets of classes are given to patients with every modality only ({judged.complete} of {len(ids)})."
        )
    several = len(members) > 1
    return Results(
        class_names=table.class_names,
        modalities=(),
        folds=tuple(
            FoldMetrics(unit=one.unit.name, patients=len(one.test.case_ids), metrics=one.outcome.metrics)
            for one in members
        ),
        mean=mean,
        sd=sd,
        interval=bootstrap_intervals(labels, softmax(logits), patients, seed=config.seed),
        cases=tuple(
            CaseOutcome(
                case_id=case,
                patient_id=case,
                unit=members[member_of[row]].unit.name,
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
        coverage=float(np.mean([label in one for label, one in having])) if having and several else None,
        set_size=float(np.mean([len(one) for _, one in having])) if having else None,
        abstain_below=judged.calibration.abstain_below,
        notes=tuple(notes),
    )
