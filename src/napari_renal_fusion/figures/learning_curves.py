"""Learning curves: loss and AUC of every fold over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .charts import SMALL, accent, canvas_axes, fold_title, pixel_axes, quiet_axes, write
from .style import new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class LearningCurve:
    """One fold: epochs (from 1) with the losses in nats and the AUC (0 to 1) of its validation patients.

    None or NaN where a figure was not measured; ``best`` is the epoch whose weights were kept.
    """

    unit: str
    epochs: Sequence[int]
    train_loss: Sequence[float | None]
    val_loss: Sequence[float | None]
    val_auc: Sequence[float | None]
    best: int | None = None


def learning_curves_figure(
    curves: Sequence[LearningCurve],
    *,
    width: int = 720,
    dark: bool = False,
    last: int | None = None,
    figure_of: tuple[str, str] = ("cross-entropy, nats", "AUC"),
) -> Figure:
    """Draw loss and AUC, thin lines for folds, thick for their mean, a ring at each fold's kept epoch.

    ``last`` fixes the right end of the epochs, so that the picture of a running training does not jump.
    ``width`` is in CSS pixels; under 560 the panels stand below each other. ``figure_of`` names the loss and
    what ``val_auc`` holds in its place, such as a c-index.
    """
    colours, side_by_side = theme(dark), width >= 560
    tall = 240 if side_by_side else 200
    height = tall + 116 if side_by_side else 2 * tall + 214
    figure = new_figure(width, height)
    canvas = canvas_axes(figure)
    half = (width - 64) / 2 if side_by_side else width - 56
    panels = (
        ("Loss", figure_of[0], (("training", "train_loss"), ("validation", "val_loss"))),
        (f"{figure_of[1]} of the validation patients", "%", (("validation", "val_auc"),)),
    )
    for place, (title, unit, lines) in enumerate(panels):
        left = 48 + (place * (half + 16) if side_by_side else 0)
        top = 56 + (0 if side_by_side else place * (tall + 92))
        write(canvas, left, top - 40, title, colours.text, bold=True)
        write(canvas, left, top - 20, unit, colours.quiet, size=SMALL)
        axes = pixel_axes(figure, left, top, half - (40 if side_by_side else 8), tall)
        scale = 100.0 if unit == "%" else 1.0
        for name, field in lines:
            _lines(axes, curves, field, scale, colours.quiet if name == "training" else accent(dark), name)
        missing = bool(curves) and not any(_measured(curves, field) for _, field in lines)
        if missing:
            axes.text(
                0.5, 0.5, "no patients were kept\nfor validation", transform=axes.transAxes, ha="center",
                va="center", fontsize=SMALL, color=colours.quiet,
            )  # fmt: skip
        if len(lines) > 1:
            right = left + half - (40 if side_by_side else 8)
            _key(canvas, colours, accent(dark), right, top - 40, _measured(curves, "val_loss"))
        quiet_axes(axes, colours)
        end = last or max((max(one.epochs) for one in curves if len(one.epochs)), default=1)
        axes.set_xlim(1 if end > 1 else 0.5, max(end, 1.5))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.margins(y=0.06)
        if unit == "%":
            axes.set_ylim(top=100.5)
        axes.set_xlabel("epoch", fontsize=SMALL, color=colours.quiet)
    kept = [f"{fold_title(one.unit)}: {one.best}" for one in curves if one.best]
    text = "ring: the epoch that was kept" if kept else "no epoch was finished yet" if not curves else ""
    write(canvas, 48, height - 14, text, colours.quiet, size=SMALL)
    return figure


def _measured(curves: Sequence[LearningCurve], field: str) -> bool:
    return any(value is not None and np.isfinite(value) for one in curves for value in getattr(one, field))


def _lines(axes, curves: Sequence[LearningCurve], field: str, scale: float, colour: str, name: str) -> None:
    dashes = (0, (5, 2)) if name == "training" else "solid"
    values = {}
    for curve in curves:
        y = scale * np.array([np.nan if v is None else v for v in getattr(curve, field)], dtype=float)
        axes.plot(curve.epochs, y, color=colour, linewidth=0.9, alpha=0.5, linestyle=dashes)
        for epoch, value in zip(curve.epochs, y, strict=True):
            values.setdefault(epoch, []).append(value)
        if name != "training" and curve.best in list(curve.epochs):
            at = y[list(curve.epochs).index(curve.best)]
            axes.plot(
                [curve.best],
                [at],
                "o",
                markerfacecolor="none",
                markeredgecolor=colour,
                markersize=7,
                clip_on=False,
            )
    # A mean over fewer folds than before would jump where the first of them stops early.
    whole = [epoch for epoch in sorted(values) if len(values[epoch]) == len(curves)]
    if len(curves) > 1 and whole:
        mean = [np.mean(values[epoch]) for epoch in whole]
        axes.plot(whole, mean, color=colour, linewidth=2.4, linestyle=dashes, zorder=3)


def _key(canvas, colours, validation: str, right: float, y: float, validated: bool) -> None:
    signs = (("training", colours.quiet, (0, (5, 2)), 148), ("validation", validation, "solid", 64))
    for text, colour, dashes, back in signs if validated else signs[:1]:
        x = right - (back if validated else 56)
        canvas.plot([x - 26, x - 6], [y, y], color=colour, linewidth=2.2, linestyle=dashes)
        write(canvas, x, y, text, colours.quiet, size=SMALL)
