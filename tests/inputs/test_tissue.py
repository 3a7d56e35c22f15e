import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases.slide import open_slide
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs.tissue import find_tissue, read_overview, slide_tissue
from napari_renal_fusion.phantoms import SlideSpec, render_slide

from .tiny_slides import on_glass, tiny_slide

SIZE = (1600, 1152)


def overview(**fields):
    drawn = render_slide(SlideSpec(**{"seed": 4, "size": SIZE, "regions": ("infiltrate", "scar"), **fields}))
    small = SIZE[0] // 16, SIZE[1] // 16
    truth = Image.fromarray(drawn.truth.planes["tissue"]).resize(small)
    return np.asarray(Image.fromarray(drawn.pixels).resize(small, Image.Resampling.BOX)), np.asarray(truth)


def agreement(found, truth):
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize("stain", ["PASM", "HE", "PAS", "Masson"])
def test_every_stain_and_its_pale_version(stain):
    pixels, truth = overview(stain=stain)
    assert agreement(find_tissue(pixels, 8.0), truth) > 0.88
    pale = (255 - (255 - pixels.astype(float)) * 0.35).astype(np.uint8)
    assert agreement(find_tissue(pale, 8.0), truth) > 0.85


@pytest.mark.parametrize("pen", ["green", "blue", "black"])
def test_ink_is_not_tissue(pen):
    clean, _ = overview()
    marked, truth = overview(pen=pen)
    ink = np.abs(clean.astype(int) - marked).max(axis=2) > 60
    found = find_tissue(marked, 8.0)
    assert ink.sum() > 500
    assert found[ink].mean() < 0.02
    assert (found & truth).sum() > 0.75 * (truth & ~ink).sum()


def test_a_black_border_and_the_stamp_are_not_tissue():
    pixels, truth = overview(border=True, cores=1, regions=())
    found = find_tissue(pixels, 8.0)
    assert not found[-2:].any()
    assert not found[:, -2:].any()
    assert not found[:6, :24].any()
    assert agreement(found, truth) > 0.85


def test_glass_dust_and_uneven_light_are_empty():
    rng = np.random.default_rng(0)
    glass = np.clip(rng.normal(242, 1.5, (200, 300, 1)) + np.array([0, -1, 1]), 0, 255)
    assert not find_tissue(glass.astype(np.uint8), 8.0).any()
    shade = 1 - 0.05 * np.linspace(0, 1, 300)[None, :, None]
    assert not find_tissue((glass * shade).astype(np.uint8), 8.0).any()
    for row, column in rng.integers(0, 190, (40, 2)):
        glass[row : row + 3, column : column + 2] = 110
    assert not find_tissue(glass.astype(np.uint8), 8.0).any()


def test_a_field_without_glass_is_all_tissue():
    from .tiny_slides import speckled

    assert find_tissue(speckled(120, 150), 8.0).mean() > 0.99


def test_a_slide_without_tissue_is_one_sentence(tmp_path):
    path = tiny_slide(tmp_path / "empty.tiff", np.full((700, 900, 3), 243, np.uint8))
    with open_slide(path) as slide, pytest.raises(RenalFusionError, match="No tissue was found on") as raised:
        slide_tissue(slide, 0.5)
    assert raised.value.code == "slide_no_tissue"


@pytest.mark.parametrize("downsample", [1.0, 3.7, 16.0])
def test_an_overview_read_in_strips_is_the_shrunk_slide(tmp_path, downsample, monkeypatch):
    coarse = Image.fromarray(on_glass(71, 91, 9))  # smooth: how pixels round is not the matter here
    pixels = np.asarray(coarse.resize((903, 701), Image.Resampling.BICUBIC))
    path = tiny_slide(tmp_path / "slide.tiff", pixels, downsamples=(1,))
    whole = Image.fromarray(pixels)
    size = round(903 / downsample), round(701 / downsample)
    wanted = np.asarray(whole.resize(size, Image.Resampling.BOX)).astype(int)
    monkeypatch.setattr("napari_renal_fusion.inputs.tissue._STRIP", 64)
    with open_slide(path) as slide:
        found = read_overview(slide, downsample).astype(int)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).mean() < 1.5
    assert np.abs(found - wanted).max() < 60
