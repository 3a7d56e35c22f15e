"""ROC curves over folds: one against the rest for each class, and their mean, with a band over the folds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .charts import (
    SMALL,
    accent,
    badge,
    canvas_axes,
    mean_sd,
    pixel_axes,
    quiet_axes,
    text_width,
    wrapped,
    write,
)
from .style import FONT_SIZE, class_ink, class_label, class_letters, new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRID = np.linspace(0.0, 1.0, 201)
"""False positive rates at which curves of several folds are averaged."""


@dataclass(frozen=True)
class MeanCurve:
    """Curves of several folds averaged vertically (Fawcett 2006, section 8.1).

    ``curves`` [F, G] are the true positive rates of each fold at the false positive rates :data:`GRID`,
    ``aucs`` [F] the exact areas under each fold's own steps (not of the interpolated curves).
    """

    curves: np.ndarray
    aucs: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.curves.mean(axis=0)

    @property
    def sd(self) -> np.ndarray | None:
        """Standard deviation over the folds (ddof 1), None of a single fold."""
        return self.curves.std(axis=0, ddof=1) if len(self.curves) > 1 else None

    @property
    def auc_sd(self) -> float | None:
        return float(self.aucs.std(ddof=1)) if len(self.aucs) > 1 else None


def roc_points(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rate at every distinct score, from (0, 0) to (1, 1).

    ``truth`` bool [n], ``scores`` [n]. Equal scores make one step, as in ``sklearn.metrics.roc_curve``.
    """
    truth, scores = np.asarray(truth, dtype=bool), np.asarray(scores, dtype=float)
    order = np.argsort(-scores, kind="stable")
    truth, scores = truth[order], scores[order]
    last_of_equals = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    hits = np.cumsum(truth)[last_of_equals]
    misses = last_of_equals + 1 - hits
    return np.append(0.0, misses / (~truth).sum()), np.append(0.0, hits / truth.sum())


def area(false_rate: np.ndarray, true_rate: np.ndarray) -> float:
    """Area under a curve by trapezoids."""
    return float(np.sum(np.diff(false_rate) * (true_rate[1:] + true_rate[:-1]) / 2))


def on_grid(false_rate: np.ndarray, true_rate: np.ndarray) -> np.ndarray:
    """True positive rates at :data:`GRID`; on a vertical step the upper end, between steps a straight line."""
    # Among equal positions numpy takes the last, the upper end; towards the next step it aims at its lower end.
    return np.interp(GRID, false_rate, true_rate)


def mean_curves(
    labels: np.ndarray, probabilities: np.ndarray, folds: Sequence[str]
) -> tuple[MeanCurve | None, list[MeanCurve | None]]:
    """The macro curve and one curve per class, averaged over folds.

    Parameters
    ----------
    labels, probabilities
        int [n] and float [n, C], pooled over the folds.
    folds
        The fold of each of the n cases.

    Returns
    -------
    The mean over classes, taken within each fold before the folds are averaged, and C curves. A class
    that a fold lacks (or has alone) has no curve there; None where no fold has one.
    """
    labels, probabilities, names = np.asarray(labels), np.asarray(probabilities), np.asarray(folds)
    classes = probabilities.shape[1]
    curves: list[list[np.ndarray]] = [[] for _ in range(classes + 1)]
    areas: list[list[float]] = [[] for _ in range(classes + 1)]
    for name in dict.fromkeys(folds):
        here = names == name
        found = []
        for c in range(classes):
            truth = labels[here] == c
            if truth.all() or not truth.any():
                continue
            steps = roc_points(truth, probabilities[here, c])
            found.append((on_grid(*steps), area(*steps)))
            curves[c].append(found[-1][0])
            areas[c].append(found[-1][1])
        if found:
            curves[-1].append(np.mean([one for one, _ in found], axis=0))
            areas[-1].append(float(np.mean([one for _, one in found])))
    made = [
        MeanCurve(np.array(one), np.array(auc)) if one else None
        for one, auc in zip(curves, areas, strict=True)
    ]
    return made[-1], made[:-1]


def roc_figure(
    names: Sequence[str],
    labels: np.ndarray,
    probabilities: np.ndarray,
    folds: Sequence[str],
    *,
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw a panel for the mean of the classes and one per class: folds thin, mean thick, ± 1 sd as a band.

    Arrays as in :func:`mean_curves`; ``width`` is in CSS pixels, and the panels wrap to fit it.
    """
    macro, per_class = mean_curves(labels, probabilities, folds)
    letters = class_letters(names)
    panels = [(None, "Mean of the classes", macro)]
    panels += [(c, class_label(names, c), curve) for c, curve in enumerate(per_class)]
    longest = max(text_width(word, bold=True) for _, title, _ in panels for word in title.split())
    least = max(220.0 if width >= 500 else 150.0, min(longest + 56, width - 48))
    most = max(1, int((width - 48) // least))
    columns = math.ceil(len(panels) / math.ceil(len(panels) / most))
    # Larger panels would show nothing more, and a page of them could not be seen at once.
    pitch = min((width - 48) / columns, 300.0)
    side = pitch - 24
    room = pitch - 24 - 28
    heads = [wrapped(title, room + 28 * (c is None), bold=True) for c, title, _ in panels]
    head = 20 * max(map(len, heads)) + 28
    down = head + side + 28
    rows = math.ceil(len(panels) / columns)
    notes = _notes(width)
    figure = new_figure(width, round(rows * down + 20 * len(notes) + 4))
    canvas, colours = canvas_axes(figure), theme(dark)
    for place, ((c, _, curve), lines) in enumerate(zip(panels, heads, strict=True)):
        left, top = 48 + pitch * (place % columns), down * (place // columns)
        _heading(canvas, colours, left, top, lines, None if c is None else (letters[c], c), curve, head)
        axes = pixel_axes(figure, left, top + head, side, side)
        quiet_axes(axes, colours)
        axes.set_xlim(-0.01, 1)
        axes.set_ylim(0, 1.01)
        ticks = [0, 0.25, 0.5, 0.75, 1] if side > 200 else [0, 0.5, 1]
        axes.set_xticks(ticks, [f"{100 * one:g}" for one in ticks])
        axes.set_yticks(ticks, [f"{100 * one:g}" for one in ticks])
        axes.plot([0, 1], [0, 1], color=colours.rule, linewidth=1, linestyle=(0, (4, 4)))
        if curve is not None:
            _draw(axes, curve, accent(dark) if c is None else class_ink(c, dark))
        if place % columns:
            axes.tick_params(labelleft=False)
    for i, line in enumerate(notes):
        write(canvas, 48, rows * down + 6 + 20 * i, line, colours.quiet, size=SMALL)
    return figure


def _notes(width: int) -> list[str]:
    axes = ("↑ true positives (sensitivity), %", "→ false positives (1 − specificity), %")
    lines = "thin: each fold · thick: mean · band: ± 1 sd"
    return [f"{axes[0]}     {axes[1]}", lines] if width >= 560 else [*axes, lines]


def _heading(canvas, colours, left, top, lines, sign, curve, head) -> None:
    indent = 0
    if sign is not None:
        badge(canvas, left + 10, top + 12, *sign, size=FONT_SIZE - 1)
        indent = 28
    for i, line in enumerate(lines):
        write(canvas, left + indent, top + 12 + 20 * i, line, colours.text, bold=True)
    said = "in no fold with others" if curve is None else f"AUC {mean_sd(curve.aucs.mean(), curve.auc_sd)} %"
    write(canvas, left, top + head - 16, said, colours.quiet)


def _draw(axes, curve: MeanCurve, colour: str) -> None:
    x = np.append(0.0, GRID)
    for fold in curve.curves:
        axes.plot(x, np.append(0.0, fold), color=colour, linewidth=0.8, alpha=0.45)
    if curve.sd is not None:
        low, high = np.clip(curve.mean - curve.sd, 0, 1), np.clip(curve.mean + curve.sd, 0, 1)
        axes.fill_between(GRID, low, high, color=colour, alpha=0.22, linewidth=0)
    axes.plot(x, np.append(0.0, curve.mean), color=colour, linewidth=2.4, solid_joinstyle="round")
