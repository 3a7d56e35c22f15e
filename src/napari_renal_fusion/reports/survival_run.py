"""What a survival run shows: its sentences, its figures, and its patients as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..figures.fold_metrics import fold_metrics_figure, metric_title
from ..training.healnet.results import SurvivalResults

if TYPE_CHECKING:
    from .run_figures import RunFigure

CASE_COLUMNS = ("case_id", "part", "time", "event", "risk", "cox_risk", "group")
_SHOWN = ("c_index", "time_auc", "cox_c_index")


def survival_summary(results: SurvivalResults) -> list[str]:
    """A few sentences that say what the figures are, the most important first."""
    mean, sd, pooled = results.mean, results.sd, results.pooled
    said = [
        f"{results.outcome}, {results.population}: c-index {mean['c_index']:.3f} ± {sd['c_index']:.3f} over "
        f"{len(results.folds)} folds of {len(results.cases)} patients, {results.events} with the event."
    ]
    if "cox_c_index" in mean:
        said.append(
            f"A ridge Cox model on the same folds: {mean['cox_c_index']:.3f} ± {sd['cox_c_index']:.3f}."
        )
    low, high = results.interval["c_index"]
    said.append(
        f"Pooled over all patients, each answered by a model that never saw them: {pooled['c_index']:.3f} "
        f"(95 % interval {low:.3f} to {high:.3f})."
    )
    if results.auc_times:
        areas = ", ".join(
            f"{area:.3f} at {time:.1f}" for time, area in zip(results.auc_times, results.auc_at, strict=True)
        )
        said.append(f"AUC over time: {areas} {results.time_unit} after {results.time_zero}.")
    if results.log_rank_p is not None:
        said.append(f"The two risk groups differ with {p_text(results.log_rank_p)} (log-rank).")
    return said


def p_text(value: float) -> str:
    """``p = 0.031`` or ``p < 0.001``."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def survival_figures(
    results: SurvivalResults, epochs: Sequence[Mapping[str, Any]] = ()
) -> dict[str, RunFigure]:
    """The figures of a survival run, by key."""
    from .run_figures import RunFigure, learning_curves

    values = {
        name: [fold.metrics[name] for fold in results.folds if name in fold.metrics]
        for name in _SHOWN
        if name in results.mean
    }
    said = ", ".join(f"{metric_title(name)} {results.mean[name]:.3f}" for name in values)
    made = [
        RunFigure(
            "metrics",
            "Figures of each fold",
            "The ridge Cox model reads the same patients in the same folds. The interval is a bootstrap over the "
            "patients of all folds together.",
            lambda width, dark: fold_metrics_figure(values, results.interval, width=width, dark=dark),
            said,
        ),
        *learning_curves(epochs),
    ]
    groups = np.array([one.group == "high" for one in results.cases])
    if 0 < groups.sum() < len(groups):
        made.append(
            RunFigure(
                "risk_groups",
                "Risk groups",
                "Each patient is in the group that a model gave that never saw them: above or not above the median "
                "risk of its own training patients.",
                lambda width, dark: _kaplan_meier(results, groups, width, dark),
                f"Kaplan-Meier curves of {int(groups.sum())} patients at high and {int((~groups).sum())} at low risk",
            )
        )
    return {one.key: one for one in made}


def survival_case_rows(results: SurvivalResults) -> list[dict[str, Any]]:
    """A row a patient; columns :data:`CASE_COLUMNS`, times in the run's unit."""
    return [
        {
            "case_id": one.case_id,
            "part": one.unit,
            "time": one.time,
            "event": int(one.event),
            "risk": one.risk,
            "cox_risk": "" if one.cox_risk is None else one.cox_risk,
            "group": one.group,
        }
        for one in results.cases
    ]


def _kaplan_meier(results: SurvivalResults, high: np.ndarray, width: int, dark: bool):
    from ..figures.survival import kaplan_meier_figure
    from ..training.survival import kaplan_meier

    time = np.array([one.time for one in results.cases])
    event = np.array([one.event for one in results.cases])
    return kaplan_meier_figure(
        {
            "low risk": kaplan_meier(time[~high], event[~high]),
            "high risk": kaplan_meier(time[high], event[high]),
        },
        outcome=results.outcome,
        population=results.population,
        time_zero=results.time_zero,
        unit=results.time_unit,
        note="" if results.log_rank_p is None else f"Log-rank test: {p_text(results.log_rank_p)}",
        width=width,
        dark=dark,
    )
