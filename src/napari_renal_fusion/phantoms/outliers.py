"""Electron micrographs that do not belong in the bag: overview, other tissue, out of focus."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from .fields import Frame, Seeds, band, ellipses, fractal, inside, noise, resample
from .findings import LightFindings
from .painting import Painter, paint_nucleus
from .tissue import LAYERS, tissue


def overview(seeds: Seeds, frame: Frame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Far too low a magnification: part of a tuft with many loops."""
    micro = Frame(frame.width, frame.height, frame.span / 1000)
    drawn = tissue(seeds.child("overview"), micro, LightFindings(mesangium=0.3, cellularity=0.3))
    greys = {
        "nuclei": 0.3, "red_cells": 0.18, "capillary_wall": 0.45, "capillary_lumen": 0.86, "mesangium": 0.55,
        "mesangial_strands": 0.5, "podocyte": 0.6, "urinary_space": 0.9, "capsule": 0.5, "tubular_lumen": 0.85,
        "proximal": 0.5, "distal": 0.55, "cleft": 0.9, "interstitium": 0.7, "tubular_membrane": 0.5,
    }  # fmt: skip
    table = np.array([greys.get(name, 0.5) for name in LAYERS], np.float32)
    grey = (table @ drawn.shares.reshape(len(LAYERS), -1)).reshape(drawn.wall.shape)
    return grey * (1 + 0.06 * drawn.grain), {}


def other_tissue(seeds: Seeds, frame: Frame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A tubular cell or scar instead of a glomerulus: packed mitochondria above bundles of collagen."""
    pixel = frame.pixel
    rng = seeds.rng("other")
    fine = fractal(seeds.child("fine"), frame, 160, 10, 0.8)
    coarse = fractal(seeds.child("coarse"), frame, 1280, 320, 0.7)
    x, y = frame.axes()
    tilt = rng.uniform(0, 2 * np.pi)
    level = x * np.cos(tilt) + y * np.sin(tilt) + 300 * coarse + rng.uniform(-1500, 800)
    painter = Painter(frame)
    count = 420
    points = rng.uniform(-0.55, 0.55, (count, 2)) * np.array(frame.extent)
    shapes = np.column_stack([points, rng.gamma(8, 55, count), rng.uniform(130, 240, count),
                              tilt + rng.normal(0, 0.35, count)])  # fmt: skip
    oval = np.array([[-2600 * np.cos(tilt), -2600 * np.sin(tilt), 1500, 1150, tilt]])
    nucleus = ellipses(frame, oval, 300.0)
    organelles = np.minimum(ellipses(frame, shapes, 100.0), np.minimum(-level - 250, -nucleus - 60))
    cristae = np.abs(np.sin((x * np.sin(tilt) * 1.0 - y * np.cos(tilt) + 60 * coarse) / 22))
    painter.paint(inside(organelles, pixel, 16) * (1 - inside(organelles - 24, pixel, 16)), 0.22)
    painter.paint(inside(organelles, pixel, 16), 0.34 + 0.1 * cristae + 0.05 * fine)
    paint_nucleus(painter, nucleus, inside(np.minimum(nucleus, -level), pixel, 20), fine, coarse)
    painter.paint(inside(-level, pixel, 20), 0.62 + 0.08 * fine)
    painter.paint(band(level - 120, 120, pixel, 30), 0.5 + 0.02 * fine)
    fibres = noise(seeds.child("fibres"), frame, 55, stretch=12)
    painter.paint(np.ones_like(fibres), 0.72 + 0.12 * np.tanh(fibres * 1.5) + 0.05 * fine + 0.08 * coarse)
    return painter.grey, {}


def defocused(seeds: Seeds, grey: np.ndarray, frame: Frame) -> np.ndarray:
    """Out of focus: blurred by some 100 nm, with little contrast."""
    grid = frame.coarse(40.0)
    blurred = gaussian_filter(resample(grey, grid.size), seeds.rng("defocus").uniform(110, 170) / grid.pixel)
    return 0.6 + 0.55 * (resample(blurred, frame.size) - 0.6)
