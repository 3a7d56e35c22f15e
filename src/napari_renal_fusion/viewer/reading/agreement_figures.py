"""The figures of the agreement page: shares with their intervals, and who named what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...readings import Agreement
from ...readings.agreement import ANOTHER

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def shares(shown: Agreement, width: int, dark: bool) -> Figure:
    """Agreement, what was right before and after, and no opinion."""
    from ...figures import ShareRow, shares_figure

    rows = (
        ("Same disease as the model", shown.agreed),
        ("You right, before", shown.right_before),
        ("You right, after", shown.right_after),
        ("Model right", shown.model_right),
        ("No opinion", shown.no_opinion),
    )
    return shares_figure(
        [ShareRow(name, one.count, one.of, one.interval) for name, one in rows], width=width, dark=dark
    )


def named(shown: Agreement, width: int, dark: bool) -> Figure:
    """Own reading against the model, in the model's words."""
    from ...figures import agreement_figure

    own, model = shown.pairs
    classes = list(dict.fromkeys(name for one in shown.cases for name in one.classes)) or ["no disease named"]
    rows = [*classes, ANOTHER] if ANOTHER in own else classes
    counts = np.zeros((len(rows), len(classes)), dtype=int)
    for first, second in zip(own, model, strict=True):
        if first in rows and second in classes:
            counts[rows.index(first), classes.index(second)] += 1
    return agreement_figure(rows, classes, counts, width=width, dark=dark)


FIGURES = (shares, named)
