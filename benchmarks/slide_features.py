"""Patch features of a slide, from the file to the HDF5, against plain openslide loops around the same encoder.

A phantom slide and random weights; ``RENAL_FUSION_SLIDE`` (with ``RENAL_FUSION_SLIDE_UM``) and
``RENAL_FUSION_WEIGHTS`` (of tf_efficientnet_lite0) name real ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import openslide
import torch
from PIL import Image
from skimage.filters import threshold_otsu

from napari_renal_fusion.cases import PixelSize
from napari_renal_fusion.cases.slide_item import SlideItem
from napari_renal_fusion.compute.devices import choose_device
from napari_renal_fusion.inputs import (
    FeatureEncoder,
    PatchGrid,
    SlideFeatures,
    extract_features,
    read_features,
)
from napari_renal_fusion.phantoms import SlideSpec, write_slide, write_sparse_slide

from .side_by_side import Comparison, compare

_USUAL_BATCH = 32


def run() -> list[Comparison]:
    """From the files of slide and weights to the HDF5, each way: tissue, reading, encoding, writing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        slide, encoder, grid = _slide(folder), _encoder(), PatchGrid()
        first = read_features(extract_features(slide, folder / "first.h5", encoder, grid))

        def ours() -> None:
            (folder / "again.h5").unlink(missing_ok=True)
            extract_features(slide, folder / "again.h5", encoder, grid)

        def loop(batch: int) -> np.ndarray:
            return _plain_script(slide.path, folder / "plain.h5", first, encoder, grid.patch, batch)

        with slide.open() as opened:
            rows, columns = opened.levels[0].shape
        # Beyond the slide's edge the loop has black where ours has white.
        inside = (first.coords + first.patch_level0 <= [columns, rows]).all(axis=1)
        apart = np.abs(loop(4) - first.features)[inside].max()
        assert apart < 1e-3 * np.abs(first.features).max(), f"not the same features: {apart}"
        what = f"features of {len(first.features)} patches of {slide.path.name}, {encoder.name}"
        return [
            compare(what, ("tissue, grid, features, HDF5", ours), (said, partial(loop, batch)), rounds=3)
            for said, batch in (
                ("plain openslide script, one patch at a time", 1),
                ("plain openslide script, batches of 4 as ours on a processor", 4),
                (f"plain openslide script, batches of {_USUAL_BATCH}", _USUAL_BATCH),
            )
        ]


def _plain_script(
    path: Path, out: Path, first: SlideFeatures, encoder: FeatureEncoder, patch: int, batch: int
) -> np.ndarray:
    """What a short script does: a thumbnail and Otsu, then read, resize, normalise, encode, and write.

    It encodes the same patches as ours, wherever its own threshold lies.
    """
    coords, side = first.coords, first.patch_level0
    device = choose_device().device
    network = encoder.build(patch).to(device)
    mean, std = (torch.tensor(one, device=device).view(1, 3, 1, 1) for one in (network.mean, network.std))
    found = []
    with openslide.OpenSlide(str(path)) as slide, torch.inference_mode():
        width, height = slide.dimensions
        small = slide.get_thumbnail((width * patch // (16 * side), height * patch // (16 * side)))
        saturation = np.asarray(small.convert("HSV"))[..., 1]
        threshold_otsu(saturation)
        for start in range(0, len(coords), batch):
            pixels = []
            for x, y in coords[start : start + batch]:
                level = slide.get_best_level_for_downsample(side / patch * 1.01)
                size = round(side / slide.level_downsamples[level])
                region = slide.read_region((int(x), int(y)), level, (size, size)).convert("RGB")
                pixels.append(np.asarray(region.resize((patch, patch), Image.Resampling.BILINEAR)))
            images = torch.from_numpy(np.stack(pixels)).to(device).permute(0, 3, 1, 2).float() / 255
            found.append(network((images - mean) / std).mean(dim=(1, 2)).float().cpu().numpy())
    features = np.concatenate(found)
    with h5py.File(out, "w") as file:
        file["features"], file["coords"] = features, coords
    return features


_WORK = """
import sys
from pathlib import Path
from benchmarks.slide_features import _encoder
from napari_renal_fusion.cases import PixelSize
from napari_renal_fusion.cases.slide_item import SlideItem
from napari_renal_fusion.inputs import PatchGrid, extract_features, read_features
import torch
def peak_memory_mb():
    # Of this process alone (Linux); getrusage also counts the process that started it.
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
encoder = _encoder()
with torch.inference_mode():
    encoder.build(224)(torch.zeros(4, 3, 224, 224))
before = peak_memory_mb()
um = float(sys.argv[3])
slide = SlideItem(Path(sys.argv[1]), stated_pixel_size=PixelSize(value=um, unit="um") if um else None)
extract_features(slide, sys.argv[2], encoder, PatchGrid(), device="cpu")
print(len(read_features(sys.argv[2]).features), peak_memory_mb() - before)
"""


def memory() -> str:
    """One line of Markdown: peak memory beyond the model, on a gigapixel and on the slide that is named."""
    said = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sparse_slide(folder / "60,000 x 60,000.tiff", 60_000, tissue=0.03)
        slides = [SlideItem(folder / "60,000 x 60,000.tiff")]
        if os.environ.get("RENAL_FUSION_SLIDE"):
            slides.append(_slide(folder))
        for number, slide in enumerate(slides):
            um = slide.stated_pixel_size.um if slide.stated_pixel_size else 0
            command = [sys.executable, "-c", _WORK, str(slide.path), str(folder / f"{number}.h5"), str(um)]
            done = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            said.append(f"{float(done[1]):.0f} MB on {slide.path.stem} ({done[0]} patches)")
    return f"Peak resident memory of patch features beyond the model: {', '.join(said)}."


def _slide(folder: Path) -> SlideItem:
    if path := os.environ.get("RENAL_FUSION_SLIDE"):
        um = os.environ.get("RENAL_FUSION_SLIDE_UM")
        return SlideItem(Path(path), stated_pixel_size=PixelSize(value=float(um), unit="um") if um else None)
    path = folder / "phantom.tiff"
    write_slide(SlideSpec(seed=1, size=(8000, 5000), um_per_pixel=0.25, cores=2), path)
    return SlideItem(path)


def _encoder() -> FeatureEncoder:
    weights = os.environ.get("RENAL_FUSION_WEIGHTS")
    return FeatureEncoder(
        name="tf_efficientnet_lite0", stage=None, weights=Path(weights) if weights else None
    )
