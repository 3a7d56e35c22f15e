"""The figures of a run, ready to be drawn at any width, light or dark: the dock and the report show the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..figures.charts import fold_title
from ..figures.comparison import comparison_figure
from ..figures.confusion import confusion_counts, confusion_figure
from ..figures.distances import distances_figure
from ..figures.fold_metrics import fold_metrics_figure, metric_title
from ..figures.learning_curves import LearningCurve, learning_curves_figure
from ..figures.reliability import reliability_figure
from ..figures.roc import roc_figure
from ..figures.sets import sets_figure
from ..training.comparison import Comparison
from ..training.healnet.results import SurvivalResults
from ..training.metrics import reliability_bins
from ..training.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUT_OF_FOLD = "Every case is answered by a model that never saw its patient."


@dataclass(frozen=True)
class RunFigure:
    """One figure: its file name without ending, title, one sentence below, and ``draw(width, dark)``.

    ``width`` is in CSS pixels. ``alt`` says in words what the figure shows.
    """

    key: str
    title: str
    caption: str
    draw: Callable[[int, bool], Figure]
    alt: str


def run_figures(results: Results, epochs: Sequence[Mapping[str, Any]] = ()) -> dict[str, RunFigure]:
    """The figures that a run has, by key; ``epochs`` are its epoch events (``Run.epochs()``).

    Without conformal sets there is no ``sets``, without distances no ``distances``, without epochs no
    ``learning_curves``.
    """
    if isinstance(results, SurvivalResults):
        from .survival_run import survival_figures

        return survival_figures(results, epochs)
    made = [_metrics(results), *learning_curves(epochs)]
    if results.cases:
        made += [
            _roc(results),
            _confusion(results),
            _reliability(results),
            *_sets(results),
            *_distances(results),
        ]
    return {one.key: one for one in made}


def comparison_run_figure(comparison: Comparison, runs: tuple[str, str]) -> RunFigure:
    """Two runs fold by fold with both p-values."""
    title = metric_title(comparison.metric)
    tests = (
        ("Paired t-test, as in the paper", comparison.paired.text),
        ("Corrected for folds that share patients", comparison.corrected.text),
    )
    units = [fold_title(unit) for unit in comparison.units]

    def draw(width: int, dark: bool) -> Figure:
        return comparison_figure(
            runs, units, comparison.a, comparison.b, title, tests, width=width, dark=dark
        )

    return RunFigure(
        "comparison",
        f"{title}, fold by fold",
        "The same patients in the same folds. The corrected test (Nadeau and Bengio 2003) is the one to trust.",
        draw,
        f"{runs[0]} against {runs[1]}: {title}, " + ", ".join(f"{name}: {said}" for name, said in tests),
    )


def learning_curve_arrays(epochs: Sequence[Mapping[str, Any]]) -> list[LearningCurve]:
    """Epoch events as one curve per fold; the kept epoch is the last that was marked best."""
    units: dict[str, list[Mapping[str, Any]]] = {}
    for one in epochs:
        if "/" not in one["unit"]:  # OM-IM/fold-1 belongs to a model for missing images
            units.setdefault(one["unit"], []).append(one)
    curves = []
    for unit, rows in units.items():
        rows = sorted(rows, key=lambda one: one["epoch"])
        best = [one["epoch"] for one in rows if one.get("best")]
        columns = {name: [one.get(name) for one in rows] for name in ("train_loss", "val_loss")}
        columns["val_auc"] = [one.get("val_c_index", one.get("val_auc")) for one in rows]
        numbers = [one["epoch"] for one in rows]
        curves.append(LearningCurve(unit, numbers, **columns, best=best[-1] if best else None))
    return curves


def fold_values(results: Results) -> dict[str, list[float]]:
    """Each metric's values over the folds; a fold that lacks one (a single class) is passed over."""
    return {
        name: [fold.metrics[name] for fold in results.folds if name in fold.metrics] for name in results.mean
    }


def _arrays(results: Results) -> tuple[np.ndarray, np.ndarray]:
    labels = np.array([one.label for one in results.cases])
    return labels, np.array([one.probabilities for one in results.cases])


def _metrics(results: Results) -> RunFigure:
    values = fold_values(results)
    said = ", ".join(f"{metric_title(name)} {100 * value:.1f} %" for name, value in results.mean.items())
    return RunFigure(
        "metrics",
        "Metrics of each fold",
        "Means over the classes. The interval is a bootstrap over the patients of all folds together.",
        lambda width, dark: fold_metrics_figure(values, results.interval, width=width, dark=dark),
        said,
    )


def learning_curves(epochs: Sequence[Mapping[str, Any]]) -> list[RunFigure]:
    """The learning curves, or nothing without epochs; those of survival show the c-index."""
    curves = learning_curve_arrays(epochs)
    if not curves:
        return []
    survival = any(one.get("val_c_index") is not None for one in epochs)
    names = ("negative log-likelihood, nats", "C-index") if survival else ("cross-entropy, nats", "AUC")
    return [
        RunFigure(
            "learning_curves",
            "Learning curves",
            "Thin lines are folds, thick lines their mean while all of them were training.",
            lambda width, dark: learning_curves_figure(curves, width=width, dark=dark, figure_of=names),
            f"Loss and {names[1]} of {len(curves)} folds over their epochs",
        )
    ]


def _roc(results: Results) -> RunFigure:
    labels, probabilities = _arrays(results)
    units = [one.unit for one in results.cases]
    return RunFigure(
        "roc",
        "ROC curves",
        f"Each class against the rest. {OUT_OF_FOLD}",
        lambda width, dark: roc_figure(
            results.class_names, labels, probabilities, units, width=width, dark=dark
        ),
        f"ROC curves, mean AUC {100 * results.mean.get('auc', float('nan')):.1f} %",
    )


def _confusion(results: Results) -> RunFigure:
    labels, probabilities = _arrays(results)
    counts = confusion_counts(labels, probabilities.argmax(axis=1), len(results.class_names))
    return RunFigure(
        "confusion",
        "Confusion matrix",
        f"The most probable class, also where the model would have no opinion. {OUT_OF_FOLD}",
        lambda width, dark: confusion_figure(results.class_names, counts, width=width, dark=dark),
        f"{int(np.trace(counts))} of {int(counts.sum())} cases answered with the right class",
    )


def _reliability(results: Results) -> RunFigure:
    bins = reliability_bins(*_arrays(results))
    return RunFigure(
        "reliability",
        "Reliability",
        "Of the answers given with 80 % probability, 80 % should be right: dots on the dashed line. "
        f"Temperature {results.temperature:.2f}.",
        lambda width, dark: reliability_figure(*bins, results.ece, width=width, dark=dark),
        f"Expected calibration error {100 * results.ece:.1f} points",
    )


def _sets(results: Results) -> list[RunFigure]:
    cases = [one for one in results.cases if one.conformal is not None]
    if not cases:
        return []
    labels, sets = [one.label for one in cases], [one.conformal for one in cases]
    asked = results.coverage_asked
    said = "Sets of classes that shall contain the right one"
    return [
        RunFigure(
            "sets",
            "Sets of classes",
            f"{said} in {100 * asked:.0f} % of cases.",
            lambda width, dark: sets_figure(results.class_names, labels, sets, asked, width=width, dark=dark),
            f"{said}: {np.mean([label in one for label, one in zip(labels, sets, strict=True)]):.1%} do",
        )
    ]


def _distances(results: Results) -> list[RunFigure]:
    cases = [one for one in results.cases if one.distance is not None]
    if not cases:
        return []
    labels, distances = [one.label for one in cases], [one.distance for one in cases]
    refused = sum(bool(one.fits_none) for one in cases)
    return [
        RunFigure(
            "distances",
            "“Fits none”",
            "A case farther from the training patients than the limit gets no opinion.",
            lambda width, dark: distances_figure(
                results.class_names, labels, distances, results.distance_limit, results.false_accepts,
                width=width, dark=dark,
            ),
            f"{refused} of {len(cases)} known patients are refused",
        )
    ]  # fmt: skip
