"""Immunofluorescence: green deposits of one antibody in a dark glomerulus."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from .fields import Frame, Seeds, fractal, noise, resample, scatter, shrink, smooth_step, window
from .findings import FluorescenceFindings, LightFindings, fluorescence_findings
from .spec import BiopsySpec, PhantomImage
from .stamp import stamp
from .tissue import LAYERS, Tissue, tissue

FIELD = 300.0
"""Height of the field in um: 0.25 um a pixel at 1200 rows."""
_LEAST_ROWS = 340

# Autofluorescence of each layer, of 255.
_DIM = {
    "red_cells": 10,
    "nuclei": 4,
    "capillary_lumen": 3,
    "urinary_space": 3,
    "tubular_lumen": 5,
    "cleft": 3,
    "proximal": 19,
    "distal": 12,
    "tubular_membrane": 21,
    "capsule": 22,
    "interstitium": 11,
}


def render_im(spec: BiopsySpec, antibody: str) -> PhantomImage:
    """Draw one antibody of the panel, pixels uint8 [h, w, 3], green on black; every antibody is its own section.

    ``truth["deposits"]`` is empty for an intensity below 0.5.
    """
    width, height = spec.im_size
    found = fluorescence_findings(spec, antibody)
    frame = Frame(width, height, FIELD).at_least(_LEAST_ROWS)
    seeds = spec.seeds.child("IM", antibody)
    drawn = tissue(seeds.child("tissue"), frame, LightFindings(wall=1.5, mesangium=found.mesangium))
    glow, places = _deposits(seeds, drawn, found)
    light = glow + _background(seeds, drawn, spec.difficulty)
    light = light + 0.35 * _halo(glow, frame)
    light *= 1 + 0.12 * fractal(seeds.child("uneven"), frame, 120, 60, 0.5)
    light += (1.2 + 1.5 * spec.difficulty) * noise(seeds.child("sensor"), frame, 0.8)
    pixels = shrink(_green(seeds, light), spec.im_size)
    truth = {
        name: shrink(mask.astype(np.uint8) * 255, spec.im_size) > 127
        for name, mask in {**places, "glomerulus": drawn.glomerulus}.items()
    }
    truth["deposits"] = truth["wall"] | truth["mesangial"]
    return PhantomImage(
        stamp(pixels),
        "IM",
        antibody,
        (FIELD / height, "um"),
        truth,
        intensity=found.intensity,
        magnification=400.0,
    )


def _deposits(
    seeds: Seeds, drawn: Tissue, found: FluorescenceFindings
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Light of the deposits (of 255) and where they are."""
    frame = drawn.frame
    clumps = fractal(seeds.child("clumps"), frame, 6.0, 1.5, 0.7)
    grains = fractal(seeds.child("grains"), frame, 2.4, 1.2, 0.8)
    mesangial = drawn.mesangium * (0.25 + 0.75 * smooth_step(clumps, -0.9, 0.7)) * min(1.0, found.mesangial)
    granular = drawn.wall * smooth_step(grains, -0.7, 0.7) * min(1.0, found.wall)
    linear = 0.85 * drawn.wall * min(1.0, found.linear)
    wall = np.maximum(granular, linear)
    strength = 215 * found.intensity / 3
    shown = found.intensity >= 0.5
    places = {"mesangial": (mesangial > 0.4) & shown, "wall": (wall > 0.4) & shown}
    segmental = 0.8 + 0.3 * fractal(seeds.child("segmental"), frame, 50, 25, 0.5)
    return strength * np.maximum(mesangial, wall) * np.clip(segmental, 0.4, 1.2), places


def _background(seeds: Seeds, drawn: Tissue, difficulty: float) -> np.ndarray:
    """Autofluorescence of the tissue, protein droplets in tubules and stray specks."""
    frame = drawn.frame
    table = np.array([_DIM.get(name, 8) for name in LAYERS], np.float32)
    layers, rows, columns = drawn.shares.shape
    dim = (table @ drawn.shares.reshape(layers, -1)).reshape(rows, columns)
    dim *= np.clip(1 + 0.25 * drawn.grain + 0.35 * drawn.tint, 0.2, 3)
    rng = seeds.rng("exposure")
    proximal = drawn.shares[LAYERS.index("proximal")]
    droplets = smooth_step(fractal(seeds.child("droplets"), frame, 3.0, 1.5, 0.8), 1.6, 2.4) * proximal
    dim = dim * np.float32(rng.uniform(0.7, 1.3)) + np.float32(rng.uniform(5, 45)) * droplets
    return dim + _specks(seeds.rng("specks"), frame, 25 + 60 * difficulty)


def _specks(rng: np.random.Generator, frame: Frame, spread: float) -> np.ndarray:
    """A few bright specks of precipitate, as on every real slide."""
    x, y = frame.grid()
    light = np.zeros((frame.height, frame.width), np.float32)
    points = scatter(rng, frame.extent, 26.0, 1.0)
    draw, size, power = (
        rng.random(len(points)),
        rng.uniform(0.5, 1.3, len(points)),
        rng.uniform(20, 190, len(points)),
    )
    for (cx, cy), radius, strength in zip(
        points[draw < spread / 300], size[draw < spread / 300], power, strict=False
    ):
        part = window(frame, cx, cy, 4 * radius)
        distance = (x[part] - cx) ** 2 + (y[part] - cy) ** 2
        light[part] += strength * np.exp(-distance / (2 * radius * radius))
    return light


def _halo(glow: np.ndarray, frame: Frame) -> np.ndarray:
    """Light from out of focus."""
    grid = frame.coarse(1.2)
    return resample(gaussian_filter(resample(glow, grid.size), 4.0 / grid.pixel), frame.size)


def _green(seeds: Seeds, light: np.ndarray) -> np.ndarray:
    """Light (of 255) as the camera shows it: green saturates last, red and blue hardly answer."""
    rng = seeds.rng("camera")
    floor = rng.uniform(1, 7, 3) * np.array([0.6, 1.3, 0.7])
    gain = np.array([rng.uniform(0.03, 0.14), 1.0, rng.uniform(0.02, 0.1)])
    pixels = np.empty((*light.shape, 3), np.uint8)
    for channel in range(3):
        pixels[..., channel] = np.clip(floor[channel] + gain[channel] * light, 0, 255) + np.float32(0.5)
    return pixels
