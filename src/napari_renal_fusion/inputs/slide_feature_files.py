"""Patch features as HDF5 in the layouts of CLAM and TRIDENT, with a record of what they were made from.

Both layouts hold ``features`` [n, d] and ``coords`` [n, 2], (x, y) at level 0. CLAM describes a patch on ``coords``
by ``patch_size`` at ``patch_level`` and its ``downsample``, TRIDENT by ``patch_size_level0``; files written here
carry both. https://github.com/mahmoodlab/CLAM, https://github.com/mahmoodlab/TRIDENT
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ..cases.names import readable
from ..compute.atomic import atomic_path
from ..errors import RenalFusionError
from .slide_feature_key import FeatureKey

RECORD = "renal_fusion_record"
"""Attribute of the file: JSON with the key and how the features were made."""
_LARGEST = 16 * 2**30  # bytes: a file can claim more numbers than it holds


@dataclass(frozen=True)
class SlideFeatures:
    """The patches of one slide as vectors.

    Attributes
    ----------
    features
        float32 [n, d].
    coords
        int64 [n, 2]: (x, y) of the top left corners, in pixels of level 0.
    patch_level0
        Side of a patch in pixels of level 0.
    attrs
        What the file says besides, as plain Python values; ``patch_level0_from`` tells where the side was found.
    """

    features: np.ndarray
    coords: np.ndarray
    patch_level0: int
    attrs: dict[str, Any] = field(default_factory=dict)


def write_features(
    path: Path, coords: np.ndarray, width: int, rows: Iterable[np.ndarray], attrs: dict[str, dict[str, Any]]
) -> None:
    """Write features whose ``rows``, float32 [k, width] each, come in order; whole or not at all.

    ``attrs`` holds attributes for "features", "coords" and "file".

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    import h5py

    with atomic_path(path) as temporary:
        _refuse_full_disk(temporary, len(coords) * (4 * width + 16))
        try:
            with h5py.File(temporary, "w") as file:
                count = len(coords)
                step = max(1, min(64, count))
                features = file.create_dataset(
                    "features", (count, width), "f4", maxshape=(None, width), chunks=(step, width)
                )
                places = file.create_dataset("coords", data=np.asarray(coords, np.int64), maxshape=(None, 2))
                done = 0
                for part in rows:
                    features[done : done + len(part)] = part
                    done += len(part)
                assert done == count, f"{done} rows for {count} patches"
                for name, target in (("features", features), ("coords", places), ("file", file)):
                    for key, value in attrs.get(name, {}).items():
                        target.attrs[key] = value
        except OSError as error:  # HDF5 tells the system's error in words only
            if "errno = 28" in str(error) or "No space" in str(error):
                raise OSError(errno.ENOSPC, "no space left") from error
            raise


def read_features(path: Path | str, *, expected: FeatureKey | None = None) -> SlideFeatures:
    """Read the features of a slide as CLAM, TRIDENT or this program wrote them.

    With ``expected`` the file must say that it was made from that slide, with that model and on that grid.

    Raises
    ------
    RenalFusionError
        ``features_missing``, ``features_unreadable``, ``features_layout`` (no such datasets, or of other shapes),
        ``features_empty``, ``features_not_finite``, ``features_patch_size_unknown``; with ``expected`` also
        ``features_no_record``, ``features_other_slide``, ``features_other_model``, ``features_other_grid``.
    """
    import h5py

    path = Path(path)
    if not path.is_file():
        raise RenalFusionError(
            "features_missing",
            f"The features {readable(path)} do not exist",
            path=path,
            remedy="Make them with renal-fusion features.",
        )
    try:
        with h5py.File(path, "r", locking=False) as file:
            attrs = _attributes(file)
            if expected is not None:
                _refuse_other(path, _key_of(path, attrs), expected)
            features = _dataset(file, "features", path)
            coords = _dataset(file, "coords", path)
    except (OSError, RuntimeError, KeyError) as error:
        raise RenalFusionError(
            "features_unreadable",
            f"The features {readable(path)} are no HDF5 file, or one that is truncated or damaged",
            path=path,
            remedy="Delete the file and make the features again.",
        ) from error
    features, coords = _checked(path, features, coords)
    side, where = _side(path, attrs, coords)
    return SlideFeatures(features, coords, side, {**attrs, "patch_level0_from": where})


def read_key(path: Path | str) -> FeatureKey | None:
    """The key that a file of features carries; None if it carries none or cannot be read."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            return _key_of(Path(path), _attributes(file))
    except (OSError, RuntimeError, KeyError):
        return None


def _refuse_other(path: Path, key: FeatureKey | None, expected: FeatureKey) -> None:
    name = readable(path)
    again = "Make the features again, or choose the folder that they are in."
    if key is None:
        raise RenalFusionError(
            "features_no_record",
            f"{name} does not say from which slide, model and grid its features come",
            path=path,
            remedy="Give it as a file of features of its own, or make the features again in another folder.",
        )
    if key.slide != expected.slide:
        raise RenalFusionError(
            "features_other_slide",
            f"The features {name} come from another slide, or from this one before it was changed",
            path=path,
            remedy=again,
        )
    if key.model != expected.model:
        raise RenalFusionError(
            "features_other_model",
            f"The features {name} were made with {key.model_text}, not with {expected.model_text}",
            path=path,
            remedy=again,
        )
    if key.grid != expected.grid:
        raise RenalFusionError(
            "features_other_grid",
            f"The features {name} lie on another grid ({key.grid_text}, not {expected.grid_text})",
            path=path,
            remedy=again,
        )


def _key_of(path: Path, attrs: dict[str, Any]) -> FeatureKey | None:
    try:
        return FeatureKey.model_validate(json.loads(attrs[RECORD])["key"])
    except (KeyError, TypeError, ValueError, ValidationError):
        return None


def _attributes(file: Any) -> dict[str, Any]:
    """Attributes of the file and of both datasets; those of ``coords`` win."""
    found: dict[str, Any] = {}
    for target in (file, file.get("features"), file.get("coords")):
        for key, value in target.attrs.items() if target is not None else ():
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            found[key] = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    return found


def _dataset(file: Any, name: str, path: Path) -> np.ndarray:
    """The numbers of a dataset that lies in this very file."""
    import h5py

    dataset = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    if not isinstance(dataset, h5py.Dataset) or dataset.is_virtual or dataset.external:
        raise _layout(path, f"holds no dataset called {name}")
    if dataset.dtype.kind not in "fiu":
        raise _layout(path, f"holds no numbers under {name}")
    if dataset.size * 4 > _LARGEST:
        raise _layout(path, f"claims {dataset.size} numbers under {name}")
    return dataset[()]


def _checked(path: Path, features: np.ndarray, coords: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # TRIDENT's slide encoders take [1, n, d], and some of its files keep that axis.
    features = features[0] if features.ndim == 3 and features.shape[0] == 1 else features
    coords = coords[0] if coords.ndim == 3 and coords.shape[0] == 1 else coords
    if features.ndim != 2 or coords.ndim != 2 or coords.shape[1] < 2 or len(features) != len(coords):
        raise _layout(
            path,
            f"holds features {list(features.shape)} and coords {list(coords.shape)}, not [n, d] and [n, 2]",
        )
    if not len(features) or not features.shape[1]:
        raise RenalFusionError(
            "features_empty",
            f"The features {readable(path)} hold no patch",
            path=path,
            remedy="Make them again; the slide may have no tissue.",
        )
    features = np.ascontiguousarray(features, np.float32)
    if not np.isfinite(features).all():
        raise RenalFusionError(
            "features_not_finite",
            f"The features {readable(path)} hold values that are not numbers",
            path=path,
            remedy="Delete the file and make the features again.",
        )
    return features, np.ascontiguousarray(coords[:, :2]).astype(np.int64)


def _side(path: Path, attrs: dict[str, Any], coords: np.ndarray) -> tuple[int, str]:
    """Side of a patch at level 0, and whether the file states it or the grid shows it."""
    try:
        if attrs.get("patch_size_level0") is not None:
            return _positive(attrs["patch_size_level0"]), "patch_size_level0"
        if attrs.get("patch_size") is not None and attrs.get("downsample") is not None:
            down = np.ravel(attrs["downsample"])[0]
            return _positive(float(attrs["patch_size"]) * float(down)), "patch_size and downsample"
        if attrs.get("patch_size") is not None and attrs.get("patch_level") == 0:
            return _positive(attrs["patch_size"]), "patch_size at level 0"
    except (TypeError, ValueError, IndexError) as error:
        raise _layout(path, "states a patch size that is not a number") from error
    step = _usual_step(coords)
    if step is None:
        raise RenalFusionError(
            "features_patch_size_unknown",
            f"The features {readable(path)} do not say how large a patch is, and too few patches show it",
            path=path,
            remedy="Write the attribute patch_size_level0 on its coords, or make the features again.",
        )
    return step, "spacing of the coords"


def _positive(value: Any) -> int:
    number = round(float(value))
    if number < 1:
        raise ValueError(value)
    return number


def _usual_step(coords: np.ndarray) -> int | None:
    """The commonest distance between neighbours in a row or a column."""
    steps = []
    for axis in (0, 1):
        order = np.lexsort((coords[:, axis], coords[:, 1 - axis]))
        moved = np.diff(coords[order], axis=0)
        steps.append(moved[(moved[:, 1 - axis] == 0) & (moved[:, axis] > 0), axis])
    values, counts = np.unique(np.concatenate(steps), return_counts=True)
    return int(values[counts.argmax()]) if len(values) else None


def _layout(path: Path, what: str) -> RenalFusionError:
    return RenalFusionError(
        "features_layout",
        f"The features {readable(path)} are not laid out as CLAM or TRIDENT do: the file {what}",
        path=path,
        remedy="It needs features [patches, numbers] and coords [patches, 2].",
    )


def _refuse_full_disk(path: Path, needed: int) -> None:
    """HDF5 tells a full disk late and unclearly."""
    if shutil.disk_usage(path.parent).free < needed:
        raise OSError(errno.ENOSPC, "no space left")
