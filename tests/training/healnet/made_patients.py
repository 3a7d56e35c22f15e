"""Made-up patients: a table whose first gene decides how long they live, and feature files of their slides."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np

from napari_renal_fusion.training.healnet import HEALNetTrainingConfig, healnet_preset, modality_specs

GENES, MUTATIONS, CHANNELS = 6, 3, 5
SURVIVAL = {
    "outcome": "death of any cause",
    "population": "made-up patients",
    "time_zero": "diagnosis",
    "time_unit": "months",
    "neoplastic": True,
}


def rows_of(count: int = 36, seed: int = 0) -> list[dict[str, object]]:
    """One row a patient; every fifth has no mutations measured, every ninth one gene missing."""
    generator = np.random.default_rng(seed)
    genes = generator.normal(size=(count, GENES))
    mutations = generator.random((count, MUTATIONS)) < 0.4
    hazard = 2 * genes[:, 0] - genes[:, 1]
    died, left = generator.exponential(20 * np.exp(-hazard)), generator.exponential(40, count)
    rows = []
    for i in range(count):
        row: dict[str, object] = {
            "case_id": f"P{i:03d}",
            "survival_months": round(float(min(died[i], left[i])) + 0.01, 3),
            "censorship": int(died[i] > left[i]),
            "age": int(generator.integers(30, 80)),
            "label": "high" if hazard[i] > 0 else "low",
        }
        row |= {f"G{k}_rnaseq": round(float(genes[i, k]), 4) for k in range(GENES)}
        row |= {f"M{k}_mut": "" if i % 5 == 4 else int(mutations[i, k]) for k in range(MUTATIONS)}
        if i % 9 == 8:
            row["G3_rnaseq"] = ""
        rows.append(row)
    return rows


def write_rows(rows: list[dict[str, object]], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def made_table(path: Path, count: int = 36, seed: int = 0) -> Path:
    return write_rows(rows_of(count, seed), path)


def tiny(modalities: str = "rnaseq,mut", slides: bool = False, **changes) -> HEALNetTrainingConfig:
    """Two folds of three epochs of a network with a few hundred weights."""
    values = {
        "depth": 1,
        "l_c": 3,
        "l_d": 8,
        "cross_dim_head": 4,
        "attn_dropout": 0.1,
        "epochs": 3,
        "patience": 2,
        "folds": 2,
        "networks": 1,
        "bins": 2,
        "cox_penalty": 10.0,
        "threads": 1,
        "seed": 5,
    }
    if changes.get("task") != "classification":
        values |= SURVIVAL
    return healnet_preset(modality_specs(modalities, slides=slides), **(values | changes))


def write_features(path: Path, patches: int, seed: int, channels: int = CHANNELS) -> Path:
    """A file as CLAM writes it: features and coords, the patch described on ``coords``."""
    generator = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["features"] = generator.normal(size=(patches, channels)).astype(np.float32)
        coords = file.create_dataset(
            "coords", data=np.stack([np.arange(patches) * 224, np.zeros(patches)], 1).astype(int)
        )
        coords.attrs["patch_size"], coords.attrs["patch_level"] = 224, 0
        coords.attrs["downsample"] = np.array([1.0, 1.0])
    return path
