"""Fixtures that several rooms share: a private home, a tiny bundle, a small synthetic case."""

from __future__ import annotations

import os

import numpy as np
import pytest

# Test processes side by side share the processors: torch threads that wait for one another cost a quarter of the time.
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory, monkeypatch):
    """Settings, caches and installed bundles of a test never touch the person's own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("RENAL_FUSION_HOME", str(home))
    monkeypatch.setenv("RENAL_FUSION_NO_NOTICE", "1")
    return home


@pytest.fixture(scope="session")
def phantom_case_folder(tmp_path_factory):
    """A small synthetic patient on disk: OM PASM, three antibodies, five electron images."""
    from napari_renal_fusion.phantoms import BiopsySpec, Disease, write_biopsy

    spec = BiopsySpec(
        disease=Disease.MEMBRANOUS_NEPHROPATHY,
        seed=11,
        om_size=(480, 320),
        im_size=(400, 300),
        tem_size=(320, 320),
        om_stains=("PASM", "HE"),
        antibodies=("IgA", "IgG", "C3"),
        n_tem=5,
    )
    return write_biopsy(spec, tmp_path_factory.mktemp("phantom") / "P001")


@pytest.fixture(scope="session")
def make_tiny_bundle(tmp_path_factory):
    """A function that writes a bundle of untrained small networks and returns its folder."""
    import torch

    from napari_renal_fusion.bundles import BundleConfig, Calibration, Origin, SelfTest, save_bundle
    from napari_renal_fusion.bundles.known import fit_statistics
    from napari_renal_fusion.inference import noise_logits
    from napari_renal_fusion.inputs import InputStatistics
    from napari_renal_fusion.networks import CMUSNet, CMUSNetEnsemble, combined_state
    from napari_renal_fusion.training import preset

    def make(
        trained_on="real", modalities=("OM", "IM", "TEM"), missing=None, limit=1e9, shared=True, folder=None,
        **changes,
    ):  # fmt: skip
        recipe = preset("demo")
        torch.manual_seed(3)
        network = CMUSNet(recipe.network.model_copy(update={"modalities": modalities})).eval()
        width = network.config.encoder_for("OM").kwargs["channels"][-1]
        if (members := changes.get("members", 1)) > 1:
            network, width = ensemble(network, members, shared), width * (1 if shared else members)
        slots = tuple(
            slot.model_copy(update={"if_missing": (missing or {}).get(slot.modality, slot.if_missing)})
            for slot in recipe.rules.slots
            if slot.modality in modalities
        )
        rng = np.random.default_rng(0)
        statistics = InputStatistics.fit(rng.normal(size=(50, 13)), rng.normal(size=(20, 13)))
        config = BundleConfig(
            name="tiny",
            title="Tiny",
            network=network.config,
            class_names=("IgA nephropathy", "membranous nephropathy", "lupus nephritis"),
            trained_on=trained_on,
            rules={"slots": slots},
            preprocessing={m: recipe.preprocessing[m] for m in modalities},
            input_statistics={m: statistics.model_copy(update={"limit": limit}) for m in modalities},
            bag_range=(1, 12),
            calibration=Calibration(),
            self_test=SelfTest(seed=1, bag=3, logits=(0.0, 0.0, 0.0)),
            origin=Origin(
                program_version="0", command="", seed=3, made_on="2026-01-01", patients=0, images=0, seconds=0
            ),
            shared_encoders=shared,
        ).model_copy(update=changes)
        test = config.self_test.model_copy(update={"logits": noise_logits(network, config, 1, 3)})
        means = {slot.modality: torch.zeros(49, width) for slot in slots}
        folder = folder or tmp_path_factory.mktemp("bundle") / "tiny"
        known = known_patients(members, width // (1 if shared else members) * len(slots), config.known)
        save_bundle(
            folder, config.model_copy(update={"self_test": test}), network.state_dict(), means, "# Tiny\n",
            known=known,
        )  # fmt: skip
        return folder

    def ensemble(network, members, shared):
        """Members with random fusions, and encoders of their own unless shared."""
        states = []
        for seed in range(members):
            torch.manual_seed(3 + seed)
            other = CMUSNet(network.config)
            if shared:
                other.encoders.load_state_dict(network.encoders.state_dict())
            states.append(other.state_dict())
        made = CMUSNetEnsemble(network.config, members, shared).eval()
        made.load_state_dict(combined_state(states, shared))
        return made

    def known_patients(members, width, limit):
        """Statistics of made-up patients for each member, if the bundle has a limit for the distance."""
        if limit is None:
            return None
        rng = np.random.default_rng(0)
        fitted = [fit_statistics(rng.normal(size=(30, width)), np.arange(30) % 3) for _ in range(members)]
        return {
            f"{k}.{name}": torch.tensor(one) for k, each in enumerate(fitted) for name, one in each.items()
        }

    return make


@pytest.fixture(scope="session")
def tiny_bundle(make_tiny_bundle):
    """Folder of a bundle of untrained networks that counts as trained on real images."""
    return make_tiny_bundle()
