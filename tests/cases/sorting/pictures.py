"""Small pictures that look as each modality does, without drawing a biopsy."""

from __future__ import annotations

import numpy as np

from napari_renal_fusion.phantoms import PhantomImage, stamp

_COLOURS = {
    "PASM": ((225, 190, 205), (62, 58, 50)),
    "HE": ((225, 150, 185), (120, 80, 160)),
    "PAS": ((220, 170, 200), (170, 60, 130)),
    "Masson": ((200, 90, 110), (90, 150, 185)),
}


def texture(height: int, width: int, seed: int) -> np.ndarray:
    """Blotches from 0 to 1, float [h, w]."""
    rng = np.random.default_rng(seed)
    return np.kron(rng.random((height // 8, width // 8)), np.ones((8, 8)))


def light(stain: str, size: tuple[int, int] = (192, 128)) -> np.ndarray:
    """Blotches between two colours of a stain, uint8 [h, w, 3]; ``size`` is (width, height)."""
    blotches = texture(size[1], size[0], len(stain))[..., None]
    bright, dark = (np.array(colour) for colour in _COLOURS[stain])
    other = texture(size[1], size[0], 99)[..., None] * np.array([-14, 10, 12])  # tissue is never of one tone
    return (bright * (1 - blotches) + dark * blotches + other).clip(0, 255).astype(np.uint8)


def fluorescence(seed: int = 0, size: tuple[int, int] = (160, 120)) -> np.ndarray:
    blotches = texture(size[1], size[0], seed)
    green = (20 + 120 * (blotches > 0.95)) * (0.6 + 0.4 * blotches)
    return np.stack([green * 0.1, green, green * 0.1], axis=-1).astype(np.uint8)


def electron(seed: int = 0, size: tuple[int, int] = (128, 128)) -> np.ndarray:
    return (40 + 190 * texture(size[1], size[0], seed)).astype(np.uint8)


def pictures() -> dict[str, list[PhantomImage]]:
    """What ``write_messy`` takes, drawn in a moment."""

    def phantom(pixels: np.ndarray, modality: str, stain: str | None = None) -> PhantomImage:
        return PhantomImage(stamp(pixels), modality, stain, (1.0, "um"))

    return {
        "OM": [phantom(light(stain), "OM", stain) for stain in _COLOURS],
        "IM": [phantom(fluorescence(seed), "IM", "IgA") for seed in range(3)],
        "TEM": [phantom(electron(seed), "TEM") for seed in range(2)],
    }
