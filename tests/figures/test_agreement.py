"""Figures of the agreement page: the counts stand in them, and nothing is cut off at any width."""

from __future__ import annotations

import numpy as np
import pytest

from napari_renal_fusion.figures import ShareRow, agreement_figure, shares_figure, to_png

NAMES = ("IgA nephropathy", "Membranous nephropathy", "Lupus nephritis")
ROWS = (*NAMES, "another disease")
COUNTS = np.array([[7, 0, 1], [1, 6, 1], [1, 1, 4], [1, 2, 0]])
SHARES = (
    ShareRow("Same disease as the model", 17, 24, (0.51, 0.85)),
    ShareRow("You right, before", 0, 0, None),
    ShareRow("No opinion", 3, 3, (0.44, 1.0)),
)


def words(figure):
    return [one.get_text() for axes in figure.axes for one in axes.texts]


def assert_inside(figure):
    renderer = figure.canvas.get_renderer()
    width, height = figure.get_size_inches() * figure.dpi
    for axes in figure.axes:
        for one in axes.texts:
            box = one.get_window_extent(renderer)
            assert box.x0 >= -1, one.get_text()
            assert box.x1 <= width + 1, one.get_text()
            assert box.y0 >= -1, one.get_text()
            assert box.y1 <= height + 1, one.get_text()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [280, 440, 520])
def test_counts_stand_in_the_matrix_and_fit(width, dark):
    figure = agreement_figure(ROWS, NAMES, COUNTS, width=width, dark=dark)
    said = words(figure)
    assert [said.count(str(one)) for one in (7, 6, 4)] == [1, 1, 1]
    assert_inside(figure)
    assert to_png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("width", [280, 440, 520])
def test_shares_have_their_counts_and_no_cases_are_said(width):
    figure = shares_figure(SHARES, width=width)
    said = words(figure)
    assert "17 of 24" in said
    assert "none yet" in said
    assert_inside(figure)


def test_an_empty_matrix_is_drawn():
    assert words(agreement_figure(NAMES, NAMES, np.zeros((3, 3), int))).count("0") == 9
