"""Charts of probabilities, the bag and contributions: what they say, and that odd input does not break them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_renal_fusion.figures import (
    BagRow,
    bag_figure,
    class_colour,
    class_letters,
    contributions_figure,
    percent,
    points,
    probabilities_figure,
    to_png,
    to_svg,
    without_figure,
)

NAMES = ("IgA nephropathy", "Membranous nephropathy", "Lupus nephritis")


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def bars(figure):
    return [patch.get_width() for axes in figure.axes for patch in axes.patches]


def test_letters():
    assert class_letters(NAMES) == ("I", "M", "L")
    assert class_letters(("class 1", "class 2")) == ("1", "2")
    assert class_letters(("stage I", "stage II")) == ("A", "B")
    assert class_letters(()) == ()


def test_numbers():
    assert percent(0.88) == "88.0 %"
    assert percent(0.99999) == "> 99.9 %"
    assert percent(0.0) == "0.0 %"
    assert percent(1e-5) == "< 0.1 %"
    assert points(0.054) == "+5.4"
    assert points(-0.02) == "−2.0"
    assert points(-1e-6) == "0.0"


def test_probabilities_come_largest_first_with_bars_in_proportion():
    figure = probabilities_figure(NAMES, (0.07, 0.88, 0.05))
    assert [t for t in texts(figure) if "%" in t] == ["88.0 %", "7.0 %", "5.0 %"]
    assert texts(figure)[:2] == ["M", "Membranous nephropathy"]
    tracks, filled = bars(figure)[0::2], bars(figure)[1::2]
    np.testing.assert_allclose(np.divide(filled, tracks), (0.88, 0.07, 0.05))


def test_the_bag_marks_centre_and_set_aside():
    rows = [BagRow("TEM-1", -0.1, 1.0, True, True), BagRow("TEM-2", 0.0, 0.0, False, False)]
    said = texts(bag_figure(rows))
    assert "◆ most typical" in said
    assert "set aside" in said
    assert "−10.0" in said


def test_a_large_bag_says_what_it_does_not_show():
    rows = [BagRow(f"TEM-{i}", 0.01, 0.1, i == 0, True) for i in range(100)]
    assert "and 70 more, in the table" in texts(bag_figure(rows))


def test_contributions_add_up_on_the_chart():
    figure = contributions_figure({"OM": 0.1, "IM": 0.5, "TEM": -0.05}, 0.33, 0.88)
    widths = np.array(bars(figure))
    unit = widths[0] / 0.33
    np.testing.assert_allclose(widths / unit, (0.33, 0.1, 0.5, -0.05, 0.88))
    assert "+50.0" in texts(figure)


def test_steps_beyond_zero_and_one_stay_on_the_chart():
    figure = contributions_figure({"OM": -0.6, "IM": 1.1, "TEM": -0.1}, 0.4, 0.8)
    axes = figure.axes[0]
    edges = [x for p in axes.patches for x in (p.get_x(), p.get_x() + p.get_width())]
    assert min(edges) >= 0.3 * 720 - 1e-6
    assert max(edges) <= 720


def test_without_says_light_immunofluorescence_electron():
    figure = without_figure(NAMES, (0.1, 0.8, 0.1), {"OM": (0.1, 0.8, 0.1), "TEM": (0.4, 0.3, 0.3)})
    assert {"With everything", "Without light", "Without electron"} <= set(texts(figure))


@pytest.mark.parametrize("dark", [True, False])
def test_figures_become_png_and_svg(dark):
    figure = bag_figure([], dark=dark)
    assert to_png(figure)[:8] == b"\x89PNG\r\n\x1a\n"
    assert b"Matplotlib" not in to_png(figure)
    assert b"<svg" in to_svg(figure)


def test_colours_are_distinct():
    assert len({class_colour(i) for i in range(8)}) == 8


def test_importing_figures_needs_no_matplotlib():
    code = (
        "import sys, napari_renal_fusion.figures; print('matplotlib' in sys.modules, 'torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
