"""Where a slide holds tissue, told at low resolution: glass, pen marks, black borders and dust are not tissue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..cases.names import readable
from ..errors import RenalFusionError

if TYPE_CHECKING:
    from ..cases.slide import Slide
    from ..compute.progress import Progress

TISSUE_VERSION = 1
"""Rises whenever the same slide gives another mask."""

_OVERVIEW_UM = 8.0
_LARGEST = 4096  # pixels of the longer side: a mask never needs more than some 16 million
_STRIP = 1024

_LEAST_DENSITY, _MOST_DENSITY = (
    0.045,
    0.20,
)  # bounds of the threshold: an empty slide has noise, a full one no glass
_LEAST_PIECE_UM2 = 10_000.0  # 100 um x 100 um: smaller pieces are dust
_LARGEST_HOLE_UM2 = 15_000.0  # lumens and Bowman's spaces belong to the tissue
_LEAST_INK_UM2 = 20_000.0


@dataclass(frozen=True)
class TissueMask:
    """``mask`` bool [h, w] over the whole slide; ``cell`` is the (width, height) of its pixels in pixels of level 0."""

    mask: np.ndarray
    cell: tuple[float, float]

    @property
    def share(self) -> float:
        """Share of the slide that is tissue."""
        return float(self.mask.mean())


def slide_tissue(slide: Slide, um_per_pixel: float, *, progress: Progress | None = None) -> TissueMask:
    """The tissue of an open slide whose level 0 has ``um_per_pixel``.

    Raises
    ------
    RenalFusionError
        ``slide_no_tissue`` when there is none; what `Slide.read` raises.
    """
    rows, columns = slide.levels[0].shape
    downsample = max(_OVERVIEW_UM / um_per_pixel, max(rows, columns) / _LARGEST, 1.0)
    overview = read_overview(slide, downsample, progress=progress)
    height, width = overview.shape[:2]
    mask = find_tissue(overview, um_per_pixel * columns / width)
    if not mask.any():
        raise RenalFusionError(
            "slide_no_tissue",
            f"No tissue was found on the slide {readable(slide.path)}",
            path=slide.path,
            remedy="Look at it in the viewer: the glass may be empty, the scan out of place, or the pixel size wrong.",
        )
    return TissueMask(mask, (columns / width, rows / height))


def read_overview(slide: Slide, downsample: float, *, progress: Progress | None = None) -> np.ndarray:
    """The whole slide shrunk ``downsample`` times by area average, uint8 [h, w, 3]; read in strips of bounded size."""
    from PIL import Image

    level = slide.best_level(downsample)
    rows, columns = slide.levels[level].shape
    left_over = downsample / slide.levels[level].downsample
    width, height = max(1, round(columns / left_over)), max(1, round(rows / left_over))
    out = np.empty((height, width, 3), np.uint8)
    strip = max(1, int(_STRIP / left_over))
    for top in range(0, height, strip):
        if progress is not None:
            progress.update(top / height, "Looking for tissue")
        count = min(strip, height - top)
        first, last = top * rows / height, (top + count) * rows / height
        start = int(first)
        pixels = slide.read(level, start, 0, int(np.ceil(last)) - start, columns)
        box = (0, first - start, columns, last - start)
        part = Image.fromarray(pixels).resize((width, count), Image.Resampling.BOX, box=box)
        out[top : top + count] = np.asarray(part)
    return out


def find_tissue(pixels: np.ndarray, um_per_pixel: float) -> np.ndarray:
    """Tissue on an overview, uint8 [h, w, 3], of about 2 to 30 um a pixel: bool [h, w].

    Tissue is what absorbs light: the optical density against the glass, in the channel that shows most, lies
    above Otsu's threshold, which is kept within bounds so that neither an empty slide nor one full of tissue is
    split. This holds for stains of any colour, silver and pale ones too. Black borders, ink of a pen (strong,
    even colour without the grain of tissue) and dust are taken out; lumens are filled.
    """
    from scipy import ndimage

    density = _density(pixels)
    smooth = ndimage.gaussian_filter(density, 1.0)
    tissue = smooth > _threshold(smooth)
    tissue &= ~_black(pixels)
    tissue &= ~_ink(pixels, density, tissue, um_per_pixel)
    tissue &= ~_print(pixels, tissue)
    reach = max(1, round(8 / um_per_pixel))
    tissue = ndimage.binary_opening(tissue, iterations=1)
    tissue = _closed(tissue, reach)
    area = um_per_pixel * um_per_pixel
    tissue = _without_small(tissue, _LEAST_PIECE_UM2 / area)
    return ~_without_small(~tissue, _LARGEST_HOLE_UM2 / area)


def _density(pixels: np.ndarray) -> np.ndarray:
    """Optical density against the glass in the channel that absorbs most, float32 [h, w], at least 0."""
    glass = _glass(pixels)
    densest = np.zeros(pixels.shape[:2], np.float32)
    for channel in range(3):
        ratio = (pixels[..., channel].astype(np.float32) + 1) / np.float32(glass[channel] + 1)
        np.maximum(densest, -np.log(ratio), out=densest)
    return densest


def _glass(pixels: np.ndarray) -> np.ndarray:
    """The colour of empty glass: the commonest of the bright colours; white where nothing is bright."""
    brightness = pixels.min(axis=2)
    bright = pixels[(brightness > 190) & (brightness < 255)]
    if len(bright) < 0.002 * brightness.size:
        return np.array([245.0, 245.0, 245.0])
    # Per channel the most frequent value, smoothed: the mean would be pulled by pale tissue.
    found = []
    for channel in range(3):
        counts = np.bincount(bright[:, channel], minlength=256).astype(float)
        found.append(float(np.convolve(counts, np.ones(5), "same").argmax()))
    return np.maximum(found, 215.0)


def _threshold(density: np.ndarray) -> float:
    from skimage.filters import threshold_otsu

    shown = density.clip(0, 0.8)
    if float(shown.max() - shown.min()) < 1e-3:
        return _LEAST_DENSITY
    # Half of what Otsu says: pale parts of a tissue belong to it, and glass lies far below.
    return float(np.clip(0.5 * threshold_otsu(shown), _LEAST_DENSITY, _MOST_DENSITY))


def _black(pixels: np.ndarray) -> np.ndarray:
    """Black areas that touch the edge of the slide: the stage, or parts that were never scanned."""
    from scipy import ndimage

    dark = pixels.max(axis=2) < 45
    if not dark.any():
        return dark
    labels, count = ndimage.label(dark)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.zeros(count + 1, bool)
    touching[np.unique(edge)] = True
    touching[0] = False
    return ndimage.binary_dilation(touching[labels], iterations=2)


def _ink(pixels: np.ndarray, density: np.ndarray, tissue: np.ndarray, um_per_pixel: float) -> np.ndarray:
    """Pen marks and print: dense, even areas of a colour that the rest of the tissue does not have."""
    from scipy import ndimage

    colours = pixels.astype(np.float32)
    high, low = colours.max(axis=2), colours.min(axis=2)
    chroma = high - low
    red, green, blue = (colours[..., channel] for channel in range(3))
    greenish = (green > red + 12) & (green >= blue - 25) & (chroma > 25)
    bluish = (blue > red + 45) & (blue > green + 25) & (green > red - 12)
    reddish = (red > green + 90) & (red > blue + 80)
    grey = (chroma < 16) & (high < 110)
    out = np.zeros_like(tissue)
    for candidate in (greenish, bluish, reddish, grey):
        candidate = ndimage.binary_opening(candidate & tissue, iterations=1)
        # A stain that colours most of the tissue so (Masson's blue or green, silver) is no ink.
        if not candidate.any() or (candidate.sum() > 0.5 * tissue.sum() and not _is_even(density, candidate)):
            continue
        labels, count = ndimage.label(candidate, np.ones((3, 3)))
        sizes = np.bincount(labels.ravel(), minlength=count + 1) * um_per_pixel * um_per_pixel
        for number in np.flatnonzero(sizes > _LEAST_INK_UM2):
            if number and _is_even(density, labels == number):
                out |= labels == number
    if out.any():
        reach = max(2, round(24 / um_per_pixel))
        out = ndimage.binary_dilation(out, iterations=reach)
    return out


def _print(pixels: np.ndarray, tissue: np.ndarray) -> np.ndarray:
    """Separate pieces without any colour, such as letters, where the rest has colour or they are tiny."""
    from scipy import ndimage

    grey = (pixels.max(axis=2).astype(np.int16) - pixels.min(axis=2) < 14) & tissue
    labels, count = ndimage.label(tissue, np.ones((3, 3)))
    numbers = labels[tissue]
    sizes = np.bincount(numbers, minlength=count + 1)
    greys = np.bincount(labels[grey], minlength=count + 1)
    colourless = greys > 0.9 * np.maximum(sizes, 1)
    colourless[0] = False
    area = sizes[colourless].sum()
    if area > 0.5 * sizes.sum() and area > 0.012 * tissue.size:  # silver without a counterstain
        return np.zeros_like(tissue)
    return colourless[labels]


def _is_even(density: np.ndarray, region: np.ndarray) -> bool:
    """Whether a region lacks the grain of tissue: neighbouring pixels differ little against their density."""
    from scipy import ndimage

    inner = ndimage.binary_erosion(region, iterations=2)
    if inner.sum() < 20:
        inner = region
    rows, columns = ndimage.find_objects(region.astype(np.uint8))[0]
    part, inner = density[rows, columns], inner[rows, columns]
    grain = np.abs(part - ndimage.uniform_filter(part, 3))
    return float(np.median(grain[inner]) / max(1e-3, np.median(part[inner]))) < 0.035


def _closed(mask: np.ndarray, reach: int) -> np.ndarray:
    from scipy import ndimage

    padded = np.pad(mask, reach, mode="edge")
    return ndimage.binary_closing(padded, iterations=reach)[reach:-reach, reach:-reach]


def _without_small(mask: np.ndarray, least: float) -> np.ndarray:
    """The mask without connected pieces of fewer than ``least`` pixels."""
    from scipy import ndimage

    labels, count = ndimage.label(mask)
    keep = np.bincount(labels.ravel(), minlength=count + 1) >= least
    keep[0] = False
    return keep[labels]
