"""The benchmark patient: the full-size sample patient, and a bundle of randomly initialised encoders for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import torch

from napari_renal_fusion import __version__
from napari_renal_fusion.bundles import BundleConfig, Calibration, Origin, SelfTest, load, save_bundle
from napari_renal_fusion.cases import Case
from napari_renal_fusion.compute.places import cache_dir
from napari_renal_fusion.inference import noise_logits
from napari_renal_fusion.networks import CMUSNet, CMUSNetConfig
from napari_renal_fusion.phantoms import sample_patient
from napari_renal_fusion.training import preset


@cache
def patient() -> Case:
    """OM 3072x2048 (four stains), eight IM, ten TEM 2048x2048."""
    return Case.from_folder(sample_patient(cache_dir()))


@cache
def bundle(encoder: str):
    """A bundle of three ``encoder`` networks with random weights; speed does not depend on the weights."""
    torch.manual_seed(0)
    network = CMUSNet(CMUSNetConfig(encoder=encoder)).eval()
    demo = load("demo").config
    config = BundleConfig(
        name="benchmark", title="Benchmark", network=network.config, class_names=demo.class_names,
        trained_on="synthetic", rules=demo.rules, preprocessing=preset("demo").preprocessing,
        input_statistics=demo.input_statistics, bag_range=(1, 12), calibration=Calibration(),
        self_test=SelfTest(seed=1, bag=1, logits=(0.0,) * 3),
        origin=Origin(
            program_version=__version__, command="", seed=0, made_on="", patients=0, images=0, seconds=0
        ),
    )  # fmt: skip
    logits = noise_logits(network, config, 1, 1)
    config = config.model_copy(update={"self_test": SelfTest(seed=1, bag=1, logits=logits)})
    means = {m: torch.zeros(49, network.encoders[m.value].width) for m in config.rules.modalities}
    folder = Path(mkdtemp()) / "benchmark"
    save_bundle(folder, config, network.state_dict(), means, "# Benchmark\n")
    return load(folder)
