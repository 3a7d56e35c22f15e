"""Nucleus segmenters that this computer may have: used only with weights that are on disk already."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

_STARDIST = "2D_versatile_he"
_CELLPOSE = "cpsam"
_NUCLEUS_UM = 7.0


@dataclass(frozen=True)
class NucleusSegmenter:
    """``title`` for people; ``find`` maps uint8 [h, w, 3] and um per pixel to centres [n, 2] (row, column)."""

    title: str
    find: Callable[[np.ndarray, float], np.ndarray]

    def centres(self, pixels: np.ndarray, um_per_pixel: float) -> np.ndarray:
        """Centres float64 [n, 2] (row, column) in the pixels given."""
        return np.asarray(self.find(pixels, um_per_pixel), dtype=np.float64).reshape(-1, 2)


@cache
def installed_segmenter() -> NucleusSegmenter | None:
    """StarDist, else Cellpose, if it is installed together with its weights; None without."""
    return _stardist() or _cellpose()


def _stardist() -> NucleusSegmenter | None:
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    folders = sorted((home / "models" / "StarDist2D").glob(f"{_STARDIST}*/**/weights_best.h5"))
    if not folders or find_spec("stardist") is None:
        return None
    folder, loaded = folders[0].parent, []

    def find(pixels: np.ndarray, um_per_pixel: float) -> np.ndarray:
        from csbdeep.utils import normalize
        from stardist.models import StarDist2D

        if not loaded:
            loaded.append(StarDist2D(None, name=folder.name, basedir=str(folder.parent)))
        # Its training images were at 20x to 40x; below that it is shown larger pixels than it knows.
        return loaded[0].predict_instances(normalize(pixels, 1, 99.8, axis=(0, 1)))[1]["points"]

    return NucleusSegmenter(f"StarDist ({_STARDIST})", find)


def _cellpose() -> NucleusSegmenter | None:
    home = Path(os.environ.get("CELLPOSE_LOCAL_MODELS_PATH") or Path.home() / ".cellpose" / "models")
    weights = home / _CELLPOSE
    if not weights.is_file() or find_spec("cellpose") is None:
        return None
    loaded: list[Any] = []

    def find(pixels: np.ndarray, um_per_pixel: float) -> np.ndarray:
        from cellpose import models
        from scipy.ndimage import center_of_mass

        if not loaded:
            loaded.append(models.CellposeModel(gpu=False, pretrained_model=str(weights)))
        labels = loaded[0].eval(pixels, diameter=_NUCLEUS_UM / um_per_pixel)[0]
        there = np.arange(1, int(labels.max()) + 1)
        return np.array(center_of_mass(labels > 0, labels, there)) if len(there) else np.zeros((0, 2))

    return NucleusSegmenter(f"Cellpose ({_CELLPOSE})", find)
