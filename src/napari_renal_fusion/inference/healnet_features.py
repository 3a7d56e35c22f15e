"""Patch features of a slide in this computer's cache: made once for a slide, an encoder and a grid."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..cases import SlideItem
from ..compute.places import cache_dir
from ..compute.progress import Progress
from ..inputs import FeatureEncoder, PatchGrid

_ENDS = 2**20


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
        What the extraction says: no pixel size, no tissue, a slide that cannot be read, a full disk.
    """
    from ..inputs.slide_features import extract_features

    return extract_features(
        slide, feature_path(slide, encoder, grid), encoder, grid, device=device, progress=progress
    )


def feature_path(slide: SlideItem, encoder: FeatureEncoder, grid: PatchGrid) -> Path:
    """Where the features of a slide lie; the name says nothing about the patient."""
    # The file itself remembers which slide, model and grid it was made of, and is checked before it is used.
    digest = hashlib.sha256(encoder.model_dump_json().encode() + grid.model_dump_json().encode())
    size = slide.pixel_size
    digest.update(f"{None if size is None else size.um}".encode())
    return cache_dir() / "slide_features" / f"{_content(slide.path)}-{digest.hexdigest()[:16]}.h5"


def _content(path: Path) -> str:
    """Size and both ends of a slide, hashed: files of gigabytes are not read for a name."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for one in files:
        size = one.stat().st_size
        digest.update(str(size).encode())
        with one.open("rb") as stream:
            digest.update(stream.read(_ENDS))
            if size > _ENDS:
                stream.seek(max(_ENDS, size - _ENDS))
                digest.update(stream.read(_ENDS))
    return digest.hexdigest()[:24]
