"""Does attention find what is there? A HEALNet on the patches of phantom slides, scored on slides it never saw.

The classes are unremarkable, infiltrate and scar; the regions of the last two are planted, haemorrhages are in all.
Only slides with planted regions are scored, on those regions alone: 0 is chance, 1 the best ranking of the patches.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from napari_renal_fusion.bundles import load
from napari_renal_fusion.bundles.healnet_bundle import HEALNetBundle
from napari_renal_fusion.cases import Case, Cohort
from napari_renal_fusion.compute.places import cache_dir
from napari_renal_fusion.explain import slide_attention
from napari_renal_fusion.explain.faithfulness import localisation_score
from napari_renal_fusion.inference import Engine, predict
from napari_renal_fusion.inputs import FeatureEncoder, PatchGrid
from napari_renal_fusion.networks import HEALNet
from napari_renal_fusion.phantoms import PlantedTruth, write_slide_cohort
from napari_renal_fusion.training.healnet import healnet_preset
from napari_renal_fusion.training.healnet.config import ModalitySpec
from napari_renal_fusion.training.healnet.creation import train_healnet
from napari_renal_fusion.training.healnet.patients import read_patients, subset

from .weights import encoder_weights

TRAINING, HELD_OUT = 48, 18
CLASSES = ("unremarkable", "infiltrate", "scar")
_PLANTED = CLASSES[1:]
_SEED, _SIZE = 41, (2000, 1500)
_RANDOM = 5
"""Networks with random weights; one alone may be lucky."""


def run() -> str:
    """Markdown: the score of the mean attention, trained and with random weights, and how often it was right."""
    cohort, bundle = trained()
    engine, scores, right = Engine(), {"trained": [], "random": []}, []
    for case in Cohort.from_csv(cohort).cases[TRAINING:]:
        prediction = predict(case, bundle, engine=engine)
        right.append(prediction.top == bundle.config.class_names.index(case.label))
        if case.label not in _PLANTED:
            continue
        session = prediction._session
        shares = _shares(cohort.parent, case, session)
        scores["trained"].append(_score(session, shares))
        scores["random"].append(
            np.mean([_score(_untrained(session, seed), shares) for seed in range(_RANDOM)])
        )
    learnt, random = (np.array(scores[name]) for name in ("trained", "random"))
    encoder = bundle.config.inputs[0].encoder
    return "\n".join(
        [
            f"Attention of a HEALNet on {TRAINING} phantom slides of {_SIZE[0]} x {_SIZE[1]} px, features {encoder}, "
            f"scored on {len(learnt)} of {HELD_OUT} held-out slides (those with planted regions); right class "
            f"{sum(right)} of {len(right)}.",
            "",
            "| attention, mean over layers, latents, heads | score, mean ± sd over slides | worst slide |",
            "|---|---:|---:|",
            f"| trained | {learnt.mean():.2f} ± {learnt.std(ddof=1):.2f} | {learnt.min():.2f} |",
            f"| the same network, random weights (mean of {_RANDOM}) | {random.mean():.2f} ± "
            f"{random.std(ddof=1):.2f} | {random.min():.2f} |",
            "",
            f"Asked for: at least 0.5, and 0.2 above random weights. Here {learnt.mean():.2f}, "
            f"{learnt.mean() - random.mean():+.2f}.",
        ]
    )


def trained() -> tuple[Path, HEALNetBundle]:
    """The table of the slides, the first :data:`TRAINING` of which trained the bundle; both are made once."""
    folder = cache_dir() / "benchmarks" / "attention"
    cohort = _slides(folder / "slides")
    return cohort, load(_train(cohort, folder / "run").bundle)


def _slides(folder: Path) -> Path:
    if not (folder / "cohort.csv").is_file():
        write_slide_cohort(folder, TRAINING + HELD_OUT, _SEED, classes=CLASSES, size=_SIZE)
    return folder / "cohort.csv"


def _train(cohort: Path, folder: Path):
    weights = encoder_weights()
    encoder = FeatureEncoder(
        name="tf_efficientnet_lite0",
        stage=3,
        weights=Path(weights) if weights.endswith(".safetensors") else None,
    )
    config = healnet_preset(
        (ModalitySpec(name="slide", kind="slide", layout="token_per_feature"),),
        task="classification", synthetic=True, folds=3, networks=1, l1=7.4e-4, encoder=encoder, grid=PatchGrid(patch=112),
        depth=2, l_c=16, l_d=32, x_heads=2, cross_dim_head=16, attn_dropout=0.1, ff_dropout=0.1,
        fourier_encode_data=False, epochs=60, patience=15, learning_rate=2e-3, threads=1,
    )  # fmt: skip
    table = read_patients(cohort, config, slides=cohort)
    return train_healnet(subset(table, np.arange(TRAINING)), config, folder)


def _shares(folder: Path, case: Case, session) -> np.ndarray:
    """Share of each patch that planted regions cover."""
    truth = PlantedTruth.load(folder / "truth", case.slides[0].path.stem)
    features = session.features["slide"]
    return truth.share(features.coords, features.patch_level0, _PLANTED)


def _score(session, shares: np.ndarray) -> float:
    return localisation_score(slide_attention(session, "slide").weights, shares)


def _untrained(session, seed: int):
    """The same session with freshly made networks."""
    torch.manual_seed(seed)
    config = session.bundle.config
    networks = [HEALNet(config.network).eval() for _ in range(config.members)]
    return dataclasses.replace(session, network=SimpleNamespace(networks=networks))
