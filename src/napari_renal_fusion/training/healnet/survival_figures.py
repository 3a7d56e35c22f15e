"""The figures of a survival run: c-index, time-dependent AUC and Brier score per fold and pooled, risk groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from ...errors import RenalFusionError
from ...networks import risk, survival_curve
from ..judging import Fitted
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
from .patients import PatientTable
from .results import SurvivalCase, SurvivalResults
from .truth import SurvivalTruth

METRICS = ("c_index", "time_auc", "brier", "cox_c_index")


def risks(logits: np.ndarray) -> np.ndarray:
    """-sum of the survival curve over the bins, [n]."""
    return risk(torch.from_numpy(np.asarray(logits, dtype=np.float32))).double().numpy()


def curves(logits: np.ndarray) -> np.ndarray:
    """Probability of no event until the end of each bin, [n, bins]."""
    return survival_curve(torch.from_numpy(np.asarray(logits, dtype=np.float32))).double().numpy()


def fold_figures(
    table: PatientTable, bins: TimeBins, known: Sequence[int], test: Sequence[int], logits: np.ndarray
) -> dict[str, float]:
    """``c_index``, ``time_auc`` and ``brier`` of the test part of a fold; what cannot be computed is absent.

    Both of the latter are means over the edges of the bins, weighted for censoring by the ``known`` (training)
    patients' follow-up.
    """
    known, test = np.asarray(known), np.asarray(test)
    time, event = table.times[test], table.events[test]
    found = {"c_index": measured(concordance, risks(logits), time, event)}
    censoring = table.times[known], table.events[known]
    times = measurable_times(bins.edges, time, event)
    if len(times):
        curve = survival_at(curves(logits), bins, times)
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


def survival_results(run: Run, table: PatientTable, members: Sequence[Fitted]) -> SurvivalResults:
    """Everything that a finished survival run measured, from the answers of its folds."""
    config: HEALNetTrainingConfig = run.config
    parts = [rows_of(table, one.unit.fold) for one in members]
    rows = np.concatenate([one["test"] for one in parts])
    time, event = table.times[rows], table.events[rows]
    member_of = np.concatenate([np.full(len(one["test"]), k) for k, one in enumerate(parts)])
    risk_of = np.concatenate([risks(one.test.logits) for one in members])
    cox = [cox_risks(table, config, [*one["train"], *one["validation"]], one["test"]) for one in parts]
    cox_of = None if any(one is None for one in cox) else np.concatenate([one[0] for one in cox])
    high = risk_groups(members)
    pooled, interval = {}, {}
    for name, values in (("c_index", risk_of), ("cox_c_index", cox_of)):
        if values is not None:
            pooled[name] = concordance(values, time, event)
            interval[name] = bootstrap_concordance(values, time, event, seed=config.seed)
    times, areas, score = _pooled_over_time(table, config, parts, members, rows)
    if times:
        pooled |= {"time_auc": float(np.mean(areas))} | ({} if score is None else {"brier": score})
    mean, sd = _over_folds([one.outcome.metrics for one in members])
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
            FoldMetrics(unit=one.unit.name, patients=len(one.test.case_ids), metrics=one.outcome.metrics)
            for one in members
        ),
        mean=mean,
        sd=sd,
        pooled=pooled,
        interval=interval,
        cases=tuple(
            SurvivalCase(
                case_id=table.patients[row],
                patient_id=table.patients[row],
                unit=members[member_of[place]].unit.name,
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
        seconds=round(sum(one.outcome.seconds for one in members), 1),
        notes=tuple(notes),
    )


def risk_groups(members: Sequence[Fitted]) -> np.ndarray:
    """Who is in the high risk group, bool [n]: above the median of the training patients of the own fold."""
    high = []
    for one in members:
        training = [one.outputs.parts[part].logits for part in ("train", "validation")]
        try:
            limit = risk_threshold(risks(np.concatenate(training)))
        except RenalFusionError:  # equal risks: nobody is above another
            limit = np.inf
        high.append(risks(one.test.logits) > limit)
    return np.concatenate(high)


def _pooled_over_time(
    table: PatientTable,
    config: HEALNetTrainingConfig,
    parts: Sequence[dict[str, list[int]]],
    members: Sequence[Fitted],
    rows: np.ndarray,
) -> tuple[tuple[float, ...], tuple[float, ...], float | None]:
    """Times (quartiles of uncensored times), AUC at each and mean Brier score of the pooled out-of-fold curves."""
    time, event = table.times[rows], table.events[rows]
    bins = [SurvivalTruth(table, config, one["train"]).bins for one in parts]
    end = min(one.last for one in bins)
    times = measurable_times(np.quantile(time[event], [0.25, 0.5, 0.75]), time, event)
    times = times[times <= end]
    if not len(times):
        return (), (), None
    curve = np.concatenate(
        [survival_at(curves(one.test.logits), own, times) for own, one in zip(bins, members, strict=True)]
    )
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
