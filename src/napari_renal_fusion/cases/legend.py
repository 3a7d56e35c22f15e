"""The legend that an electron microscope burns into the bottom of a picture: found, cut for the model, masked for export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from .legend_captions import captions
from .modality import Modality

if TYPE_CHECKING:
    from .case import ImageItem

LARGEST_SHARE = 0.25
"""No legend takes more than this part of the height."""
BLIND_SHARE = 108 / 2048
"""Part of the height that the published preprocessing cuts without looking: 2048 rows become 1940."""
_SMALLEST_SHARE = 0.012
_TONE, _QUIET = 14.0, 6.0  # grey values: how far a strip's ground strays (JPEG rings), from pixel to pixel


@dataclass(frozen=True)
class Legend:
    """What stands burnt in at the bottom of a picture.

    Attributes
    ----------
    rows
        Rows at the bottom that hold it; 0 if there is none.
    kind
        ``strip``: a band of one tone across the whole width; ``captions``: boxes with text that lie on the
        picture; ``none``.
    sure
        How surely, from 0 to 1. Of ``none`` it stays below 1: bare letters on the picture are not looked for.
    tone
        Grey value (0 to 255) of the ground that the text stands on.
    """

    rows: int
    kind: Literal["strip", "captions", "none"]
    sure: float
    tone: float = 0.0

    def words(self) -> str:
        """One sentence on what was found."""
        if self.kind == "none":
            return "No legend was found at the bottom of this picture."
        what = "A strip across the whole width" if self.kind == "strip" else "Boxes with text on the picture"
        return f"{what}, found {'surely' if self.sure >= 0.8 else 'with some doubt'} ({self.sure:.0%})."


def find_legend(array: np.ndarray) -> Legend:
    """Find the burnt-in legend of a picture: uint8 or uint16, [h, w] or [h, w, 3].

    A strip is a band at the bottom, of one quiet tone wherever no letters are, with a straight edge across
    the whole width. Where there is none, boxes of pure white or black with text in them are looked for in the
    lowest eighth. The same picture always gives the same rows.
    """
    height, width = array.shape[:2]
    if min(height, width) < 64:  # too small for letters
        return Legend(0, "none", 0.5)
    most = round(height * LARGEST_SHARE)
    grey = to_grey(array, height - most - 8)
    strip = _strip(grey, most, max(5, round(height * _SMALLEST_SHARE)))
    if strip is not None:
        return strip
    rows, sure, tone = captions(grey[-max(40, height // 8) :])
    return Legend(rows, "captions", sure, tone) if rows else Legend(0, "none", 0.8)


def legend_rows(image: ImageItem, array: np.ndarray) -> int:
    """Rows of an image that its legend takes: as a person said, else as it looks; 0 for other than electron images.

    ``array`` is the image as :meth:`ImageItem.read` gives it.
    """
    if image.legend is not None:
        return min(image.legend, len(array))
    return find_legend(array).rows if image.modality == Modality.TEM else 0


def masked_rows(image: ImageItem, array: np.ndarray) -> int:
    """Rows at the bottom that no export may show.

    A legend that a person brought back for the model stays masked: it may hold a name. Of an electron image
    in which none was found the lowest twentieth is masked as well, until a person says that there is none,
    because bare letters are not found.
    """
    if image.modality != Modality.TEM:
        return min(image.legend or 0, len(array))
    found = find_legend(array).rows
    said = round(len(array) * BLIND_SHARE) if image.legend is None and not found else image.legend or 0
    return min(max(found, said), len(array))


def exported(image: ImageItem, array: np.ndarray | None = None) -> np.ndarray:
    """The image as it may leave this computer: same shape and type, black where its legend is.

    Nothing else is changed, so that heat maps and outlines keep their places. Without a legend the array
    itself is returned.

    Raises
    ------
    RenalFusionError
        If the image cannot be read.
    """
    array = image.read() if array is None else array
    rows = masked_rows(image, array)
    if not rows:
        return array
    clean = array.copy()
    clean[len(array) - rows :] = 0
    return clean


def to_grey(array: np.ndarray, first: int = 0) -> np.ndarray:
    """Rows from ``first`` as float32 grey values from 0 to 255; 16 bits by the brightest of these rows."""
    part = array[max(0, first) :]
    grey = part.mean(axis=2, dtype=np.float32) if part.ndim == 3 else part.astype(np.float32)
    return grey * (255.0 / max(1.0, float(grey.max()))) if array.dtype == np.uint16 else grey


def _strip(grey: np.ndarray, most: int, least: int) -> Legend | None:
    """A strip at the bottom of ``grey`` [h, w] of at most ``most`` and at least ``least`` rows."""
    tone = _ground(grey[-least:])
    quiet = np.ones(grey.shape, bool)
    quiet[:, 1:] = np.abs(np.diff(grey, axis=1)) <= _QUIET
    toned = np.abs(grey - tone) <= _TONE
    ground = toned & quiet
    line = (np.abs(grey - np.median(grey, axis=1, keepdims=True)) <= _TONE).mean(axis=1) > 0.97
    belongs = (ground.mean(axis=1) > 0.4) | line
    end = len(grey)
    top = end
    while top > 0 and (belongs[top - 1] or (top > 3 and belongs[top - 3 : top - 1].all())):
        top -= 1
    if end - top > most + 4:
        return None
    top = _edge(grey, top, end - least)
    framed = line & (np.abs(np.median(grey, axis=1) - tone) > 60)
    for _ in range(8):  # lines of a frame that run above the strip
        top -= int(top > 0 and framed[top - 1])
    rows = end - top
    if not least <= rows <= most:
        return None
    inside = toned[top + 1 :].mean(axis=1)
    above = float(ground[max(0, top - 6) : max(1, top - 1)].mean())
    # A frame of one or two lines may run along the upper edge.
    after = max(
        (slice(top + skip + 1, top + skip + 4) for skip in (0, 2, 4)), key=lambda one: toned[one].mean()
    )
    straight, below = float(toned[after].mean()), float(ground[after].mean())
    if inside.mean() < 0.65 or (inside > 0.95).mean() < 0.08 or straight < 0.9:
        return None
    if above > 0.5 or below - above < 0.35 or ground[top + 1 :].mean() < 0.5:
        return None
    if (np.abs(grey[top + 2 :] - tone) > 50).mean() > 0.003:
        return Legend(rows, "strip", 0.97 if above < 0.2 and below > 0.95 else 0.85, tone)
    # A band without a letter is a legend's ground or a camera's border, if it is as even as only those are.
    return Legend(rows, "strip", 0.65, tone) if ground[top + 2 :].mean() > 0.95 else None


def _ground(rows: np.ndarray) -> float:
    """The commonest grey value of some rows."""
    counts, edges = np.histogram(rows, bins=64, range=(0, 256))
    middle = edges[int(np.argmax(counts))] + 2
    near = rows[np.abs(rows - middle) <= 4]
    return float(np.median(near)) if near.size else float(middle)


def _edge(grey: np.ndarray, top: int, last: int) -> int:
    """The row near ``top`` at which the picture ends: where most columns change most from the row above."""
    first, stop = max(1, top - 4), min(last, top + 5)
    if stop <= first:
        return top
    steps = np.abs(np.diff(grey[first - 1 : stop], axis=0)).mean(axis=1)
    best = int(np.argmax(steps))
    return first + best if steps[best] > 4 else top
