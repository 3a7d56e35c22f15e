"""The scale bar that is burnt into a picture: found in its legend or near two clicks, and the pixel size that it gives."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..errors import RenalFusionError
from .calibration import LARGEST_UM, SMALLEST_UM
from .legend import Legend, to_grey
from .pixel_size import PixelSize

_LEAST_PART = 0.03  # of the width: no bar in a legend is shorter
_LEAST_PIXELS = 8.0  # clicks nearer than this say nothing about a length
SOURCE = "scale bar"


@dataclass(frozen=True)
class Bar:
    """A horizontal bar, in pixels; ``left`` and ``right`` are its outer edges as napari counts (a pixel's centre is 0)."""

    row: float
    left: float
    right: float
    thickness: int

    @property
    def length(self) -> float:
        return self.right - self.left


def bar_in_legend(array: np.ndarray, legend: Legend) -> Bar | None:
    """The scale bar in the legend of a picture, uint8 or uint16, [h, w] or [h, w, 3]; None if none is certain."""
    if not legend.rows:
        return None
    first = max(0, len(array) - legend.rows - (0 if legend.kind == "strip" else 4))
    grey = to_grey(array, first)
    width = grey.shape[1]
    if legend.kind == "strip":
        away = np.abs(grey - legend.tone)
        inks = [away > 0.5 * max(40.0, float(np.quantile(away, 0.995)))]
    else:
        inks = [grey <= 40, grey >= 215]
    bars = [
        bar
        for ink in inks
        for bar in _bars(ink, grey, max(16, width * _LEAST_PART))
        if bar.left > 1 and bar.right < width - 2 and not _framed(ink, bar)
    ]
    if not bars:
        return None
    longest = max(bar.length for bar in bars)
    # A bar with an outline is two bars; the thick one is meant.
    best = max((bar for bar in bars if bar.length > 0.9 * longest), key=lambda bar: bar.thickness)
    return replace(best, row=best.row + first)


def bar_near(
    array: np.ndarray, first: tuple[float, float], second: tuple[float, float], reach: float
) -> Bar | None:
    """The bar whose ends lie within ``reach`` pixels of two clicks (row, column); None if there is none.

    Only bars that lie level are known; of others the clicks themselves are the ends.
    """
    (row_a, left), (row_b, right) = sorted((first, second), key=lambda one: one[1])
    if right - left < _LEAST_PIXELS or abs(row_a - row_b) > 2 * reach:
        return None
    top = max(0, math.floor(min(row_a, row_b) - reach))
    bottom = min(len(array), math.ceil(max(row_a, row_b) + reach) + 1)
    start = max(0, math.floor(left - 2 * reach - 4))
    stop = min(array.shape[1], math.ceil(right + 2 * reach + 5))
    if bottom - top < 1 or stop - start < 4:
        return None
    grey = to_grey(array[top:bottom, start:stop])
    low, high = float(grey.min()), float(grey.max())
    if high - low < 30:
        return None
    quarter = (high - low) / 4
    found = []
    for ink in (grey <= low + quarter, grey >= high - quarter):
        for bar in _bars(ink, grey, max(_LEAST_PIXELS, right - left - 2 * reach), open_sides=True):
            bar = replace(bar, row=bar.row + top, left=bar.left + start, right=bar.right + start)
            if max(abs(bar.left - left), abs(bar.right - right)) <= reach + 1:
                found.append(bar)
    return max(found, key=lambda bar: bar.thickness, default=None)


def pixel_size_of(pixels: float, length: float, unit: Literal["nm", "um"]) -> PixelSize:
    """The pixel size that a bar of ``pixels`` pixels and of ``length`` nm or um states.

    Raises
    ------
    RenalFusionError
        ``scale_bar_too_short`` or ``scale_bar_implausible``.
    """
    if not pixels >= _LEAST_PIXELS:
        raise RenalFusionError(
            "scale_bar_too_short",
            f"The two ends are {pixels:.1f} pixels apart",
            remedy="Zoom in and click on the two ends of the bar.",
        )
    um = length / pixels / (1000 if unit == "nm" else 1)
    if not (math.isfinite(um) and SMALLEST_UM <= um <= LARGEST_UM):
        raise RenalFusionError(
            "scale_bar_implausible",
            f"A bar of {length:g} {unit} over {pixels:.0f} pixels is no length of a microscope",
            remedy="Check the number and its unit.",
        )
    value, shown = (um * 1000, "nm") if um < 0.05 else (um, "um")
    return PixelSize(value=float(f"{value:.6g}"), unit=shown, source=SOURCE)


def _bars(ink: np.ndarray, grey: np.ndarray, least: float, *, open_sides: bool = False) -> list[Bar]:
    """Solid level bars at least ``least`` pixels long in ``ink``, bool [h, w], with something else above and below.

    ``open_sides``: a bar may lie at the upper or lower edge of the part that is looked at.
    """
    rows = [_longest(row) for row in ink]
    found, top = [], 0
    while top < len(rows):
        start, stop = rows[top]
        if stop - start < least:
            top += 1
            continue
        end = top + 1
        while end < len(rows) and abs(rows[end][0] - start) <= 2 and abs(rows[end][1] - stop) <= 2:
            end += 1
        # Soft edges may be partly ink for a row or two.
        sides = [
            ink[rows_beyond, start:stop] for rows_beyond in (slice(max(0, top - 3), top), slice(end, end + 3))
        ]
        sides = [one.mean(axis=1).min() for one in sides if len(one)]
        apart = all(share < 0.5 for share in sides) and (open_sides or len(sides) == 2)
        if apart and end - top <= 0.2 * (stop - start):
            left, right = _ends(grey[top:end].mean(axis=0), start, stop)
            found.append(Bar((top + end - 1) / 2, left, right, end - top))
        top = end
    return found


def _framed(ink: np.ndarray, bar: Bar) -> bool:
    """Whether both ends go on up or down through half of what is looked at: the edge of a box, not a bar."""
    columns = (max(0, round(bar.left)), min(ink.shape[1] - 1, round(bar.right)))
    sides = [ink[:, max(0, column - 1) : column + 2].any(axis=1).mean() for column in columns]
    return min(sides) > 0.5


def _longest(row: np.ndarray) -> tuple[int, int]:
    """Start and stop of the longest run of True."""
    steps = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
    if not steps.size:
        return 0, 0
    runs = steps.reshape(-1, 2)
    start, stop = runs[int(np.argmax(runs[:, 1] - runs[:, 0]))]
    return int(start), int(stop)


def _ends(profile: np.ndarray, start: int, stop: int) -> tuple[float, float]:
    """Outer edges of a run in a grey profile, to a fraction of a pixel by how grey its last pixels are."""
    ink = float(np.median(profile[start:stop]))

    def beyond(near: np.ndarray) -> float:
        """Pixels of ink in the three pixels beyond the run and the one before, ordered outwards."""
        if len(near) < 4:
            return 1.0
        ground = float(near[-1])
        if abs(ink - ground) < 20:
            return 1.0
        return float(np.clip((near[:3] - ground) / (ink - ground), 0, 1).sum())

    left = start + 0.5 - beyond(profile[max(0, start - 3) : start + 1][::-1])
    right = stop - 1.5 + beyond(profile[stop - 1 : stop + 3])
    return left, right
