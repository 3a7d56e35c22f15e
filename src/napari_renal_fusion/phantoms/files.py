"""One phantom image on disk, with its pixel size truly stated where the format can."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import numpy as np
import tifffile
from PIL import Image

from ..errors import RenalFusionError
from .spec import PhantomImage

Format = Literal["ome.tif", "png", "jpg"]
Compression = Literal["deflate", "jpeg"]
_METRES = {"um": 1e-6, "nm": 1e-9}


def save_image(image: PhantomImage, path: Path, compression: Compression = "deflate") -> None:
    """Write ``image``; the ending of ``path`` chooses the format.

    ``.ome.tif`` carries PhysicalSizeX and PhysicalSizeY with their unit and the resolution tags,
    ``compression`` "jpeg" is lossy at quality 92. ``.png`` carries whole pixels per metre. ``.jpg``
    (quality 92) carries no scale, as most hospital exports. TEM stays grey.

    Raises
    ------
    RenalFusionError
        ``phantom_format`` for another ending.
    """
    value, unit = image.pixel_size
    if path.name.endswith(".ome.tif"):
        tifffile.imwrite(path, image.pixels, **_tiff_options(image, compression))
    elif path.suffix == ".png":
        per_inch = 0.0254 / (value * _METRES[unit])
        Image.fromarray(image.pixels).save(path, dpi=(per_inch, per_inch), compress_level=3)
    elif path.suffix == ".jpg":
        Image.fromarray(image.pixels).save(path, quality=92)
    else:
        raise RenalFusionError(
            "phantom_format",
            f"A phantom cannot be written as {path.name}",
            path=path,
            remedy=f"Choose one of {', '.join(get_args(Format))}.",
        )


def _tiff_options(image: PhantomImage, compression: Compression) -> dict:
    value, unit = image.pixel_size
    per_centimetre = 0.01 / (value * _METRES[unit])
    colour = image.pixels.ndim == 3
    lossy = {"compression": "jpeg", "compressionargs": {"level": 92}}
    return {
        "ome": True,
        "photometric": "rgb" if colour else "minisblack",
        "resolution": (per_centimetre, per_centimetre),
        "resolutionunit": "CENTIMETER",
        "tile": (512, 512),
        "metadata": {
            "axes": "YXS" if colour else "YX",
            "PhysicalSizeX": value,
            "PhysicalSizeY": value,
            "PhysicalSizeXUnit": "µm" if unit == "um" else unit,
            "PhysicalSizeYUnit": "µm" if unit == "um" else unit,
        },
        **(lossy if compression == "jpeg" else {"compression": "zlib", "predictor": True}),
    }


def save_mask(mask: np.ndarray, path: Path) -> None:
    """Write a truth mask, bool [h, w], as a one-bit PNG."""
    Image.fromarray(mask).save(path, optimize=False)
