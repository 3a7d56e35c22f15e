import numpy as np
import openslide
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_renal_fusion.cases.pixel_size import PixelSize
from napari_renal_fusion.cases.slide import open_slide
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import PatchGrid
from napari_renal_fusion.inputs.patch_grid import covered_share, find_patches

from .tiny_slides import on_glass, speckled, tiny_slide


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 5), st.integers(-9, 60), st.integers(-9, 60),
    st.integers(1, 40),
)  # fmt: skip
def test_covered_share_counts_pixels(seed, wide, high, x, y, side):
    mask = np.random.default_rng(seed).random((9, 11)) < 0.5
    full = mask.repeat(high, 0).repeat(wide, 1)
    padded = np.pad(full, 80)
    counted = padded[80 + y : 80 + y + side, 80 + x : 80 + x + side].mean()
    found = covered_share(mask, (wide, high), np.array([[x, y]]), side)
    assert found == pytest.approx([counted], abs=1e-9)


def test_patches_lie_row_by_row_on_tissue(tmp_path):
    with open_slide(tiny_slide(tmp_path / "a.tiff")) as slide:
        patches = find_patches(slide, PatchGrid(patch=32, um_per_pixel=1.0))
    assert patches.side == 64
    assert (patches.coords % 64 == 0).all()
    assert np.array_equal(patches.coords, patches.coords[np.lexsort(patches.coords.T)])
    # Tissue from 120 to 780 and 580: the middle of a patch is inside it.
    middle = patches.coords + 32
    assert ((middle > 100) & (middle < [800, 600])).all()
    assert len(patches) == pytest.approx(660 * 460 / 64**2, rel=0.15)
    together = np.concatenate(list(patches.blocks()))
    assert sorted(together) == list(range(len(patches)))


def test_pixels_are_those_of_openslide(tmp_path):
    """Patches of the level's own scale are its very pixels, wherever the block that they are read in lies."""
    path = tiny_slide(tmp_path / "a.tiff", speckled(700, 900))
    with open_slide(path) as slide:
        patches = find_patches(slide, PatchGrid(patch=64, um_per_pixel=0.5))
        assert (patches.level, patches.side) == (0, 64)
        with openslide.OpenSlide(str(path)) as plain:
            for block in patches.blocks():
                for place, pixels in zip(patches.coords[block], patches.read(slide, block), strict=True):
                    wanted = np.asarray(plain.read_region(tuple(map(int, place)), 0, (64, 64)))
                    x, y = np.minimum(64, [900, 700] - place)  # what lies outside is white
                    assert np.array_equal(pixels[:y, :x], wanted[:y, :x, :3])
                    assert (pixels[y:] == 255).all()
                    assert (pixels[:, x:] == 255).all()


def test_a_patch_is_the_same_alone_and_in_its_block(tmp_path):
    with open_slide(tiny_slide(tmp_path / "a.tiff", speckled(700, 900))) as slide:
        patches = find_patches(slide, PatchGrid(patch=48, um_per_pixel=0.83))
        block = next(iter(patches.blocks()))
        together = patches.read(slide, block)
        for place, pixels in zip(block, together, strict=True):
            assert np.array_equal(patches.read(slide, np.array([place]))[0], pixels)


def test_the_coarse_level_is_read_and_agrees_with_the_fine_one(tmp_path):
    pixels = np.asarray(Image.fromarray(speckled(180, 230)).resize((920, 720), Image.Resampling.BICUBIC))
    with open_slide(tiny_slide(tmp_path / "a.tiff", pixels)) as slide:
        stored = [n for n, level in enumerate(slide.levels) if level.stored]
        patches = find_patches(slide, PatchGrid(patch=32, um_per_pixel=2.0))
        assert patches.level == stored[1]
        assert find_patches(slide, PatchGrid(patch=32, um_per_pixel=1.9)).level == 0
        read = patches.read(slide, np.array([0])).astype(int)[0]
    x, y = patches.coords[0]
    fine = Image.fromarray(pixels[y : y + 128, x : x + 128]).resize((32, 32), Image.Resampling.BOX)
    assert np.abs(read - np.asarray(fine)).mean() < 3


def test_much_finer_scans_are_read_through_averaged_levels(tmp_path):
    path = tiny_slide(tmp_path / "a.tiff", speckled(2400, 2600), um=0.1, downsamples=(1,))
    with open_slide(path) as slide:
        patches = find_patches(slide, PatchGrid(patch=32, um_per_pixel=1.0))
        assert not slide.levels[patches.level].stored
        assert patches.read(slide, np.array([0])).shape == (1, 32, 32, 3)


def test_a_pixel_size_that_is_missing_is_asked_for(tmp_path):
    path = tiny_slide(tmp_path / "a.tiff", um=None)
    with open_slide(path) as slide, pytest.raises(RenalFusionError) as raised:
        find_patches(slide, PatchGrid())
    assert raised.value.code == "slide_pixel_size_missing"
    for word in ("a.tiff", "cohort.csv", "--pixel-size"):
        assert word in str(raised.value)
    with open_slide(path, stated=PixelSize(value=0.5, unit="um")) as slide:
        assert find_patches(slide, PatchGrid(patch=32)).side == 32


def test_too_coarse_and_too_strict_are_told(tmp_path):
    with open_slide(tiny_slide(tmp_path / "a.tiff", um=2.0)) as slide:
        with pytest.raises(RenalFusionError, match="too coarse") as raised:
            find_patches(slide, PatchGrid(patch=32, um_per_pixel=0.5))
        assert raised.value.code == "slide_too_coarse"
    with open_slide(tiny_slide(tmp_path / "b.tiff", on_glass(700, 900, 250))) as slide:
        with pytest.raises(RenalFusionError, match="holds 100% tissue") as raised:
            find_patches(slide, PatchGrid(patch=224, um_per_pixel=1.0, least_tissue=1.0))
        assert raised.value.code == "slide_no_patch"
