"""Patch features of a slide in this computer's cache: made once for a slide, an encoder and a grid."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from ..cases import SlideItem
from ..compute.atomic import atomic_path
from ..compute.places import cache_dir, data_dir
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs import FeatureEncoder, PatchGrid, extract_features
from ..inputs.slide_feature_key import feature_key


def cached_features(
    slide: SlideItem,
    encoder: FeatureEncoder,
    grid: PatchGrid,
    *,
    device: str = "auto",
    progress: Progress | None = None,
) -> Path:
    """The feature file of a slide; made, or gone on with, if it is not whole.

    Raises
    ------
    RenalFusionError
        What the extraction says: no pixel size, no tissue, a slide that cannot be read, a full disk; and
        ``encoder_weights_missing`` if the weights of the encoder are not on this computer.
    """
    encoder = with_weights(encoder)
    with slide.open() as opened:
        key = feature_key(opened, encoder, grid)
    # The name says nothing about the patient; the file itself remembers what it was made of and is checked.
    name = hashlib.sha256(f"{key.slide}{key.model}{key.grid}".encode()).hexdigest()[:32]
    path = cache_dir() / "slide_features" / f"{name}.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    return extract_features(slide, path, encoder, grid, device=device, progress=progress)


def keep_weights(encoder: FeatureEncoder) -> None:
    """Keep the file of an encoder's weights among this person's data, where bundles find it by its checksum."""
    digest = encoder.sha256_of_weights()
    if digest is None or encoder.weights is None or not encoder.weights.is_file():
        return
    target = _kept(digest)
    if not target.is_file():
        with atomic_path(target) as temporary:
            shutil.copyfile(encoder.weights, temporary)


def with_weights(encoder: FeatureEncoder, given: Path | None = None) -> FeatureEncoder:
    """The same encoder with the file of its weights: ``given``, its own, or the one kept on this computer.

    Raises
    ------
    RenalFusionError
        ``encoder_weights_missing`` with the checksum that is looked for.
    """
    if encoder.random or (encoder.weights is not None and encoder.weights.is_file()):
        return encoder
    digest = encoder.weights_sha256
    found = given or _kept(digest or "unknown")
    if not found.is_file():
        raise RenalFusionError(
            "encoder_weights_missing",
            f"The weights of {encoder.name} that the slides are read with (SHA-256 {(digest or '')[:12]}...) are "
            "not on this computer",
            remedy=f"Copy their .safetensors file to {found}.",
        )
    return encoder.model_copy(update={"weights": found})


def without_path(encoder: FeatureEncoder) -> FeatureEncoder:
    """The same encoder for a bundle: the checksum of its weights, not where they lie."""
    return encoder.model_copy(update={"weights": None, "weights_sha256": encoder.sha256_of_weights()})


def _kept(digest: str) -> Path:
    return data_dir() / "encoders" / f"{digest}.safetensors"
