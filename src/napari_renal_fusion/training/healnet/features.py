"""The patch features of a run's slides: made once into the cache, or read from given files, then checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...compute.progress import Progress
from ...errors import RenalFusionError
from ...inputs.slide_features import SlideFeatures, read_features
from .config import HEALNetTrainingConfig
from .data import FeatureStore
from .patients import PatientTable
from .slides import SlideSource, fingerprint


def feature_files(
    table: PatientTable, config: HEALNetTrainingConfig, device: str, progress: Progress
) -> dict[str, tuple[tuple[Path, ...], ...]]:
    """The feature files of each patient by slide modality; what is not there yet is made.

    Raises
    ------
    RenalFusionError
        ``cohort_changed`` if a file is no longer the one the run began with, and whatever the extraction says
        of a slide, such as one without tissue.
    """
    sources = [one for files in table.slides.values() for patient in files for one in patient]
    found: dict[SlideSource, Path] = {}
    for done, source in enumerate(sources):
        with progress.part(done / len(sources), (done + 1) / len(sources)):
            progress.update(0.0, f"Features of slide {done + 1} of {len(sources)}")
            if not source.path.is_file() or fingerprint(source.path) != source.fingerprint:
                raise RenalFusionError(
                    "cohort_changed",
                    f"The file {source.path.name} is no longer the one that the run began with",
                    path=source.path,
                    remedy="Put it back where it was, then resume.",
                )
            found[source] = (
                source.path if source.kind == "features" else _made(source, config, device, progress)
            )
    return {
        name: tuple(tuple(found[one] for one in patient) for patient in files)
        for name, files in table.slides.items()
    }


def feature_store(
    files: Mapping[str, tuple[tuple[Path, ...], ...]], channels: Mapping[str, int]
) -> FeatureStore:
    """A store that reads these files; a file with another number of channels is refused when it is read."""

    def read(modality: str, row: int) -> np.ndarray:
        parts = [checked_features(path, channels[modality]).features for path in files[modality][row]]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    return FeatureStore(read)


def channels_of(files: Mapping[str, tuple[tuple[Path, ...], ...]]) -> dict[str, int]:
    """The number of feature channels of each slide modality, from the first file of each.

    Raises
    ------
    RenalFusionError
        ``features_other_grid`` if files of one modality were made with other patches or models.
    """
    found = {}
    for name, patients in files.items():
        first: SlideFeatures | None = None
        for path in (one for patient in patients for one in patient):
            features = read_features(path)
            if first is None:
                first, found[name] = features, features.features.shape[1]
            elif _kind_of(features) != _kind_of(first):
                raise RenalFusionError(
                    "features_other_grid",
                    f"{path.name} was made with other patches or another model than the first file of {name}",
                    path=path,
                    remedy="Make the features of all slides with one model and one grid.",
                )
    return found


def checked_features(path: Path, channels: int) -> SlideFeatures:
    """Features of one slide with the channels that the network reads.

    Raises
    ------
    RenalFusionError
        ``features_channels``.
    """
    features = read_features(path)
    if features.features.ndim != 2 or features.features.shape[1] != channels:
        raise RenalFusionError(
            "features_channels",
            f"{Path(path).name} has {features.features.shape[-1]} channels a patch, {channels} are needed",
            path=path,
            remedy="Make the features with the model of the others.",
        )
    return features


def _kind_of(features: SlideFeatures) -> tuple[int, str, str]:
    attrs = features.attrs
    return (
        features.features.shape[1],
        str(attrs.get("grid_sha256", attrs.get("patch_size", ""))),
        str(attrs.get("encoder_sha256", attrs.get("model", ""))),
    )


def _made(source: SlideSource, config: HEALNetTrainingConfig, device: str, progress: Progress) -> Path:
    from ...inputs.slide_cache import cached_features

    return cached_features(
        source.path, config.encoder, config.grid, stated_um=source.stated_um, device=device, progress=progress
    )
