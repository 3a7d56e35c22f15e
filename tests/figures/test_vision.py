"""Every plot for colour-blind readers and for print: contrast (WCAG 3:1, text 4.5:1) and series told apart."""

from __future__ import annotations

import inspect
import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb, to_rgba
from matplotlib.patches import Rectangle

import napari_renal_fusion.figures as figures
from napari_renal_fusion.figures import agreement, study, survival
from napari_renal_fusion.figures.charts import WRONG, accent
from napari_renal_fusion.figures.style import class_colour, class_ink, on_class_colour, theme
from napari_renal_fusion.figures.vision import (
    contrast,
    deuteranopia,
    difference,
    greyscale,
    luminance,
    readable,
    simulated,
)

from .gallery import GALLERY

PAGES = {False: "#ffffff", True: "#262930"}
SIGHTS = {"usual": np.asarray, "deuteranopia": deuteranopia, "greyscale": greyscale}
OBJECT, TEXT, APART = 3.0, 4.5, 10.0


def over(colour, alpha, ground):
    """A colour as it is seen through its own transparency on a ground."""
    rgba = np.array(to_rgba(colour))
    a = rgba[3] * (1 if alpha is None else alpha)
    return a * rgba[:3] + (1 - a) * np.array(to_rgb(ground))


def seen(colour, ground, see):
    return contrast(see(np.asarray(colour)), see(np.array(to_rgb(ground))))


def is_quiet(colour, dark):
    """Grids, tracks, frames and helping lines: not needed to understand a plot."""
    return to_hex(colour) in (theme(dark).rule, theme(dark).track)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", GALLERY)
def test_everything_that_shows_a_number_stands_out_of_its_page(name, dark):
    page, faint = PAGES[dark], []
    figure = GALLERY[name](dark)
    for sight, see in SIGHTS.items():

        def enough(colour, alpha=None, see=see):
            return seen(over(colour, alpha, page), page, see) >= OBJECT

        for axes in figure.axes:
            for bar in axes.patches:
                if (
                    not isinstance(bar, Rectangle)
                    or not bar.get_width()
                    or is_quiet(bar.get_facecolor(), dark)
                ):
                    continue
                edge = bar.get_linewidth() >= 0.6 and enough(bar.get_edgecolor())
                if not (edge or enough(bar.get_facecolor())):
                    faint.append((sight, "bar", to_hex(bar.get_facecolor())))
            for line in axes.lines:
                if (line.get_alpha() or 1) < 0.9:  # single folds behind their mean
                    continue
                if line.get_marker() not in ("None", None, ""):
                    face, edge = line.get_markerfacecolor(), line.get_markeredgecolor()
                    ring = line.get_markeredgewidth() >= 0.6 and enough(edge)
                    if not (ring or (face != "none" and enough(face))):
                        faint.append((sight, "dot", face))
                if (
                    line.get_linestyle() != "None"
                    and not is_quiet(line.get_color(), dark)
                    and not enough(line.get_color())
                ):
                    faint.append((sight, "line", to_hex(line.get_color())))
    assert not faint


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", GALLERY)
def test_text_can_be_read(name, dark):
    figure = GALLERY[name](dark)
    faint = []
    for axes in figure.axes:
        for text in axes.texts:
            if not text.get_text() or (text.get_alpha() or 1) < 1:
                continue
            box = text.get_bbox_patch()
            grounds = [PAGES[dark]] if box is None else [box.get_facecolor()]
            under = [bar.get_facecolor() for bar in axes.patches if lies_on(text, bar)]
            ground = (under or grounds)[-1]
            if seen(to_rgb(text.get_color()), to_hex(ground), np.asarray) < TEXT:
                faint.append((text.get_text(), to_hex(text.get_color()), to_hex(ground)))
    assert not faint


def lies_on(text, bar):
    """Whether a text starts inside of a bar or a cell of a table."""
    x, y = text.get_position()
    left, bottom = bar.get_x(), bar.get_y()
    wide, tall = bar.get_width(), bar.get_height()
    return min(left, left + wide) < x < max(left, left + wide) and min(bottom, bottom + tall) < y < max(
        bottom, bottom + tall
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_series_of_one_plot_are_told_apart_by_colour_or_by_a_second_sign(dark):
    pairs = {
        "dot and gap of reliability": (accent(dark), WRONG),
        "training and validation": (theme(dark).quiet, accent(dark)),
        "right and wrong sets": (accent(dark), WRONG),
        "two runs": (accent(dark), readable("#E69F00", theme(dark).track)),
    }
    inks = [accent(dark), *(class_ink(i, dark) for i in (0, 2, 6))]
    pairs |= {f"groups {a} {b}": (a, b) for a, b in itertools.combinations(inks, 2)}
    pairs |= {f"classes {i}": (class_colour(i), class_colour(i + 1)) for i in range(7)}
    close = {
        name
        for name, (one, other) in pairs.items()
        if difference(deuteranopia(np.array(to_rgb(one))), deuteranopia(np.array(to_rgb(other)))) < APART
    }
    assert close == set()


def test_without_colours_lines_have_dashes_dots_have_shapes_and_neighbours_have_edges():
    curves = [
        line for line in GALLERY["kaplan_meier"](False).axes[-1].lines if line.get_drawstyle() == "steps-post"
    ]
    curves = curves or [
        line
        for axes in GALLERY["kaplan_meier"](False).axes
        for line in axes.lines
        if line.get_drawstyle() == "steps-post"
    ]
    assert len({str(line._unscaled_dash_pattern) for line in curves}) == len(curves) == 4
    markers = {line.get_marker() for axes in GALLERY["comparison"](False).axes for line in axes.lines}
    assert {"o", "s"} <= markers
    hatched = [bar for axes in GALLERY["sets"](False).axes for bar in axes.patches if bar.get_hatch()]
    assert hatched
    for bar in (bar for axes in GALLERY["without"](False).axes for bar in axes.patches):
        assert contrast(to_rgb(bar.get_edgecolor()), to_rgb(bar.get_facecolor())) >= OBJECT
    assert {line.get_marker() for axes in GALLERY["study"](False).axes for line in axes.lines} >= {"o", "D"}


@pytest.mark.parametrize("index", range(8))
def test_letters_on_their_class_colour(index):
    assert contrast(to_rgb(on_class_colour(index)), to_rgb(class_colour(index))) >= TEXT
    for dark in (False, True):
        for ground in (PAGES[dark], theme(dark).track):
            assert contrast(to_rgb(class_ink(index, dark)), to_rgb(ground)) >= OBJECT


def test_no_plot_is_forgotten():
    made = {name.removesuffix("_figure") for name in dir(figures) if name.endswith("_figure")}
    for module in (agreement, study, survival):
        made |= {
            name.removesuffix("_figure")
            for name, one in inspect.getmembers(module, inspect.isfunction)
            if name.endswith("_figure") and one.__module__ == module.__name__
        }
    renamed = {"survival_curve": "survival"}
    assert {renamed.get(one, one) for one in made} <= set(GALLERY)


def test_the_simulations_are_those_of_the_papers():
    # WCAG 2: black on white 21, the grey #767676 just readable.
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast(to_rgb("#767676"), (1, 1, 1)) == pytest.approx(4.54, abs=0.01)
    # Greys stay greys; red and green fall together, blue and yellow do not.
    grey = np.full(3, 0.5)
    np.testing.assert_allclose(deuteranopia(grey), grey, atol=2e-3)
    red, green = (deuteranopia(np.array(to_rgb(one))) for one in ("#C23B3B", "#7C7C20"))
    assert difference(red, green) < 0.5 * difference(to_rgb("#C23B3B"), to_rgb("#7C7C20"))
    assert difference(deuteranopia(np.array([0, 0, 1.0])), deuteranopia(np.array([1.0, 1, 0]))) > 100
    picture = np.array([[[214, 94, 0], [0, 114, 178]]], np.uint8)
    flat = simulated(picture, "greyscale")
    assert (flat[..., 0] == flat[..., 1]).all()
    assert luminance(flat[0, 0] / 255) == pytest.approx(luminance(picture[0, 0] / 255), abs=0.01)
    assert simulated(picture, "deuteranopia").dtype == np.uint8
    # CIE 1976: white and black are 100 apart.
    assert difference((0, 0, 0), (1, 1, 1)) == pytest.approx(100, abs=0.1)
