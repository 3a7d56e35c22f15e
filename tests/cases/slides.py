"""Small slides that tests write: pyramids, Aperio's layout, OME-TIFF, sparse files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tifffile import TiffWriter

APERIO = "Aperio Image Library v12.4.7 \r\n{width}x{height} (240x240) J2K/KDU Q=30"


def picture(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """Colours in which no two places look alike: a ramp with noise, uint8 [rows, columns, 3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:columns]
    ramp = np.stack([y * 200 // rows, x * 200 // columns, (y + x) * 200 // (rows + columns)], axis=-1)
    return (ramp + rng.integers(0, 40, (rows, columns, 1))).astype(np.uint8)


def write_pyramid(
    path: Path, levels: list[np.ndarray], um: float | None = 0.25, *, compression: str = "zlib"
) -> Path:
    """A plain tiled TIFF, level after level; ``um`` in its resolution tags."""
    with TiffWriter(path, bigtiff=True) as tiff:
        for number, level in enumerate(levels):
            extra = {"resolution": (1e4 / um, 1e4 / um), "resolutionunit": 3} if um and number == 0 else {}
            tiff.write(
                level, tile=(256, 256), photometric="rgb", compression=compression,
                subfiletype=int(number > 0), metadata=None, **extra,
            )  # fmt: skip
    return path


def write_ome(
    path: Path, levels: list[np.ndarray], um: float | None = 0.25, *, compression: str = "zlib"
) -> Path:
    """OME-TIFF with its lower resolutions as sub-images."""
    said = {"PhysicalSizeX": um, "PhysicalSizeY": um, "PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm"}
    with TiffWriter(path, ome=True, bigtiff=True) as tiff:
        common = {"tile": (256, 256), "photometric": "rgb", "compression": compression}
        metadata = {"axes": "YXS"} | (said if um else {})
        tiff.write(levels[0], subifds=len(levels) - 1, metadata=metadata, **common)
        for level in levels[1:]:
            tiff.write(level, subfiletype=1, **common)
    return path


def write_aperio(
    path: Path, pixels: np.ndarray, said: str = "", *, compression: int | str = 33005, label: bool = False
) -> Path:
    """A slide of one level as Aperio's scanners describe it, with a label of a plain colour if asked."""
    height, width = pixels.shape[:2]
    with TiffWriter(path) as tiff:
        tiff.write(
            pixels, tile=(240, 240), photometric="rgb", compression=compression, metadata=None,
            description=APERIO.format(width=width, height=height) + said,
        )  # fmt: skip
        if label:
            thumbnail = np.ascontiguousarray(pixels[::4, ::4])
            tiff.write(thumbnail, photometric="rgb", rowsperstrip=16, compression="jpeg", metadata=None)
            name = np.full((48, 64, 3), (200, 30, 40), np.uint8)
            tiff.write(
                name, photometric="rgb", rowsperstrip=48, compression="lzw", subfiletype=1, metadata=None,
                description="Aperio Image Library v12.4.7 \r\nlabel 64x48",
            )  # fmt: skip
    return path


def write_sparse(path: Path, shape: tuple[int, int], tile: np.ndarray, every: int = 3, **options) -> Path:
    """Tiles of 256 pixels of which one in ``every`` is stored, the others left out."""
    count = -(-shape[0] // 256) * -(-shape[1] // 256)
    tiles = (tile if number % every == 0 else None for number in range(count))
    with TiffWriter(path, bigtiff=True, **options) as tiff:
        tiff.write(
            tiles, shape=(*shape, 3), dtype=np.uint8, tile=(256, 256), photometric="rgb", compression="zlib"
        )
    return path
