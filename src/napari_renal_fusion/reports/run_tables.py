"""The tables of a run as CSV: metrics, cases, epochs. Case ids only; patients' names never enter them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..figures.fold_metrics import metric_title
from ..training.healnet.results import SurvivalResults
from ..training.results import Results
from .run_cases import VERDICT_TITLES, case_lines
from .survival_run import CASE_COLUMNS, survival_case_rows

EPOCH_COLUMNS = (
    "unit", "epoch", "train_loss", "val_loss", "val_auc", "val_accuracy", "learning_rate", "seconds", "best",
)  # fmt: skip


def metrics_table(results: Results) -> list[list[str]]:
    """Header and a row per metric for people: title, mean ± sd in percent, 95 % interval, then each fold."""
    units = [fold.unit for fold in results.folds]
    rows = [["Metric", "Mean ± sd, %", "95 % interval, %", *units]]
    for name, mean in results.mean.items():
        sd = results.sd.get(name)
        interval = results.interval.get(name)
        rows.append(
            [
                metric_title(name),
                f"{100 * mean:.1f}" if sd is None or len(units) < 2 else f"{100 * mean:.1f} ± {100 * sd:.1f}",
                "–" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}",
                *(
                    f"{100 * fold.metrics[name]:.1f}" if name in fold.metrics else "–"
                    for fold in results.folds
                ),
            ]
        )
    return rows


def results_csv(results: Results) -> str:
    """Metrics as CSV: a row per fold, then mean, sd and interval; shares between 0 and 1.

    Columns: part (the fold, ``mean``, ``sd``, ``interval_low``, ``interval_high``, ``test``; ``OM-IM/...`` of a
    model for missing images, or of a model of the whole panel asked with these alone), patients, one per metric.
    """
    names = list(results.mean)
    rows: list[dict[str, Any]] = [
        {"part": fold.unit, "patients": fold.patients, **fold.metrics} for fold in results.folds
    ]
    rows += [{"part": "mean", **results.mean}, {"part": "sd", **results.sd}]
    for place, part in enumerate(("interval_low", "interval_high")):
        rows.append({"part": part, **{name: pair[place] for name, pair in results.interval.items()}})
    if results.test:
        rows.append({"part": "test", "patients": len(results.test_cases), **results.test})
    for name, other in results.subsets.items():
        folds = [(fold.unit.rpartition("/")[2], fold.patients, fold.metrics) for fold in other.folds]
        rows += [{"part": f"{name}/{unit}", "patients": count, **given} for unit, count, given in folds]
        rows += [{"part": f"{name}/mean", **other.mean}, {"part": f"{name}/sd", **other.sd}]
    return _csv(["part", "patients", *names], rows)


def cases_csv(results: Results) -> str:
    """Cases as CSV, the out-of-fold ones and then those of the independent test set.

    Columns: case_id, part (fold, or ``test``), true_class, answered_class, one ``p_<class>`` per class (0 to 1),
    set (classes joined by ";", empty if no set can be given), distance, verdict (right, wrong, no_opinion), reason.
    Of a survival run: case_id, part, time (in the run's unit), event (0 or 1), risk, cox_risk, group (low, high).
    """
    if isinstance(results, SurvivalResults):
        return _csv(CASE_COLUMNS, survival_case_rows(results))
    names = results.class_names
    rows = []
    for test, outcomes in ((False, results.cases), (True, results.test_cases)):
        for line, one in zip(case_lines(results, test=test), outcomes, strict=True):
            rows.append(
                {
                    "case_id": line.case_id,
                    "part": "test" if test else line.unit,
                    "true_class": names[line.true],
                    "answered_class": names[line.answered],
                    **{f"p_{name}": p for name, p in zip(names, one.probabilities, strict=True)},
                    "set": ""
                    if one.conformal is None
                    else ";".join(names[c] for c in one.conformal) or "none",
                    "distance": "" if one.distance is None else one.distance,
                    "verdict": line.verdict,
                    "reason": line.reason,
                }
            )
    chances = [f"p_{name}" for name in names]
    columns = [
        "case_id",
        "part",
        "true_class",
        "answered_class",
        *chances,
        "set",
        "distance",
        "verdict",
        "reason",
    ]
    return _csv(columns, rows)


def epochs_csv(epochs: Sequence[Mapping[str, Any]]) -> str:
    """Epochs as CSV; columns :data:`EPOCH_COLUMNS`, losses in nats, AUC and accuracy between 0 and 1."""
    return _csv(EPOCH_COLUMNS, epochs)


def verdict_title(verdict: str) -> str:
    """Right, Wrong or No opinion."""
    return VERDICT_TITLES[verdict]


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _plain(value) for name, value in row.items()})
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    # Figures are rounded where more digits mean nothing; a spreadsheet runs cells that begin like a formula.
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
