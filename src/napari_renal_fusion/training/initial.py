"""The network before its first step: seeded fusion, and encoders from a seed, a bundle or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..cases import Modality
from ..errors import RenalFusionError
from ..inputs import Preprocessing
from .config import TrainingConfig
from .randomness import seed_of

if TYPE_CHECKING:
    from ..networks import FusionNetwork

RANDOM = "random"
_TAKES_ENCODERS = ("small", "panel")
"""Presets that take a bundle's encoders as they are."""
_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class EncoderSource:
    """Where encoder weights come from: ``name`` for people, the file that is read, and its SHA-256."""

    name: str
    file: Path | None = None
    sha256: str = ""

    @property
    def bundle(self) -> Path | None:
        """The bundle's folder, if the file is a bundle's, whether it was chosen by that name or as a file."""
        if self.file is not None and self.file.parent.joinpath("bundle.json").is_file():
            return self.file.parent
        return None

    @property
    def seen_images(self) -> frozenset[str]:
        """Fingerprints of the images that a bundle's encoders were trained with; empty where none are known."""
        from ..bundles import describe

        return frozenset(describe(self.bundle).seen_images) if self.bundle is not None else frozenset()


def encoder_source(config: TrainingConfig) -> EncoderSource:
    """Find the file that ``config.encoder_weights`` means.

    Raises
    ------
    RenalFusionError
        ``encoder_weights_missing``, or the code of a bundle that cannot be used.
    """
    import hashlib

    from ..bundles import find
    from ..bundles.format import WEIGHTS

    text = config.encoder_weights
    if text == RANDOM:
        return EncoderSource(RANDOM)
    if text.endswith(_SUFFIX):
        file = Path(text)
        if not file.is_file():
            raise RenalFusionError(
                "encoder_weights_missing",
                f"The encoder weights {file} do not exist",
                path=file,
                remedy="Give a .safetensors file of timm weights, the name of a bundle, or random.",
            )
        name = file.name
    else:
        file = find(text) / WEIGHTS
        name = file.parent.name
    with file.open("rb") as stream:
        return EncoderSource(name, file, hashlib.file_digest(stream, "sha256").hexdigest())


def resolved(config: TrainingConfig, n_classes: int) -> TrainingConfig:
    """The configuration with what follows from the cohort and the encoder weights filled in.

    The number of classes is the cohort's. Frozen encoders of a bundle bring their own architecture and
    preprocessing, because they are worth nothing without them; otherwise the architecture must agree. Weights
    from a file bring the mean, the standard deviation and the input size that timm records for their encoder.

    Raises
    ------
    RenalFusionError
        ``encoder_weights_other`` if the bundle has no encoder for a modality, or another architecture.
    """
    from ..bundles import describe

    network = config.network.model_copy(update={"n_classes": n_classes})
    changes: dict[str, object] = {"network": network}
    if config.encoder_weights.endswith(_SUFFIX):
        changes["preprocessing"] = _as_timm_records(config)
    if config.encoder_weights != RANDOM and not config.encoder_weights.endswith(_SUFFIX):
        bundle = describe(config.encoder_weights)
        has = getattr(getattr(bundle, "network", None), "modalities", ())  # one of slides and omics has none
        lacking = [one for one in network.modalities if one not in has]
        if lacking:
            raise RenalFusionError(
                "encoder_weights_other",
                f"The bundle {bundle.name} has no encoder for {', '.join(lacking)}",
                remedy="Choose another bundle, or encoder weights from a file.",
            )
        if bundle.members > 1 and not bundle.shared_encoders:
            raise RenalFusionError(
                "encoder_weights_other",
                f"The bundle {bundle.name} has {bundle.members} different sets of encoders, not one to start from",
                remedy="Choose a bundle with one set of encoders, or encoder weights from a file.",
            )
        if config.preset in _TAKES_ENCODERS:
            theirs = {one: bundle.network.encoder_for(one) for one in network.modalities}
            first = theirs[network.modalities[0]]
            same = all(one == first for one in theirs.values())
            changes["network"] = network.model_copy(update={"encoder": first if same else theirs})
            changes["preprocessing"] = {one: bundle.preprocessing[one] for one in config.preprocessing}
        for one in network.modalities:
            if config.preset not in _TAKES_ENCODERS and network.encoder_for(
                one
            ) != bundle.network.encoder_for(one):
                raise RenalFusionError(
                    "encoder_weights_other",
                    f"The encoder for {one} of the bundle {bundle.name} is {bundle.network.encoder_for(one).name} "
                    f"with other settings than this network's {network.encoder_for(one).name}",
                    remedy="Choose the preset small, which takes the bundle's encoders as they are.",
                )
    return config.model_copy(update=changes)


def _as_timm_records(config: TrainingConfig) -> dict[Modality, Preprocessing]:
    import timm

    changed = {}
    for modality, preprocessing in config.preprocessing.items():
        encoder = config.network.encoder_for(modality.value)
        recorded = timm.get_pretrained_cfg(encoder.name, allow_unregistered=True)
        size = encoder.input_size or (recorded.input_size[-2:] if recorded else preprocessing.size)
        update = {"size": tuple(size)}
        if recorded is not None:
            update |= {"mean": tuple(recorded.mean), "std": tuple(recorded.std)}
        changed[modality] = preprocessing.model_copy(update=update)
    return changed


def initial_network(config: TrainingConfig, unit: str, source: EncoderSource) -> FusionNetwork:
    """The network of ``unit`` before its first step, on the CPU; the same for the same seed and name.

    Frozen encoders are the same for all units of a run, so that every image is encoded once.
    """
    import torch

    from ..networks import TimmEncoder, build_network

    torch.manual_seed(seed_of(config.seed, "network", unit))
    network = build_network(config.network)
    if source.file is None:
        if config.freeze_encoders:
            for modality, encoder in network.encoders.items():
                torch.manual_seed(seed_of(config.seed, "encoder", modality))
                encoder.load_state_dict(TimmEncoder(config.network.encoder_for(modality)).state_dict())
    elif source.bundle is not None:
        _load_bundle_encoders(network, source.bundle)
    else:
        from ..networks.pretrained import load_encoder_weights

        load_encoder_weights(network, source.file)
    return network


def _load_bundle_encoders(network: FusionNetwork, folder: Path) -> None:
    from ..bundles import load

    weights = load(folder).weights
    for modality, encoder in network.encoders.items():
        start = f"encoders.{modality}."
        state = {name.removeprefix(start): one for name, one in weights.items() if name.startswith(start)}
        try:
            encoder.load_state_dict(state)
        except RuntimeError as error:
            raise RenalFusionError(
                "encoder_weights_other",
                f"The {Modality(modality).title} encoder of the bundle {folder.name} does not fit this network",
                path=folder,
                remedy="Choose the preset small, or another bundle.",
            ) from error
