"""Results of a run made up from random numbers, for everything that shows a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.training import preset
from napari_renal_fusion.training.calibration import fit_temperature, softmax
from napari_renal_fusion.training.metrics import (
    bootstrap_intervals,
    classification_metrics,
    expected_calibration_error,
)
from napari_renal_fusion.training.results import CaseOutcome, FoldMetrics, Results
from napari_renal_fusion.training.run import Run, RunInfo

NAMES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")


def make_results(
    cases: int = 120,
    folds: int = 5,
    seed: int = 0,
    names: tuple[str, ...] = NAMES,
    signal: float = 2.6,
    coverage: float | None = 0.9,
    distances: bool = True,
    split: int = 0,
) -> Results:
    """A run of ``cases`` patients in ``folds`` folds; ``split`` draws the folds, ``seed`` the answers.

    ``signal`` is how far the right class's logit stands out of unit noise; ``coverage=None`` gives no sets.
    """
    classes = len(names)
    drawn = np.random.default_rng(1000 + split)
    labels = drawn.permutation(np.arange(cases) % classes)
    units = drawn.permutation(np.arange(cases) % folds)
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(cases, classes)) * 1.4
    logits[np.arange(cases), labels] += signal
    temperature = fit_temperature(logits, labels)
    probabilities = softmax(logits, temperature)
    distance = 8 + rng.gamma(4, 1.1, cases) + 3 * (probabilities.max(axis=1) < 0.6)
    limit = float(np.quantile(distance, 0.965)) if distances else None
    outcomes = []
    for i in range(cases):
        kept = None
        if coverage is not None:
            order = np.argsort(-probabilities[i])
            # A plain cumulative set; nothing here is meant to be valid, only to look like real ones.
            count = int((np.cumsum(probabilities[i][order]) < coverage).sum()) + 1
            kept = () if probabilities[i].max() < 0.42 else tuple(sorted(int(c) for c in order[:count]))
        outcomes.append(
            CaseOutcome(
                case_id=f"{'K7QX9B2M'[i % 8]}{i:03d}",
                patient_id=f"private-{i:03d}",
                unit=f"fold-{units[i] + 1}",
                label=int(labels[i]),
                logits=tuple(map(float, logits[i])),
                probabilities=tuple(map(float, probabilities[i])),
                conformal=kept,
                distance=float(distance[i]) if distances else None,
                fits_none=bool(distance[i] > limit) if distances else None,
            )
        )
    per_fold = []
    for fold in range(folds):
        here = units == fold
        measured = classification_metrics(labels[here], probabilities[here])
        per_fold.append(FoldMetrics(unit=f"fold-{fold + 1}", patients=int(here.sum()), metrics=measured))
    table = {name: [one.metrics[name] for one in per_fold] for name in per_fold[0].metrics}
    groups = np.array([one.patient_id for one in outcomes])
    sets = [one.conformal for one in outcomes]
    return Results(
        class_names=names,
        modalities=(Modality.OM, Modality.IM, Modality.TEM),
        folds=tuple(per_fold),
        mean={name: float(np.mean(values)) for name, values in table.items()},
        sd={name: float(np.std(values, ddof=1)) for name, values in table.items()},
        interval=bootstrap_intervals(labels, probabilities, groups, draws=100),
        cases=tuple(outcomes),
        temperature=temperature,
        ece=expected_calibration_error(labels, probabilities),
        coverage_asked=0.9 if coverage is None else coverage,
        coverage=None
        if coverage is None
        else float(np.mean([one.label in one.conformal for one in outcomes])),
        set_size=None if coverage is None else float(np.mean([len(one) for one in sets])),
        false_refusals=0.035 if distances else None,
        distance_limit=limit,
        false_accepts={name: 0.04 + 0.05 * c for c, name in enumerate(names)} if distances else {},
        abstain_below=0.45,
        notes=()
        if coverage is not None
        else ("No set of classes can be given: it needs 40 patients to calibrate on, and there are 31.",),
    )


def make_epochs(folds: int = 5, epochs: int = 40, seed: int = 0) -> list[dict]:
    """Epoch events of a run as ``Run.epochs()`` gives them; some folds stop early."""
    rng = np.random.default_rng(seed)
    found = []
    for fold in range(folds):
        stop = epochs - int(rng.integers(0, max(1, epochs // 4)))
        pace, best, lowest = rng.uniform(6, 11), 1, np.inf
        for epoch in range(1, stop + 1):
            train = 0.08 + 1.05 * np.exp(-epoch / pace) + rng.normal(0, 0.015)
            val = 0.24 + 0.9 * np.exp(-epoch / pace) + 0.004 * max(0, epoch - 22) + rng.normal(0, 0.03)
            auc = 0.975 - 0.42 * np.exp(-epoch / (0.8 * pace)) + rng.normal(0, 0.008)
            best, lowest = (epoch, val) if val < lowest else (best, lowest)
            found.append(
                {
                    "time": "2026-11-21T10:00:00Z",
                    "event": "epoch",
                    "unit": f"fold-{fold + 1}",
                    "epoch": epoch,
                    "epochs": epochs,
                    "train_loss": float(train),
                    "val_loss": float(val),
                    "val_auc": float(min(auc, 1.0)),
                    "val_accuracy": float(min(auc, 1.0)) - 0.06,
                    "learning_rate": 1e-3,
                    "seconds": 1.5,
                    "gpu_memory_mb": None,
                    "best": bool(val == lowest),
                }
            )
    return found


def write_made_run(
    folder: Path, results: Results | None = None, epochs: list[dict] | None = None, **changes
) -> Run:
    """A finished run's folder with what its displays read; ``results=None`` leaves it unfinished."""
    folder.mkdir(parents=True, exist_ok=True)
    config = preset("small", **({"title": f"Model {folder.name}"} | changes))
    (folder / "config.json").write_text(config.model_dump_json(), encoding="utf-8")
    info = RunInfo(
        program_version="0.1.0",
        command="renal-fusion train /home/planted/Zhang San/cohort.csv --preset small",
        made_on="2026-11-21T10:00:00+00:00",
        class_names=NAMES,
        cases=120,
        patients=118,
        cohort="cohort.csv",
        encoder_weights="demo",
        encoder_sha256="0" * 64,
    )
    (folder / "run.json").write_text(info.model_dump_json(), encoding="utf-8")
    lines = [json.dumps(one) for one in (make_epochs() if epochs is None else epochs)]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if results is not None:
        (folder / "results.json").write_text(results.model_dump_json(), encoding="utf-8")
    return Run.open(folder)
