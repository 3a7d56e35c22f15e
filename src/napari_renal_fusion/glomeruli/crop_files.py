"""Crops on disk: pixels and pixel size and nothing else, no EXIF, no name, no path."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from typing import Literal

from ..compute.atomic import atomic_path
from ..errors import RenalFusionError
from .crop import Crop

CropFormat = Literal["ome.tiff", "png"]


def write_crop(crop: Crop, path: Path | str) -> None:
    """Write a crop as PNG (``.png``) or, by any other name, as OME-TIFF without loss; whole or not at all.

    Nothing is taken from the original's file but pixels: orientation, EXIF, tags and names stay behind.
    The pixel size stands in OME-XML and the resolution tags, or in pHYs.

    Raises
    ------
    RenalFusionError
        ``crop_png_depth`` (16-bit colours in a PNG), ``disk_full``, ``folder_not_writable``.
    """
    path = Path(path)
    with atomic_path(path) as temporary:
        (_write_png if path.suffix.lower() == ".png" else _write_tiff)(crop, temporary)


def _write_png(crop: Crop, path: Path) -> None:
    from PIL import Image

    if crop.pixels.ndim == 3 and crop.pixels.dtype != "uint8":
        raise RenalFusionError(
            "crop_png_depth", "A PNG of 16-bit colours cannot be written", remedy="Write OME-TIFF instead."
        )
    size = {} if crop.pixel_size is None else {"dpi": (25_400 / crop.pixel_size.um,) * 2}
    Image.fromarray(crop.pixels).save(path, format="PNG", **size)


def _write_tiff(crop: Crop, path: Path) -> None:
    import tifffile

    colours = crop.pixels.ndim == 3
    # tifffile's own UUID would hold this computer's network address; one made of the pixels tells nothing.
    identity = uuid.UUID(bytes=hashlib.sha256(crop.pixels.tobytes()).digest()[:16], version=5)
    metadata: dict[str, object] = {"axes": "YXS" if colours else "YX", "UUID": str(identity)}
    resolution = {}
    if crop.pixel_size is not None:
        um = crop.pixel_size.um
        metadata |= {
            "PhysicalSizeX": um,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": um,
            "PhysicalSizeYUnit": "µm",
        }
        resolution = {"resolution": (10_000 / um,) * 2, "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(
        path,
        crop.pixels,
        ome=True,
        photometric="rgb" if colours else "minisblack",
        compression="deflate",
        predictor=True,
        metadata=metadata,
        software="napari-renal-fusion",
        **resolution,
    )
