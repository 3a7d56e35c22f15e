"""Tiled pyramids as BigTIFF in which equal tiles are stored once, so that a gigapixel slide takes a second."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from PIL import Image

from ..compute.atomic import atomic_path
from .fields import shrink

Compression = Literal["jpeg", "deflate"]
_CODES = {"jpeg": 7, "deflate": 8}
_SHORT, _LONG, _RATIONAL, _ASCII, _LONG8 = 3, 4, 5, 2, 16
_FORMATS = {_SHORT: "H", _LONG: "I", _LONG8: "Q"}


@dataclass(frozen=True)
class TiledLevel:
    """One level of a pyramid: ``index`` [rows, columns] says which of ``tiles``, uint8 [t, t, 3], lies where.

    ``width`` and ``height`` are pixels; the last row and column of tiles may reach beyond them.
    """

    width: int
    height: int
    index: np.ndarray
    tiles: Sequence[np.ndarray]


def levels_of_image(
    pixels: np.ndarray, tile: int = 256, downsamples: Sequence[int] = (1, 4, 16)
) -> list[TiledLevel]:
    """The pyramid of an image, uint8 [h, w, 3], whose levels are area averages."""
    height, width = pixels.shape[:2]
    levels = []
    for factor in downsamples:
        size = -(-width // factor), -(-height // factor)
        part = _averaged(pixels, factor)
        rows, columns = -(-size[1] // tile), -(-size[0] // tile)
        padded = np.full((rows * tile, columns * tile, 3), 255, np.uint8)
        padded[: size[1], : size[0]] = part
        cut = padded.reshape(rows, tile, columns, tile, 3).swapaxes(1, 2).reshape(-1, tile, tile, 3)
        levels.append(TiledLevel(*size, np.arange(rows * columns).reshape(rows, columns), cut))
    return levels


def levels_of_layout(
    tiles: Sequence[np.ndarray],
    layout: np.ndarray,
    width: int,
    height: int,
    downsamples: Sequence[int] = (1, 4, 16),
) -> list[TiledLevel]:
    """The pyramid of a mosaic: ``layout`` [rows, columns] says which of ``tiles`` lies where at full resolution.

    A coarse tile is made once for every arrangement of fine tiles that occurs, so a layout that repeats is
    quick however many pixels it has. ``tiles[0]`` is what lies beyond the layout's edge; the side of a tile
    must be a multiple of every downsample.
    """
    side = tiles[0].shape[0]
    levels = [TiledLevel(width, height, layout, tiles)]
    for factor in downsamples[1:]:
        small = np.stack([shrink(one, (side // factor, side // factor)) for one in tiles])
        rows, columns = (-(-count // factor) for count in layout.shape)
        padded = np.zeros((rows * factor, columns * factor), layout.dtype)
        padded[: layout.shape[0], : layout.shape[1]] = layout
        blocks = padded.reshape(rows, factor, columns, factor).swapaxes(1, 2).reshape(rows * columns, -1)
        kinds, index = np.unique(blocks, axis=0, return_inverse=True)
        made = [
            small[kind].reshape(factor, factor, side // factor, side // factor, 3).swapaxes(1, 2)
            .reshape(side, side, 3)
            for kind in kinds
        ]  # fmt: skip
        levels.append(
            TiledLevel(-(-width // factor), -(-height // factor), index.reshape(rows, columns), made)
        )
    return levels


def write_pyramid(
    path: Path | str,
    levels: Sequence[TiledLevel],
    um_per_pixel: float | None,
    *,
    description: str = "",
    compression: Compression = "jpeg",
    quality: int = 88,
) -> Path:
    """Write ``levels``, finest first, as a BigTIFF that openslide (as generic TIFF) and tifffile open.

    ``um_per_pixel`` goes into the resolution tags of the finest level; None leaves them out, as many
    exported slides do. Written whole or not at all.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    path = Path(path)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))
        link = 8
        for number, level in enumerate(levels):
            places = [_stored(file, _encoded(one, compression, quality)) for one in level.tiles]
            offsets, sizes = np.array(places, np.uint64).T
            entries = _entries(level, number, um_per_pixel, description, compression)
            entries[324] = (_LONG8, offsets[level.index.ravel()])
            entries[325] = (_LONG8, sizes[level.index.ravel()])
            link = _write_directory(file, entries, link)
    return path


def _averaged(pixels: np.ndarray, factor: int) -> np.ndarray:
    height, width = pixels.shape[:2]
    if factor == 1:
        return pixels
    # The edge is repeated so that the last pixel of a level does not average with nothing.
    padded = np.pad(pixels, ((0, -height % factor), (0, -width % factor), (0, 0)), mode="edge")
    return np.asarray(Image.fromarray(padded).reduce(factor))


def _encoded(tile: np.ndarray, compression: Compression, quality: int) -> bytes:
    if compression == "deflate":
        import zlib

        return zlib.compress(np.ascontiguousarray(tile).tobytes(), 1)
    stream = io.BytesIO()
    Image.fromarray(tile).save(stream, "JPEG", quality=quality, subsampling=2)
    return stream.getvalue()


def _stored(file: BinaryIO, data: bytes) -> tuple[int, int]:
    place = file.tell()
    file.write(data)
    file.write(b"\0" * (-len(data) % 8))
    return place, len(data)


def _entries(
    level: TiledLevel, number: int, um_per_pixel: float | None, description: str, compression: Compression
) -> dict[int, tuple[int, object]]:
    """The TIFF tags of a level by number: type and value, all but the places of the tiles."""
    jpeg = compression == "jpeg"
    side = level.tiles[0].shape[0]
    entries: dict[int, tuple[int, object]] = {
        254: (_LONG, [1 if number else 0]),  # a reduced image, as openslide expects of further levels
        256: (_LONG, [level.width]),
        257: (_LONG, [level.height]),
        258: (_SHORT, [8, 8, 8]),
        259: (_SHORT, [_CODES[compression]]),
        262: (_SHORT, [6 if jpeg else 2]),
        277: (_SHORT, [3]),
        284: (_SHORT, [1]),
        322: (_SHORT, [side]),
        323: (_SHORT, [side]),
    }
    if jpeg:
        entries[530] = (_SHORT, [2, 2])
    if not number and description:
        entries[270] = (_ASCII, description.encode("ascii", "replace") + b"\0")
    if not number and um_per_pixel is not None:
        per_centimetre = Fraction(10_000 / um_per_pixel).limit_denominator(10_000)
        entries[282] = entries[283] = (_RATIONAL, per_centimetre)
        entries[296] = (_SHORT, [3])
    return entries


def _write_directory(file: BinaryIO, entries: dict[int, tuple[int, object]], link: int) -> int:
    """Write an image file directory and point ``link`` at it; the place of the next directory's link."""
    rows = []
    for tag, (kind, value) in sorted(entries.items()):
        if kind == _ASCII:
            data, count = value, len(value)
        elif kind == _RATIONAL:
            data, count = struct.pack("<II", value.numerator, value.denominator), 1
        else:
            data, count = np.asarray(value, f"<{_FORMATS[kind]}").tobytes(), len(value)
        if len(data) > 8:
            data = struct.pack("<Q", _stored(file, data)[0])
        rows.append(struct.pack("<HHQ", tag, kind, count) + data.ljust(8, b"\0"))
    place = file.tell()
    file.write(struct.pack("<Q", len(rows)) + b"".join(rows) + struct.pack("<Q", 0))
    end = file.tell()
    file.seek(link)
    file.write(struct.pack("<Q", place))
    file.seek(end)
    return end - 8
