"""The patches of a slide: a grid at a stated scale, where each patch lies, and how its pixels are read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from ..cases.names import readable
from ..errors import RenalFusionError
from .tissue import TissueMask, slide_tissue

if TYPE_CHECKING:
    from ..cases.slide import Slide
    from ..compute.progress import Progress

_BLOCK = 4  # patches a side that are read at once: their tiles are decoded about once, not once a patch
_BLOCK_PIXELS = 2048  # and the most pixels a side of such a read, unless one patch alone has more
_SHRINK = 4  # most that a patch is shrunk from the level it is read from; beyond, averaged levels are read


class PatchGrid(BaseModel):
    """Square patches side by side, without overlap.

    ``patch`` is the side in pixels that the encoder gets, ``um_per_pixel`` their size (0.5 um is what is called
    20x), ``least_tissue`` the share of a patch that must be tissue.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    patch: int = Field(224, ge=16, le=2048)
    um_per_pixel: float = Field(0.5, gt=0, le=50, allow_inf_nan=False)
    least_tissue: float = Field(0.5, ge=0, le=1)


@dataclass(frozen=True)
class Patches:
    """The patches of one slide, row by row.

    Attributes
    ----------
    coords
        int64 [n, 2]: (x, y) of the top left corners, in pixels of level 0.
    side
        Side of a patch in pixels of level 0.
    level, level_downsample
        The level that patches are read from, as an index into ``Slide.levels``, and its downsample.
    patch
        Side in pixels of what :meth:`read` returns.
    um_per_pixel
        Of level 0.
    tissue
        The mask that they were chosen by.
    """

    coords: np.ndarray
    side: int
    level: int
    level_downsample: float
    patch: int
    um_per_pixel: float
    tissue: TissueMask

    def __len__(self) -> int:
        return len(self.coords)

    @property
    def block_side(self) -> int:
        """Side in pixels of level 0 of the squares whose patches are read at once."""
        fit = int(_BLOCK_PIXELS * self.level_downsample / self.side)
        return self.side * min(_BLOCK, max(1, fit))

    def bands(self) -> np.ndarray:
        """Which row of blocks each patch lies in, int64 [n]; patches of a band follow each other."""
        return self.coords[:, 1] // self.block_side

    def blocks(self) -> Iterator[np.ndarray]:
        """Indices of neighbouring patches, at most 16 a block, band after band."""
        corner = self.coords // self.block_side
        order = np.lexsort((np.arange(len(corner)), corner[:, 0], corner[:, 1]))
        yield from self._split(order)

    def read(self, slide: Slide, indices: np.ndarray) -> np.ndarray:
        """Pixels of the patches at ``indices``, uint8 [k, patch, patch, 3]; one read of the slide a block.

        Patches reaching beyond the slide are white there.
        """
        return np.concatenate([self._read_block(slide, block) for block in self._split(indices)])

    def _split(self, indices: np.ndarray) -> list[np.ndarray]:
        corner = self.coords[indices] // self.block_side
        return np.split(indices, np.flatnonzero(np.any(np.diff(corner, axis=0) != 0, axis=1)) + 1)

    def _read_block(self, slide: Slide, indices: np.ndarray) -> np.ndarray:
        down, side = self.level_downsample, self.side / self.level_downsample
        corners = self.coords[indices] / down
        # Whole pixels are read: corners on a coarse level may lie between them.
        left, top = (math.floor(value) for value in corners.min(axis=0))
        right, bottom = (math.ceil(value + side) for value in corners.max(axis=0))
        pixels = slide.read(self.level, top, left, bottom - top, right - left)
        picture = Image.fromarray(pixels)
        out = np.empty((len(indices), self.patch, self.patch, 3), np.uint8)
        for place, (x, y) in enumerate(corners - (left, top)):
            first, last = (math.floor(x), math.floor(y)), (math.ceil(x + side), math.ceil(y + side))
            if side == self.patch and first == (x, y):
                out[place] = pixels[first[1] : last[1], first[0] : last[0]]
                continue
            # Cropped first: a patch is made of its own pixels only, as everybody's scripts do it.
            box = (x - first[0], y - first[1], x - first[0] + side, y - first[1] + side)
            out[place] = picture.crop((*first, *last)).resize(
                (self.patch, self.patch), Image.Resampling.BILINEAR, box=box
            )
        return out


def find_patches(slide: Slide, grid: PatchGrid, *, progress: Progress | None = None) -> Patches:
    """The patches of an open slide that hold tissue.

    A patch is read from the coarsest stored level that is as fine as ``grid.um_per_pixel`` and resized from it;
    where that is much finer, from a level averaged from it.
    The last row and column may reach beyond the slide; what lies outside counts as no tissue.

    Raises
    ------
    RenalFusionError
        ``slide_pixel_size_missing`` or ``slide_pixel_size_absurd``, with how to answer; ``slide_too_coarse`` when
        the scan has fewer pixels than are asked for; ``slide_no_tissue``, ``slide_no_patch``.
    """
    um = level0_um(slide)
    side = max(1, round(grid.patch * grid.um_per_pixel / um))
    if side < grid.patch / 2:
        raise RenalFusionError(
            "slide_too_coarse",
            f"The slide {readable(slide.path)} has {um:g} um a pixel, too coarse for patches of "
            f"{grid.um_per_pixel:g} um a pixel",
            path=slide.path,
            remedy=f"Ask for {um:g} um a pixel or more, or correct the slide's pixel size.",
        )
    tissue = slide_tissue(slide, um, progress=progress)
    rows, columns = slide.levels[0].shape
    x, y = np.meshgrid(np.arange(0, columns, side), np.arange(0, rows, side))
    coords = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.int64)
    share = covered_share(tissue.mask, tissue.cell, coords, side)
    chosen = coords[(share >= grid.least_tissue) & (share > 0)]
    if not len(chosen):
        raise RenalFusionError(
            "slide_no_patch",
            f"No patch of {side * um:.0f} um on the slide {readable(slide.path)} holds "
            f"{grid.least_tissue:.0%} tissue (the most is {share.max():.0%})",
            path=slide.path,
            remedy="Ask for a smaller least share of tissue, or for fewer um a pixel.",
        )
    level = stored_level(slide, side / grid.patch)
    if side / slide.levels[level].downsample > _SHRINK * grid.patch:
        level = slide.best_level(side / grid.patch)
    return Patches(chosen, side, level, slide.levels[level].downsample, grid.patch, um, tissue)


def covered_share(mask: np.ndarray, cell: tuple[float, float], coords: np.ndarray, side: float) -> np.ndarray:
    """Share [n] of each patch that ``mask`` covers, exact in parts of a mask's pixel.

    ``mask`` is bool [h, w], its pixels ``cell`` (width, height) pixels of level 0; ``coords`` [n, 2] are (x, y) of
    the patches' corners. What lies outside the mask is not covered.
    """
    height, width = mask.shape
    table = np.zeros((height + 1, width + 1))
    np.cumsum(np.cumsum(mask, axis=0, dtype=np.float64), axis=1, out=table[1:, 1:])
    edges = []
    for axis, (count, size) in enumerate(((width, cell[0]), (height, cell[1]))):
        low = np.asarray(coords)[:, axis] / size
        edges.append((low.clip(0, count), (low + side / size).clip(0, count)))
    (left, right), (top, bottom) = edges
    covered = (
        _interpolated(table, bottom, right)
        - _interpolated(table, top, right)
        - _interpolated(table, bottom, left)
        + _interpolated(table, top, left)
    )
    return covered * cell[0] * cell[1] / (side * side)


def _interpolated(table: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The summed table between its points: linear, because a mask is constant within a pixel."""
    r, c = row.astype(int).clip(0, table.shape[0] - 2), column.astype(int).clip(0, table.shape[1] - 2)
    down, across = row - r, column - c
    upper = table[r, c] * (1 - across) + table[r, c + 1] * across
    lower = table[r + 1, c] * (1 - across) + table[r + 1, c + 1] * across
    return upper * (1 - down) + lower * down


def level0_um(slide: Slide) -> float:
    """The pixel size of a slide's level 0 in um.

    Raises
    ------
    RenalFusionError
        ``slide_pixel_size_missing`` or ``slide_pixel_size_absurd`` when a person must say it, with how.
    """
    if slide.pixel_size is not None:
        return slide.pixel_size.um
    doubt = slide.doubt
    likely = slide.plausible[0] if slide.plausible else 0.25
    name = readable(slide.path)
    raise RenalFusionError(
        doubt.code if doubt else "slide_pixel_size_missing",
        doubt.message if doubt else f"The slide {name} does not say how large its pixels are",
        path=slide.path,
        remedy="Answer once in the viewer, in the column pixel_size of cohort.csv, or with "
        f"--pixel-size (here perhaps {likely:g}); the answer is remembered for this slide.",
    )


def stored_level(slide: Slide, downsample: float) -> int:
    """The coarsest level that the file holds and that is at least as fine as ``downsample`` (1 % is allowed)."""
    fine = [
        number
        for number, level in enumerate(slide.levels)
        if level.stored and level.downsample <= downsample * 1.01
    ]
    return fine[-1] if fine else 0
