"""A cohort and a configuration so small that a whole run takes seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from napari_renal_fusion.cases import Case, Cohort, ImageItem, Modality
from napari_renal_fusion.inputs import Preprocessing
from napari_renal_fusion.networks import CMUSNetConfig, EncoderConfig
from napari_renal_fusion.training import TrainingConfig, preset

CLASSES = ("Class 0", "Class 1", "Class 2")
SIZE = 32


def tiny_cohort(folder: Path, per_class: int = 8, bag: int = 3, noise: float = 15, seed: int = 0) -> Cohort:
    """Patients whose class is a brightness, as PNG files of 32 x 32 pixels."""
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(per_class):
        for label, name in enumerate(CLASSES):
            patient = folder / f"p{number}{'abc'[label]}"
            patient.mkdir(parents=True, exist_ok=True)
            images = []
            for place, modality in enumerate(("OM", "IM", *["TEM"] * bag)):
                path = patient / f"{modality}{place}.png"
                level = 60 + 60 * label + rng.normal(0, noise)
                pixels = np.clip(rng.normal(level, 20, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)
                if not path.exists():
                    Image.fromarray(pixels).save(path)
                images.append(ImageItem(path, Modality(modality)))
            cases.append(Case(f"{patient.name}-1", patient.name, tuple(images), label=name))
    return Cohort(tuple(cases), CLASSES, source=folder)


def tiny_config(name: str = "demo", **changes) -> TrainingConfig:
    """Two folds of three epochs with one thread; ``small`` freezes random encoders."""
    encoder = EncoderConfig(
        name="resnet18", kwargs={"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]}, input_size=SIZE
    )
    values = {
        "network": CMUSNetConfig(encoder=encoder, dropout=0.2, hidden=16),
        "preprocessing": {one: Preprocessing(size=(SIZE, SIZE)) for one in Modality},
        "folds": 2,
        "final": "ensemble",
        "epochs": 3,
        "patience": 0,
        "batch": 4,
        "learning_rate": 3e-3,
        "encoder_weights": "random",
        "half_precision_weights": False,
        "threads": 1,
        "seed": 5,
    }
    return preset(name, **(values | changes))
