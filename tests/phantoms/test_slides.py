import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image

from napari_renal_fusion.cases import Cohort
from napari_renal_fusion.cases.slide import open_slide
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.phantoms import (
    PlantedTruth,
    SlideSpec,
    is_phantom,
    is_phantom_slide,
    random_slide_spec,
    render_slide,
    write_slide,
    write_slide_cohort,
    write_sparse_slide,
)
from napari_renal_fusion.phantoms.slide_tiff import levels_of_image, levels_of_layout, write_pyramid

SIZE = (800, 600)


def test_a_pyramid_holds_the_pixels_and_their_averages(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (301, 430, 3), dtype=np.uint8)
    path = write_pyramid(
        tmp_path / "a.tiff", levels_of_image(pixels, 64, (1, 4)), 0.31, compression="deflate"
    )
    with tifffile.TiffFile(path) as file:
        assert file.is_bigtiff
        assert np.array_equal(file.pages[0].asarray(), pixels)
        coarse = file.pages[1].asarray()
    assert coarse.shape == (76, 108, 3)
    means = pixels[:300, :428].reshape(75, 4, 107, 4, 3).mean(axis=(1, 3))
    assert np.abs(coarse[:75, :107] - means).max() <= 1
    with openslide.OpenSlide(str(path)) as slide:
        assert slide.level_dimensions == ((430, 301), (108, 76))
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.31, rel=1e-4)
        region = np.asarray(slide.read_region((100, 37), 0, (90, 70)))[..., :3]
    assert np.array_equal(region, pixels[37:107, 100:190])


def test_a_mosaic_is_the_image_that_it_describes(tmp_path):
    """Stored once, read everywhere: against the mosaic laid out in full."""
    rng = np.random.default_rng(1)
    tiles = [np.full((64, 64, 3), 240, np.uint8), *rng.integers(0, 255, (3, 64, 64, 3), dtype=np.uint8)]
    layout = rng.integers(0, 4, (9, 7))
    full = np.concatenate([np.concatenate([tiles[kind] for kind in row], axis=1) for row in layout])
    path = write_pyramid(
        tmp_path / "m.tiff", levels_of_layout(tiles, layout, 440, 570, (1, 4)), 0.25, compression="deflate"
    )
    whole = levels_of_image(full, 64, (1, 4))
    with tifffile.TiffFile(path) as file:
        assert np.array_equal(file.pages[0].asarray(), full[:570, :440])
        coarse = np.asarray(Image.fromarray(full).reduce(4))[:143, :110]
        assert np.abs(file.pages[1].asarray().astype(int) - coarse).max() <= 1
    assert len(whole[0].tiles) == 63
    assert path.stat().st_size < 4 * 64 * 64 * 3 + 63 * 16 + len(whole[1].tiles) * 64 * 64 * 3


def test_a_gigapixel_is_small_on_disk_and_opens_in_both(tmp_path):
    path = tmp_path / "big.tiff"
    truth = write_sparse_slide(path, 60_000, tissue=0.08)
    assert path.stat().st_size < 8_000_000
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].shape == (60_000, 60_000, 3)
    with open_slide(path) as slide:
        assert slide.reader == "openslide"
        assert slide.levels[0].shape == (60_000, 60_000)
        assert slide.pixel_size.um == pytest.approx(0.25)
        assert is_phantom_slide(slide)
        row, column = np.argwhere(truth.planes["infiltrate"])[0]
        sick = slide.read(0, row * 512, column * 512, 512, 512)
        coarse = slide.read(slide.best_level(4), row * 128, column * 128, 128, 128)
        glass = slide.read(0, 59_000, 30_000, 64, 64)
    assert sick.mean() < 200
    assert abs(sick.mean() - coarse.mean()) < 3
    assert glass.mean() > 238 or truth.planes["tissue"][115, 58]
    assert truth.planes["tissue"].mean() == pytest.approx(0.08, abs=0.02)


def test_the_same_description_draws_the_same_slide(tmp_path):
    spec = SlideSpec(seed=3, size=(600, 450), regions=("infiltrate",), um_per_pixel=2.0)
    first, second = render_slide(spec), render_slide(spec)
    assert np.array_equal(first.pixels, second.pixels)
    assert not np.array_equal(first.pixels, render_slide(spec.model_copy(update={"seed": 4})).pixels)
    assert first.pixels.shape == (450, 600, 3)
    assert is_phantom(first.pixels)
    for name in "ab":
        write_sparse_slide(tmp_path / f"{name}.tiff", 4096, seed=5)
    assert (tmp_path / "a.tiff").read_bytes() == (tmp_path / "b.tiff").read_bytes()


@pytest.mark.parametrize(("kind", "darker"), [("infiltrate", True), ("scar", False)])
def test_planted_regions_show_where_the_truth_says(kind, darker):
    plain = render_slide(SlideSpec(seed=2, size=SIZE, um_per_pixel=1.5))
    drawn = render_slide(SlideSpec(seed=2, size=SIZE, um_per_pixel=1.5, regions=(kind, kind)))
    assert drawn.spec.label == kind
    assert plain.spec.label == "unremarkable"
    changed = np.abs(drawn.pixels.astype(int) - plain.pixels).max(axis=2) > 25
    plane = Image.fromarray(drawn.truth.planes[kind]).resize(SIZE)
    planted = np.asarray(plane) & (np.asarray(Image.fromarray(drawn.truth.planes["tissue"]).resize(SIZE)))
    assert changed[planted].mean() > 0.5
    assert changed[~planted].mean() < 0.02
    grey = drawn.pixels.mean(axis=2), plain.pixels.mean(axis=2)
    assert (grey[0][planted].mean() < grey[1][planted].mean()) == darker


def test_the_share_of_a_patch_that_is_planted():
    planes = {"tissue": np.ones((4, 6), bool), "scar": np.zeros((4, 6), bool)}
    planes["scar"][1, 2:4] = True
    truth = PlantedTruth(planes, (10.0, 10.0))
    coords = np.array([[20, 10], [15, 10], [20, 5], [0, 0], [50, 30]])
    assert truth.share(coords, 10, ("scar",)) == pytest.approx([1, 0.5, 0.5, 0, 0])
    assert truth.share(coords, 20, ("scar", "infiltrate")) == pytest.approx([0.5, 0.375, 0.5, 0, 0])
    assert truth.share(coords[-1:], 20, ("tissue",)) == pytest.approx([0.25])


def test_a_cohort_opens_as_one(tmp_path):
    table = write_slide_cohort(tmp_path / "c", 4, 7, size=(600, 450), um_per_pixel=2.0)
    cohort = Cohort.from_csv(table)
    assert [case.label for case in cohort.cases] == ["infiltrate", "scar"] * 2
    assert [len(case.slides) for case in cohort.cases] == [1] * 4
    assert cohort.cases[0].slides[0].pixel_size.um == pytest.approx(2.0)
    truth = PlantedTruth.load(tmp_path / "c" / "truth", "P002")
    assert truth.planes["scar"].any()
    assert truth.cell == pytest.approx((2.0, 2.0))
    with pytest.raises(RenalFusionError, match="not an empty folder"):
        write_slide_cohort(tmp_path / "c", 1, 7)


def test_survival_follows_the_burden(tmp_path):
    """Over many patients, without drawing them."""
    from scipy.stats import spearmanr

    from napari_renal_fusion.phantoms.slide_cohort import _clinical

    burden = np.linspace(0, 0.3, 400)
    rows = [_clinical(0, n, value) for n, value in enumerate(burden)]
    times = np.array([float(row["survival_months"]) for row in rows])
    seen = np.array([row["censorship"] == 0 for row in rows])
    assert spearmanr(burden[seen], times[seen]).statistic < -0.4
    assert 0.5 < seen.mean() < 0.9
    table = write_slide_cohort(tmp_path / "s", 2, 1, task="survival", size=(400, 300), um_per_pixel=2.0)
    assert all(case.label is None for case in Cohort.from_csv(table).cases)
    header = (tmp_path / "s" / "clinical.csv").read_text().splitlines()[0].split(",")
    assert header[:3] == ["patient_id", "survival_months", "censorship"]


def test_descriptions_that_make_no_sense():
    with pytest.raises(ValueError, match="write_sparse_slide"):
        SlideSpec(seed=0, size=(60_000, 60_000))
    with pytest.raises(ValueError, match="radius"):
        SlideSpec(seed=0, radius=(3, 1))
    with pytest.raises(RenalFusionError, match=r"ends in \.tiff"):
        write_slide(SlideSpec(seed=0), "a.svs")
    labels = {random_slide_spec(1, n, classes=("unremarkable", "scar")).label for n in range(4)}
    assert labels == {"unremarkable", "scar"}
