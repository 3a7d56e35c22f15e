"""Electron-dense deposits: subepithelial with the membrane's answer, subendothelial, mesangial."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .fields import Frame, ellipses, smooth_step
from .filtration import Barrier, Profile, humps
from .findings import ElectronFindings


def subepithelial(seeds, along: Profile, place: Barrier, out, found: ElectronFindings, fine):
    """Depth inside subepithelial deposits; the surface the feet stand on; how far the membrane reaches out."""
    rng = seeds.rng("subepithelial")
    flat = np.zeros_like(out)
    small = found.stage < 1.5
    wide, high = ((170, 330), (240, 400)) if small else ((230, 420), (360, 620))
    row = humps(rng, place.length, found.subepithelial, wide, high, 420 if small else 190)
    if found.subepithelial < 0.03 or len(row.at) < 2:
        return flat - 1000, flat, flat
    near = along.nearest(row.at)
    offset = (along.axis - row.at[near]) / row.half[near]
    tall = row.high[near]
    bulge = 0.95 * tall * np.sqrt(np.clip(1 - offset**2, 0, 1))
    beside = np.clip(1 - np.abs(np.abs(offset) - 1.18) / 0.3, 0, 1)
    spike = 0.95 * tall * np.sqrt(beside) * (found.stage >= 1.5)
    cap = 1.22 * tall * np.sqrt(np.clip(1.5 - offset**2 * 0.6, 0, 1)) * smooth_step(found.stage, 2.4, 2.8)
    grown = np.maximum(spike, cap).astype(np.float32)
    u = along.look(offset.astype(np.float32))
    b, a = along.look(tall.astype(np.float32)), along.look(row.half[near].astype(np.float32))
    centre = 0.28 if found.stage < 2.5 else 0.42
    v = (out - centre * b) / (0.66 * b)
    depth = np.minimum(a, 0.66 * b) * (1 - np.sqrt(u * u + v * v)) + 8 * fine
    top = along.look(gaussian_filter1d(np.maximum(bulge, grown), 6).astype(np.float32))
    return depth, top, along.look(gaussian_filter1d(grown, 3))


def subendothelial(seeds, along: Profile, place: Barrier, inn, found: ElectronFindings, fine):
    """Depth inside subendothelial deposits and how far they push the endothelium into the lumen."""
    row = humps(
        seeds.rng("subendothelial"), place.length, 0.75 * found.subendothelial, (420, 950), (320, 560), 500
    )
    if found.subendothelial < 0.03 or len(row.at) < 2:
        return np.full_like(inn, -1000), np.zeros_like(inn)
    near = along.nearest(row.at)
    offset = ((along.axis - row.at[near]) / row.half[near]).astype(np.float32)
    u, b = along.look(offset), along.look(row.high[near].astype(np.float32))
    v = (inn - 0.4 * b) / (0.55 * b)
    depth = 0.55 * b * (1 - np.sqrt(u * u + v * v)) + 12 * fine
    return depth, b * np.sqrt(np.clip(1 - u * u, 0, 1))


def mesangial(seeds, frame: Frame, centre, found: ElectronFindings, inn, blob, rough):
    """Depth inside mesangial deposits: clumps in the matrix, mostly below the reflection of the membrane."""
    count = round(11 * found.mesangial)
    if found.mesangial < 0.03 or count == 0:
        return np.full_like(inn, -1000)
    rng = seeds.rng("mesangial")
    reach = 700 + 1100 * found.mesangium
    points = np.column_stack(
        [rng.normal(centre[0], reach * 0.6, count), rng.normal(centre[1], reach * 0.6, count)]
    )
    size = rng.uniform(230, 520, count)
    shapes = np.column_stack(
        [points, size, size * rng.uniform(0.5, 0.95, count), rng.uniform(0, np.pi, count)]
    )
    depth = ellipses(frame, shapes, 200.0) + 14 * rough
    return np.minimum(depth, np.minimum(inn + 30, blob - 60))
