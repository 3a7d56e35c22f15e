"""The question about a slide's pixel size, and the answer that is remembered."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_renal_fusion.cases import PixelSize, SlideItem
from napari_renal_fusion.cases.sidecar import answer_file, forget_answer, read_answer, write_answer
from napari_renal_fusion.cases.slide import open_slide
from napari_renal_fusion.cases.slide_scale import StatedScale, check_answer, choices, plausible
from napari_renal_fusion.errors import RenalFusionError

from .slides import picture, write_aperio, write_ome, write_pyramid

SMALL = [picture(300, 280)]


def test_a_missing_pixel_size_is_asked_for_and_never_guessed(tmp_path):
    path = write_aperio(tmp_path / "kidney.svs", SMALL[0], "|AppMag = 20", compression="jpeg")
    with open_slide(path) as slide:
        assert slide.file_pixel_size is None
        assert slide.pixel_size is None
        assert slide.doubt.code == "slide_pixel_size_missing"
        assert slide.doubt.message.startswith(
            "kidney.svs states no pixel size. Its 20x objective points to about 0.5"
        )
        assert slide.plausible == (0.5, 0.25)
    assert SlideItem(path).pixel_size is None


@pytest.mark.parametrize(
    ("um", "words", "first"),
    [
        (0.00499, "0.499 um would be plausible (100 times as much)", 0.499),
        (25.0, "0.25 um would be plausible (100 times less)", 0.25),
        (50.0, "0.5 um would be plausible (100 times less)", 0.5),
    ],
)
def test_an_absurd_pixel_size_is_questioned(tmp_path, um, words, first):
    with open_slide(write_ome(tmp_path / "wrong.ome.tif", SMALL, um)) as slide:
        assert slide.file_pixel_size.um == pytest.approx(um)
        assert slide.pixel_size is None
        assert slide.doubt.code == "slide_pixel_size_absurd"
        assert f"wrong.ome.tif states {um:.4g} um a pixel" in slide.doubt.message
        assert words in slide.doubt.message
        assert slide.plausible[0] == pytest.approx(first)


def test_pixels_that_are_not_square_are_questioned(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", SMALL[0], tile=(256, 256), photometric="rgb", resolution=(40000, 20000),
        resolutionunit=3,
    )  # fmt: skip
    with open_slide(tmp_path / "a.tif") as slide:
        assert slide.pixel_size is None
        assert "not square (0.25 x 0.5 um)" in slide.doubt.message


@pytest.mark.parametrize("um", [0.1, 0.25, 0.499, 2.0])
def test_plausible_pixel_sizes_are_used(tmp_path, um):
    with open_slide(write_pyramid(tmp_path / "a.tif", SMALL, um)) as slide:
        assert slide.doubt is None
        assert slide.pixel_size.um == pytest.approx(um, rel=1e-5)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is not our work
@given(st.floats(1e-7, 1e6), st.one_of(st.none(), st.floats(1, 100)))
def test_what_is_offered_is_plausible(um, objective):
    offered = choices(StatedScale(um, um, objective))
    assert 2 <= len(offered) <= 3
    assert all(plausible(one) for one in offered)
    assert len(set(offered)) == len(offered)


def test_an_answer_is_used_by_everything_until_it_is_forgotten(tmp_path):
    path = write_pyramid(tmp_path / "Zhang San 12345.tif", SMALL, um=0.0025)
    before = path.read_bytes(), path.stat().st_mtime_ns, sorted(tmp_path.iterdir())
    write_answer(path, check_answer(path, 0.25))
    item = SlideItem(path)
    assert item.pixel_size == PixelSize(value=0.25, unit="um", source="person")
    with item.open() as slide:
        assert (slide.pixel_size.um, slide.doubt) == (0.25, None)
        assert slide.file_pixel_size.um == pytest.approx(0.0025)
    moved = shutil.copy(path, tmp_path / "elsewhere.tif")
    assert SlideItem(moved).pixel_size.um == 0.25  # by content, wherever it lies
    moved.unlink()
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(tmp_path.iterdir())) == before
    kept = answer_file(path)
    assert "Zhang" not in kept.read_text() + str(kept)
    stated = PixelSize(value=0.5, unit="um", source="cohort.csv")
    assert SlideItem(path, stated_pixel_size=stated).pixel_size == stated  # a table comes first
    assert forget_answer(path)
    assert not forget_answer(path)
    assert item.pixel_size is None


def test_another_content_or_a_damaged_answer_is_no_answer(tmp_path):
    path = write_pyramid(tmp_path / "a.tif", SMALL, um=None)
    write_answer(path, check_answer(path, 0.25))
    write_pyramid(path, [picture(300, 280, seed=1)], um=None)
    assert read_answer(path) is None
    write_answer(path, check_answer(path, 0.5))
    for damaged in (
        b"",
        b"{",
        b'{"format": 1}',
        b'{"pixel_size": {"value": -1, "unit": "um"}, "answered": "x"}',
    ):
        answer_file(path).write_bytes(damaged)
        assert read_answer(path) is None


@pytest.mark.parametrize("um", [0.0, -1.0, 250.0, 0.001, np.nan, np.inf])
def test_an_impossible_answer_is_refused(tmp_path, um):
    with pytest.raises(RenalFusionError) as caught:
        check_answer(tmp_path / "a.svs", um)
    assert caught.value.code == "slide_pixel_size_implausible"


def test_an_answer_for_nothing_is_refused(tmp_path):
    with pytest.raises(RenalFusionError) as caught:
        write_answer(tmp_path / "none.svs", PixelSize(value=0.25, unit="um"))
    assert caught.value.code == "slide_missing"


def test_an_mrxs_slide_is_known_by_its_index(tmp_path):
    for name, index in (("a", b"[GENERAL]\nSLIDE_ID = 1\n"), ("b", b"[GENERAL]\nSLIDE_ID = 2\n")):
        (tmp_path / f"{name}.mrxs").write_bytes(b"the same picture")
        (tmp_path / name).mkdir()
        (tmp_path / name / "Slidedat.ini").write_bytes(index)
    assert answer_file(tmp_path / "a.mrxs") != answer_file(tmp_path / "b.mrxs")
