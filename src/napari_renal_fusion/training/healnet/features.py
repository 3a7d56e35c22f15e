"""The patch features of a run's slides: made once into the cache, or read from given files, then checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...cases import PixelSize, SlideItem
from ...compute.progress import Progress
from ...errors import RenalFusionError
from ...inference.healnet_features import cached_features
from ...inputs import FeatureEncoder, PatchGrid, read_features
from ...inputs.slide_feature_files import RECORD, SlideFeatures
from .config import HEALNetTrainingConfig
from .data import FeatureStore
from .patients import PatientTable
from .slides import SlideSource, fingerprint

Files = Mapping[str, tuple[tuple[Path, ...], ...]]
"""Slide modality -> for each patient the files of features of its slides."""


def feature_files(
    table: PatientTable, config: HEALNetTrainingConfig, device: str, progress: Progress
) -> dict[str, tuple[tuple[Path, ...], ...]]:
    """The feature files of each patient by slide modality; what is not there yet is made.

    Raises
    ------
    RenalFusionError
        ``cohort_changed`` if a file is no longer the one the run began with, and whatever the extraction says
        of a slide, such as one without tissue or without a pixel size.
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
            found[source] = source.path
            if source.kind == "slide":
                stated = None if source.stated_um is None else PixelSize(source.stated_um, "um")
                item = SlideItem(source.path, stated_pixel_size=stated)
                found[source] = cached_features(
                    item, config.encoder, config.grid, device=device, progress=progress
                )
    return {
        name: tuple(tuple(found[one] for one in patient) for patient in files)
        for name, files in table.slides.items()
    }


def feature_store(files: Files, channels: Mapping[str, int]) -> FeatureStore:
    """A store that reads these files; one with another number of channels is refused when it is read."""

    def read(modality: str, row: int) -> np.ndarray:
        parts = [_checked(path, channels[modality]).features for path in files[modality][row]]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    return FeatureStore(read)


def channels_of(files: Files) -> dict[str, int]:
    """The number of feature channels of each slide modality.

    Raises
    ------
    RenalFusionError
        ``features_other_grid`` or ``features_other_model`` if files of one modality say that they were made with
        other patches or with another model, ``features_channels`` if their widths differ, ``modality_empty``.
    """
    found: dict[str, int] = {}
    for name in files:
        first: tuple[Path, dict[str, Any]] | None = None
        for path in _paths(files, name):
            width, record = _width(path), record_of(path)
            if first is None:
                first, found[name] = (path, record), width
                continue
            for field, code, what in (
                ("grid", "features_other_grid", "on another grid than"),
                ("encoder", "features_other_model", "with another model than"),
            ):
                if record.get(field) != first[1].get(field):
                    raise RenalFusionError(
                        code,
                        f"The features {path.name} were made {what} those of {first[0].name}",
                        path=path,
                        remedy="Make the features of all slides with one model and one grid.",
                    )
            if width != found[name]:
                raise _other_width(path, width, found[name])
    return found


def made_with(files: Files, modality: str) -> tuple[FeatureEncoder, PatchGrid] | None:
    """The encoder and the grid that the features of a modality were made with; None if they do not say."""
    for path in _paths(files, modality):
        record = record_of(path)
        if "encoder" in record and "grid" in record:
            return FeatureEncoder.model_validate(record["encoder"]), PatchGrid.model_validate(record["grid"])
        return None
    return None


def patch_counts(files: Files, modality: str, rows) -> tuple[int, int]:
    """Fewest and most patches of those patients ``rows`` who have slides."""
    import h5py

    counts = []
    for row in rows:
        total = 0
        for path in files[modality][row]:
            with h5py.File(path, "r", locking=False) as file:
                total += int(file["features"].shape[-2])
        counts += [total] if total else []
    return min(counts), max(counts)


def record_of(path: Path) -> dict[str, Any]:
    """What a file of features made by this program says about itself; empty for files of other programs."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            return json.loads(file.attrs[RECORD])
    except (OSError, RuntimeError, KeyError, TypeError, ValueError):
        return {}


def _paths(files: Files, name: str) -> Iterator[Path]:
    return (path for patient in files[name] for path in patient)


def _width(path: Path) -> int:
    """Channels of a file, without reading its numbers; a file that is none is refused as it is when read."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            return int(file["features"].shape[-1])
    except (OSError, RuntimeError, KeyError, AttributeError, IndexError):
        return int(read_features(path).features.shape[1])


def _checked(path: Path, channels: int) -> SlideFeatures:
    features = read_features(path)
    if features.features.shape[1] != channels:
        raise _other_width(path, features.features.shape[1], channels)
    return features


def _other_width(path: Path, width: int, wanted: int) -> RenalFusionError:
    return RenalFusionError(
        "features_channels",
        f"The features {path.name} have {width} channels a patch, the others {wanted}",
        path=path,
        remedy="Make the features of all slides with one model.",
    )
