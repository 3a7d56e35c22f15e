"""Reader and model: which diseases they name together, and shares of cases with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .charts import (
    SMALL,
    accent,
    canvas_axes,
    pixel_axes,
    quiet_axes,
    text_width,
    wrapped,
    write,
    write_lines,
)
from .style import class_label, ink_on, new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 34
_LIGHT, _DARK = ((255, 255, 255), (0, 114, 178)), ((38, 41, 48), (86, 180, 233))


@dataclass(frozen=True)
class ShareRow:
    """One line: ``count`` of ``of`` cases, and the 95 % interval of that share."""

    name: str
    count: int
    of: int
    interval: tuple[float, float] | None


def shares_figure(rows: Sequence[ShareRow], *, width: int = 480, dark: bool = False) -> Figure:
    """Draw a row per share: a diamond, its interval as a line, the counts; a row of no cases says so."""
    colours = theme(dark)
    left = min(max(text_width(one.name) for one in rows) + 16, 0.46 * width)
    numbers = max(text_width(f"{one.count} of {one.of}") for one in rows) + 12
    figure = new_figure(width, _ROW * len(rows) + 40)
    canvas = canvas_axes(figure)
    axes = pixel_axes(figure, left, 4, width - left - numbers - 16, _ROW * len(rows))
    for place, row in enumerate(rows):
        y = 4 + _ROW * (place + 0.5)
        write_lines(canvas, 0, y, wrapped(row.name, left - 12), colours.text, step=15)
        if row.of == 0 or row.interval is None:
            write(canvas, width - 2, y, "none yet", colours.quiet, align="right")
            continue
        write(canvas, width - 2, y, f"{row.count} of {row.of}", colours.text, align="right")
        axes.plot(row.interval, [place, place], color=accent(dark), linewidth=2.5, solid_capstyle="round")
        axes.plot(
            [row.count / row.of], [place], "D", color=accent(dark), markersize=8, markeredgecolor=colours.track,
            zorder=3, clip_on=False,
        )  # fmt: skip
    quiet_axes(axes, colours, grid="x")
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    write(canvas, 0, _ROW * len(rows) + 28, "line: 95 % interval", colours.quiet, size=SMALL)
    return figure


def agreement_figure(
    own: Sequence[str], model: Sequence[str], counts: np.ndarray, *, width: int = 480, dark: bool = False
) -> Figure:
    """Draw ``counts`` [own x model]: how often the reader said a row's disease and the model a column's.

    Cells in which both name the same disease have a frame; the shade is the number of cases.
    """
    colours = theme(dark)
    labels = [class_label(own, i) for i in range(len(own))]
    left = min(max(text_width(one) for one in labels) + 16, 0.38 * width)
    cell = min(120.0, (width - left) / max(1, len(model)))
    heads = [wrapped(class_label(model, i), cell - 10, SMALL) for i in range(len(model))]
    head = 26 + 15 * max(map(len, heads))
    sides = [wrapped(one, left - 14) for one in labels]
    tall = max(34.0, 18.0 * max(map(len, sides)) + 4)
    figure = new_figure(width, round(head + tall * len(own) + 28))
    axes = canvas_axes(figure)
    write(axes, 0, head - 14, "You, before", colours.quiet, size=SMALL)
    write(axes, left + cell * len(model) / 2, 8, "Model", colours.quiet, size=SMALL, align="center")
    for j, lines in enumerate(heads):
        middle = head - 10 - 15 * (len(lines) - 1) / 2
        write_lines(
            axes,
            left + cell * (j + 0.5),
            middle - 2,
            lines,
            colours.text,
            step=15,
            size=SMALL,
            align="center",
        )
    most = max(1, int(counts.max(initial=0)))
    for i, lines in enumerate(sides):
        y = head + tall * (i + 0.5)
        write_lines(axes, 0, y, lines, colours.text)
        for j in range(len(model)):
            same = own[i].casefold() == model[j].casefold()
            _cell(axes, left + cell * j, head + tall * i, cell, tall, int(counts[i, j]), most, same, dark)
    write(
        axes,
        0,
        head + tall * len(own) + 16,
        "number of cases; framed: the same disease",
        colours.quiet,
        size=SMALL,
    )
    return figure


def _cell(axes, left, top, wide, tall, count, most, same, dark) -> None:
    from matplotlib.patches import FancyBboxPatch

    ground, colour = (np.array(one, dtype=float) for one in (_DARK if dark else _LIGHT))
    fill = ground + (0.04 + 0.76 * count / most) * (colour - ground)
    ink = ink_on(fill / 255)
    axes.add_patch(
        FancyBboxPatch(
            (left + 3, top + 2), wide - 6, tall - 4, boxstyle="round,pad=0,rounding_size=3",
            facecolor=fill / 255, edgecolor=theme(dark).text if same else "none", linewidth=1.2,
        )
    )  # fmt: skip
    faint = {} if count else {"alpha": 0.55}
    write(
        axes,
        left + wide / 2,
        top + tall / 2,
        str(count),
        ink,
        align="center",
        bold=same and count > 0,
        **faint,
    )
