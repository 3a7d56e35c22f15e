"""Light micrographs: the tissue layers coloured as PASM, HE, PAS or Masson's trichrome."""

from __future__ import annotations

import numpy as np

from .fields import Frame, Seeds, fractal, shrink
from .findings import light_findings
from .spec import BiopsySpec, PhantomImage
from .stamp import stamp
from .tissue import LAYERS, Tissue, tissue

FIELD = 246.0
"""Height of the field in um: 0.12 um a pixel at 2048 rows."""
_LEAST_ROWS = 340

_W = (232, 231, 226)
# Colours as red, green, blue of 255, then how strongly the grain and the tint of the tissue show.
PALETTES: dict[str, dict[str, tuple[float, ...]]] = {
    "PASM": {
        "nuclei": (88, 76, 100, 0.16, 0.02),
        "red_cells": (196, 150, 128, 0.05, 0.02),
        "wall_deposits": (196, 158, 146, 0.05, 0),
        "capillary_wall": (40, 31, 30, 0.10, 0),
        "capillary_lumen": (*_W, 0.008, 0),
        "mesangial_deposits": (184, 138, 128, 0.05, 0),
        "mesangial_strands": (62, 47, 44, 0.10, 0),
        "amyloid": (206, 184, 172, 0.04, 0),
        "mesangium": (158, 132, 124, 0.08, 0),
        "podocyte": (196, 180, 168, 0.07, 0),
        "crescent": (186, 162, 152, 0.07, 0),
        "urinary_space": (*_W, 0.008, 0),
        "capsule": (46, 37, 35, 0.12, 0),
        "tubular_membrane": (46, 37, 35, 0.12, 0),
        "tubular_lumen": (226, 224, 217, 0.03, 0),
        "proximal": (194, 168, 151, 0.06, 0.03),
        "distal": (207, 192, 178, 0.05, 0.02),
        "cleft": (*_W, 0.01, 0),
        "interstitium": (199, 184, 170, 0.07, 0.03),
    },
    "HE": {
        "nuclei": (74, 56, 118, 0.2, 0.03),
        "red_cells": (205, 62, 92, 0.04, 0.02),
        "wall_deposits": (208, 120, 160, 0.05, 0),
        "capillary_wall": (186, 112, 160, 0.07, 0),
        "capillary_lumen": (230, 225, 230, 0.015, 0),
        "mesangial_deposits": (204, 118, 160, 0.05, 0),
        "mesangial_strands": (186, 110, 158, 0.07, 0),
        "amyloid": (222, 168, 190, 0.03, 0),
        "mesangium": (196, 128, 172, 0.07, 0),
        "podocyte": (192, 142, 184, 0.08, 0),
        "crescent": (196, 136, 176, 0.08, 0),
        "urinary_space": (236, 232, 234, 0.01, 0),
        "capsule": (176, 108, 156, 0.08, 0),
        "tubular_membrane": (172, 108, 156, 0.08, 0),
        "tubular_lumen": (228, 212, 224, 0.04, 0),
        "proximal": (190, 98, 150, 0.09, 0.05),
        "distal": (196, 128, 174, 0.07, 0.04),
        "cleft": (236, 230, 232, 0.01, 0),
        "interstitium": (204, 148, 184, 0.09, 0.04),
    },
    "PAS": {
        "nuclei": (82, 74, 138, 0.18, 0.03),
        "red_cells": (196, 128, 158, 0.04, 0.02),
        "wall_deposits": (192, 120, 168, 0.05, 0),
        "capillary_wall": (150, 52, 124, 0.08, 0),
        "capillary_lumen": (232, 229, 234, 0.01, 0),
        "mesangial_deposits": (170, 78, 142, 0.05, 0),
        "mesangial_strands": (152, 56, 128, 0.08, 0),
        "amyloid": (214, 178, 202, 0.03, 0),
        "mesangium": (178, 98, 158, 0.08, 0),
        "podocyte": (196, 166, 204, 0.07, 0),
        "crescent": (190, 156, 196, 0.07, 0),
        "urinary_space": (234, 232, 236, 0.01, 0),
        "capsule": (148, 60, 128, 0.10, 0),
        "tubular_membrane": (150, 62, 130, 0.10, 0),
        "tubular_lumen": (226, 214, 228, 0.05, 0),
        "proximal": (188, 138, 184, 0.08, 0.05),
        "distal": (196, 168, 204, 0.07, 0.03),
        "cleft": (236, 233, 238, 0.01, 0),
        "interstitium": (204, 172, 204, 0.08, 0.03),
    },
    "Masson": {
        "nuclei": (72, 44, 66, 0.18, 0.03),
        "red_cells": (206, 78, 50, 0.04, 0.02),
        "wall_deposits": (196, 46, 62, 0.05, 0),
        "capillary_wall": (70, 112, 160, 0.08, 0),
        "capillary_lumen": (232, 231, 230, 0.01, 0),
        "mesangial_deposits": (192, 52, 70, 0.05, 0),
        "mesangial_strands": (74, 118, 168, 0.08, 0),
        "amyloid": (168, 186, 206, 0.03, 0),
        "mesangium": (120, 146, 182, 0.08, 0),
        "podocyte": (190, 150, 168, 0.08, 0),
        "crescent": (186, 132, 150, 0.08, 0),
        "urinary_space": (233, 233, 232, 0.01, 0),
        "capsule": (78, 122, 170, 0.10, 0),
        "tubular_membrane": (80, 124, 170, 0.10, 0),
        "tubular_lumen": (228, 218, 220, 0.04, 0),
        "proximal": (188, 92, 104, 0.09, 0.05),
        "distal": (198, 132, 142, 0.07, 0.04),
        "cleft": (234, 234, 233, 0.01, 0),
        "interstitium": (138, 168, 198, 0.09, 0.03),
    },
}


def render_om(spec: BiopsySpec, stain: str = "PASM") -> PhantomImage:
    """Draw one light micrograph, pixels uint8 [h, w, 3]; all stains of a patient show the same section."""
    return coloured(spec, stain, drawn_section(spec))


def drawn_section(spec: BiopsySpec) -> Tissue:
    """The unstained section of a patient."""
    frame = Frame(*spec.om_size, FIELD).at_least(_LEAST_ROWS)
    return tissue(spec.seeds.child("OM", "tissue"), frame, light_findings(spec))


def coloured(spec: BiopsySpec, stain: str, drawn: Tissue) -> PhantomImage:
    """Stain tissue that is drawn already."""
    height = spec.om_size[1]
    seeds = spec.seeds.child("OM", stain)
    table = np.array([PALETTES[stain][name] for name in LAYERS], np.float32)
    table[:, :3] = laboratory(seeds, table[:, :3])
    layers, rows, columns = drawn.shares.shape
    mixed = (table.T @ drawn.shares.reshape(layers, -1)).reshape(5, rows, columns)
    uneven = 1 + 0.025 * fractal(seeds.child("uneven"), drawn.frame, 120, 40, 0.6)
    shade = (1 + mixed[3] * drawn.grain + mixed[4] * drawn.tint) * uneven * _vignette(seeds, drawn.frame)
    speckle = 1.1 * fractal(seeds.child("sensor"), drawn.frame, 0.72, 0.18, 1.0)
    pixels = np.empty((rows, columns, 3), np.uint8)
    for channel in range(3):
        pixels[..., channel] = np.clip(mixed[channel] * shade + speckle, 0, 255) + np.float32(0.5)
    pixels = shrink(pixels, spec.om_size)
    truth = {
        name: _shrunk_mask(mask, spec.om_size)
        for name, mask in {**drawn.deposits, "glomerulus": drawn.glomerulus}.items()
    }
    truth["deposits"] = truth["wall"] | truth["mesangial"]
    return PhantomImage(stamp(pixels), "OM", stain, (FIELD / height, "um"), truth, magnification=400.0)


def laboratory(seeds: Seeds, colours: np.ndarray) -> np.ndarray:
    """Colours of one staining: darker or paler, a little redder or bluer."""
    rng = seeds.rng("laboratory")
    strength = np.exp(rng.normal(0, 0.12))
    density = -np.log(np.clip(colours, 1, 250) / 250) * strength
    density *= np.exp(rng.normal(0, 0.05, 3))
    return (250 * np.exp(-density) * np.array([1, *(1 + rng.normal(0, 0.012, 2))])).astype(np.float32)


def _vignette(seeds: Seeds, frame: Frame) -> np.ndarray:
    rng = seeds.rng("vignette")
    x, y = frame.axes()
    dx, dy = x / frame.extent[0] - rng.uniform(-0.08, 0.08), y / frame.extent[1] - rng.uniform(-0.08, 0.08)
    return (1 - rng.uniform(0.08, 0.25) * (dx * dx + dy * dy)).astype(np.float32)


def _shrunk_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return shrink(mask.astype(np.uint8) * 255, size) > 127
