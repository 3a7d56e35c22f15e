"""The figures of a survival run: c-index, time-dependent AUC and Brier score per fold and pooled, risk groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from ...errors import RenalFusionError
from ...networks import risk, survival_curve
from ..results import FoldMetrics
from ..run import Run
from ..survival import (
    TimeBins,
    auc_at,
    bootstrap_concordance,
    brier,
    concordance,
    log_rank,
    risk_threshold,
    survival_at,
)
from .config import HEALNetTrainingConfig
from .cox import cox_risks
from .data import rows_of
from .members import FoldAnswers
from .patients import PatientTable
from .results import SurvivalCase, SurvivalResults
from .truth import bins_of

METRICS = ("c_index", "time_auc", "brier", "cox_c_index")


def risks(logits: np.ndarray) -> np.ndarray:
    """-sum of the survival curve over the bins, [n]."""
    return risk(torch.from_numpy(np.asarray(logits, dtype=np.float32))).double().numpy()


def curves(logits: np.ndarray) -> np.ndarray:
    """Probability of no event until the end of each bin, [n, bins]."""
    return survival_curve(torch.from_numpy(np.asarray(logits, dtype=np.float32))).double().numpy()


def mean_curve(logits: np.ndarray, bins: Sequence[TimeBins], times: Sequence[float]) -> np.ndarray:
    """Survival [n, times] of the networks of a fold together; logits [networks, n, bins], each with bins of its own."""
    each = [survival_at(curves(one), own, times) for one, own in zip(logits, bins, strict=True)]
    return np.mean(each, axis=0)


def mean_risk(logits: np.ndarray) -> np.ndarray:
    """Risk [n] of the networks of a fold together; logits [networks, n, bins]."""
    return np.mean([risks(one) for one in logits], axis=0)


def fold_figures(
    table: PatientTable,
    bins: Sequence[TimeBins],
    known: Sequence[int],
    test: Sequence[int],
    logits: np.ndarray,
) -> dict[str, float]:
    """``c_index``, ``time_auc`` and ``brier`` of the test part of a fold; what cannot be computed is absent.

    Both of the latter are means over the quartiles of the ``known`` (training) patients' event times, weighted for
    censoring by their follow-up. ``logits`` [networks, n, bins] with the ``bins`` of each network.
    """
    known, test = np.asarray(known), np.asarray(test)
    time, event = table.times[test], table.events[test]
    found = {"c_index": measured(concordance, mean_risk(logits), time, event)}
    censoring = table.times[known], table.events[known]
    quartiles = np.quantile(table.times[known][table.events[known]], [0.25, 0.5, 0.75])
    times = measurable_times(quartiles, time, event)
    times = times[times <= min(one.last for one in bins)]
    if len(times):
        curve = mean_curve(logits, bins, times)
        found["time_auc"] = measured(auc_at, 1 - curve, time, event, times, censoring=censoring)
        found["brier"] = measured(brier, curve, time, event, times, censoring=censoring)
    return {name: value for name, value in found.items() if value is not None}


def measured(figure: Callable, *arguments, **options) -> float | None:
    """The mean of a figure; None where these patients do not allow it, such as without a comparable pair."""
    try:
        value = float(np.mean(figure(*arguments, **options)))
    except RenalFusionError:
        return None
    return value if np.isfinite(value) else None


def measurable_times(times: Sequence[float], time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Those of ``times`` before which somebody had the event and after which somebody was followed."""
    given = np.unique(np.asarray(times, dtype=np.float64))
    if not event.any():
        return given[:0]
    return given[(given >= time[event].min()) & (given < time.max())]


def survival_results(run: Run, table: PatientTable, folds: Sequence[FoldAnswers]) -> SurvivalResults:
    """Everything that a finished survival run measured, from the answers of its folds."""
    config: HEALNetTrainingConfig = run.config
    rows = np.concatenate([one.rows["test"] for one in folds])
    time, event = table.times[rows], table.events[rows]
    unit_of = [one.name for one in folds for _ in one.rows["test"]]
    risk_of = np.concatenate([mean_risk(one.test) for one in folds])
    bins = [[bins_of(table, config, rows_of(table, part)["train"]) for part in one.parts] for one in folds]
    cox = [cox_risks(table, config, one.known_rows, one.rows["test"]) for one in folds]
    cox_of = None if any(one is None for one in cox) else np.concatenate([one[0] for one in cox])
    high = np.concatenate([_high_risk(one) for one in folds])
    pooled, interval = {}, {}
    for name, values in (("c_index", risk_of), ("cox_c_index", cox_of)):
        if values is not None:
            pooled[name] = concordance(values, time, event)
            interval[name] = bootstrap_concordance(values, time, event, seed=config.seed)
    times, areas, score = _pooled_over_time(folds, bins, time, event)
    if times:
        pooled |= {"time_auc": float(np.mean(areas))} | ({} if score is None else {"brier": score})
    metrics = [
        fold_figures(table, own, one.known_rows, one.rows["test"], one.test)
        | _cox_figure(table, one.rows["test"], found)
        for one, own, found in zip(folds, bins, cox, strict=True)
    ]
    mean, sd = _over_folds(metrics)
    notes = list(table.notes)
    if cox_of is None:
        notes.append("No Cox model could be fitted beside this one.")
    groups = log_rank(time, event, high) if 0 < high.sum() < len(high) else None
    return SurvivalResults(
        outcome=config.outcome,
        population=config.population,
        time_zero=config.time_zero,
        time_unit=config.time_unit,
        modalities=config.names,
        folds=tuple(
            FoldMetrics(unit=one.name, patients=len(one.rows["test"]), metrics=figures)
            for one, figures in zip(folds, metrics, strict=True)
        ),
        mean=mean,
        sd=sd,
        pooled=pooled,
        interval=interval,
        cases=tuple(
            SurvivalCase(
                case_id=table.patients[row],
                patient_id=table.patients[row],
                unit=unit_of[place],
                time=float(time[place]),
                event=bool(event[place]),
                risk=float(risk_of[place]),
                cox_risk=None if cox_of is None else float(cox_of[place]),
                group="high" if high[place] else "low",
            )
            for place, row in enumerate(rows)
        ),
        auc_times=times,
        auc_at=areas,
        log_rank_p=None if groups is None else float(groups.p_value),
        cox_penalties=() if cox_of is None else tuple(float(one[1]) for one in cox),
        seconds=round(sum(one.seconds for one in folds), 1),
        notes=tuple(notes),
    )


def _high_risk(fold: FoldAnswers) -> np.ndarray:
    """Which test patients are in the high risk group, bool [n]: above the median of the fold's training patients."""
    try:
        limit = risk_threshold(mean_risk(fold.known))
    except RenalFusionError:  # equal risks: nobody is above another
        limit = np.inf
    return mean_risk(fold.test) > limit


def _cox_figure(
    table: PatientTable, test: Sequence[int], found: tuple[np.ndarray, float] | None
) -> dict[str, float]:
    """``cox_c_index`` of one fold; empty where it cannot be had."""
    rows = list(test)
    value = None if found is None else measured(concordance, found[0], table.times[rows], table.events[rows])
    return {} if value is None else {"cox_c_index": value}


def _pooled_over_time(
    folds: Sequence[FoldAnswers], bins: Sequence[Sequence[TimeBins]], time: np.ndarray, event: np.ndarray
) -> tuple[tuple[float, ...], tuple[float, ...], float | None]:
    """Times (quartiles of uncensored times), AUC at each and mean Brier score of the pooled out-of-fold curves."""
    times = measurable_times(np.quantile(time[event], [0.25, 0.5, 0.75]), time, event)
    times = times[times <= min(one.last for own in bins for one in own)]
    if not len(times):
        return (), (), None
    curve = np.concatenate([mean_curve(one.test, own, times) for one, own in zip(folds, bins, strict=True)])
    try:
        areas = auc_at(1 - curve, time, event, times)
    except RenalFusionError:
        return (), (), None
    return tuple(times.tolist()), tuple(areas.tolist()), measured(brier, curve, time, event, times)


def _over_folds(folds: Sequence[dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard deviation (ddof 1) of each figure over the folds that have it."""
    mean, sd = {}, {}
    for name in METRICS:
        values = [one[name] for one in folds if name in one]
        if values:
            mean[name] = float(np.mean(values))
            sd[name] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return mean, sd
