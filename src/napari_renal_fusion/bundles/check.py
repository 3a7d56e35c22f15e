"""Static checks of a bundle's files, before anything in them is trusted; nothing here runs a model."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

from pydantic import ValidationError

from ..errors import RenalFusionError
from .format import CARD, FILES, FORMAT_VERSION, MANIFEST, WEIGHTS, BundleConfig, manifest_sha256

# Far above any configuration and any network of this project, far below what fills a memory: the manifest
# of 50,000 training images has 1.2 MB, ten members with Swin-B encoders of their own have 5.3 GB as float16.
_LARGEST = {MANIFEST: 16 * 2**20, CARD: 4 * 2**20, WEIGHTS: 8 * 2**30}
_UNSAFE_SUFFIXES = {
    ".pkl",
    ".pickle",
    ".pt",
    ".pth",
    ".ckpt",
    ".bin",
    ".joblib",
    ".npy",
    ".py",
    ".pyc",
    ".so",
    ".dll",
}
# What Finder and Explorer leave in every folder that somebody looks at.
HARMLESS = {".DS_Store", "Thumbs.db", "desktop.ini"}
_NEW_COPY = "Get a new copy of the bundle from where it came from."


def read_config(folder: Path) -> BundleConfig:
    """Read and check ``bundle.json`` alone; quick, without torch and without reading the weights.

    Raises
    ------
    RenalFusionError
        ``bundle_missing``, ``bundle_unsafe``, ``bundle_too_large``, ``bundle_newer``, ``bundle_invalid`` or
        ``bundle_edited``.
    """
    _check_names(folder)
    path = folder / MANIFEST
    text = path.read_bytes()
    try:
        content = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _invalid(folder, f"{MANIFEST} is not JSON") from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise RenalFusionError(
            "bundle_newer",
            f"The bundle {folder.name} was made by a newer version (format {version}, this program reads {FORMAT_VERSION})",
            path=folder,
            remedy="Update napari-renal-fusion.",
        )
    kind = BundleConfig
    if isinstance(content, dict) and content.get("kind") == "healnet":
        from .healnet_format import HEALNetBundleConfig as kind
    try:
        config = kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _invalid(folder, f"{MANIFEST}: {where or 'content'}: {first['msg']}") from error
    if config.sha256.get(MANIFEST) != manifest_sha256(text.decode("utf-8")):
        raise _edited(folder, MANIFEST)
    return config


def check_files(folder: Path, config: BundleConfig) -> None:
    """Check the weights and the card against their checksums, and the weights' header.

    Raises
    ------
    RenalFusionError
        ``bundle_edited``, ``bundle_truncated`` or ``bundle_unsafe``.
    """
    _check_header(folder / WEIGHTS)
    for name in (WEIGHTS, CARD):
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != config.sha256.get(name):
                raise _edited(folder, name)


def _check_names(folder: Path) -> None:
    if not folder.is_dir():
        raise RenalFusionError(
            "bundle_missing",
            f"There is no bundle at {folder}",
            path=folder,
            remedy="Give a bundle's name, its folder or its .zip; `renal-fusion doctor` lists the installed ones.",
        )
    for path in sorted(one for one in folder.iterdir() if one.name not in HARMLESS):
        check_member(folder, path.name)
        if path.is_symlink() or not path.is_file():
            raise _unsafe(folder, f"{path.name} is not a plain file")
        check_size(folder, path.name, path.stat().st_size)
    for name in FILES:
        if not (folder / name).is_file():
            raise RenalFusionError(
                "bundle_incomplete", f"The bundle {folder.name} has no {name}", path=folder, remedy=_NEW_COPY
            )


def check_member(bundle: Path, name: str) -> None:
    """Refuse any file that a bundle does not have; a pickle by its proper name."""
    if name in FILES:
        return
    if Path(name).suffix.lower() in _UNSAFE_SUFFIXES:
        raise _unsafe(bundle, f"{name} could run code when it is read")
    raise _unsafe(bundle, f"{name} does not belong to a bundle")


def check_size(bundle: Path, name: str, size: int) -> None:
    if size > _LARGEST[name]:
        raise RenalFusionError(
            "bundle_too_large",
            f"{name} in {bundle.name} is {size / 2**20:.0f} MB large, more than a bundle may have",
            path=bundle,
            remedy=_NEW_COPY,
        )


def _check_header(path: Path) -> None:
    # The safetensors layout: 8 bytes length, that much JSON, then the tensors; offsets must fit the file exactly.
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        try:
            if not 2 <= length <= min(size - 8, 100 * 2**20):
                raise ValueError(length)
            header = json.loads(file.read(length))
            ends = [int(entry["data_offsets"][1]) for name, entry in header.items() if name != "__metadata__"]
            if 8 + length + max(ends) != size:
                raise ValueError(size)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
            if start[:1] == b"\x80" or start[:4] == b"PK\x03\x04":
                raise _unsafe(path.parent, f"{path.name} is a pickle, not safetensors") from error
            raise _truncated(path) from error


def _truncated(path: Path) -> RenalFusionError:
    return RenalFusionError(
        "bundle_truncated",
        f"{path.name} of the bundle {path.parent.name} is cut off or damaged",
        path=path,
        remedy=_NEW_COPY,
    )


def _edited(folder: Path, name: str) -> RenalFusionError:
    return RenalFusionError(
        "bundle_edited",
        f"{name} of the bundle {folder.name} was changed after the bundle was made",
        path=folder / name,
        remedy=_NEW_COPY,
    )


def _unsafe(bundle: Path, why: str) -> RenalFusionError:
    return RenalFusionError(
        "bundle_unsafe",
        f"The bundle {bundle.name} is refused: {why}",
        path=bundle,
        remedy="Use only bundles from people you know; a bundle holds bundle.json, model.safetensors and README.md.",
    )


def _invalid(folder: Path, why: str) -> RenalFusionError:
    return RenalFusionError(
        "bundle_invalid", f"The bundle {folder.name} is not valid: {why}", path=folder, remedy=_NEW_COPY
    )
