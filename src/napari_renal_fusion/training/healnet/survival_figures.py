"""The figures of a survival run: c-index, time-dependent AUC and Brier score per fold and pooled, risk groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

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


def curve_at(ends: Sequence[float], curve: np.ndarray, times: Sequence[float]) -> np.ndarray:
    """Step functions [n, times] of curves [n, bins] known at ``ends``; 1 before the first."""
    reached = np.searchsorted(np.asarray(ends), np.asarray(times), side="right")
    return np.concatenate([np.ones((len(curve), 1)), curve], axis=1)[:, reached]


def fold_figures(
    table: PatientTable, bins: TimeBins, known: Sequence[int], test: Sequence[int], logits: np.ndarray
) -> dict[str, float]:
    """``c_index``, ``time_auc`` and ``brier`` of the test part of a fold; what cannot be computed is absent.

    Both of the latter are at the inner edges of the bins, and weigh censoring by the ``known`` (training)
    patients' follow-up.
    """
    known, test = np.asarray(known), np.asarray(test)
    time, event = table.times[test], table.events[test]
    found = {"c_index": float(concordance(risks(logits), time, event))}
    times = [one for one in bins.edges[1:-1] if time.min() < one < time.max()]
    if times:
        reference = table.times[known], table.events[known]
        curve = curve_at(bins.ends, curves(logits), times)
        found["time_auc"] = float(np.nanmean(auc_at(-curve, time, event, times, reference=reference)))
        found["brier"] = float(np.nanmean(brier(curve, time, event, times, reference=reference)))
    return {name: value for name, value in found.items() if np.isfinite(value)}


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
    high = risk_groups(risk_of, member_of)
    pooled = {"c_index": float(concordance(risk_of, time, event))}
    interval = {"c_index": _interval(risk_of, time, event, config.seed)}
    if cox_of is not None:
        pooled["cox_c_index"] = float(concordance(cox_of, time, event))
        interval["cox_c_index"] = _interval(cox_of, time, event, config.seed)
    times, areas, score = _pooled_curves(table, config, parts, members, rows)
    if times:
        pooled |= {"time_auc": float(np.mean(areas)), "brier": score}
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


def risk_groups(risk_of: np.ndarray, member_of: np.ndarray) -> np.ndarray:
    """Who is in the high risk group, bool [n]: above the median of the patients of the other folds.

    So no patient has a part in the limit that they are judged by; with one fold it is its own median.
    """
    high = np.zeros(len(risk_of), dtype=bool)
    for member in np.unique(member_of):
        own = member_of == member
        others = risk_of[~own] if (~own).any() else risk_of
        high[own] = risk_of[own] > np.median(others)
    return high


def _pooled_curves(
    table: PatientTable,
    config: HEALNetTrainingConfig,
    parts: Sequence[dict[str, list[int]]],
    members: Sequence[Fitted],
    rows: np.ndarray,
) -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """Times, AUC at each and the mean Brier score of the pooled out-of-fold curves."""
    time, event = table.times[rows], table.events[rows]
    quartiles = np.quantile(time[event], [0.25, 0.5, 0.75])
    times = [float(one) for one in np.unique(quartiles) if time.min() < one < time.max()]
    if not times:
        return (), (), float("nan")
    curve = np.concatenate(
        [
            curve_at(SurvivalTruth(table, config, one["train"]).bins.ends, curves(member.test.logits), times)
            for one, member in zip(parts, members, strict=True)
        ]
    )
    areas = auc_at(-curve, time, event, times, reference=(time, event))
    score = float(np.nanmean(brier(curve, time, event, times, reference=(time, event))))
    kept = np.isfinite(areas)
    return (
        tuple(np.array(times)[kept].tolist()),
        tuple(float(one) for one in np.asarray(areas)[kept]),
        score,
    )


def _interval(risk_of: np.ndarray, time: np.ndarray, event: np.ndarray, seed: int) -> tuple[float, float]:
    low, high = bootstrap_concordance(risk_of, time, event, seed=seed)
    return float(low), float(high)


def _over_folds(folds: Sequence[dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard deviation (ddof 1) of each figure over the folds that have it."""
    mean, sd = {}, {}
    for name in METRICS:
        values = [one[name] for one in folds if name in one]
        if values:
            mean[name] = float(np.mean(values))
            sd[name] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return mean, sd
