"""A bundle's self-test: the network gives on seeded noise what it gave when the bundle was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..bundles import Bundle, BundleConfig, SelfTest
from ..cases import Modality
from ..errors import RenalFusionError
from ..inputs import PanelBatch, collate, collate_panel
from .reliability import distance_to_known, members

if TYPE_CHECKING:
    import torch

    from ..networks import FusionNetwork, FusionOutput


def noise_logits(network: FusionNetwork, config: BundleConfig, seed: int, bag: int) -> tuple[float, ...]:
    """Fusion logits [C] on standard-normal inputs from ``seed``, with ``bag`` TEM images, on the CPU.

    A network that reads the whole panel gets ``bag`` images of each modality, of one stain after another.
    """
    return tuple(_on_noise(network, config, seed, bag).fusion[0].tolist())


def _on_noise(network: FusionNetwork, config: BundleConfig, seed: int, bag: int) -> FusionOutput:
    import torch

    generator = np.random.Generator(np.random.PCG64(seed))
    patient = {}
    for modality in config.rules.modalities:
        size = config.preprocessing[modality].size
        count = bag if modality == Modality.TEM or config.network.whole_panel else 1
        # Drawn by numpy, whose streams are the same on every platform and in every version of torch.
        patient[modality] = [
            torch.from_numpy(generator.standard_normal((3, *size), dtype=np.float32)) for _ in range(count)
        ]
    with torch.inference_mode():
        return network(_panel(patient, config) if config.network.whole_panel else collate([patient]))


def _panel(patient: Mapping[Modality, Sequence[torch.Tensor]], config: BundleConfig) -> PanelBatch:
    import torch

    images = {modality.value: torch.stack(list(bag)) for modality, bag in patient.items()}
    stains = {
        modality: torch.arange(len(bag)) % (1 + len(config.network.stains_of(modality)))
        for modality, bag in images.items()
    }
    return PanelBatch(*collate_panel([(images, stains)]))


def run_self_test(bundle: Bundle, network: FusionNetwork) -> float:
    """Return the largest difference to the recorded logits (of an ensemble, the mean of its members').

    Raises
    ------
    RenalFusionError
        ``self_test_failed`` if it exceeds the bundle's tolerance, ``bundle_mismatch`` if the statistics of the
        known patients are not those of this network's features.
    """
    if bundle.config.kind == "healnet":
        from .healnet_self_test import run_healnet_self_test

        return run_healnet_self_test(bundle, network)
    test: SelfTest = bundle.config.self_test
    output = _on_noise(network, bundle.config, test.seed, test.bag)
    difference = float(np.abs(np.subtract(output.fusion[0].tolist(), test.logits)).max())
    if not difference <= test.tolerance * max(1.0, float(np.abs(test.logits).max())):
        raise RenalFusionError(
            "self_test_failed",
            f"The bundle {bundle.config.name} computes something else on this computer than where it was made "
            f"(difference {difference:.2g})",
            path=bundle.folder,
            remedy="Update torch and timm or train the bundle again; its answers would not be reliable.",
        )
    if bundle.config.known is not None:
        distance_to_known(bundle, network, members(output)[1], bundle.config.rules.modalities)
    return difference
