"""The confusion matrix: counts, and in percent of each true class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .charts import SMALL, badge, canvas_axes, text_width, wrapped, write, write_lines
from .style import FONT_SIZE, class_label, class_letters, ink_on, new_figure, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LIGHT, _DARK = ((255, 255, 255), (0, 114, 178)), ((38, 41, 48), (86, 180, 233))
"""From the ground to the accent, for a light and a dark page."""


def confusion_counts(labels: np.ndarray, answered: np.ndarray, classes: int) -> np.ndarray:
    """Count cases: row the true class, column the answered one; int [C, C]."""
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (np.asarray(labels, dtype=int), np.asarray(answered, dtype=int)), 1)
    return counts


def confusion_figure(
    names: Sequence[str], counts: np.ndarray, *, width: int = 720, dark: bool = False
) -> Figure:
    """Draw ``counts`` [C, C] (true x answered) with the percent of each row below the number.

    The shade is the percent of the row, so that a rare class is seen as well as a common one. Columns
    carry names where there is room, else the letters that stand beside the rows' names.
    """
    colours, letters, classes = theme(dark), class_letters(names), len(names)
    labels = [class_label(names, c) for c in range(classes)]
    widest = max(text_width(one) for one in labels)
    room = min(widest + 8, max(96.0, 0.34 * width))
    left = 28 + room + 8
    total = 56
    cell = min(152.0, (width - left - total) / classes)
    heads = [wrapped(one, cell - 12, SMALL) for one in labels]
    named = max(map(len, heads)) <= 3 and cell >= 72
    head = 52 + (16 * max(map(len, heads)) if named else 0)
    sides = [wrapped(one, room) for one in labels]
    tall = max(48.0, min(72.0, 0.62 * cell), 18.0 * max(map(len, sides)) + 8)
    figure = new_figure(width, round(head + tall * classes + 32))
    axes = canvas_axes(figure)
    write(axes, 0, head - 14, "True class", colours.quiet, size=SMALL)
    write(axes, left + cell * classes / 2, 10, "Answered", colours.quiet, size=SMALL, align="center")
    write(axes, width - 2, head - 14, "cases", colours.quiet, size=SMALL, align="right")
    for c in range(classes):
        middle, y = left + cell * (c + 0.5), head + tall * (c + 0.5)
        badge(axes, middle, 34, letters[c], c, size=FONT_SIZE - 1)
        for i, line in enumerate(heads[c] if named else ()):
            write(axes, middle, 58 + 16 * i, line, colours.quiet, size=SMALL, align="center")
        badge(axes, 10, y, letters[c], c, size=FONT_SIZE - 1)
        write_lines(axes, 28, y, sides[c], colours.text)
        write(axes, width - 2, y, str(counts[c].sum()), colours.quiet, align="right")
        for k in range(classes):
            _cell(
                axes,
                left + cell * k,
                head + tall * c,
                cell,
                tall,
                counts[c, k],
                counts[c].sum(),
                c == k,
                dark,
            )
    note = (
        "number of cases, and percent of the true class" if width > 520 else "cases, and % of the true class"
    )
    write(axes, left + 1, head + tall * classes + 18, note, colours.quiet, size=SMALL)
    return figure


def _cell(axes, left, top, wide, tall, count, of, right, dark) -> None:
    from matplotlib.patches import FancyBboxPatch

    share = count / of if of else 0.0
    ground, accent = (np.array(one, dtype=float) for one in (_DARK if dark else _LIGHT))
    fill = ground + (0.04 + 0.96 * share) * (accent - ground)
    ink = ink_on(fill / 255)
    edge = theme(dark).text if right else "none"
    axes.add_patch(
        FancyBboxPatch(
            (left + 3, top + 3), wide - 6, tall - 6, boxstyle="round,pad=0,rounding_size=3",
            facecolor=fill / 255, edgecolor=edge, linewidth=1.0,
        )
    )  # fmt: skip
    middle, y = left + wide / 2, top + tall / 2
    if count == 0:
        write(axes, middle, y, "0", ink, align="center", alpha=0.55)
    elif wide >= 64 and tall >= 52:
        write(axes, middle, y - 9, str(count), ink, align="center", bold=right, size=FONT_SIZE + 2)
        write(axes, middle, y + 12, f"{100 * share:.1f} %", ink, align="center", size=SMALL)
    else:
        write(axes, middle, y - 7, str(count), ink, align="center", bold=right)
        write(axes, middle, y + 9, f"{100 * share:.0f} %", ink, align="center", size=SMALL - 1)
