"""The figure of a study: a dot a fold, the mean and its spread, nothing cut off."""

from __future__ import annotations

import numpy as np
import pytest

from napari_renal_fusion.figures.study import study_figure

_VALUES = [[0.8, 0.9], [0.7, 0.75], [0.95, 0.97]]


def draw(**options):
    return study_figure(["none", "OM + TEM", "all of them"], _VALUES, reference=2, unit="AUC", **options)


def test_dots_mean_and_spread_are_the_values():
    axes = draw().axes[0]
    lines = axes.get_lines()[1:]  # the first is the reference
    for row, folds in enumerate(_VALUES):
        spread, dots, mean = (line.get_xdata() for line in lines[3 * row : 3 * row + 3])
        assert list(dots) == folds
        assert mean[0] == pytest.approx(np.mean(folds))
        assert spread[1] - spread[0] == pytest.approx(2 * np.std(folds, ddof=1))
    assert axes.get_lines()[0].get_xdata()[0] == pytest.approx(0.96)
    assert "AUC" in axes.get_xlabel()


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_cut_off(dark):
    figure = draw(dark=dark)
    figure.canvas.draw()
    whole = figure.bbox
    axes = figure.axes[0]
    for text in (*axes.get_yticklabels(), axes.xaxis.label):
        box = text.get_window_extent()
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1
        assert whole.y0 <= box.y0
        assert box.y1 <= whole.y1
