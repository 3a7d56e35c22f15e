"""Slides and an encoder so small that features take a second."""

from __future__ import annotations

import numpy as np

from napari_renal_fusion.inputs import FeatureEncoder, PatchGrid
from napari_renal_fusion.phantoms.slide_tiff import levels_of_image, write_pyramid

ENCODER = FeatureEncoder(name="resnet18", stage=3, kwargs={"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]})
GRID = PatchGrid(patch=32, um_per_pixel=1.0)


def speckled(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Tissue everywhere: purple with grain, uint8 [h, w, 3]."""
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, 25, (height // 4 + 1, width // 4 + 1, 1)).repeat(4, 0).repeat(4, 1)[:height, :width]
    return np.clip(np.array([150, 90, 160]) + grain, 0, 255).astype(np.uint8)


def on_glass(height: int, width: int, margin: int, seed: int = 0) -> np.ndarray:
    """Tissue in the middle of clean glass."""
    pixels = np.full((height, width, 3), 243, np.uint8)
    pixels[margin:-margin, margin:-margin] = speckled(height - 2 * margin, width - 2 * margin, seed)
    return pixels


def tiny_slide(path, pixels=None, um: float | None = 0.5, downsamples=(1, 4)):
    """A slide of 900 x 700 pixels, tissue in its middle, stored without loss."""
    pixels = on_glass(700, 900, 120) if pixels is None else pixels
    return write_pyramid(path, levels_of_image(pixels, 128, downsamples), um, compression="deflate")
