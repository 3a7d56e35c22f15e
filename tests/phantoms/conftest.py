"""Small patients for the phantom tests."""

import numpy as np
import pytest

from napari_renal_fusion.phantoms import BiopsySpec


@pytest.fixture
def spec():
    """Make a small patient; keyword arguments replace fields."""

    def make(disease="iga_nephropathy", **fields):
        small = {
            "seed": 5,
            "difficulty": 0.0,
            "om_size": (540, 360),
            "im_size": (480, 360),
            "tem_size": (400, 400),
        }
        return BiopsySpec(disease=disease, **{**small, "n_tem": 3, **fields})

    return make


def area_mean(pixels: np.ndarray, size: int) -> np.ndarray:
    """Exact area average of [h, w] or [h, w, c] to [size, size, c]."""
    planes = pixels.astype(float).reshape(*pixels.shape[:2], -1)
    down, across = _overlap(pixels.shape[0], size), _overlap(pixels.shape[1], size)
    return np.einsum("ab,bcd,ec->aed", down, planes, across, optimize=True)


def _overlap(many: int, few: int) -> np.ndarray:
    edges = np.arange(few + 1) * many / few
    start = np.arange(many)
    shared = np.minimum(edges[1:, None], start + 1) - np.maximum(edges[:-1, None], start)
    return shared.clip(0) * few / many
