"""Omics features ranked by a weight, as bars beside their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .charts import SMALL, accent, canvas_axes, text_width, wrapped, write
from .style import FONT_SIZE, new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW, _TOP = 24, 8


def ranked_bars_figure(
    names: Sequence[str],
    weights: Sequence[float],
    *,
    what: str,
    even: float | None = None,
    values: Sequence[float | None] | None = None,
    count: int = 20,
    note: str = "",
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw the features of largest weight, longest bar first.

    Parameters
    ----------
    names, weights
        [p] features and non-negative weights, in any order.
    what
        What the weight is: "Attention to rnaseq, mean over layers and latents".
    even
        The weight of each feature if none were preferred: bars are then labelled with how many times that they
        have, and a line marks it.
    values
        [p] the patient's own values, written beside the bars; None where missing.
    count
        How many features to draw; how many there are is said below.
    note
        A sentence below, such as what the weight does not say.
    width
        In CSS pixels.
    """
    weights = np.asarray(weights, dtype=float)
    if len(names) != len(weights) or not len(names):
        raise ValueError(f"{len(names)} names for {len(weights)} weights")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError("weights must be finite and not negative")
    order = np.argsort(-weights, kind="stable")[: max(1, count)]
    colours, colour = theme(dark), accent(dark)
    title = wrapped(what, width - 12, FONT_SIZE, bold=True)
    said = _notes(len(order), weights, even, note, width)
    head = _TOP + 20 * len(title) + (26 if values is not None else 8)
    figure = new_figure(width, round(head + _ROW * len(order) + 14 + 19 * len(said)))
    canvas = canvas_axes(figure)
    for i, line in enumerate(title):
        write(canvas, 0, _TOP + 4 + 20 * i, line, colours.text, bold=True)
    labels = [_shortened(names[place], 0.34 * width) for place in order]
    left = max(text_width(label) for label in labels) + 12
    right = width - 64 - (78 if values is not None else 0)
    if values is not None:
        write(canvas, width - 2, head - 14, "value", colours.quiet, align="right", size=SMALL)
    per_pixel = max(float(weights[order[0]]), even or 0.0, 1e-300) / max(1.0, right - left)
    bottom = head + _ROW * len(order)
    if even:
        x = left + even / per_pixel
        canvas.plot([x, x], [head - 4, bottom], color=colours.quiet, linewidth=1, linestyle=(0, (4, 4)))
    for row, (place, label) in enumerate(zip(order, labels, strict=True)):
        y = head + _ROW * (row + 0.5)
        long = weights[place] / per_pixel
        canvas.barh(y, long, left=left, height=13, color=colour)
        write(canvas, left - 8, y, label, colours.text, align="right")
        write(canvas, left + long + 6, y, _weight(weights[place], even), colours.quiet, size=SMALL)
        if values is not None:
            value = values[place]
            text = "missing" if value is None or not np.isfinite(value) else f"{value:.3g}".replace("-", "−")
            write(canvas, width - 2, y, text, colours.text, align="right", size=SMALL)
    for i, line in enumerate(said):
        write(canvas, 0, bottom + 16 + 19 * i, line, colours.quiet, size=SMALL)
    return figure


def _notes(shown: int, weights: np.ndarray, even: float | None, note: str, width: int) -> list[str]:
    total = len(weights)
    said = f"The {shown} largest of {total}" if shown < total else f"All {total}"
    said += f"; raw weights from {weights.min():.2g} to {weights.max():.2g}"
    said += (
        ". Dashed: the weight of each if none were preferred; × says how many times that." if even else "."
    )
    return [line for text in (said, note) if text for line in wrapped(text, width - 12, SMALL)]


def _weight(weight: float, even: float | None) -> str:
    return f"{weight / even:.3g} ×" if even else f"{weight:.3g}"


def _shortened(name: str, room: float) -> str:
    """A name that fits into ``room`` pixels; of a long one the middle is left out, as ends tell names apart."""
    if text_width(name) <= room:
        return name
    keep = len(name)
    while keep > 4:
        keep -= 1
        half = keep // 2
        short = f"{name[: keep - half]}…{name[len(name) - half :]}"
        if text_width(short) <= room:
            return short
    return name[:3] + "…"
