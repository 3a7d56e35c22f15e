"""A bundle of untrained renal HEALNets, and a session of one, without a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from napari_renal_fusion.bundles import (
    BundleConfig,
    Calibration,
    Origin,
    PartialCalibration,
    SelfTest,
    save_bundle,
)
from napari_renal_fusion.bundles.conformal import ConformalScores
from napari_renal_fusion.bundles.known import KnownPatients, fit_statistics
from napari_renal_fusion.inference import noise_logits
from napari_renal_fusion.inputs import InputStatistics
from napari_renal_fusion.networks import EncoderConfig, RenalHEALNetConfig, build_network
from napari_renal_fusion.training import preset

SIZE = 64
ENCODER = EncoderConfig(
    name="resnet18", kwargs={"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]}, input_size=SIZE, stage=3
)
NETWORK = RenalHEALNetConfig(
    encoder=ENCODER, token_norm=True, l_c=4, l_d=16, heads=2, dim_head=8,
    stains=("PASM", "HE"), antibodies=("IgA", "IgG"),
)  # fmt: skip
CLASSES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")
SCORES = ConformalScores(coverage=0.9, scores=(tuple(np.linspace(0, 0.99, 45)),))


def make_panel_bundle(folder: Path, *, members: int = 1, known: bool = True, **changes) -> Path:
    """Write a bundle that answers about every set of modalities, each with a temperature of its own."""
    recipe = preset("panel")
    torch.manual_seed(4)
    network = build_network(NETWORK, members).eval()
    # Far from 0, so that what is left out or turned round changes an answer visibly.
    for name, parameter in network.named_parameters():
        if "encoders" not in name:
            parameter.data += 0.2 * torch.randn_like(parameter)
    rng = np.random.default_rng(0)
    statistics = InputStatistics.fit(rng.normal(size=(50, 13)), rng.normal(size=(20, 13)))
    limits = KnownPatients(limit=1e9, false_refusals=0.03)
    whole = {"conformal": SCORES, "known": limits} if known and members == 1 else {}
    without = {
        shown: PartialCalibration(
            calibration=Calibration(temperature=2 + place, abstain_below=0.1),
            accuracy=0.5 + place / 20,
            **whole,
        )
        for place, shown in enumerate(("OM", "IM", "OM-IM", "IM-TEM", "TEM"))  # none for OM-TEM
    }
    config = BundleConfig(
        name="panel",
        title="Panel",
        kind="renal_healnet",
        network=NETWORK,
        members=members,
        class_names=CLASSES,
        trained_on="real",
        rules=recipe.rules,
        preprocessing={
            m: one.model_copy(update={"size": (SIZE, SIZE)}) for m, one in recipe.preprocessing.items()
        },
        input_statistics={m: statistics.model_copy(update={"limit": 1e9}) for m in recipe.rules.modalities},
        bag_range=(1, 12),
        calibration=Calibration(temperature=1.5, abstain_below=0.1),
        without=without,
        class_shares=(0.5, 0.3, 0.2),
        self_test=SelfTest(seed=1, bag=3, logits=(0.0, 0.0, 0.0)),
        origin=Origin(
            program_version="0", command="", seed=3, made_on="2026-01-01", patients=0, images=0, seconds=0
        ),
        **whole,
    ).model_copy(update=changes)
    test = config.self_test.model_copy(update={"logits": noise_logits(network, config, 1, 3)})
    save_bundle(
        folder,
        config.model_copy(update={"self_test": test}),
        network.state_dict(),
        {},
        "# Panel\n",
        known=_statistics(3) if config.known else None,
        known_without={
            shown: _statistics(shown.count("-") + 1) for shown, one in config.without.items() if one.known
        },
    )
    return folder


def _statistics(modalities: int) -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(modalities)
    fitted = fit_statistics(rng.normal(size=(30, 8 * modalities)), np.arange(30) % 3)
    return {f"0.{name}": torch.tensor(one) for name, one in fitted.items()}
