"""Phantoms that the reliability figures are measured on, drawn once and kept in the cache folder."""

from __future__ import annotations

import os
from pathlib import Path

from napari_renal_fusion.cases import Cohort
from napari_renal_fusion.compute.places import cache_dir
from napari_renal_fusion.phantoms import KNOWN, UNKNOWN, write_cohort

DIFFICULTY = 0.5
"""At which all modalities together reach a cross-validated AUC of .90 to .97 on 120 patients."""

_LOOK = {
    "difficulty": DIFFICULTY, "om_size": (768, 512), "im_size": (640, 480), "tem_size": (512, 512),
    "antibodies": ("IgA", "IgG", "C3"), "n_tem": (6, 12),
}  # fmt: skip


def known() -> Path:
    """620 phantoms of the three known diseases: each seed trains on other 120 and is judged on the other 500."""
    return _drawn("known-620", 620, 2026, diseases=KNOWN)


def unknown() -> Path:
    """150 phantoms of three diseases that no model here was trained on."""
    return _drawn("unknown-150", 150, 304, diseases=UNKNOWN)


def truth() -> Path:
    """60 phantoms with the masks of their deposits and glomeruli."""
    return _drawn("truth-60", 60, 404, diseases=KNOWN, truth=True)


def cohort(table: Path) -> Cohort:
    return Cohort.from_csv(table)


def _drawn(name: str, n: int, seed: int, **options) -> Path:
    folder = cache_dir() / "benchmarks" / name
    if not (folder / "cohort.csv").is_file():
        print(f"drawing {n} phantoms into {folder} (only once)", flush=True)
        write_cohort(folder, n, seed, workers=os.cpu_count() or 1, **_LOOK, **options)
    return folder / "cohort.csv"
