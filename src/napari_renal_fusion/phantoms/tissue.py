"""Tissue layers of a light or fluorescence field: how much of every pixel each kind of tissue covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cortex import cortex
from .fields import Frame, Seeds, band, ellipses, fractal, inside, noise, resample, smooth_step
from .findings import LightFindings
from .glomerulus import GRID, glomerulus

LAYERS = (
    "nuclei",
    "red_cells",
    "wall_deposits",
    "capillary_wall",
    "capillary_lumen",
    "mesangial_strands",
    "mesangial_deposits",
    "amyloid",
    "mesangium",
    "podocyte",
    "crescent",
    "urinary_space",
    "capsule",
    "tubular_membrane",
    "tubular_lumen",
    "proximal",
    "distal",
    "cleft",
    "interstitium",
)
"""From front to back."""


@dataclass
class Tissue:
    """Shares [layers, h, w] that add to 1, plus the planes that stains modulate with.

    ``grain`` and ``tint`` are zero-mean textures, ``glomerulus`` the mask within Bowman's capsule, ``wall`` and
    ``mesangium`` coverages before nuclei hide them (fluorescence shines through), ``deposits`` the truth by place.
    """

    frame: Frame
    shares: np.ndarray
    grain: np.ndarray
    tint: np.ndarray
    glomerulus: np.ndarray
    wall: np.ndarray
    mesangium: np.ndarray
    tubular_membrane: np.ndarray
    deposits: dict[str, np.ndarray]


def tissue(seeds: Seeds, frame: Frame, found: LightFindings) -> Tissue:
    """Draw the tissue of ``frame`` (um) with ``found``."""
    grid = frame.coarse(GRID)
    tuft = glomerulus(seeds.child("glomerulus"), grid, found.mesangium, found.cellularity, found.crescent)
    rest = cortex(seeds.child("cortex"), tuft)
    nuclei = ellipses(grid, np.concatenate([tuft.nuclei, rest.nuclei, rest.spindles]))
    pixel = frame.pixel

    def up(plane: np.ndarray) -> np.ndarray:
        return resample(plane, frame.size)

    capsule, lobule, lumen, tubule = up(tuft.capsule), up(tuft.lobule), up(tuft.lumen), up(rest.tubule)
    fine = fractal(seeds.child("fine"), frame, 2.4, 0.24, 0.75)
    coarse = fractal(seeds.child("coarse"), frame, 9.6, 4.8, 0.7)
    cover = dict.fromkeys(LAYERS, None)

    in_capsule, in_lobule = inside(capsule, pixel), inside(lobule, pixel)
    thick = _thickness(seeds, tuft, found, up)
    spiky = thick * (1 + 0.45 * found.spikes * np.clip(fine, -1.5, 1.5))
    loop_wall = inside(spiky / 2 - np.abs(lumen + spiky / 2), pixel) * in_lobule
    rim_wall = band(lobule - 0.5, 0.14 + 0.14 * thick, pixel) * in_capsule
    wall = np.maximum(loop_wall, 0.85 * rim_wall)
    in_lumen = inside(lumen, pixel) * in_lobule
    stalk = smooth_step(up(tuft.stalk) + 0.35 * found.mesangium + 0.12 * coarse, 0.18, 0.42)
    matrix = in_lobule * (1 - in_lumen) * stalk

    cover["nuclei"] = inside(up(nuclei) + 0.12 * fine, pixel, 0.5) * 0.95
    cover["red_cells"] = (
        inside(np.minimum(lumen - 0.6, up(tuft.blood) * 4 - 2 + coarse), pixel, 0.6) * in_lobule
    )
    patches = _patches(noise(seeds.child("granules"), frame, 1.7), found.wall_deposits) * 0.6
    outer = inside(spiky * 0.55 - np.abs(lumen + spiky), pixel, 0.5) * in_lobule
    cover["wall_deposits"] = outer * patches
    cover["capillary_wall"] = wall
    cover["capillary_lumen"] = in_lumen
    mesh = fractal(seeds.child("mesh"), frame, 4.8, 1.2, 0.7)
    strands = smooth_step(0.42 - np.abs(mesh), 0.0, 0.3) * (0.3 + 0.65 * found.mesangium)
    cover["mesangial_strands"] = matrix * strands * (1 - found.amorphous)
    clumps = _patches(fractal(seeds.child("clumps"), frame, 5.0, 2.5, 0.6), found.mesangial_deposits)
    cover["mesangial_deposits"] = matrix * clumps
    cover["amyloid"] = matrix * found.amorphous
    cover["mesangium"] = matrix
    cover["podocyte"] = inside(lobule + 0.9 + 0.7 * coarse, pixel, 0.8) * in_capsule
    cover["crescent"] = np.full_like(wall, 0.0)
    if found.crescent > 0.3:
        cover["crescent"] = in_capsule * smooth_step(up(_crescent(tuft)) + 0.1 * coarse, 0.3, 0.4)
    cover["urinary_space"] = in_capsule
    cover["capsule"] = band(capsule + 0.9, 0.8 + 0.25 * coarse, pixel, 0.5)
    cover["tubular_membrane"] = band(tubule, 0.42 + 0.12 * coarse, pixel, 0.4) * (1 - in_capsule)
    cover["tubular_lumen"] = inside(up(rest.lumen) + 0.3 * fine, pixel, 0.8)
    body, kind = inside(tubule, pixel), up(rest.kind)
    cover["proximal"], cover["distal"] = body * (1 - kind), inside(tubule, pixel)
    cover["cleft"] = inside(up(rest.cleft), pixel, 1.0)
    cover["interstitium"] = np.ones_like(wall)

    deposits = {
        "wall": (loop_wall * patches > 0.25) & (found.wall_deposits > 0.25),
        "mesangial": (matrix * clumps > 0.5) & (found.mesangial_deposits > 0.25),
    }
    tint = up(rest.tint) * body + 0.6 * fractal(seeds.child("tint"), frame, 80, 20, 0.6)
    return Tissue(
        frame, _front_to_back(cover), 0.8 * fine + 0.25 * coarse, tint, capsule > 0, wall, matrix,
        cover["tubular_membrane"], deposits,
    )  # fmt: skip


def _thickness(seeds: Seeds, tuft, found: LightFindings, up) -> np.ndarray:
    """Wall thickness in um; deposits of both places (lupus) thicken some loops into wire loops."""
    rng = seeds.rng("thickness")
    relative = rng.uniform(0.8, 1.2, tuft.loop.max() + 2).astype(np.float32)
    both = found.wall_deposits * found.mesangial_deposits
    if both > 0.1:
        relative *= np.where(rng.random(len(relative)) < 0.35, 1.7, 0.75).astype(np.float32)
    return np.maximum(up(relative[tuft.loop]), 0.3) * np.float32(found.wall)


def _patches(texture: np.ndarray, amount: float) -> np.ndarray:
    """Coverage of granules: a growing part of the texture with ``amount``."""
    if amount < 0.02:
        return np.zeros_like(texture)
    return smooth_step(texture / 0.75, 1.3 - 1.9 * amount, 1.7 - 1.9 * amount)


def _crescent(tuft) -> np.ndarray:
    """About 1 where Bowman's space is wide."""
    space = np.minimum(tuft.capsule, -tuft.lobule)
    return np.where(tuft.capsule > 0, np.clip(space / 6, 0, 1), 0).astype(np.float32)


def _front_to_back(cover: dict[str, np.ndarray]) -> np.ndarray:
    """Visible shares [layers, h, w] of coverages stacked from front to back."""
    first = next(iter(cover.values()))
    shares = np.empty((len(cover), *first.shape), np.float32)
    left = np.ones_like(first)
    for share, plane in zip(shares, cover.values(), strict=True):
        np.multiply(plane, left, out=share)
        left -= share
    return shares
