"""Outlines, masks, mending and measures."""

import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

from napari_renal_fusion.cases import Box, PixelSize
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.glomeruli.classes import colour_of
from napari_renal_fusion.glomeruli.measures import count_by_class, measure, write_measures
from napari_renal_fusion.glomeruli.mending import checked, mend
from napari_renal_fusion.glomeruli.outline import Outline
from napari_renal_fusion.glomeruli.raster import mask_of, outlines_of_mask

SQUARE = [(0, 0), (0, 20), (20, 20), (20, 0)]


def circle(row, column, radius, points=256):
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([row + radius * np.sin(turn), column + radius * np.cos(turn)], axis=1)


def test_a_box_of_whole_pixels_covers_exactly_these():
    outline = Outline.box(Box(3, 4, 5, 6))
    assert outline.bounds == Box(3, 4, 5, 6)
    assert outline.area_px == 30
    mask = mask_of(outline, (20, 20))
    assert mask.sum() == 30
    assert mask[3:8, 4:10].all()


def test_closing_points_and_repetitions_are_dropped_and_bad_ones_refused():
    outline = Outline.polygon([*SQUARE, SQUARE[0], SQUARE[0]])
    assert len(outline.parts[0][0]) == 4
    for bad in (
        [(0, 0), (1, 1)],
        [(0, 0), (1, float("inf")), (2, 2)],
        [(0, 0), (1, 1e9), (2, 2)],
        [(0, 0)] * 5,
    ):
        with pytest.raises(ValidationError):
            Outline.polygon(bad)
        with pytest.raises(RenalFusionError, match="This is no outline"):
            checked([[bad]])
    with pytest.raises(ValidationError):
        outline.name = "changed"


def test_measures_of_a_ring_and_its_table(tmp_path):
    hole = circle(50, 60, 10)
    ring = Outline.polygon(circle(50, 60, 30), [hole], class_name="crescent", name="=1+1")
    (one,) = measure([ring], PixelSize(value=500, unit="nm"))
    assert one.area_px == pytest.approx(math.pi * (900 - 100), rel=2e-4)
    assert one.area_um2 == pytest.approx(one.area_px / 4)
    assert one.perimeter_um == pytest.approx(math.pi * 30, rel=2e-4)
    assert one.equivalent_diameter_um == pytest.approx(math.sqrt(800), rel=2e-4)
    assert (one.holes, one.class_name) == (1, "Crescent")
    (bare,) = measure([ring], None)
    assert (bare.area_um2, ring.area_um2(None)) == (None, None)
    assert count_by_class([ring, ring, Outline.polygon(SQUARE)]) == {"Crescent": 2, "(no class)": 1}
    write_measures(tmp_path / "m.csv", [one, bare], more=[{"file": "a"}, {"file": "b"}])
    with (tmp_path / "m.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["a", "b"]
    assert float(rows[0]["area_um2"]) == pytest.approx(one.area_um2, rel=1e-5)
    assert (rows[1]["area_um2"], rows[0]["name"]) == ("", "'=1+1")
    write_measures(tmp_path / "n.csv", [one], names=False)
    assert "1+1" not in (tmp_path / "n.csv").read_text(encoding="utf-8-sig")


def test_a_crossing_line_is_untied_and_its_crumb_dropped():
    bow, notices = mend(Outline.polygon([(0, 0), (20, 20), (0, 20), (20, 0)]))
    assert len(bow.parts) == 2
    assert bow.area_px == pytest.approx(200)
    assert [notice.code for notice in notices] == ["outline_mended"]
    loop = [(0, 0), (0, 20), (20, 20), (20, -1), (19, -1), (19, 1), (20, 0.5)]
    mended, _ = mend(Outline.polygon(loop))
    assert len(mended.parts) == 1
    assert mended.shape.is_valid
    astray, _ = mend(
        Outline.polygon(SQUARE, [[(50, 50), (50, 60), (60, 60)], [(5, 15), (5, 30), (9, 30), (9, 15)]])
    )
    assert astray.area_px == 400 - 4 * 5  # the first hole lies outside, the second reaches beyond
    twice, _ = mend(Outline.polygon(SQUARE * 2))
    assert twice.area_px == pytest.approx(400)


def test_what_reaches_beyond_the_image_is_cut_and_what_lies_beyond_refused():
    cut, notices = mend(Outline.box(Box(-5, -5, 20, 20)), (50, 40))
    assert (cut.bounds, cut.kind, notices[0].code) == (Box(0, 0, 15, 15), "box", "outline_cut")
    whole = Outline.box(Box(0, 0, 50, 40))
    assert mend(whole, (50, 40)) == (whole, ())
    for outline, code in [
        (Outline.box(Box(60, 0, 20, 20)), "outline_outside"),
        (Outline.box(Box(5, 5, 1, 1)), "outline_tiny"),
        (Outline.polygon([(0, 0), (5, 5), (10, 10)]), "outline_tiny"),
    ]:
        with pytest.raises(RenalFusionError) as caught:
            mend(outline, (50, 40))
        assert caught.value.code == code


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(bool, st.tuples(st.integers(2, 6), st.integers(2, 6))))
def test_a_painted_mask_comes_back_from_its_outlines(coarse):
    mask = np.pad(np.kron(coarse, np.ones((5, 4), dtype=bool)), 3)
    outlines = outlines_of_mask(mask[1:, 2:], top=1, left=2)
    back = np.zeros_like(mask)
    for outline in outlines:
        assert outline.shape.is_valid
        assert outline.kind == "brush"
        part = mask_of(outline, mask.shape)
        assert not (part & back).any()
        back |= part
    assert (back == mask).all()


def test_a_mask_in_a_box_is_the_mask_of_the_image_there():
    outline = Outline.polygon(circle(40.3, 51.7, 20), [circle(45, 50, 5)])
    whole = mask_of(outline, (100, 120))
    assert (mask_of(outline, (30, 40), Box(30, 35, 30, 40)) == whole[30:60, 35:75]).all()
    soft = mask_of(outline, (50, 60), Box(0, 0, 100, 120), soft=True)
    assert soft.sum() * 4 == pytest.approx(outline.area_px, rel=0.01)


def test_every_class_has_one_colour():
    assert colour_of("normal") == colour_of(" Normal ") == (86, 180, 233)
    assert colour_of("somebody's own") == colour_of("somebody's own")
