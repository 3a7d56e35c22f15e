"""Gigapixel slides made on the spot: a few drawn tiles of cortex that repeat over a mosaic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from .fields import Frame, Seeds, fractal
from .slide import PlantedTruth, coloured_slide
from .slide_cortex import slide_tissue
from .slide_spec import SLIDE_VERSION, Region, SlideSpec
from .slide_tiff import levels_of_layout, write_pyramid
from .stamp import WORD, scale, stamp

_TILE = 512
_FIELD = 2  # tiles a side of a drawn field
_BLOCK = (
    4  # tiles a side that are all of one kind: a multiple of the field, and of the coarser levels' factor
)


def write_sparse_slide(
    path: Path | str,
    size: int | tuple[int, int] = 60_000,
    *,
    seed: int = 0,
    um_per_pixel: float | None = 0.25,
    tissue: float = 0.1,
    planted: tuple[Region, ...] = (Region.INFILTRATE, Region.SCAR),
    stain: str = "PAS",
) -> PlantedTruth:
    """Write a tiled pyramidal BigTIFF of ``size`` (width, height) pixels in about a second; returns its truth.

    A share ``tissue`` of the slide is cortex, drawn as one small field that repeats; one block of 2048 pixels in
    eight is one of the ``planted`` regions in turn. Equal tiles are stored once, so the file has a few megabytes.
    The planes of the truth have one pixel a tile.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    width, height = (size, size) if isinstance(size, int) else size
    seeds = Seeds(seed, 79)
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    free = [-(-count // _BLOCK) for count in _stamp_tiles(width, height)]
    kinds = _kinds(seeds, -(-rows // _BLOCK), -(-columns // _BLOCK), tissue, len(planted), free)
    kinds = np.kron(kinds, np.ones((_BLOCK, _BLOCK), int))[:rows, :columns]
    fields = _FIELD * (np.arange(rows)[:, None] % _FIELD) + np.arange(columns)[None, :] % _FIELD
    layout = np.where(kinds > 0, 1 + (kinds - 1) * _FIELD**2 + fields, 0)
    tiles = [_glass(seeds), *_fields(seed, um_per_pixel or 0.25, stain, planted)]
    _put_stamp(tiles, layout, width, height)
    levels = levels_of_layout(tiles, layout, width, height)
    write_pyramid(
        path,
        levels,
        um_per_pixel,
        description=f"SYNTHETIC phantom slide, version {SLIDE_VERSION}, tiles repeat",
    )
    planes = {"tissue": kinds > 0} | {kind.value: kinds == 2 + n for n, kind in enumerate(planted)}
    return PlantedTruth(planes, (float(_TILE), float(_TILE)))


def _kinds(seeds: Seeds, rows: int, columns: int, tissue: float, planted: int, free: list[int]) -> np.ndarray:
    """What each block is: 0 glass, 1 cortex, 2 and more the planted regions."""
    blobs = fractal(seeds.child("blobs"), Frame(columns, rows, float(rows)), 8.0, 2.0, 0.6).copy()
    blobs[: free[0], : free[1]] = -np.inf  # room for the stamp
    count = min(int(np.isfinite(blobs).sum()), round(tissue * blobs.size))
    order = np.argsort(-blobs, axis=None, kind="stable")[:count]
    kinds = np.zeros(blobs.size, int)
    kinds[order] = 1
    if planted and count:
        chosen = seeds.rng("planted").permutation(order)[: max(planted, count // 8)]
        kinds[chosen] = 2 + np.arange(len(chosen)) % planted
    return kinds.reshape(rows, columns)


def _fields(seed: int, um_per_pixel: float, stain: str, planted: tuple[Region, ...]) -> list[np.ndarray]:
    """The tiles of every kind of field in turn, uint8 [512, 512, 3]."""
    side, tiles = _TILE * _FIELD, []
    for regions in ((), *((kind,) for kind in planted)):
        spec = SlideSpec(
            seed=seed, size=(side, side), um_per_pixel=um_per_pixel, stain=stain, regions=regions,
            radius=(4 * side * um_per_pixel,) * 2,
        )  # fmt: skip
        picture = Image.fromarray(coloured_slide(spec, slide_tissue(spec, everywhere=True)))
        pixels = np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC))
        parts = pixels.reshape(_FIELD, _TILE, _FIELD, _TILE, 3).swapaxes(1, 2)
        tiles += list(parts.reshape(-1, _TILE, _TILE, 3))
    return tiles


def _glass(seeds: Seeds) -> np.ndarray:
    grain = seeds.rng("glass").normal(0, 1.2, (_TILE, _TILE, 1))
    return np.clip(243 + grain, 0, 255).astype(np.uint8).repeat(3, axis=2)


def _put_stamp(tiles: list[np.ndarray], layout: np.ndarray, width: int, height: int) -> None:
    """Replace the glass under the word SYNTHETIC by tiles that show it as large as on any phantom of this size."""
    cell = scale(width, height)
    # The word's cell depends on the size of the whole image: it is stamped on an image of one pixel a cell.
    small = stamp(np.full((height // cell, width // cell, 3), 243, np.uint8))
    rows, columns = _stamp_tiles(width, height)
    strip = np.tile(tiles[0], (rows, columns, 1))
    word = small[: WORD.shape[0] + 2, : WORD.shape[1] + 2].repeat(cell, axis=0).repeat(cell, axis=1)
    strip[: word.shape[0], : word.shape[1]] = word[: strip.shape[0], : strip.shape[1]]
    parts = strip.reshape(rows, _TILE, columns, _TILE, 3).swapaxes(1, 2).reshape(-1, _TILE, _TILE, 3)
    known: dict[bytes, int] = {}
    for place, part in enumerate(parts):
        number = known.setdefault(part.tobytes(), len(tiles))
        if number == len(tiles):
            tiles.append(part)
        layout[divmod(place, columns)] = number


def _stamp_tiles(width: int, height: int) -> tuple[int, int]:
    """Rows and columns of tiles that the word and its margin touch."""
    cell = scale(width, height)
    return -(-(WORD.shape[0] + 2) * cell // _TILE), -(-(WORD.shape[1] + 2) * cell // _TILE)
