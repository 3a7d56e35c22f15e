"""Slides behind one interface: exact regions, made levels, threads, and files that cannot be read."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile

from napari_renal_fusion.cases import Box, SlideItem, placement
from napari_renal_fusion.cases.array_cache import ArrayCache
from napari_renal_fusion.cases.slide import open_slide
from napari_renal_fusion.cases.slide_made_levels import halved
from napari_renal_fusion.errors import RenalFusionError

from .slides import picture, write_aperio, write_ome, write_pyramid, write_sparse

WHOLE = picture(1500, 1300)
LEVELS = [WHOLE, np.ascontiguousarray(WHOLE[::4, ::4])]


def code(path) -> str:
    with pytest.raises(RenalFusionError) as caught:
        open_slide(path)
    assert str(caught.value).count("\n") == 0
    return caught.value.code


@pytest.mark.parametrize(
    ("write", "name", "reader", "vendor"),
    [
        (write_pyramid, "a.tif", "openslide", "generic-tiff"),
        (write_ome, "a.ome.tif", "tifffile", "ome-tiff"),
    ],
)
def test_stored_levels_are_read_as_they_are(tmp_path, write, name, reader, vendor):
    with open_slide(write(tmp_path / name, LEVELS)) as slide:
        assert (slide.reader, slide.vendor) == (reader, vendor)
        assert [(level.shape, level.stored) for level in slide.levels] == [
            *(((1500, 1300), True), ((750, 650), False), ((375, 325), True))
        ]
        assert slide.pixel_size.um == pytest.approx(0.25)
        assert slide.doubt is None
        np.testing.assert_array_equal(slide.read(0, 200, 311, 300, 400), WHOLE[200:500, 311:711])
        np.testing.assert_array_equal(slide.read(2, 0, 0, 375, 325), LEVELS[1])
        np.testing.assert_array_equal(
            slide.read(1, 10, 20, 100, 90), halved(WHOLE)[10:110, 20:110]
        )  # the gap of four between the stored levels is filled
        assert [slide.best_level(one) for one in (0.5, 1, 1.99, 2, 3.9, 4, 100)] == [0, 0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize(("write", "name"), [(write_pyramid, "a.tif"), (write_ome, "a.ome.tif")])
def test_outside_is_white(tmp_path, write, name):
    with open_slide(write(tmp_path / name, LEVELS)) as slide:
        region = slide.read(0, -20, 1250, 60, 100)
        np.testing.assert_array_equal(region[20:, :50], WHOLE[:40, 1250:])
        assert (region[:20] == 255).all()
        assert (region[:, 50:] == 255).all()
        assert (slide.read(2, 5000, 5000, 8, 8) == 255).all()
        with pytest.raises(IndexError):
            slide.read(3, 0, 0, 1, 1)
        with pytest.raises(RenalFusionError, match="does not fit"):
            slide.read(0, 0, 0, 40_000, 40_000)


@pytest.mark.parametrize(
    ("options", "write"),
    [
        (
            {"planarconfig": "separate", "tile": (256, 256), "compression": "zlib"},
            lambda a: np.moveaxis(a, -1, 0),
        ),
        ({"rowsperstrip": 64, "compression": "zlib"}, lambda a: a),
        ({}, lambda a: a),
    ],
)
def test_layouts_of_plain_tiff(tmp_path, options, write):
    tifffile.imwrite(tmp_path / "a.tif", write(WHOLE), photometric="rgb", **options)
    with open_slide(tmp_path / "a.tif") as slide:
        np.testing.assert_array_equal(slide.read(0, 250, 260, 300, 310), WHOLE[250:550, 260:570])


def test_grey_sixteen_bits_and_what_cannot_be_shown(tmp_path):
    grey = WHOLE[..., 0].astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.ome.tif", grey, tile=(256, 256), compression="zlib")
    with open_slide(tmp_path / "a.ome.tif") as slide:
        np.testing.assert_array_equal(slide.read(0, 5, 6, 70, 80), WHOLE[5:75, 6:86, :1].repeat(3, axis=-1))
    tifffile.imwrite(
        tmp_path / "b.ome.tif", np.zeros((4, 300, 300), np.uint8), tile=(256, 256), metadata={"axes": "CYX"}
    )
    assert code(tmp_path / "b.ome.tif") == "slide_colours_unsupported"


@pytest.mark.parametrize("ome", [False, True])
def test_tiles_that_are_left_out_are_white(tmp_path, ome):
    tile = np.full((256, 256, 3), 90, np.uint8)
    with open_slide(write_sparse(tmp_path / "a.ome.tif", (1024, 1024), tile, ome=ome)) as slide:
        assert slide.reader == ("tifffile" if ome else "openslide")
        row = slide.read(0, 0, 0, 4, 1024)[0, ::256, 0]
        assert row.tolist() == [90, 255, 255, 90]


def test_one_level_is_halved_until_it_fits_on_a_screen(tmp_path):
    pixels = picture(1301, 1107)
    with open_slide(write_aperio(tmp_path / "a.svs", pixels, compression="jpeg")) as slide:
        exact = slide.read(0, 0, 0, 1301, 1107)
        assert np.abs(exact.astype(int) - pixels).mean() < 12  # JPEG
        assert [level.shape for level in slide.levels] == [(1301, 1107), (651, 554)]
        half = halved(exact)
        np.testing.assert_array_equal(slide.read(1, 0, 0, 651, 554), half)
        np.testing.assert_array_equal(slide.read(1, 500, 100, 151, 50), half[500:, 100:150])


def test_halving_counts_an_odd_edge_twice():
    pixels = np.arange(15, dtype=np.uint8).reshape(5, 3, 1).repeat(3, axis=-1)
    assert halved(pixels)[..., 0].tolist() == [[2, 4], [8, 10], [13, 14]]


def test_the_overview_of_one_level_reads_every_tile_once(tmp_path):
    path = write_aperio(tmp_path / "a.svs", picture(2100, 2100), compression="jpeg")
    with open_slide(path) as slide:
        seen, read = [], slide._backend.read
        slide._backend.read = lambda *region: seen.append(region) or read(*region)
        overview = len(slide.levels) - 1
        for _ in range(2):
            slide.read(overview, 0, 0, *slide.levels[overview].shape)
        assert sum(height * width for *_, height, width in seen) == 2100 * 2100


def test_levels_lie_on_each_other(tmp_path):
    """A bright square's centre, computed from each level through placement(), is where it is on level 0."""
    rows, columns = 1503, 1253
    pixels = np.full((rows, columns, 3), 30, np.uint8)
    pixels[840:904, 440:504] = 255
    eighth = pixels[: rows // 8 * 8, : columns // 8 * 8].reshape(187, 8, 156, 8, 3).mean(axis=(1, 3))
    with open_slide(write_pyramid(tmp_path / "a.tif", [pixels, eighth.astype(np.uint8)])) as slide:
        assert [level.stored for level in slide.levels] == [True, False, False, True]
        for level, within in zip(slide.levels, (0.01, 1.0, 2.0, 8.0), strict=True):
            light = slide.read(slide.levels.index(level), 0, 0, *level.shape)[..., 0].astype(float) - 30
            centre = [
                (np.arange(size) * light.sum(axis=1 - axis)).sum() / light.sum()
                for axis, size in enumerate(level.shape)
            ]
            found = placement(level.shape, Box(0, 0, rows, columns)).to_pixels(centre)
            # Rows that a stored level drops stretch it by less than one of its own pixels, over the whole slide.
            assert np.abs(found - (871.5, 471.5)).max() < within


def test_threads_get_what_one_reader_gets(tmp_path):
    rng = np.random.default_rng(1)
    corners = rng.integers(0, 1000, (60, 2))
    for name, write in (("a.tif", write_pyramid), ("a.ome.tif", write_ome)):
        with open_slide(write(tmp_path / name, LEVELS)) as slide, ThreadPoolExecutor(8) as pool:
            regions = pool.map(
                lambda at, slide=slide: slide.read(0, int(at[0]), int(at[1]), 200, 150), corners
            )
            for (top, left), region in zip(corners, regions, strict=True):
                np.testing.assert_array_equal(region, WHOLE[top : top + 200, left : left + 150])


def test_closing_waits_for_a_read_in_another_thread(tmp_path):
    slide = open_slide(write_pyramid(tmp_path / "a.tif", LEVELS))
    inside, go_on = threading.Event(), threading.Event()
    read = slide._backend.read

    def slow(*region):
        inside.set()
        assert go_on.wait(10)
        return read(*region)

    slide._backend.read = slow
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(slide.read, 0, 0, 0, 50, 50)
        assert inside.wait(10)
        slide.close()
        go_on.set()
        np.testing.assert_array_equal(reading.result(), WHOLE[:50, :50])
    with pytest.raises(RenalFusionError) as caught:
        slide.read(0, 0, 0, 5, 5)
    assert caught.value.code == "slide_closed"


def test_a_cache_stays_within_its_bytes():
    cache = ArrayCache(1000)
    for number in range(50):
        cache.put(number, np.zeros(300, np.uint8))
        assert cache._bytes <= 1000
    assert cache.get(49) is not None
    assert cache.get(0) is None
    cache.put("large", np.zeros(2000, np.uint8))
    assert cache.get("large") is None


def test_labels_are_named_and_only_read_when_asked(tmp_path):
    path = write_aperio(tmp_path / "a.svs", WHOLE, compression="jpeg", label=True)
    with open_slide(path) as slide:
        assert "label" in slide.associated
        assert slide.read_associated("label").shape == (48, 64, 3)
        assert slide.read_associated("label")[0, 0].tolist() == [200, 30, 40]
        assert all(level.shape != (48, 64) for level in slide.levels)
        with pytest.raises(KeyError):
            slide.read_associated("macro")


def test_a_damaged_tile_leaves_the_rest_readable(tmp_path):
    path = write_pyramid(tmp_path / "a.tif", LEVELS, compression="jpeg")
    with tifffile.TiffFile(path) as tiff:
        start, count = tiff.pages[0].dataoffsets[0], tiff.pages[0].databytecounts[0]
    data = bytearray(path.read_bytes())
    data[start : start + count] = bytes(count)
    path.write_bytes(data)
    with open_slide(path) as slide:
        for _ in range(2):
            with pytest.raises(RenalFusionError) as caught:
                slide.read(0, 0, 0, 100, 100)
            assert caught.value.code == "slide_part_damaged"
            assert slide.read(0, 600, 600, 50, 50).shape == (50, 50, 3)


@pytest.mark.parametrize("write", [write_pyramid, write_ome, write_aperio])
def test_truncated_slides_never_open(tmp_path, write):
    path = tmp_path / ("a.svs" if write is write_aperio else "a.ome.tif")
    whole = write(path, WHOLE if write is write_aperio else LEVELS).read_bytes()
    for length in (9, 60, 700, 3000, len(whole) // 2, len(whole) - 3000, len(whole) - 2):
        path.write_bytes(whole[:length])
        assert code(path) == "slide_truncated"


def test_what_is_no_slide(tmp_path):
    from PIL import Image

    Image.fromarray(WHOLE[:64, :64]).save(tmp_path / "a.png")
    (tmp_path / "b.svs").write_bytes(b"no slide at all" * 100)
    (tmp_path / "empty.svs").touch()
    (tmp_path / "c.kfb").write_bytes(b"KFB")
    (tmp_path / "d.mrxs").write_bytes(b"\xff\xd8\xff\xe0 a small picture")
    found = {
        name: code(tmp_path / name)
        for name in ("a.png", "b.svs", "empty.svs", "none.svs", "c.kfb", "d.mrxs", ".")
    }
    assert found == {
        "a.png": "slide_not_recognised",
        "b.svs": "slide_not_recognised",
        "empty.svs": "slide_empty",
        "none.svs": "slide_missing",
        "c.kfb": "slide_format_unsupported",
        "d.mrxs": "slide_truncated",
        ".": "slide_is_folder",
    }


def test_an_item_opens_nothing_before_it_is_asked(tmp_path):
    path = write_pyramid(tmp_path / "HE 3.ome.tif", LEVELS)
    item = SlideItem(tmp_path / "none.tif", stain="HE")
    assert item.name == "HE"
    assert SlideItem(path).name == "Slide"
    with SlideItem(path).open() as slide:
        assert slide.levels[0].shape == (1500, 1300)
    shutil.rmtree(tmp_path)  # nothing holds the file
