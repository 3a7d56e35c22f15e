"""Plots that the window paints itself: contrast for every reader, and room for large text."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from qtpy.QtGui import QColor, QFont, QPalette

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.figures.vision import contrast, deuteranopia, greyscale
from napari_renal_fusion.viewer.colour_legend import ColourLegend
from napari_renal_fusion.viewer.contribution_bars import ContributionBars
from napari_renal_fusion.viewer.probability_bars import ProbabilityBars
from napari_renal_fusion.viewer.training.curve_plot import fold_colour

GROUNDS = {"light": "#efebe9", "dark": "#262930"}
SIGHTS = (np.asarray, deuteranopia, greyscale)


def placed(widget, qtbot, ground, points=9):
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor(ground))
    palette.setColor(
        QPalette.ColorRole.WindowText, QColor("#000000" if ground == GROUNDS["light"] else "#f0f1f2")
    )
    widget.setPalette(palette)
    widget.setAutoFillBackground(True)
    widget.setFont(QFont("DejaVu Sans", points))
    qtbot.addWidget(widget)
    widget.resize(320, widget.sizeHint().height())
    widget.show()
    return widget


def pixel(widget, x, y):
    return np.array(widget.grab().toImage().pixelColor(int(x), int(y)).getRgbF()[:3])


@pytest.mark.parametrize("theme", GROUNDS)
def test_bars_stand_out_of_the_dock(qtbot, theme):
    bars = ProbabilityBars()
    bars.show_values([f"class {i}" for i in range(8)], [0.9] * 8)
    placed(bars, qtbot, GROUNDS[theme])
    row = bars.sizeHint().height() / 8
    ground = np.array(to_rgb(GROUNDS[theme]))
    for index in range(8):
        drawn = pixel(bars, 120, row * index + bars._side + 8)
        for see in SIGHTS:
            assert contrast(see(drawn), see(ground)) >= 2.95  # a pixel is rounded to 8 bits
    for index in range(6):
        assert contrast(to_rgb(fold_colour(index, QColor(GROUNDS[theme])).name()), ground) >= 3


@pytest.mark.parametrize("points", [9, 14, 20])
def test_large_text_has_room(qtbot, points):
    bars, without, legend = ProbabilityBars(), ContributionBars(), ColourLegend()
    bars.show_values(("IgA nephropathy", "Lupus nephritis"), (0.6, 0.4))
    without.show_values(0.9, {Modality.OM: 0.8, Modality.IM: 0.7, Modality.TEM: 0.6}, 0)
    legend.show_range((0.0, 0.1), contours=True, dark=False)
    for widget, rows in ((bars, 2), (without, 3), (legend, 1)):
        placed(widget, qtbot, GROUNDS["light"], points)
        assert widget.sizeHint().height() / rows >= widget.fontMetrics().height() + 4
        assert widget.minimumSizeHint().height() == widget.sizeHint().height()
