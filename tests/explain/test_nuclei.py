"""Nuclei in pictures whose count is known, by the count that needs nothing and by segmenters that may be there."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from skimage.color import hed_from_rgb, hpx_from_rgb

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.explain import nuclei_segmenters
from napari_renal_fusion.explain.nuclei import CLASSICAL, count_nuclei


def made_patch(
    centres_um, um_per_pixel, side_um=112.0, matrix=hed_from_rgb, radius_um=2.8, counter=0.25, seed=0
):
    """uint8 pixels: soft discs of haematoxylin on a background of the other stain with texture."""
    rng = np.random.default_rng(seed)
    n = round(side_um / um_per_pixel)
    y, x = (np.mgrid[:n, :n] + 0.5) * um_per_pixel
    haematoxylin = np.full((n, n), 0.05)
    for row, column in centres_um:
        away = np.hypot(y - row, x - column)
        haematoxylin = np.maximum(haematoxylin, 0.55 / (1 + np.exp((away - radius_um) / 0.3)))
    other = counter + 0.05 * np.sin(x / 9) * np.cos(y / 7) + rng.normal(0, 0.02, (n, n))
    amounts = np.stack([haematoxylin, other, np.zeros((n, n))], axis=-1)
    density = amounts @ np.linalg.inv(matrix)
    return np.clip(np.rint(255 * 10**-density), 0, 255).astype(np.uint8)


def scattered(count, side_um=112.0, apart_um=7.5, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        one = rng.uniform(5, side_um - 5, 2)
        if all(np.hypot(*(one - other)) > apart_um for other in found):
            found.append(one)
    return np.array(found)


@pytest.mark.parametrize("um_per_pixel", [0.25, 0.5])
@pytest.mark.parametrize(("stain", "matrix"), [("HE", hed_from_rgb), ("PAS", hpx_from_rgb)])
def test_known_counts_are_found_where_they_are(um_per_pixel, stain, matrix):
    centres = scattered(40)
    patch = made_patch(centres, um_per_pixel, matrix=matrix)
    found = count_nuclei(patch, um_per_pixel, stain=stain, segmenter="classical")
    assert found.count == pytest.approx(40, abs=2)
    there = (np.array(found.centres) + 0.5) * um_per_pixel
    away = np.hypot(*(there[:, None] - centres[None]).transpose(2, 0, 1)).min(axis=1)
    assert np.median(away) < 0.6
    assert away.max() < 3
    assert found.area_mm2 == pytest.approx(0.112**2, rel=0.01)
    assert found.method == CLASSICAL


def test_tissue_without_nuclei_and_membranes_have_none():
    assert count_nuclei(made_patch([], 0.5), 0.5, segmenter="classical").count == 0
    line = [(56 + 3 * np.sin(t / 9), t) for t in np.arange(0, 112, 0.4)]
    assert count_nuclei(made_patch(line, 0.5, radius_um=1.4), 0.5, segmenter="classical").count <= 2
    white = np.full((224, 224, 3), 245, np.uint8)
    assert count_nuclei(white, 0.5, segmenter="classical").count == 0


def test_pale_and_dark_stains_count_alike():
    patch = made_patch(scattered(30, seed=2), 0.5).astype(float)
    counts = [
        count_nuclei((255 * (patch / 255) ** power).astype(np.uint8), 0.5, segmenter="classical").count
        for power in (0.6, 1.0, 1.5)
    ]
    assert counts == pytest.approx([30, 30, 30], abs=2)


@pytest.mark.parametrize(("size", "code"), [(None, "nuclei_scale_unknown"), (2.0, "nuclei_too_coarse")])
def test_a_scale_is_needed(size, code):
    with pytest.raises(RenalFusionError) as caught:
        count_nuclei(np.zeros((8, 8, 3), np.uint8), size)
    assert caught.value.code == code


@pytest.fixture
def no_memory():
    nuclei_segmenters.installed_segmenter.cache_clear()
    yield
    nuclei_segmenters.installed_segmenter.cache_clear()


def test_a_segmenter_without_its_weights_is_not_used(tmp_path, monkeypatch, no_memory):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("CELLPOSE_LOCAL_MODELS_PATH", str(tmp_path))
    monkeypatch.setattr(nuclei_segmenters, "find_spec", lambda name: object())
    assert nuclei_segmenters.installed_segmenter() is None
    assert count_nuclei(made_patch([(50, 50)], 0.5), 0.5).method == CLASSICAL


def test_stardist_is_used_from_disk_and_named(tmp_path, monkeypatch, no_memory):
    folder = tmp_path / "models" / "StarDist2D" / "2D_versatile_he" / "2D_versatile_he"
    folder.mkdir(parents=True)
    (folder / "weights_best.h5").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(nuclei_segmenters, "find_spec", lambda name: object())
    asked = []

    class StarDist2D:
        def __init__(self, config, name, basedir):
            asked.append((config, name, basedir))

        def predict_instances(self, image):
            return np.zeros(image.shape[:2], int), {"points": np.array([[3.0, 4.0], [5.0, 6.0]])}

    monkeypatch.setitem(sys.modules, "stardist", ModuleType("stardist"))
    monkeypatch.setitem(sys.modules, "stardist.models", SimpleNamespace(StarDist2D=StarDist2D))
    monkeypatch.setitem(sys.modules, "csbdeep", ModuleType("csbdeep"))
    monkeypatch.setitem(
        sys.modules, "csbdeep.utils", SimpleNamespace(normalize=lambda image, *_, axis: image / 255)
    )
    for _ in range(2):
        found = count_nuclei(np.zeros((16, 16, 3), np.uint8), 0.5)
        assert found.method == "StarDist (2D_versatile_he)"
        assert found.centres == ((3.0, 4.0), (5.0, 6.0))
    assert asked == [(None, "2D_versatile_he", str(folder.parent))]  # loaded once, from the disk


def test_cellpose_is_used_from_disk_and_named(tmp_path, monkeypatch, no_memory):
    (tmp_path / "cpsam").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("CELLPOSE_LOCAL_MODELS_PATH", str(tmp_path))
    monkeypatch.setattr(nuclei_segmenters, "find_spec", lambda name: object())
    labels = np.zeros((16, 16), int)
    labels[2:5, 2:5], labels[10:13, 8:11] = 1, 2

    class CellposeModel:
        def __init__(self, gpu, pretrained_model):
            assert pretrained_model == str(tmp_path / "cpsam")

        def eval(self, image, diameter):
            assert diameter == 14
            return labels, None, None

    monkeypatch.setitem(
        sys.modules, "cellpose", SimpleNamespace(models=SimpleNamespace(CellposeModel=CellposeModel))
    )
    found = count_nuclei(np.zeros((16, 16, 3), np.uint8), 0.5)
    assert found.method == "Cellpose (cpsam)"
    assert found.centres == ((3.0, 3.0), (11.0, 9.0))
