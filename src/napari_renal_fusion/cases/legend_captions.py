"""Captions burnt into a picture as boxes: white or black rectangles with text in them."""

from __future__ import annotations

import numpy as np

_PURE = 6.0  # grey values from pure white or black; JPEG rings


def captions(grey: np.ndarray) -> tuple[int, float, float]:
    """Rows at the bottom of ``grey`` (float [h, w], 0 to 255) that hold caption boxes; how surely; the boxes' tone.

    A box is an upright rectangle of pure white or black, wider than high, with ink of the opposite tone in it.
    Letters with an outline that stand beside a box belong to the legend as well. (0, 0, 0) if there is no box.
    """
    best: tuple[int, float, float] = (0, 0.0, 0.0)
    for tone in (255.0, 0.0):
        boxes = _boxes(np.abs(grey - tone) <= _PURE, np.abs(grey - tone) > 128)
        if not boxes:
            continue
        top = min(box[0] for box in boxes)
        tall = max(box[1] - box[0] for box in boxes)
        top = _with_letters(grey, _with_frame(grey, top), tall)
        rows = len(grey) - top
        if rows > best[0]:
            best = (rows, 0.75 if len(boxes) > 1 else 0.65, tone)
    return best


def _boxes(pure: np.ndarray, ink: np.ndarray) -> list[tuple[int, int, int, int]]:
    """(top, bottom, left, right) of every rectangle of ``pure`` that holds ``ink``."""
    from scipy import ndimage

    labels, count = ndimage.label(pure)
    if not count:
        return []
    found = []
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        rows, columns = place
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        if tall < 10 or wide < 1.5 * tall or sizes[number] < 0.4 * tall * wide or wide > 0.98 * pure.shape[1]:
            continue
        mine = labels[place] == number
        sides = (mine[0], mine[-1], mine[:, 0], mine[:, -1])
        near = (mine[1], mine[-2], mine[:, 1], mine[:, -2])
        straight = all(max(a.mean(), b.mean()) > 0.93 for a, b in zip(sides, near, strict=True))
        written = float(ink[place].mean())
        if straight and 0.02 < written < 0.5:
            found.append((rows.start, rows.stop, columns.start, columns.stop))
    return found


def _with_frame(grey: np.ndarray, top: int) -> int:
    """``top`` or the first of the lines, at most eight rows, that run above it across the whole width."""
    lowest = max(0, top - 8)
    while top > lowest and np.median(np.abs(grey[top - 1] - np.median(grey[top - 1]))) <= _PURE / 2:
        if np.ptp(np.percentile(grey[top - 1], (2, 98))) > 40:
            break
        top -= 1
    return top


def _with_letters(grey: np.ndarray, top: int, reach: int) -> int:
    """``top`` or the row of outlined letters (pure black beside pure white) that stand up to ``reach`` rows higher."""
    from scipy import ndimage

    first = max(0, top - reach)
    part = grey[max(0, first - reach) : top]
    if len(part) < 3:
        return top
    light, dark = ndimage.maximum_filter(part, 7), ndimage.minimum_filter(part, 7)
    letters = ((light >= 250) & (dark <= 5)).sum(axis=1)
    picture, beside = letters[: len(part) - (top - first)], letters[len(part) - (top - first) :]
    if picture.size and picture.mean() > 2:  # so rough a picture that its own grain looks like letters
        return top
    marked = np.flatnonzero(beside >= 7)
    if not marked.size or marked[0] >= len(beside) - 3:  # the edge of the box itself
        return top
    return max(0, first + int(marked[0]) - 3)  # a shadow begins below the letter that throws it
