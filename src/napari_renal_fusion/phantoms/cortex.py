"""The geometry around a glomerulus: tubules with lumens, interstitium, peritubular vessels and their nuclei."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from .fields import Frame, Seeds, cells, fractal, open_only, resample, scatter
from .glomerulus import Glomerulus

_COARSE = 1.6
"""um; tubules are large and smooth, so half the resolution of the tuft is enough."""


@dataclass
class Cortex:
    """Depths in um on the grid of the glomerulus: inside a tubule, inside its lumen; kinds and tints of tubules.

    ``kind`` is 1 for distal tubules (pale, wide lumen), 0 for proximal ones; ``tint`` varies slightly between
    tubules; ``cleft`` is the depth inside white interstitial spaces.
    """

    tubule: np.ndarray
    lumen: np.ndarray
    kind: np.ndarray
    tint: np.ndarray
    cleft: np.ndarray
    nuclei: np.ndarray
    spindles: np.ndarray


def cortex(seeds: Seeds, tuft: Glomerulus) -> Cortex:
    """Fill the field of ``tuft`` outside its capsule with tubules and interstitium."""
    frame = tuft.frame.coarse(_COARSE)
    rng = seeds.rng("tubules")
    x, y = frame.grid()
    bend = [fractal(seeds.child("bend", axis), frame, 60, 15, 0.45) for axis in "xy"]
    outside = -resample(tuft.capsule, frame.size)
    centres = _centres(rng, frame, tuft)
    count = len(centres)
    parts = cells(frame, x + 5.5 * bend[0], y + 5.5 * bend[1], centres, 52.0)
    gap = (1.3 + rng.gamma(1.5, 0.9, count)).astype(np.float32)[parts.index]
    girth = rng.uniform(25, 38, count).astype(np.float32)[parts.index]
    tubule = np.minimum(np.minimum(parts.edge - gap, girth - parts.nearest), outside - 3.5)
    tubule = open_only(tubule, parts.index, 4.5, 15.0)
    tubule = gaussian_filter(np.where(parts.index < 0, -5, tubule), 3.4 / frame.pixel)

    distal = rng.random(count) < 0.38
    height = np.where(distal, rng.uniform(6.5, 9, count), rng.uniform(10, 17, count)).astype(np.float32)
    ragged = fractal(seeds.child("ragged"), frame, 12, 3, 0.7)
    rough = np.where(distal, 0.5, 2.3).astype(np.float32)[parts.index]
    lumen = gaussian_filter(tubule - height[parts.index], 0.8) + rough * ragged
    tint = rng.normal(0, 1, count).astype(np.float32)[parts.index]
    cleft = fractal(seeds.child("cleft"), frame, 40, 10, 0.6) * 2.0 - 3.6
    cleft = np.minimum(cleft, np.minimum(-tubule - 0.4, outside - 2))

    fine = tuft.frame.size
    tubule, lumen = resample(tubule, fine), resample(lumen, fine)
    nuclei, spindles = _nuclei(seeds.rng("nuclei"), tuft.frame, tubule, lumen, -tuft.capsule)
    kind = distal.astype(np.float32)[parts.index]
    return Cortex(
        tubule, lumen, resample(kind, fine), resample(tint, fine), resample(cleft, fine), nuclei, spindles
    )


def _centres(rng: np.random.Generator, frame: Frame, tuft: Glomerulus) -> np.ndarray:
    """Tubule segments [n, 5] that keep clear of the capsule; their common slant varies from field to field."""
    points = scatter(rng, frame.extent, 44.0, 0.75)
    half = rng.gamma(1.3, 9.0, len(points)).clip(0, 30)
    angle = rng.uniform(0, np.pi) + rng.normal(0, 0.7, len(points))
    curve = tuft.outline
    outside = -curve.depth(points[:, 0].astype(np.float32), points[:, 1].astype(np.float32))[0]
    # Tubules that would start under the capsule are moved out, so that no bare ring is left around it.
    away = points - [curve.x, curve.y]
    points = points + away / np.hypot(*away.T)[:, None] * np.clip(17 - outside, 0, 17)[:, None]
    half = np.where(outside < 17, half.clip(0, 8), half)
    keep = outside > -9
    return np.column_stack([points, half, angle, rng.uniform(-4, 4, len(points))])[keep]


def _nuclei(rng, frame: Frame, tubule, lumen, outside) -> tuple[np.ndarray, np.ndarray]:
    """Round nuclei of tubular cells and thin nuclei of the interstitium, ellipses [n, 5] each."""
    points = scatter(rng, frame.extent, 8.6, 0.75)
    draw, size, angle = rng.random(len(points)), rng.random(len(points)), rng.uniform(0, np.pi, len(points))
    at = frame.index(points[:, 0], points[:, 1])
    inside = (tubule[at] > 3.0) & (tubule[at] < 9.5) & (lumen[at] < -1.0) & (draw < 0.8)
    between = (tubule[at] < -0.3) & (outside[at] > 2.5) & (draw < 0.4)
    half = 2.4 + 0.8 * size
    round_ones = np.column_stack([points, half, half * (0.85 + 0.15 * draw), angle])[inside]
    thin = np.column_stack([points, 2.6 + 2.6 * size, 1.1 + 0.8 * draw, angle])[between]
    return round_ones, thin
