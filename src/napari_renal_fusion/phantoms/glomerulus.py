"""The geometry of one glomerulus: capsule, lobules, capillary loops, mesangium and the nuclei between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from .fields import Frame, Seeds, cells, fractal, noise, open_only, scatter

GRID = 0.8
"""Pixel side in um of the grid on which tissue geometry is computed, whatever the size of the picture."""


@dataclass
class Outline:
    """Closed curve radius(angle) around a centre, in um."""

    x: float
    y: float
    radius: float
    waves: np.ndarray
    phases: np.ndarray

    def at(self, angle: np.ndarray) -> np.ndarray:
        """Radius in um at ``angle``."""
        table = np.linspace(-np.pi, np.pi, 361)
        orders = np.arange(1, len(self.waves) + 1)
        radius = 1 + (self.waves * np.cos(table[:, None] * orders + self.phases)).sum(1)
        return np.interp(angle, table, self.radius * radius).astype(np.float32)

    def depth(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance inside the curve (negative outside) and angle, for points in um."""
        dx, dy = x - np.float32(self.x), y - np.float32(self.y)
        angle = np.arctan2(dy, dx)
        return self.at(angle) - np.sqrt(dx * dx + dy * dy), angle


def outline(seeds: Seeds) -> Outline:
    """A capsule of about 150 um across near the centre of the field, never quite round."""
    rng = seeds.rng("outline")
    waves = rng.normal(0, 1, 5) * np.array([0.02, 0.075, 0.03, 0.018, 0.012])
    x, y = rng.uniform(-1, 1, 2) * np.array([14.0, 8.0])
    return Outline(float(x), float(y), float(rng.uniform(76, 88)), waves, rng.uniform(0, 2 * np.pi, 5))


@dataclass
class Glomerulus:
    """Depths in um on a grid: positive inside the structure, negative outside.

    ``capsule`` is measured from Bowman's capsule, ``lobule`` from the surface of the nearest lobule of the
    tuft, ``lumen`` from the wall of the nearest capillary; ``stalk`` is 0 at the rim of a lobule and 1 in its
    mesangial centre; ``loop`` numbers the capillaries (-1 none), ``blood`` marks loops filled with red cells.
    """

    frame: Frame
    outline: Outline
    capsule: np.ndarray
    lobule: np.ndarray
    lumen: np.ndarray
    stalk: np.ndarray
    loop: np.ndarray
    blood: np.ndarray
    nuclei: np.ndarray


def glomerulus(
    seeds: Seeds, frame: Frame, mesangium: float, cellularity: float, crescent: float = 0.0
) -> Glomerulus:
    """Build the tuft on ``frame`` (um); ``mesangium`` and ``cellularity`` from 0 to 1."""
    curve = outline(seeds)
    x, y = frame.grid()
    capsule, angle = curve.depth(x, y)
    rng = seeds.rng("tuft")
    bend = (
        fractal(seeds.child("bend"), frame, 44, 11, 0.5),
        fractal(seeds.child("bend", "y"), frame, 44, 11, 0.5),
    )
    wx, wy = x + 4.0 * bend[0], y + 4.0 * bend[1]

    hilum = rng.uniform(-np.pi, np.pi)
    gap = (
        5.0 + 3.0 * np.cos(angle - hilum - np.pi) + 2.2 * bend[0] + 22 * crescent * _bump(angle, hilum + 2.4)
    )
    tuft = capsule - np.maximum(gap, 1.0)
    lobes = _lobes(rng, curve)
    territory = cells(frame, wx, wy, lobes, 80.0)
    slit = 0.4 + 1.5 * bend[1]
    lobule = np.minimum(gaussian_filter(territory.edge, 2.4 / frame.pixel) - np.maximum(slit, -2.0), tuft)

    loops = _loops(rng, curve)
    capillary = cells(frame, wx, wy, loops, 17.0)
    rim = 1.2 + 0.5 * mesangium
    stalk = np.clip((lobule - 7) / 13, 0, 1)
    size = rng.gamma(2.0, 0.3, len(loops)).astype(np.float32)
    size += np.where(rng.random(len(loops)) < 0.06 + 0.4 * max(0.0, cellularity - 0.3), 9, 0).astype(
        np.float32
    )
    loop = np.where(capsule > 0, capillary.index, -1)
    narrow = np.where(loop >= 0, size[loop], 0) + stalk * (0.6 + 6.5 * mesangium) + 0.3 + 0.7 * mesangium
    lumen = np.minimum(capillary.edge, lobule - rim) - gaussian_filter(narrow, 1.0 / frame.pixel)
    lumen = open_only(lumen, loop, 0.5, 12.0)
    lumen = gaussian_filter(lumen, 0.7 / frame.pixel) + 0.35 * noise(seeds.child("ragged"), frame, 5.0)
    full = rng.random(len(loops)) < rng.uniform(0.05, 0.35)
    blood = np.where(loop >= 0, full[loop], False).astype(np.float32)
    nuclei = _nuclei(
        seeds.rng("nuclei"), frame, curve, lobule, lumen, stalk, capsule, cellularity, crescent, hilum
    )
    return Glomerulus(frame, curve, capsule, lobule, lumen, stalk, loop, blood, nuclei)


def _bump(angle: np.ndarray, centre: float) -> np.ndarray:
    return np.exp(3.0 * (np.cos(angle - centre) - 1))


def _lobes(rng: np.random.Generator, curve: Outline) -> np.ndarray:
    count = int(rng.integers(6, 9))
    angles = rng.uniform(0, 2 * np.pi) + np.arange(count) * 2 * np.pi / count + rng.uniform(-0.4, 0.4, count)
    reach = curve.radius * rng.uniform(0.42, 0.72, count)
    ring = np.stack([curve.x + reach * np.cos(angles), curve.y + reach * np.sin(angles)], 1)
    middle = np.array([[curve.x, curve.y]]) + rng.uniform(-12, 12, (2, 2))
    points = np.concatenate([ring, middle])
    zeros = np.zeros((len(points), 1))
    return np.concatenate([points, zeros, zeros, zeros], 1)


def _loops(rng: np.random.Generator, curve: Outline) -> np.ndarray:
    reach = curve.radius * 1.25
    points = scatter(rng, (2 * reach, 2 * reach), 14.5, 0.85)
    points = points[np.hypot(*points.T) < reach] + np.array([curve.x, curve.y])
    half = rng.gamma(1.6, 2.2, len(points)).clip(0, 9)
    angle = rng.uniform(0, np.pi, len(points))
    return np.column_stack([points, half, angle, rng.uniform(-1.5, 1.5, len(points))])


def _nuclei(rng, frame, curve, lobule, lumen, stalk, capsule, cellularity, crescent, hilum) -> np.ndarray:
    """Ellipses [n, 5] of mesangial, endothelial and podocyte nuclei, parietal cells and crescent cells."""
    points = scatter(rng, (2.2 * curve.radius, 2.2 * curve.radius), 7.6, 0.9) + np.array([curve.x, curve.y])
    draw, long, ratio, angle = (rng.random(len(points)) for _ in range(4))
    at = frame.index(points[:, 0], points[:, 1])
    solid = (lumen[at] < 0.3) & (lobule[at] > -2.5)
    chance = 0.3 + 0.25 * stalk[at] + 0.5 * max(0.0, cellularity - 0.2)
    tuft = solid & (draw < chance)
    _, direction = curve.depth(points[:, 0].astype(np.float32), points[:, 1].astype(np.float32))
    cells_of_crescent = (
        (lobule[at] < -2) & (capsule[at] > 1) & (draw < 0.9 * crescent * _bump(direction, hilum + 2.4))
    )
    keep = tuft | cells_of_crescent
    half = 2.1 + 1.3 * long
    shapes = np.column_stack([points, half * 1.1, half * (0.62 + 0.38 * ratio), angle * np.pi])[keep]

    around = rng.uniform(-np.pi, np.pi, 26)
    radius = curve.at(around) - 0.6
    x, y = curve.x + radius * np.cos(around), curve.y + radius * np.sin(around)
    flat = np.column_stack([x, y, rng.uniform(3.0, 4.6, 26), rng.uniform(1.0, 1.5, 26), around + np.pi / 2])
    return np.concatenate([shapes, flat])
