"""Cortex on a whole slide: strips of tissue with tubules, glomeruli and planted regions, as shares of every pixel.

Drawn at about 1 um a pixel: coarser than the micrographs of this package, so that millimetres take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .fields import Frame, band, cells, ellipses, fractal, inside, resample, scatter, smooth_step
from .slide_spec import Region, SlideSpec

SLIDE_LAYERS = (
    "nuclei", "red_cells", "capillary_wall", "capillary_lumen", "mesangium", "urinary_space", "capsule",
    "tubular_membrane", "tubular_lumen", "proximal", "distal", "interstitium",
)  # fmt: skip
"""From front to back; named as the palettes of the light micrographs name them."""
_GRID = 1.0
_GLOMERULUS = 95.0


@dataclass
class SlideTissue:
    """Shares [layers, h, w] that add to 1 inside the tissue, ``tissue`` (share of tissue), grain, and the truth.

    ``planted`` has one bool plane [h, w] for each kind of region that occurs.
    """

    frame: Frame
    shares: np.ndarray
    tissue: np.ndarray
    grain: np.ndarray
    planted: dict[Region, np.ndarray]


def slide_tissue(spec: SlideSpec, *, everywhere: bool = False) -> SlideTissue:
    """Draw the unstained tissue of a slide: strips on glass, or with ``everywhere`` a field full of cortex."""
    width, height = spec.size
    span = height * spec.um_per_pixel
    frame = Frame(width, height, span).coarse(max(_GRID, spec.um_per_pixel))
    outline = np.full((frame.height, frame.width), 500, np.float32) if everywhere else _strips(spec, frame)
    planted = _regions(spec, frame, outline)
    changed = {kind: inside(depth, 12.0) * spec.strength for kind, depth in planted.items()}
    shares, grain = _layers(spec, frame, outline, changed)
    truth = {kind: (depth > 0) & (outline > 0) for kind, depth in planted.items()}
    return SlideTissue(frame, shares, inside(outline, frame.pixel), grain, truth)


def _strips(spec: SlideSpec, frame: Frame) -> np.ndarray:
    """Depth in um inside the nearest strip of tissue; strips run along the longer side."""
    rng = spec.seeds.rng("strips")
    wide, high = frame.extent
    x, y = frame.grid()
    if high > wide:
        x, y, wide, high = y, x, high, wide
    rough = fractal(spec.seeds.child("outline"), frame, 160, 20, 0.55) * 16
    depth = np.full((frame.height, frame.width), -200.0, np.float32)
    room = high / max(1, spec.cores)
    for number in range(spec.cores):
        half = min(rng.uniform(300, 420), 0.36 * room)
        middle = -high / 2 + room * (number + 0.5) + rng.uniform(-0.04, 0.04) * room
        swing, waves, phase = rng.uniform(0, 0.07) * room, rng.uniform(0.5, 1.2), rng.uniform(0, 6.3)
        line = middle + swing * np.sin(2 * np.pi * waves * x / wide + phase)
        ends = wide / 2 * rng.uniform(0.82, 0.92) - np.abs(x - rng.uniform(-0.03, 0.03) * wide)
        np.maximum(depth, np.minimum(half - np.abs(y - line), ends), out=depth)
    return depth + rough


def _regions(spec: SlideSpec, frame: Frame, outline: np.ndarray) -> dict[Region, np.ndarray]:
    """Depth in um inside the regions of each kind; regions keep clear of each other while there is room."""
    rng = spec.seeds.rng("regions")
    x, y = frame.grid()
    free = outline > 60
    rough = fractal(spec.seeds.child("region"), frame, 120, 30, 0.6)
    planted: dict[Region, np.ndarray] = {}
    for kind in spec.regions:
        rows, columns = np.nonzero(free)
        if not len(rows):
            break
        radius = rng.uniform(*spec.radius)
        place = int(rng.integers(len(rows)))
        dx, dy = x - x[0, columns[place]], y - y[rows[place], 0]
        distance = np.sqrt(dx * dx + dy * dy)
        depth = radius - distance + 0.14 * radius * rough
        planted[kind] = np.maximum(planted[kind], depth) if kind in planted else depth
        free &= distance > radius + spec.radius[1] + 30
    return planted


def _layers(
    spec: SlideSpec, frame: Frame, outline: np.ndarray, changed: dict[Region, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    seeds, pixel = spec.seeds, frame.pixel
    x, y = frame.grid()
    fine = fractal(seeds.child("fine"), frame, 5, 1.2, 0.8)
    none = np.zeros((frame.height, frame.width), np.float32)
    infiltrate = changed.get(Region.INFILTRATE, none)
    scar = changed.get(Region.SCAR, none)
    blood = changed.get(Region.HAEMORRHAGE, none)
    spared = (1 - infiltrate) * (1 - scar)

    tuft = _glomeruli(spec, frame, outline)
    centres = _tubules(spec, frame, outline, tuft)
    warp = [4 * fractal(seeds.child("bend", axis), frame, 60, 15, 0.5) for axis in "xy"]
    parts = cells(frame, x + warp[0], y + warp[1], centres, 46.0)
    rng = seeds.rng("kinds")
    distal = (rng.random(len(centres) + 1) < 0.35).astype(np.float32)[parts.index]
    tubule = np.minimum(np.minimum(parts.edge - 2.2, 30 - parts.nearest), -tuft - 6)
    lumen = tubule - np.where(distal > 0, 8.0, 13.0).astype(np.float32) + 1.6 * fine

    body = inside(tubule, pixel) * spared
    cover = dict.fromkeys(SLIDE_LAYERS, none)
    cover["nuclei"] = 0.92 * _nuclei(spec, frame, outline, tubule, lumen, tuft, infiltrate, scar)
    speckled = smooth_step(fine, -0.6, 0.2)
    cover["red_cells"] = blood * (0.35 + 0.6 * speckled)
    in_tuft = inside(tuft - 7, pixel) * spared
    mesh = fractal(seeds.child("mesh"), frame, 16, 4, 0.7)
    cover["capillary_wall"] = in_tuft * smooth_step(0.30 - np.abs(mesh), 0, 0.2)
    cover["capillary_lumen"] = in_tuft * smooth_step(mesh, 0.4, 0.7)
    cover["mesangium"] = in_tuft
    cover["urinary_space"] = inside(tuft, pixel) * spared
    cover["capsule"] = band(tuft + 1.5, 1.5, pixel) * spared
    cover["tubular_membrane"] = band(tubule, 0.9, pixel) * 0.8 * spared
    cover["tubular_lumen"] = inside(lumen, pixel, 1.5) * spared
    cover["proximal"], cover["distal"] = body * (1 - distal), body
    cover["interstitium"] = np.ones_like(none)
    fibres = fractal(seeds.child("fibres"), frame.coarse(2.0), 40, 6, 0.8)
    grain = 0.8 * fine + 0.45 * scar * _stretched(fibres, frame)

    shares, left = np.empty((len(cover), *none.shape), np.float32), np.ones_like(none)
    for share, plane in zip(shares, cover.values(), strict=True):
        np.multiply(plane, left, out=share)
        left -= share
    return shares, grain


def _stretched(texture: np.ndarray, frame: Frame) -> np.ndarray:
    """Texture drawn out along x, as bundles of collagen are."""
    flat = resample(texture[:, : max(2, texture.shape[1] // 4)], frame.size)
    return flat.astype(np.float32)


def _glomeruli(spec: SlideSpec, frame: Frame, outline: np.ndarray) -> np.ndarray:
    """Depth in um inside Bowman's capsules, negative outside."""
    rng = spec.seeds.rng("glomeruli")
    points = scatter(rng, frame.extent, 420.0, 0.5)
    rows, columns = frame.index(points[:, 0], points[:, 1])
    points = points[outline[rows, columns] > _GLOMERULUS * 0.8]
    size = rng.uniform(0.8, 1.1, len(points)) * _GLOMERULUS
    shapes = np.column_stack(
        [points, size, size * rng.uniform(0.82, 1, len(points)), rng.uniform(0, 3.1, len(points))]
    )
    return ellipses(frame, shapes, reach=12.0)


def _tubules(spec: SlideSpec, frame: Frame, outline: np.ndarray, tuft: np.ndarray) -> np.ndarray:
    rng = spec.seeds.rng("tubules")
    points = scatter(rng, frame.extent, 46.0, 0.75)
    rows, columns = frame.index(points[:, 0], points[:, 1])
    keep = (outline[rows, columns] > -15) & (tuft[rows, columns] < 0)
    points = points[keep]
    half = rng.gamma(1.3, 8.0, len(points)).clip(0, 26)
    angle = rng.uniform(0, np.pi) + rng.normal(0, 0.7, len(points))
    return np.column_stack([points, half, angle, rng.uniform(-4, 4, len(points))])


def _nuclei(spec, frame: Frame, outline, tubule, lumen, tuft, infiltrate, scar) -> np.ndarray:
    """Coverage by nuclei: in a row in tubules, thin between them, many in tufts, crowded and small in infiltrates."""
    rng = spec.seeds.rng("nuclei")
    points = scatter(rng, frame.extent, 8.4, 0.75)
    rows, columns = frame.index(points[:, 0], points[:, 1])
    keep = outline[rows, columns] > 3
    points, at = points[keep], (rows[keep], columns[keep])
    draw, size, angle = (rng.random(len(points)) for _ in range(3))
    crowd, pale = infiltrate[at], scar[at]
    in_wall = (tubule[at] > 3) & (lumen[at] < -2.5) & (draw < 0.62)
    between = (tubule[at] < -0.5) & (tuft[at] < -4) & (draw < 0.3)
    in_tuft = (tuft[at] > 8) & (draw < 0.75)
    shown = (in_wall | between | in_tuft) & (draw > 0.88 * pale)
    half = np.where(between, 3.2, 2.7) + 0.8 * size
    slim = np.where(between, 0.45, 0.9)
    usual = np.column_stack([points, half, half * slim, angle * np.pi])[shown & (crowd < 0.5)]
    points = scatter(rng, frame.extent, 5.6, 0.6)
    rows, columns = frame.index(points[:, 0], points[:, 1])
    here = (rng.random(len(points)) < 0.9 * infiltrate[rows, columns]) & (outline[rows, columns] > 3)
    small = np.column_stack([points, *np.full((2, len(points)), 2.3), np.zeros(len(points))])[here]
    return inside(ellipses(frame, np.concatenate([usual, small]), reach=1.2), frame.pixel, 0.8)
